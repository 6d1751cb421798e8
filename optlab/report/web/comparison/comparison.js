/** The ranking of each case and over all cases, without the optimizers that are hidden. */

import { createContests, floorOf } from "./contests.js";
import { randomNumbers } from "./random.js";
import { RESAMPLES } from "./resampling.js";
import { listed, sureness } from "./sureness.js";
import { compare, sharedRanks } from "./ties.js";
import { finish, summary } from "./verdicts.js";

/**
 * @param {any} document_ the data of the page; its own rankings are those of all optimizers
 * @param {(index: number, label: number) => ArrayLike<number> | null} losses the losses of labels that were computed again; null
 *   for those of the experiment
 */
export function createComparison(document_, losses = () => null) {
  const contests = createContests(document_);
  const every = document_.cases.map((_, index) => index);
  const name = (/** @type {number} */ label) => document_.labels[label].name;
  /** The verdicts by case, for the labels that were hidden the last time. */
  let kept = { hidden: new Set(), verdicts: new Map() };
  const changed = (/** @type {number} */ index) => document_.labels.some((_, label) => losses(index, label));
  const isOriginal = (/** @type {number} */ index, /** @type {Set<number>} */ hidden) => !hidden.size && !changed(index);
  const isWholeOriginal = (/** @type {Set<number>} */ hidden) => every.every((index) => isOriginal(index, hidden));

  /** The verdict on a case, or only the ranks if it is not prepared. */
  function verdictOf(/** @type {number} */ index, /** @type {Set<number>} */ hidden) {
    const known = kept.hidden === hidden && kept.verdicts.get(index);
    return known || finish(contests.judge(index, (label) => !hidden.has(label), true, losses));
  }

  /** Whether there is one measurement of each label, which says nothing about the order. It is known of prepared cases only. */
  function isSingle(/** @type {number} */ index, /** @type {Set<number>} */ hidden) {
    const entries = (kept.hidden === hidden && kept.verdicts.get(index)?.entries) || [];
    return entries.length > 0 && ranking(index, hidden).length > 1 && entries.every((one) => one.isCopied || one.values.length === 1);
  }

  /** The rows of a case in the order of the ranks, then those with failed runs. */
  function ranking(/** @type {number} */ index, /** @type {Set<number>} */ hidden) {
    const { ranking: all } = document_.cases[index];
    if (isOriginal(index, hidden)) return all;
    const found = new Map(verdictOf(index, hidden)?.rows.map((row) => [row.label, row]));
    const places = new Map([...found.keys()].map((label, place) => [label, place]));
    const shown = all.filter((row) => !hidden.has(row.label)).map((row) => ({ ...row, ...found.get(row.label), ...again(index, row.label) }));
    const place = (/** @type {any} */ row) => places.get(row.label) ?? found.size + row.label;
    return shown.sort((a, b) => place(a) - place(b));
  }

  /** The columns of a label that was computed again. */
  function again(/** @type {number} */ index, /** @type {number} */ label) {
    const values = losses(index, label);
    return values && { settings: "changed", ...summary(values) };
  }

  return {
    isOriginal,
    knows: contests.knows,
    /** Forget the verdicts, since losses were computed again. */
    forget: () => (kept = { hidden: new Set(), verdicts: new Map() }),
    /**
     * Compute the verdicts on some cases, with pauses.
     * @param {number[]} cases @param {Set<number>} hidden the set that is given to the other functions afterwards
     */
    *prepare(cases, hidden) {
      if (kept.hidden !== hidden) kept = { hidden, verdicts: new Map() };
      const { verdicts } = kept;
      for (const index of cases) {
        if (isWholeOriginal(hidden) || verdicts.has(index)) continue;
        verdicts.set(index, yield* contests.judge(index, (label) => !hidden.has(label), false, losses));
      }
    },
    ranking,
    /** How sure the order of a case is. @param {number} index @param {Set<number>} hidden */
    verdict(index, hidden) {
      const { contest, verdict } = document_.cases[index];
      if (isOriginal(index, hidden)) return verdict;
      if (contest.values && isSingle(index, hidden)) return "one run each: nothing can be said about how sure the order is";
      const floor = floorOf(contest, (label) => !hidden.has(label));
      return sureness(verdictOf(index, hidden), floor, contest.isApart, name);
    },
    /**
     * The ranks over all cases, by the mean rank. Their intervals are missing if not all cases are prepared.
     * @param {Set<number>} hidden
     */
    overall(hidden) {
      if (!document_.overall.length || isWholeOriginal(hidden)) return document_.overall;
      if (document_.overall[0].cases > every.length) return []; // the page has not all cases
      const tables = every.map((index) => ranking(index, hidden));
      const isPrepared = kept.hidden === hidden && kept.verdicts.size === document_.cases.length;
      const ends = new Map(isPrepared ? meanEnds(tables, every.map((index) => kept.verdicts.get(index))) : []);
      const rows = document_.labels.map((_, label) => overallRow(label, tables, ends.get(label))).filter(Boolean);
      return rows.sort((a, b) => (a.meanRank ?? Infinity) - (b.meanRank ?? Infinity) || a.label - b.label);
    },
    /** What the results say, in sentences. @param {Set<number>} hidden */
    headline(hidden) {
      if (isWholeOriginal(hidden)) return document_.verdict;
      if (document_.cases.length === 1) return [this.verdict(0, hidden)].filter(Boolean);
      const rows = this.overall(hidden).filter((row) => row.meanRank !== null);
      if (!document_.overall.length || rows.length < 2) return [];
      const first = rows.filter((row) => row.meanRank === rows[0].meanRank).map((row) => name(row.label));
      return [`${listed(first)}: the best mean rank, ${rows[0].meanRank.toFixed(2)} over ${document_.cases.length} problems`];
    },
  };
}

