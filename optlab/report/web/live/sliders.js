/** Between the place of a slider, from 0 to 1, and the value of a number. */

/**
 * @typedef {object} Parameter what `sliders.py` writes
 * @property {string} owner
 * @property {string} name
 * @property {string} shown
 * @property {number} value that of the experiment
 * @property {number} default
 * @property {string | null} range
 * @property {number | null} low
 * @property {number | null} high
 * @property {boolean} hasLow
 * @property {boolean} hasHigh
 * @property {boolean} whole
 * @property {"linear" | "log" | "one"} scale
 * @property {number[]} ends
 */

/** The coordinate in which a slider is even. */
const forward = { linear: (v) => v, log: (v) => Math.log10(v), one: (v) => -Math.log10(1 - v) };
const backward = { linear: (u) => u, log: (u) => 10 ** u, one: (u) => 1 - 10 ** -u };

/** @param {Parameter} parameter @param {number} value @returns {number} from 0 to 1 */
export function placeOf({ scale, ends }, value) {
  const [low, high, at] = [...ends, value].map(forward[scale]);
  return Math.min(1, Math.max(0, Number.isNaN(at) ? 0 : (at - low) / (high - low)));
}

/** The value at a place, with three digits. @param {Parameter} parameter @param {number} place */
export function valueOf({ scale, ends, whole }, place) {
  if (place <= 0) return ends[0];
  if (place >= 1) return ends[1];
  const [low, high] = ends.map(forward[scale]);
  const value = backward[scale](low + place * (high - low));
  if (whole) return Math.round(value);
  return scale === "one" ? 1 - Number((1 - value).toPrecision(3)) : Number(value.toPrecision(3));
}

/** What is wrong with a value, or an empty text. @param {Parameter} parameter @param {number} value */
export function faultOf({ shown, range, low, high, hasLow, hasHigh, whole }, value) {
  if (Number.isNaN(value)) return `${shown}: write a number`;
  const isAbove = low === null ? value > -Infinity : value > low || (hasLow && value === low);
  const isBelow = high === null ? value < Infinity : value < high || (hasHigh && value === high);
  if (isAbove && isBelow && (!whole || Number.isInteger(value))) return "";
  return `${shown} must lie in ${range}, not ${value}; nothing was computed`;
}
