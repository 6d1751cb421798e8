/** From the results of a kernel to the paths and curves that the page shows. */

import { once } from "../base/once.js";

const PATH = 1000; // the most points of a path and of a curve
const CURVE = 400;

/** At most `most` of the steps from 0 to `last`, evenly spaced, with the first and the last. */
export function spaced(/** @type {number} */ last, most = PATH) {
  const count = Math.min(last + 1, most);
  return count < 2 ? [0] : Array.from({ length: count }, (_, i) => Math.round((i * last) / (count - 1)));
}

/**
 * The path of the first run. It ends where the run diverged.
 * @param {import("./kernel.js").Result} result
 */
export function pathOf({ runs, record, trail, loss, steps, diverged }, dim = 2) {
  let count = 0;
  while (record[count] <= steps[0]) count++;
  const every = (/** @type {Float64Array} */ values, /** @type {number} */ first, /** @type {number} */ stride) => {
    const found = new Float64Array(count); // a plain loop: `Float64Array.from` takes ten times as long
    for (let row = 0; row < count; row++) found[row] = values[first + row * stride];
    return found;
  };
  return {
    step: new Float64Array(record.slice(0, count)),
    x: every(trail, 0, dim * runs),
    y: every(trail, runs, dim * runs),
    loss: every(loss, 0, runs),
    status: diverged[0] ? "diverged" : "done",
  };
}

/**
 * The result of the first run, with the losses of all as its `seeds`.
 * @param {import("./kernel.js").Result[]} results each of one run
 * @returns {import("./kernel.js").Result}
 */
export function withSeeds(results) {
  const [first] = results;
  const runs = results.length;
  const loss = Float64Array.from({ length: first.record.length * runs }, (_, n) => results[n % runs].loss[Math.floor(n / runs)]);
  const all = { runs, loss, final: Float64Array.from(results, ({ final }) => final[0]), diverged: results.map(({ diverged }) => diverged[0]) };
  return { ...first, seeds: { ...first, ...all } };
}

/**
 * The median over the runs, and the band from the 10 % to the 90 % quantile. A run that diverged counts as infinite.
 * @param {import("./kernel.js").Result} result
 */
export function curveOf({ runs, record, loss, seeds }) {
  if (seeds) return curveOf(seeds);
  const rows = spaced(record.length - 1, CURVE);
  const [step, low, median, high] = [0, 1, 2, 3].map(() => new Float64Array(rows.length));
  const values = new Float64Array(runs);
  for (let n = 0; n < rows.length; n++) {
    step[n] = record[rows[n]];
    for (let run = 0; run < runs; run++) values[run] = orInfinite(loss[rows[n] * runs + run]);
    values.sort();
    low[n] = quantile(values, 0.1);
    median[n] = quantile(values, 0.5);
    high[n] = quantile(values, 0.9);
  }
  return runs === 1 ? { step, median } : { step, median, low, high };
}

const pathOfResult = once((/** @type {import("./kernel.js").Result} */ result) => pathOf(result));
const curveOfResult = once(curveOf);

/**
 * A case with the results of some labels in place of what was recorded.
 * @param {any} one the recorded case @param {Map<number, import("./kernel.js").Result>} results by label
 */
export function withResults(one, results) {
  const isNew = (/** @type {any} */ { label }) => results.has(label);
  const path = (/** @type {any} */ { label }) => ({ label, ...pathOfResult(results.get(label)) });
  const curve = (/** @type {any} */ { label, cost }) => ({ label, cost, ...curveOfResult(results.get(label)) });
  const parameters = (/** @type {any} */ { label }) => ({ label, step: Float64Array.from(results.get(label).record), x: results.get(label).trail });
  const given = (/** @type {any[]} */ lines, /** @type {(line: any) => any} */ other) => lines.map((line) => (isNew(line) ? other(line) : line));
  const without = (/** @type {any[]} */ lines) => lines.filter((line) => !isNew(line));
  // the loss of a network with a program is that on all training data; of other quantities there are no new values
  const curves = Object.entries(one.curves).map(([name, lines]) => [name, name === "loss" || name === "train_loss" ? given(lines, curve) : without(lines)]);
  return {
    ...one,
    curves: Object.fromEntries(curves),
    valley: one.valley && { ...one.valley, paths: given(one.valley.paths, path) },
    boundary: one.boundary && { ...one.boundary, recorded: given(one.boundary.recorded, parameters) },
  };
}

/** The losses at the end of all runs; infinite for those that diverged. @param {import("./kernel.js").Result} result */
export function lastLosses({ runs, final, diverged, seeds }) {
  if (seeds) return lastLosses(seeds);
  return Array.from({ length: runs }, (_, run) => (diverged[run] ? Infinity : orInfinite(final[run])));
}

/** As `quantiles.by_group` in Python: linear between neighbours. @param {ArrayLike<number>} sorted @param {number} q */
export function quantile(sorted, q) {
  const height = q * (sorted.length - 1);
  const below = Math.floor(height);
  const [a, b] = [sorted[below], sorted[Math.min(below + 1, sorted.length - 1)]];
  return height === below || a === b ? a : (1 - (height - below)) * a + (height - below) * b;
}

function orInfinite(/** @type {number} */ value) {
  return Number.isFinite(value) ? value : Infinity;
}
