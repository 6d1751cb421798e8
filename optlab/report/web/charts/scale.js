/** An axis: from values to pixels. */

import { linearTicks, logTicks } from "../base/numbers.js";

const least = (/** @type {number[]} */ values) => values.reduce((a, b) => Math.min(a, b));
const largest = (/** @type {number[]} */ values) => values.reduce((a, b) => Math.max(a, b));

const DECADES_FOR_LOG = 1.3;
const ABOVE_START = 100;

/** Whether values are better shown on a logarithmic axis. @param {number[]} values */
export function isSpread(values) {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  if (!positive.length || values.some((value) => value < 0)) return false;
  return Math.log10(largest(positive) / least(positive)) > DECADES_FOR_LOG;
}

/**
 * The ends of an axis that shows finite values. Losses far above the start are equally bad.
 * @param {number[]} values @param {boolean} log @param {number} start the loss at the start, or NaN
 */
export function ends(values, log, start = NaN) {
  const known = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  if (!known.length) return log ? [0.1, 1] : [0, 1];
  let [low, high] = [least(known), largest(known)];
  if (log && start > 0) {
    high = Math.max(Math.min(high, start * ABOVE_START), low * 10);
    low = Math.max(low, start * 1e-34);
  }
  if (!log && low < start) high = Math.min(high, start + 2 * (start - low));
  const rounding = 1e-9 * Math.max(Math.abs(low), Math.abs(high)); // values that differ by less are equal
  if (!(high - low > rounding)) return log ? [low / 2, low * 2] : [low - Math.abs(low || 1) / 10, high + Math.abs(high || 1) / 10];
  const share = 0.05;
  if (log) return [low * (high / low) ** -share, high * (high / low) ** share];
  return [low - share * (high - low), high + share * (high - low)];
}

/** @param {number[]} range the ends @param {boolean} log @param {number} from pixel @param {number} to pixel */
export function scaleOf([low, high], log, from, to) {
  const [a, b] = log ? [Math.log(low), Math.log(high)] : [low, high];
  return {
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
