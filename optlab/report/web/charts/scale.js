/** An axis: from values to pixels. */

import { linearTicks, logTicks } from "../base/numbers.js";
import { once } from "../base/once.js";

const DECADES_FOR_LOG = 1.3;
const ABOVE_START = 100;

/**
 * @typedef {object} Extent the lowest, the lowest positive and the highest of the finite values of arrays; infinite if there are none
 * @property {number} low
 * @property {number} positive
 * @property {number} high
 */

const NOTHING = { low: Infinity, positive: Infinity, high: -Infinity };

/** Of one array. @param {ArrayLike<number>} values @returns {Extent} */
const extentOf = once((/** @type {ArrayLike<number>} */ values) => {
  let { low, positive, high } = NOTHING;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
    if (value > 0 && value < positive) positive = value;
  }
  return { low, positive, high };
});

/** Of all arrays together; each is read once. @param {ArrayLike<number>[]} arrays @returns {Extent} */
export function extent(arrays) {
  const join = (/** @type {Extent} */ a, /** @type {Extent} */ b) => ({ low: Math.min(a.low, b.low), positive: Math.min(a.positive, b.positive), high: Math.max(a.high, b.high) });
  return arrays.map(extentOf).reduce(join, NOTHING);
}

/** Whether values are better shown on a logarithmic axis. @param {Extent} extent */
export function isSpread({ low, positive, high }) {
  return low >= 0 && high > 0 && Math.log10(high / positive) > DECADES_FOR_LOG;
}

/**
 * The ends of an axis that shows finite values. Losses far above the start are equally bad.
 * @param {Extent} extent @param {boolean} log @param {number} start the loss at the start, or NaN
 * @param {number} rounding values that differ by a smaller share are equal
 */
export function ends({ low, positive, high }, log, start = NaN, rounding = 1e-9) {
  if (log) low = positive;
  if (!(low <= high)) return log ? [0.1, 1] : [0, 1];
  if (log && start > 0) {
    high = Math.max(Math.min(high, start * ABOVE_START), low * 10);
    low = Math.max(low, start * 1e-34);
  }
  if (!log && low < start) high = Math.min(high, start + 2 * (start - low));
  const isOne = !(high - low > rounding * Math.max(Math.abs(low), Math.abs(high)));
  const share = 0.05;
  const [below, above] = isOne
    ? log ? [low / 2, low * 2] : [low - Math.abs(low || 1) / 10, high + Math.abs(high || 1) / 10]
    : log ? [low * grown(low, high, -share), high * grown(low, high, share)] : [low - share * high + share * low, high + share * high - share * low]; // prettier-ignore
  return [Number.isFinite(below) && (below > 0 || !log) ? below : low, Number.isFinite(above) ? above : high];
}

/** (high / low)^share, also where the quotient overflows. */
function grown(/** @type {number} */ low, /** @type {number} */ high, /** @type {number} */ share) {
  return Math.exp(share * (Math.log(high) - Math.log(low)));
}

/** The ends of the horizontal axis, without a margin. @param {Extent} extent @param {boolean} log */
export function endsAcross({ low, positive, high }, log) {
  if (log) low = positive;
  if (!(low <= high)) return log ? [1, 10] : [0, 1];
  if (high > low) return [low, high];
  return log ? [low / 2, low * 2] : low > 0 ? [low / 2, low * 1.5] : [low - 0.5, high + 0.5]; // of one value
}

/** @param {number[]} range the ends @param {boolean} log @param {number} from pixel @param {number} to pixel */
export function scaleOf([low, high], log, from, to) {
  const [a, b] = log ? [Math.log(low), Math.log(high)] : [low, high];
  return {
    /** Equal for equal scales. */
    key: [low, high, log, from, to, ""].join(),
    /** Values outside are a little outside; zeros on a logarithmic axis too. @param {number} value */
    at(value) {
      const share = ((log ? Math.log(Math.max(value, 1e-320)) : value) - a) / (b - a);
      return from + Math.min(1.5, Math.max(-0.5, share)) * (to - from);
    },
    /** @param {number} pixel */
    value(pixel) {
      const inner = a + ((pixel - from) / (to - from)) * (b - a);
      return log ? Math.exp(inner) : inner;
    },
    ticks: log ? logTicks(low, high) : linearTicks(low, high),
  };
}