/** The mean rank of a label over the cases; null if runs of it failed. Equal labels share the mean of their places. */
function overallRow(/** @type {number} */ label, /** @type {any[][]} */ tables, /** @type {[number, number] | undefined} */ ends) {
  const mine = tables.map((table) => table.find((row) => row.label === label)).filter(Boolean);
  if (!mine.length) return null;
  const places = [];
  for (const table of tables) {
    const ranked = table.filter((row) => row.rank !== null);
    const at = ranked.findIndex((row) => row.label === label);
    if (at >= 0) places.push(sharedRanks(ranked.map((row) => row.rank))[at]);
  }
  const isFailed = mine.some((row) => row.failed) || !places.length;
  return {
    label,
    meanRank: isFailed ? null : places.reduce((a, b) => a + b, 0) / places.length,
    low: ends ? ends[0] : null,
    high: ends ? ends[1] : null,
    wins: mine.filter((row) => row.rank === 1).length,
    cases: mine.length,
  };
}

/**
 * The 90 % interval of each mean rank in resamples of the cases and of the seeds, for the labels with a rank in each case.
 * @param {any[][]} tables @param {(import("./verdicts.js").Verdict | null)[]} verdicts
 * @returns {[number, [number, number]][]}
 */
function meanEnds(tables, verdicts) {
  const failed = new Set(tables.flatMap((table) => table.filter((row) => row.failed).map((row) => row.label)));
  const judged = verdicts.filter((verdict) => verdict?.rows.some((row) => row.rank !== null));
  if (judged.length < 2 || judged.some(({ isOpen, resampled }) => !isOpen && !resampled)) return [];
  const labels = judged[0].rows.map((row) => row.label).filter((label) => !failed.has(label) && judged.every(({ rows }) => rows.some((row) => row.label === label)));
  if (labels.length < 2) return [];
  const ranks = judged.map(({ rows, ranks, isOpen, resampled }) => {
    const at = labels.map((label) => rows.findIndex((row) => row.label === label));
    const only = (/** @type {ArrayLike<number>} */ all) => sharedRanks(at.map((place) => all[place]));
    return isOpen ? Array(RESAMPLES).fill(only(ranks)) : resampled.map(only);
  });
  const cases = randomNumbers(2).integers(judged.length, judged.length * RESAMPLES);
  return labels.map((label, place) => {
    const means = Float64Array.from({ length: RESAMPLES }, (_, resample) => {
      let sum = 0;
      for (let i = 0; i < judged.length; i++) sum += ranks[cases[resample * judged.length + i]][resample][place];
      return sum / judged.length;
    }).sort(compare);
    return [label, [quantile(means, 0.05), quantile(means, 0.95)]];
  });
}

/** Linear between two neighbours. @param {Float64Array} ordered @param {number} share */
function quantile(ordered, share) {
  const at = share * (ordered.length - 1);
  const below = Math.floor(at);
  const [low, high] = [ordered[below], ordered[Math.min(below + 1, ordered.length - 1)]];
  return low + (at - below) * (high - low);
}
