/** The order over all cases: mean ranks with their intervals, and what the results say about them; see `optlab/results/analysis/over_cases.py`. */

import { fixed } from "../base/numbers.js";
import { friedmanTest } from "./friedman.js";
import { counted, listed, named } from "./sureness.js";
import { randomNumbers } from "./random.js";
import { RESAMPLES } from "./resampling.js";
import { compare, sharedRanks } from "./ties.js";

const ROUNDING = 1e-9; // mean ranks that differ by less are equal
const NAMED = 3; // the most changes that are named

/** The row of a label over the cases; the mean rank is null if runs of it failed. Equal labels share the mean of their places. */
export function overallRow(/** @type {number} */ label, /** @type {any[][]} */ tables, /** @type {[number, number] | undefined} */ ends) {
  const mine = tables.map((table) => table.find((row) => row.label === label)).filter(Boolean);
  if (!mine.length) return null;
  const places = [];
  const shares = [];
  for (const table of tables) {
    const ranked = table.filter((row) => row.rank !== null);
    const at = ranked.findIndex((row) => row.label === label);
    if (at < 0) continue;
    places.push(sharedRanks(ranked.map((row) => row.rank))[at]);
    shares.push(ranked[at].diverged);
  }
  const failed = mine.filter((row) => row.failed).length;
  const isFailed = failed > 0 || !places.length;
  const tested = mine.filter((row) => row.withFirst !== null);
  return {
    label,
    meanRank: isFailed ? null : mean(places),
    low: ends ? ends[0] : null,
    high: ends ? ends[1] : null,
    wins: mine.filter((row) => row.rank === 1).length,
    cases: mine.length,
    diverged: isFailed ? null : mean(shares),
    failed,
    firsts: failed || !tested.length ? null : [tested.filter((row) => row.withFirst).length, tested.length],
  };
}

const mean = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * The 90 % interval of each mean rank in resamples of the cases and of the seeds, for the labels with a rank in each case.
 * @param {any[][]} tables @param {(import("./verdicts.js").Verdict | null)[]} verdicts
 * @returns {[number, [number, number]][]}
 */
export function meanEnds(tables, verdicts) {
  const judged = verdicts.filter((verdict) => verdict?.rows.some((row) => row.rank !== null));
  if (judged.length < 2 || judged.some(({ isOpen, resampled }) => !isOpen && !resampled)) return [];
  const labels = comparable(tables, judged[0].rows, judged);
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

/** The labels without failed runs that are in all of the given rankings. */
function comparable(/** @type {any[][]} */ tables, /** @type {any[]} */ first, /** @type {{ rows: any[] }[]} */ judged) {
  const failed = new Set(tables.flatMap((table) => table.filter((row) => row.failed).map((row) => row.label)));
  return first.map((row) => row.label).filter((label) => !failed.has(label) && judged.every(({ rows }) => rows.some((row) => row.label === label)));
}

/**
 * The cases with ranks, and the ranks of their comparable labels; null if there are fewer than two cases or labels.
 * @param {any[][]} tables @returns {{ cases: number[], labels: number[], ranks: Float64Array[] } | null}
 */
function rankTable(tables) {
  const ranked = tables.map((table) => ({ rows: table.filter((row) => row.rank !== null) }));
  const cases = ranked.flatMap(({ rows }, index) => (rows.length ? [index] : []));
  const judged = cases.map((index) => ranked[index]);
  const labels = cases.length < 2 ? [] : comparable(tables, judged[0].rows, judged);
  if (labels.length < 2) return null;
  const ranks = judged.map(({ rows }) => sharedRanks(labels.map((label) => rows.find((row) => row.label === label).rank)));
  return { cases, labels, ranks };
}

/** The title of the table over all cases. @param {any[][]} tables */
export function overTitle(tables) {
  const placed = tables.filter((table) => table.some((row) => row.rank !== null)).length;
  return `over ${placed === tables.length ? "all" : `${placed} of`} ${counted(tables.length, "problem")}`;
}

/** The tests of Friedman and Nemenyi in a sentence; empty if there is nothing to test. @param {any[][]} tables */
export function testText(tables) {
  const known = rankTable(tables);
  if (!known) return "";
  const { p, apart } = friedmanTest(known.ranks);
  const said = p < 0.001 ? "p < 0.001" : `p = ${fixed(p, 3)}`;
  if (p >= 0.05) return `over ${counted(known.cases.length, "problem")} the mean ranks do not differ more than by chance (Friedman, ${said})`;
  return `the mean ranks differ (Friedman, ${said}); two of them differ if they are more than ${fixed(apart, 2)} apart (Nemenyi, 5 %)`;
}

/**
 * The sentences below the table over all cases, as `over_notes` in `optlab/results/notes.py`.
 * @param {any[][]} tables @param {any[]} overall its rows @param {string[]} titles of the cases @param {(label: number) => string} name
 */
export function overNotes(tables, overall, titles, name) {
  const open = tables.filter((table) => !table.some((row) => row.rank !== null)).length;
  const failed = overall.filter((row) => row.failed);
  const known = rankTable(tables);
  return [
    open ? `left out: ${counted(open, "problem")} where no optimizer has a finite median` : "",
    ...failed.map((row) => `${named(name(row.label))} is left out of the means over problems: runs of it failed on ${row.failed} of ${counted(tables.length, "problem")}`), // prettier-ignore
    testText(tables),
    known ? dependence(known, overall, titles, name) : "",
  ].filter(Boolean);
}

/** Whether the first over all cases stays first if one case is left out. */
function dependence({ cases, labels, ranks }, /** @type {any[]} */ overall, /** @type {string[]} */ titles, /** @type {(label: number) => string} */ name) {
  const means = overall.filter((row) => row.meanRank !== null);
  const least = (/** @type {number[]} */ values) => Math.min(...values) + ROUNDING;
  const first = means.filter((row) => row.meanRank <= least(means.map((one) => one.meanRank))).map((row) => name(row.label));
  const changes = cases.flatMap((index, left) => {
    const others = ranks.filter((_, place) => place !== left);
    const rest = labels.map((_, place) => mean(others.map((row) => row[place])));
    const leaders = labels.filter((_, place) => rest[place] <= least(rest)).map(name).sort(compare); // prettier-ignore
    const isSame = leaders.length === first.length && leaders.every((leader) => first.includes(leader));
    return isSame ? [] : [`without ${named(titles[index])}, ${listed(leaders)} ${leaders.length === 1 ? "is" : "are"} first`];
  });
  if (!changes.length) return "the first is the same if any one problem is left out";
  const more = changes.length - NAMED;
  return changes.slice(0, NAMED).join("; ") + (more > 0 ? `; and ${counted(more, "more change")}` : "");
}
