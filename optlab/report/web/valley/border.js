/** Where a point outside of a rectangle is to be looked for. */

const HUGE = 1e30; // differences and squares of larger numbers may overflow

/**
 * The point of the rectangle that is nearest to a point outside, and the direction from there, of length 1; null for a
 * point inside, or without a place.
 * @param {number[]} low @param {number[]} high @param {number[]} point
 */
export function beyond(low, high, point) {
  if (point.some(Number.isNaN)) return null;
  const place = point.map((value) => Math.min(HUGE, Math.max(-HUGE, value)));
  const from = place.map((value, d) => Math.min(high[d], Math.max(low[d], value)));
  const way = place.map((value, d) => value - from[d]);
  const length = Math.hypot(...way);
  return length === 0 ? null : { from, way: way.map((value) => value / length) };
}
