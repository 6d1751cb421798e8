/** The outputs of a network at points of the plane and at its examples, computed from its parameters. */

import { load } from "./kernel.js";
import { indexAt } from "../base/paths.js";

/**
 * @param {any} boundary the opened network: its module, the part of the plane, and the examples
 * @returns what computes the outputs: first those of the grid, row by row from the lowest, then those of the examples
 */
export async function loadOutputs(boundary) {
  const kernel = /** @type {import("./network_kernel.js").NetworkKernel} */ (await load(boundary.program));
  const { values, layout } = kernel;
  const { low, high, grid, classes } = boundary;
  const count = boundary.program.examples;
  const inputs = values.subarray(layout.dim, layout.entries);
  for (let i = 0; i < grid * grid; i++) {
    inputs[2 * i] = low[0] + ((high[0] - low[0]) * (i % grid)) / (grid - 1);
    inputs[2 * i + 1] = low[1] + ((high[1] - low[1]) * Math.floor(i / grid)) / (grid - 1);
  }
  boundary.x.forEach((x, n) => inputs.set([x, boundary.y[n]], 2 * (grid * grid + n)));
  return {
    /** The outputs (points, classes) at these parameters. The next call overwrites them. @param {ArrayLike<number>} parameters */
    at(parameters) {
      values.set(parameters);
      kernel.exports.step(layout.heap);
      return values.subarray(layout.loss, layout.loss + count * classes);
    },
  };
}

/**
 * The parameters at a step, between two recorded steps in proportion.
 * @param {{ step: ArrayLike<number>, x: Float32Array | Float64Array }} path x holds the parameters of each step in turn
 * @param {number} step
 */
export function parametersAt({ step: steps, x }, step) {
  const dim = x.length / steps.length;
  const index = indexAt(steps, step);
  const from = x.subarray(index * dim, (index + 1) * dim);
  if (index + 1 >= steps.length || step <= steps[index]) return from;
  const share = (step - steps[index]) / (steps[index + 1] - steps[index]);
  return Float64Array.from(from, (value, n) => value + share * (x[(index + 1) * dim + n] - value));
}

/**
 * How far the output of a class is above those of all others, at the first points.
 * @param {ArrayLike<number>} outputs @param {number} classes @param {number} one the class @param {number} count
 */
export function margins(outputs, classes, one, count) {
  return Float64Array.from({ length: count }, (_, i) => {
    let other = -Infinity;
    for (let k = 0; k < classes; k++) if (k !== one) other = Math.max(other, outputs[i * classes + k]);
    return outputs[i * classes + one] - other;
  });
}

/**
 * The share of examples from `begin` to `end` whose class has the largest output.
 * @param {ArrayLike<number>} outputs of the examples @param {ArrayLike<number>} known their classes
 */
export function accuracy(outputs, classes, known, begin, end) {
  let right = 0;
  for (let n = begin; n < end; n++) {
    let best = 0;
    for (let k = 1; k < classes; k++) if (outputs[n * classes + k] > outputs[n * classes + best]) best = k;
    right += Number(best === known[n]);
  }
  return right / (end - begin);
}
