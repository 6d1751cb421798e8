/** The basins of the chosen optimizer as a layer over the map, computed again when something changes. */

import { SIDE, basins, pixelsOf } from "./basins.js";
import { rgb } from "../base/colours.js";

const BUSY = 8; // milliseconds of computing at a time

/**
 * @param {any} data the data of the page
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {ReturnType<typeof import("./live.js").createLive>} live
 */
export function createBasinLayer(data, state, live) {
  const box = /** @type {HTMLInputElement} */ (document.getElementById("basins"));
  const stage = document.getElementById("stage");
  const { hues, nowhere, diverged, fast, slow } = data.basins;
  const look = { hues: hues.map(rgb), nowhere: rgb(nowhere), diverged: rgb(diverged), fast, slow };
  let isComputing = false;
  let isStale = false;

  const wanted = () => {
    const { caseIndex, selected } = state.now;
    const valley = data.cases[caseIndex].valley;
    return (valley?.basins || valley?.minima.length) && selected !== null && live.current(caseIndex, selected) ? { caseIndex, selected, valley } : null;
  };

  function update() {
    document.getElementById("basins-line").hidden = !wanted();
    if (!state.now.basins || !wanted()) return state.set({ layer: null });
    if (isComputing) isStale = true;
    else start();
  }

  /** Compute one map. A change in the meantime is computed after it, so that the map follows a slider that moves. */
  async function start() {
    [isComputing, isStale] = [true, false];
    stage.setAttribute("aria-busy", "true");
    const { caseIndex, selected, valley } = wanted();
    const kernel = await live.kernelOf(caseIndex, selected);
    const parts = basins(kernel, live.current(caseIndex, selected), valley);
    setTimeout(function work() {
      const begin = performance.now();
      let part = parts.next();
      while (!part.done && performance.now() - begin < BUSY) part = parts.next();
      if (!part.done) return setTimeout(work); // a frame may take much longer than the computing
      isComputing = false;
      stage.removeAttribute("aria-busy");
      const isMeant = state.now.basins && state.now.caseIndex === caseIndex && state.now.selected === selected;
      if (isMeant) state.set({ layer: picture(pixelsOf(part.value, look)) });
      if (isStale) update();
    });
  }

  function picture(/** @type {Uint8ClampedArray<ArrayBuffer>} */ pixels) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    canvas.getContext("2d").putImageData(new ImageData(pixels, SIDE), 0, 0);
    return canvas;
  }

  box.addEventListener("change", () => state.set({ basins: box.checked }));
  state.on(["caseIndex", "version", "selected", "basins"], update);
  update();
}
