/** Paths through the space of all parameters, projected on the plane of a landscape. */

import { spaced } from "../kernels/compute.js";

const MOST = 100; // points of a projected path

/**
 * @typedef {object} Trail a path that was computed here
 * @property {ArrayLike<number>} step
 * @property {Float64Array} x the parameters of each step in turn
 * @property {ArrayLike<number>} loss
 * @property {string} status
 * @property {(points: Float64Array[]) => ArrayLike<number>} lossesAt the loss at other parameters
 */

/**
 * The coordinates of the nearest point of a plane, by least squares: its directions need not be orthogonal.
 * @param {{ origin: ArrayLike<number>, directions: ArrayLike<number> }} plane both directions in turn
 * @param {ArrayLike<number>} point
 */
export function coordinates({ origin, directions }, point) {
  const dim = origin.length;
  let [aa, ab, bb, ap, bp] = [0, 0, 0, 0, 0];
  for (let n = 0; n < dim; n++) {
    const [a, b, p] = [directions[n], directions[dim + n], point[n] - origin[n]];
    [aa, ab, bb, ap, bp] = [aa + a * a, ab + a * b, bb + b * b, ap + a * p, bp + b * p];
  }
  const determinant = aa * bb - ab * ab;
  return [(bb * ap - ab * bp) / determinant, (aa * bp - ab * ap) / determinant];
}

/**
 * The path of a landscape in place of the one that was recorded.
 * @param {any} plane @param {number} label @param {Trail} trail
 */
export function projected(plane, label, { step, x, loss, status, lossesAt }) {
  const { origin, directions } = plane;
  const dim = origin.length;
  const rows = spaced(step.length - 1, MOST).filter((row) => x.subarray(row * dim, (row + 1) * dim).every(Number.isFinite));
  const points = rows.map((row) => x.subarray(row * dim, (row + 1) * dim));
  const places = points.map((point) => coordinates(plane, point));
  const nearest = places.map(([a, b]) => Float64Array.from(origin, (value, n) => value + a * directions[n] + b * directions[dim + n]));
  return {
    label,
    status,
    step: Float64Array.from(rows, (row) => step[row]),
    x: Float64Array.from(places, ([a]) => a),
    y: Float64Array.from(places, ([, b]) => b),
    loss: Float64Array.from(rows, (row) => loss[row]),
    projected: Float64Array.from(lossesAt(nearest)),
    distance: Float64Array.from(points, (point, i) => Math.hypot(...point.map((value, n) => value - nearest[i][n]))),
  };
}
