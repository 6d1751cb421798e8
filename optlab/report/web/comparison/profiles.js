/** Performance profiles of some of the optimizers, as `optlab/results/profiles/performance.py` computes them. */

import { indexAt } from "../base/paths.js";
import { randomNumbers } from "./random.js";
import { endsOf } from "./resampling.js";
import { compare } from "./ties.js";
import { number, unpack } from "../base/unpack.js";

const DRAWS = 200; // of the seeds, for bands

/**
 * @typedef {object} Profile
 * @property {{ label: number, x: Float64Array, y: Float64Array, low: Float64Array, high: Float64Array }[]} lines
 * @property {number} seeds the smallest number of seeds of a case
 */

/**
 * The losses of runs that were computed here: by record and run.
 * @typedef {{ runs: number, record: ArrayLike<number>, loss: ArrayLike<number>, first: ArrayLike<number>, cost: number, recorded: ArrayLike<number> | null }} Runs
 * `cost`: gradients per step. `recorded`: the steps of which the experiment has losses; null for all.
 *
 * The profile without some labels.
 * @param {any} costs what `profiles.py` writes @param {Set<number>} hidden
 * @param {(index: number, label: number) => Runs | null} live the runs of a label on a case if they were computed here
 * @returns {Profile}
 */
export function profileOf(costs, hidden, live = () => null) {
  const kept = costs.labels.map((_, place) => place).filter((place) => !hidden.has(costs.labels[place]));
  if (!kept.length) return { lines: [], seeds: 0 };
  const cases = costs.cases.map((one, index) => costsOf(one, kept, costs.level, (place) => live(index, costs.labels[place])));
  const counts = cases.map((labels) => labels[0].length);
  const share = counts.flatMap((count) => new Array(count).fill(1 / (cases.length * count)));
  const ratios = ratiosOf(kept.map((_, place) => cases.flatMap((labels) => labels[place])));
  const last = ratios.flat().reduce((most, ratio) => (ratio < Infinity ? Math.max(most, ratio) : most), 1);
  const seeds = Math.min(...counts);
  const draws = seeds < 2 ? [] : drawnShares(counts, share);
  const lines = kept.map((place, i) => ({ label: costs.labels[place], ...stepsOf(ratios[i], last, share, draws) }));
  return { lines, seeds };
}

/** The costs of the labels by seed. One run of a label counts for all seeds. The target is that of the lowest loss of the experiment. */
function costsOf(one, /** @type {number[]} */ kept, /** @type {number} */ level, /** @type {(place: number) => Runs | null} */ live) {
  const { seeds, of, costs } = one;
  const values = unpack(costs);
  const total = seeds.reduce((a, b) => a + b);
  const row = of ? Math.min(...kept.map((place) => of[place])) : 0;
  const each = kept.map((place) => {
    const runs = live(place);
    const start = row * total + seeds.slice(0, place).reduce((a, b) => a + b, 0);
    return runs ? costsOfRuns(runs, one, row, level) : Array.from({ length: seeds[place] }, (_, seed) => values[start + seed]);
  });
  const most = Math.max(...each.map((found) => found.length));
  return each.map((found) => (found.length === most ? found : new Array(most).fill(found[0])));
}

/** The gradients of each run until the first recorded loss of at most its target, exactly if it is that of the problem; see `hits.py`. */
export function costsOfRuns(/** @type {Runs} */ { runs, record, loss, first, cost, recorded }, { floors, own }, /** @type {number} */ row, /** @type {number} */ level) {
  const last = record[record.length - 1];
  const known = recorded && own === null ? Array.from(recorded).filter((step) => step <= last) : [];
  const steps = [...known, ...Array.from(record).filter((step) => !known.length || step > known[known.length - 1])];
  const rows = steps.map((step) => indexAt(record, step));
  return Array.from({ length: runs }, (_, run) => {
    const floor = number(floors[row]);
    const target = own ?? floor + level * (first[run] - floor);
    const reached = rows.findIndex((at) => loss[at * runs + run] <= target);
    return reached < 0 ? Infinity : steps[reached] * cost;
  });
}

/** The ratios to the best of each instance. @param {number[][]} costs by label and instance */
function ratiosOf(costs) {
  const best = costs[0].map((_, instance) => costs.reduce((least, row) => Math.min(least, row[instance]), Infinity));
  return costs.map((row) => row.map((cost, instance) => (cost === Infinity ? Infinity : cost === best[instance] ? 1 : cost / best[instance])));
}

/** The share of each instance in each resample of the seeds. @param {number[]} counts seeds of each case @param {number[]} share */
function drawnShares(counts, share) {
  const numbers = randomNumbers(0);
  const found = Array.from({ length: DRAWS }, () => new Float64Array(share.length));
  let first = 0;
  for (const count of counts) {
    const seeds = numbers.integers(count, DRAWS * count);
    seeds.forEach((seed, i) => found[Math.floor(i / count)][first + seed]++);
    first += count;
  }
  return found.map((times) => times.map((time, instance) => time * share[instance]));
}

/** The share of the ratios that are at most x, at each x where it changes, with the band over the draws. */
function stepsOf(/** @type {number[]} */ ratios, /** @type {number} */ last, share, draws) {
  const order = ratios.map((_, i) => i).sort((a, b) => compare(ratios[a], ratios[b]) || a - b);
  const x = Float64Array.from(new Set([1, last, ...ratios.filter((ratio) => ratio < Infinity)])).sort();
  const solved = (/** @type {ArrayLike<number>} */ weights) => sums(order, ratios, x, weights);
  const drawn = draws.map(solved);
  const ends = Array.from(x, (_, i) => (draws.length ? endsOf(drawn.map((row) => row[i])) : [NaN, NaN]));
  return { x, y: solved(share), low: Float64Array.from(ends, (end) => end[0]), high: Float64Array.from(ends, (end) => end[1]) };
}

/** The sum of the weights of the values that are at most each of `x`. @param {number[]} order of increasing values */
function sums(order, values, x, weights) {
  const found = new Float64Array(x.length);
  let [sum, next] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    while (next < order.length && values[order[next]] <= x[i]) sum += weights[order[next++]];
    found[i] = sum;
  }
  return found;
}
