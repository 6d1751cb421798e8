/** The ranking of each case and over all cases, without the optimizers that are hidden. */

import { fixed } from "../base/numbers.js";
import { createContests, floorOf } from "./contests.js";
import { meanEnds, overallRow, overNotes, overTitle, testText } from "./over_cases.js";
import { listed, sureness } from "./sureness.js";
import { finish, summary } from "./verdicts.js";

/**
 * @param {any} document_ the data of the page; its own rankings are those of all optimizers
 * @param {(index: number, label: number) => ArrayLike<number> | null} losses the losses of labels that were computed again; null
 *   for those of the experiment
 * @param {(index: number, label: number) => boolean} isTuned whether a label has other settings than in the experiment
 */
export function createComparison(document_, losses = () => null, isTuned = () => false) {
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
    const settings = isTuned(index, label) ? { settings: "changed", cells: 1, marked: null } : {};
    return values && { ...settings, isAgain: true, gradients: null, ...summary(values) };
  }

  function conditions(/** @type {Set<number>} */ hidden) {
    const without = hidden.size === 1 ? name([...hidden][0]) : `${hidden.size} hidden optimizers`;
    const found = [every.some(changed) ? "with your settings" : "", hidden.size ? `without ${without}` : ""];
    return found.filter(Boolean).join(", ");
  }

  /** Who is first over all cases, and the tests. */
  function firsts(/** @type {Set<number>} */ hidden, overall) {
    const rows = overall ? overall.rows.filter((row) => row.meanRank !== null) : [];
    if (rows.length < 2) return [];
    const first = rows.filter((row) => row.meanRank === rows[0].meanRank).map((row) => name(row.label));
    const best = `${listed(first)}: the best mean rank, ${fixed(rows[0].meanRank, 2)} over ${rows[0].cases} problems`;
    return [best, testText(every.map((index) => ranking(index, hidden)))].filter(Boolean);
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
     * The ranks over all cases, by the mean rank, with the title and the sentences of their table; null if there is one case.
     * Intervals are missing if not all cases are prepared.
     * @param {Set<number>} hidden
     */
    overall(hidden) {
      if (!document_.overall || isWholeOriginal(hidden)) return document_.overall;
      if (document_.overall.rows[0].cases > every.length) return { rows: [], title: document_.overall.title, notes: [] }; // the page has not all cases
      const tables = every.map((index) => ranking(index, hidden));
      const isPrepared = kept.hidden === hidden && kept.verdicts.size === document_.cases.length;
      const ends = new Map(isPrepared ? meanEnds(tables, every.map((index) => kept.verdicts.get(index))) : []);
      const rows = document_.labels.map((_, label) => overallRow(label, tables, ends.get(label))).filter(Boolean);
      rows.sort((a, b) => (a.meanRank ?? Infinity) - (b.meanRank ?? Infinity) || a.label - b.label);
      const titles = document_.cases.map((one) => one.title);
      return { rows, title: overTitle(tables), notes: overNotes(tables, rows, titles, name) };
    },
    /** What the results say, in sentences. @param {Set<number>} hidden */
    headline(hidden) {
      if (isWholeOriginal(hidden)) return document_.verdict;
      if (document_.overall?.rows[0].cases > every.length) return [`not computed again over all problems (${conditions(hidden)})`]; // see `overall`
      const sentences = document_.cases.length === 1 ? [this.verdict(0, hidden)].filter(Boolean) : firsts(hidden, this.overall(hidden));
      return sentences.map((sentence, n) => (n ? sentence : `${sentence} (${conditions(hidden)})`));
    },
    /** What is different from the experiment: hidden optimizers, and losses that were computed here. @param {Set<number>} hidden */
    conditions,
  };
}
