/** A panel of a map with its arrays, and where its pixels are. */

import { inflated } from "../base/inflate.js";
import { unpack } from "../base/unpack.js";

/**
 * @typedef {object} Panel
 * @property {number} case
 * @property {number} label
 * @property {number} steps of each run
 * @property {string} settings
 * @property {string[]} names of both sides
 * @property {string[]} spacings "linear" or "log"
 * @property {string} advice
 * @property {number} failed the number of runs that ended with an error
 * @property {ArrayLike<number>} x the values of the columns
 * @property {ArrayLike<number>} y the values of the rows; the first row is the lowest
 * @property {ArrayLike<number>} fate
 * @property {ArrayLike<number>} digits
 * @property {ArrayLike<number>} exponents
 * @property {ArrayLike<number>} [reached] one more than the step
 * @property {number | null} program
 * @property {string} reason
 * @property {ArrayLike<number>} values
 * @property {(number | null)[]} [sides]
 * @property {ArrayLike<number>} [start]
 * @property {number[] | null} [best]
 * @property {number[]} [fastest]
 * @property {any} [theory]
 */

/** The exponent of what is not a finite number. */
const NO_NUMBER = 999;

/** @param {any} given @returns {Promise<Panel>} */
export async function openPanel(given) {
  const found = { ...given };
  for (const name of ["x", "y", "values", "start"]) if (given[name]) found[name] = unpack(given[name]);
  for (const name of ["fate", "digits", "exponents", "reached"]) if (given[name]) found[name] = await inflated(given[name]);
  if (given.theory) found.theory = { ...given.theory, radius: await inflated(given.theory.radius) };
  return found;
}

/** The final loss of a pixel to three digits; NaN if it is not finite. @param {Panel} panel @param {number} pixel */
export function lossAt({ digits, exponents }, pixel) {
  return exponents[pixel] === NO_NUMBER ? NaN : Number(`${digits[pixel]}e${exponents[pixel]}`);
}

/** Where a value is along a side: on a logarithmic axis its logarithm. @param {string} spacing @param {number} value */
export const along = (spacing, value) => (spacing === "log" ? Math.log10(value) : value);

/** The outer borders of the pixels: left, right, bottom, top, along the sides. @param {Panel} panel */
export function bordersOf({ x, y, spacings }) {
  return [x, y].flatMap((values, side) => {
    const [first, last] = [values[0], values[values.length - 1]].map((value) => along(spacings[side], value));
    const half = (last - first) / (values.length - 1) / 2;
    return [first - half, last + half];
  });
}

/** The start of a pixel, and the numbers of its program. @param {Panel} panel @param {number} row @param {number} column */
export function taskOf({ x, y, values, sides, start }, row, column) {
  const pair = [x[column], y[row]];
  if (!sides) return { x0: pair, numbers: Array.from(values) };
  return { x0: Array.from(start), numbers: Array.from(values, (value, n) => (sides[n] === null ? value : pair[sides[n]])) };
}
