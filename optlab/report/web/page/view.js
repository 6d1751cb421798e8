/**
 * The view of a page: what the reader has chosen. A page that takes the place of another one shows it again, see
 * `watch.html`. Problems and optimizers are named, because their places may differ.
 */

import { keyOf } from "../live/numbers.js";
import { faultOf } from "../live/sliders.js";

const SWITCHES = "select[id]:not(#case), input[type=checkbox][id]";

/** The view that this page shall show: the name of its frame. @returns {any} null if there is none */
export function givenView() {
  if (window === window.top) return null;
  try {
    return JSON.parse(window.name);
  } catch {
    return null;
  }
}

/** The first state of a page with a given view. @param {any} given @param {any} data @param {(index: number) => any} openCase */
export function stateOf(given, data, openCase) {
  const caseIndex = Math.max(0, data.cases.findIndex((one) => one.title === given?.problem));
  const { lastStep } = openCase(caseIndex);
  if (!given) return { caseIndex, step: lastStep, hidden: new Set(), view: /** @type {const} */ ("surface") };
  const hidden = new Set(data.labels.flatMap((one, label) => (given.hidden.includes(one.name) ? [label] : [])));
  return { caseIndex, step: given.isAtEnd ? lastStep : Math.min(given.step, lastStep), hidden, view: given.view };
}

/** The numbers that the parameters of a program allow, by their keys. */
function allowed({ parameters }, /** @type {Record<string, number>} */ numbers) {
  const fits = (/** @type {string} */ key) => parameters.some((one) => keyOf(one) === key && !faultOf(one, numbers[key]));
  return Object.fromEntries(Object.entries(numbers).filter(([key]) => fits(key)));
}

/**
 * The view of this page.
 * @param {any} data
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {(index: number) => any} openCase
 * @param {ReturnType<typeof import("../live/live.js").createLive>} live
 */
export function createView(data, state, openCase, live) {
  const name = (/** @type {number} */ label) => data.labels[label].name;
  const switches = () => /** @type {any[]} */ ([...document.querySelectorAll(SWITCHES)]);
  const folds = () => [...document.querySelectorAll("details")];

  function chosen() {
    const all = data.cases.map((one, index) => {
      const { x0, steps, values, variants } = live.settings(index);
      const named = (/** @type {Map<number, any>} */ map) => [...map].map(([label, value]) => [name(label), value]);
      return { problem: one.title, x0, steps, values: named(values), variants: named(variants) };
    });
    return all.filter(({ x0, steps, values, variants }) => x0 || steps !== null || values.length || variants.length);
  }

  return {
    /** As values of JSON. `stage` has the cameras. */
    read(stage) {
      const { caseIndex, step, playing, hidden, view } = state.now;
      return {
        problem: data.cases[caseIndex].title, step, isAtEnd: step >= openCase(caseIndex).lastStep, playing, view,
        hidden: [...hidden].map(name), cameras: stage.cameras(), live: chosen(),
        switches: switches().map((one) => [one.id, one.type === "checkbox" ? one.checked : one.selectedOptions[0]?.text]),
        open: folds().filter((one) => one.open).map((one) => one.querySelector("summary")?.textContent), scroll: scrollY,
      }; // prettier-ignore
    },
    /** Compute with the starts and numbers of a given view, as far as they exist here. Controls made later show them. */
    use(given) {
      for (const { problem, x0, steps, values, variants } of given?.live ?? []) {
        const index = data.cases.findIndex((one) => one.title === problem);
        if (index < 0 || !data.cases[index].programs.length) continue;
        const settings = live.settings(index);
        const { dim } = data.cases[index].programs.find((one) => one.variants)?.variants[0].program ?? {};
        Object.assign(settings, { x0: x0?.length === dim ? x0 : null, steps });
        const program = (/** @type {string} */ label) => live.programOf(index, data.labels.findIndex((one) => one.name === label));
        for (const [label, numbers] of values) if (program(label)) settings.values.set(program(label).label, allowed(program(label), numbers));
        for (const [label, place] of variants) {
          if (place < program(label)?.variants.length) settings.variants.set(program(label).label, place);
        }
        const step = () => !given.isAtEnd && state.set({ step: Math.min(given.step, openCase(state.now.caseIndex).lastStep) });
        if (!settings.x0 && steps === null && !settings.values.size && !settings.variants.size) continue;
        live.change(index, () => {}).then(() => requestAnimationFrame(() => requestAnimationFrame(step)));
      }
    },
    /** Show the rest of a given view, when the page is complete. */
    restore(given, stage) {
      if (!given) return;
      const wanted = new Map(given.switches);
      for (const one of switches()) {
        if (!wanted.has(one.id)) continue;
        const isBox = one.type === "checkbox";
        const place = isBox ? -1 : [...one.options].findIndex(({ text }) => text === wanted.get(one.id));
        if (isBox) one.checked = wanted.get(one.id);
        if (place >= 0) one.selectedIndex = place;
        one.dispatchEvent(new Event("change"));
      }
      for (const one of folds()) if (given.open.includes(one.querySelector("summary")?.textContent)) one.open = true;
      if (given.problem === data.cases[state.now.caseIndex].title) stage.look(given.cameras);
      scrollTo(0, given.scroll);
      if (given.playing) document.getElementById("toggle").click();
    },
  };
}
