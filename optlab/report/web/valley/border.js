/** Where a point outside of a rectangle is to be looked for. */

const HUGE = 1e30; // differences and squares of larger numbers may overflow

/**
 * Where the line from the middle of a rectangle to a point outside crosses its border, and the direction of this line,
 * of length 1; null for a point inside, or without a place.
 * @param {number[]} low @param {number[]} high @param {number[]} point
 */
export function beyond(low, high, point) {
  if (point.some(Number.isNaN)) return null;
  const middle = low.map((value, d) => (value + high[d]) / 2);
  const way = point.map((value, d) => Math.min(HUGE, Math.max(-HUGE, value)) - middle[d]);
  const share = Math.min(...way.map((value, d) => (high[d] - low[d]) / 2 / Math.abs(value)));
  if (!(share < 1)) return null;
  const length = Math.hypot(...way);
  const from = way.map((value, d) => Math.min(high[d], Math.max(low[d], middle[d] + share * value)));
  return { from, way: way.map((value) => value / length) };
}
