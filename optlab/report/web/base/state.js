/** What the page shows at the moment. Its parts listen to changes. */

/**
 * @typedef {object} State
 * @property {number} caseIndex
 * @property {number} step the step that is shown; it may lie between two
 * @property {boolean} playing
 * @property {number} speed
 * @property {Set<number>} hidden labels that are hidden
 * @property {number | null} hover the label that is highlighted
 * @property {"surface" | "map"} view
 * @property {number} plane the landscape that is shown where a case has no surface
 * @property {"steps" | "gradients"} along
 * @property {boolean} logX
 * @property {boolean | null} logY null: as fits the losses
 * @property {boolean} bands
 * @property {boolean} dark
 * @property {number | null} chosen the label whose rule is explained and whose sliders are shown; null: the best
 * @property {number} arrows counts changes of the arrows that are shown
 * @property {number | null} selected the label whose sliders are shown
 * @property {boolean} basins whether basins are shown on the map
 * @property {HTMLCanvasElement | null} layer a picture of the plane over the map
 * @property {number} version counts the changes of paths and curves by live computing
 */

/** @param {State} first */
export function createState(first) {
  const state = { ...first };
  /** @type {{ keys: Set<string>, update: () => void }[]} */
  const listeners = [];
  /** @type {Set<string>} */
  const changed = new Set();

  function tell() {
    const now = new Set(changed);
    changed.clear();
    for (const { keys, update } of listeners) if ([...now].some((key) => keys.has(key))) alone(update);
  }

  /** A mistake in one part of the page does not stop the others. The browser reports it as any other. */
  function alone(/** @type {() => void} */ update) {
    try {
      update();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  return {
    /** @returns {State} */
    get now() {
      return state;
    },
    /** Changes are shown together, in the next frame of the browser. @param {Partial<State>} change */
    set(change) {
      const keys = Object.keys(change).filter((key) => state[key] !== change[key]);
      if (!keys.length) return;
      Object.assign(state, change);
      if (!changed.size) requestAnimationFrame(tell);
      keys.forEach((key) => changed.add(key));
    },
    /** Show changes at once. */
    show: tell,
    /** Call `update` when one of these keys has changed. @param {string[]} keys @param {() => void} update */
    on(keys, update) {
      listeners.push({ keys: new Set(keys), update });
    },
  };
}
