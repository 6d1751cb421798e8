/** The basins of the chosen optimizer as a layer over the map, computed again when something changes. */

import { SIDE, basins, pixelsOf } from "./basins.js";
import { rgb } from "../base/colours.js";
import { faultText } from "../base/faults.js";

const BUSY = 8; // milliseconds of computing at a time

/**
 * @param {any} data the data of the page
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {ReturnType<typeof import("./live.js").createLive>} live
 */
export function createBasinLayer(data, state, live) {
  const box = /** @type {HTMLInputElement} */ (document.getElementById("basins"));
  const stage = document.getElementById("stage");
  const fault = document.getElementById("basins-fault");
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
    fault.textContent = "";
    const { caseIndex, selected, valley } = wanted();
    const isMeant = () => state.now.basins && state.now.caseIndex === caseIndex && state.now.selected === selected;
    try {
      const kernel = await live.kernelOf(caseIndex, selected);
      const found = await inSlices(basins(kernel, live.current(caseIndex, selected), valley));
      if (isMeant()) state.set({ layer: picture(pixelsOf(found, look)) });
    } catch (error) {
      state.set({ layer: null });
      if (isMeant()) fault.textContent = faultText("The basins", error);
    }
    isComputing = false;
    stage.removeAttribute("aria-busy");
    if (isStale) update();
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

/** What a generator returns. Between its parts the browser may draw. @template T @param {Generator<undefined, T>} parts @returns {Promise<T>} */
export function inSlices(parts) {
  return new Promise((done, failed) => {
    setTimeout(function work() {
      try {
        const begin = performance.now();
        let part = parts.next();
        while (!part.done && performance.now() - begin < BUSY) part = parts.next();
        if (part.done) done(part.value);
        else setTimeout(work); // a frame may take much longer than the computing
      } catch (error) {
        failed(error);
      }
    });
  });
}
