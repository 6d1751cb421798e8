/** The ranking of some labels with its doubt, computed as in `optlab/results/analysis/verdict.py`. */

import { medianInterval } from "./intervals.js";
import { endsOf, resampledRanks } from "./resampling.js";
import { LEVEL, stepDown } from "./separation.js";
import { EXACT, medianOf, ranksOf } from "./ties.js";

/**
 * @typedef {import("./resampling.js").Entry} Entry
 * @typedef {import("./ties.js").Floor} Floor
 *
 * @typedef {object} Verdict arrays have one entry for each label, in the order of the ranks
 * @property {Entry[]} entries
 * @property {Float64Array} ranks
 * @property {boolean} isOpen whether nothing can be said about the doubt
 * @property {ArrayLike<number>[] | null} resampled the ranks in each resample; null if they are not known or `isOpen`
 * @property {{ label: number, rank: number | null, rankLow: number | null, rankHigh: number | null, first: number | null,
 *              withFirst: boolean | null, p: number | null }[]} rows
 */

/**
 * The verdict on some labels. It pauses often, so that a page with many labels stays awake; see `finish`.
 * @param {Entry[]} given the labels without failed runs
 * @param {{ floor: Floor, isApart?: boolean, isResampled?: boolean }} how `isApart`: settings were chosen on seeds of their
 *   own. `isResampled`: whether all is known that intervals of ranks need.
 * @returns {Generator<undefined, Verdict>}
 */
export function* judge(given, { floor, isApart = false, isResampled = true }) {
  const medians = given.map((entry) => medianOf(Float64Array.from(entry.values)));
  const places = ranksOf(medians, floor);
  const order = given.map((_, i) => i).sort((a, b) => places[a] - places[b] || given[a].label - given[b].label);
  const entries = order.map((i) => given[i]);
  const ranks = Float64Array.from(order, (i) => places[i]);
  const hasRanks = medians.some(Number.isFinite);
  const isOpen = !hasRanks || entries.every((entry) => entry.isCopied || entry.values.length === 1);
  const resampled = isOpen || !isResampled ? null : yield* resampledRanks(entries, isApart, floor);
  const [p, untested] = isOpen ? [[], []] : yield* tested(entries, ranks, floor);
  const rows = entries.map(({ label }, i) => ({
    label,
    rank: hasRanks ? ranks[i] : null,
    ...(resampled ? doubt(resampled, ranks[i], i) : { rankLow: null, rankHigh: null, first: null }),
    withFirst: isOpen || untested[i] ? null : !(p[i] < LEVEL),
    p: isOpen || Number.isNaN(p[i]) ? null : p[i],
  }));
  return { entries, ranks, isOpen, resampled, rows };
}

/** The result of a computation that pauses, without its pauses. @template T @param {Generator<undefined, T>} work @returns {T} */
export function finish(work) {
  for (;;) {
    const { done, value } = work.next();
    if (done) return /** @type {T} */ (value);
  }
}

/**
 * The p-values of the comparison with the first, NaN for rank 1; and the labels that are not compared with it: both have
 * one run that was copied to all seeds.
 * @returns {Generator<undefined, [number[], boolean[]]>}
 */
function* tested(/** @type {Entry[]} */ entries, /** @type {Float64Array} */ ranks, /** @type {Floor} */ floor) {
  const isFirstCopied = entries.some((entry, i) => entry.isCopied && ranks[i] === 1);
  const untested = entries.map((entry, i) => entry.isCopied && ranks[i] !== 1 && isFirstCopied);
  const compared = entries.map((_, i) => i).filter((i) => !untested[i]);
  const found = yield* stepDown(compared.map((i) => entries[i].values), floor); // prettier-ignore
  const p = entries.map(() => NaN);
  compared.forEach((i, place) => (p[i] = ranks[i] === 1 ? NaN : found[place]));
  return [p, untested];
}

/** The interval of a rank, and the share of resamples in which it leads. */
function doubt(/** @type {ArrayLike<number>[]} */ resampled, /** @type {number} */ rank, /** @type {number} */ place) {
  const [low, high] = endsOf(resampled.map((ranks) => ranks[place]));
  const leads = resampled.map((ranks) => (ranks[place] === 1 ? 1 / Array.from(ranks).filter((one) => one === 1).length : 0));
  return { rankLow: Math.min(low, rank), rankHigh: Math.max(high, rank), first: leads.reduce((a, b) => a + b, 0) / resampled.length };
}

/**
 * The ranking of losses by label: an array with one loss for each seed, the same seeds for all labels. A loss that is not
 * finite is infinitely bad. The rows, in the order of the ranks, have the fields of the rows of a case. With the same losses they are
 * those of `optlab.analysis.judge`, where only identical losses are equal, or with another `floor` those of an experiment.
 * @param {Map<number, ArrayLike<number>>} losses @param {Floor} floor
 */
export function rankLosses(losses, floor = EXACT) {
  const entries = Array.from(losses, ([label, given]) => {
    const values = Float64Array.from(given, (loss) => (Number.isFinite(loss) ? loss : Infinity));
    return { label, values, choice: null, isCopied: false };
  });
  return finish(judge(entries, { floor })).rows.map((row) => ({ ...row, ...summary(losses.get(row.label)) }));
}

/** The median with its interval, the number of seeds, and the share of diverged runs. @param {ArrayLike<number>} losses */
export function summary(losses) {
  const values = Float64Array.from(losses, (loss) => (Number.isFinite(loss) ? loss : Infinity));
  const diverged = values.filter((loss) => loss === Infinity).length / values.length;
  return { median: medianOf(Float64Array.from(values)), interval: medianInterval(values), seeds: values.length, diverged };
}
