/** What the page computes itself: paths and curves of the programs of a case, from any start and with any numbers. */

import { unpack } from "./unpack.js";

/**
 * @typedef {object} Current what is in use for a label now
 * @property {number[]} x0
 * @property {number[]} numbers the numbers of the program, in its order
 * @property {number} steps
 * @property {any} program for `load` of kernel.js
 */

/**
 * @param {any} data the data of the page
 * @param {ReturnType<import("./state.js").createState>} state
 * @param {(index: number) => any} openCase
 */
export function createLive(data, state, openCase) {
  const programOf = (/** @type {number} */ index, /** @type {number} */ label) =>
    data.cases[index].programs.find((one) => one.label === label && one.variants);

  return {
    /** The start and the numbers of a label; null if it cannot be computed here. @returns {Current | null} */
    current(/** @type {number} */ index, /** @type {number} */ label) {
      const found = programOf(index, label);
      if (!found) return null;
      const { program } = found.variants[0];
      return { x0: Array.from(unpack(found.starts[0])), numbers: program.values.map(([value]) => Number(value)), steps: found.steps, program };
    },
  };
}
