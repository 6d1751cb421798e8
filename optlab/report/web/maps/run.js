/** The run of a pixel, computed by the program of its panel. */

import { load } from "../kernels/kernel.js";
import { taskOf } from "./panel.js";

/** The most recorded steps of a run; a longer one is thinned. */
const MOST = 4000;

/** @param {any[]} programs of the map */
export function createRuns(programs) {
  const kernels = new Map();
  const kernelOf = (/** @type {number} */ index) => {
    if (!kernels.has(index)) kernels.set(index, load(programs[index]));
    return kernels.get(index);
  };

  /**
   * The path and the loss curve of a pixel, in the form of those of a case.
   * @param {import("./panel.js").Panel} panel @param {number} row @param {number} column
   */
  return async function run(panel, row, column) {
    const kernel = await kernelOf(panel.program);
    const record = recorded(panel.steps);
    const { x0, numbers } = taskOf(panel, row, column);
    const result = kernel.run({ x0: [x0], numbers, steps: panel.steps, record });
    const step = record.filter((at) => at <= result.steps[0]);
    const dim = kernel.program.dim;
    const entry = (/** @type {number} */ n) => step.map((_, at) => result.trail[at * dim + n]);
    const loss = Array.from(result.loss.slice(0, step.length));
    const status = result.diverged[0] ? "diverged" : "done";
    const curve = { label: panel.label, cost: 1, step, median: loss };
    if (dim !== 2) return { paths: [], curves: { loss: [curve] } };
    return { paths: [{ label: panel.label, status, step, x: entry(0), y: entry(1), loss }], curves: { loss: [curve] } };
  };
}

/** The recorded steps: all, or evenly spaced ones with the first and the last. @param {number} steps */
export function recorded(steps) {
  const count = Math.min(steps, MOST);
  return Array.from({ length: count + 1 }, (_, n) => Math.round((n * steps) / Math.max(count, 1)));
}
