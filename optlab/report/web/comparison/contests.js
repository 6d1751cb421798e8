/** The values of the labels of each case, which `rankings.py` writes, and the verdict on some of the labels. */

import { compare, EXACT, medianOf } from "./ties.js";
import { number, unpack } from "../base/unpack.js";
import { judge } from "./verdicts.js";

/** @param {any} document_ */
export function createContests(document_) {
  /** @type {Map<number, import("./resampling.js").Entry[]>} */
  const opened = new Map();

  function entries(/** @type {number} */ index) {
    if (!opened.has(index)) opened.set(index, entriesOf(document_.cases[index]));
    return opened.get(index);
  }

  return {
    /** Which parts of the doubt can be computed: none, the tests only, or all. @param {number} index */
    knows(index) {
      const { values, choices } = document_.cases[index].contest;
      return values === null ? "none" : choices === null ? "tests" : "all";
    },
    /**
     * The verdict on some labels of a case, with pauses; null if none is left.
     * @param {number} index @param {(label: number) => boolean} isShown @param {boolean} isQuick whether only the ranks are wanted
     * @param {(index: number, label: number) => ArrayLike<number> | null} losses the losses of labels that were computed again
     */
    *judge(index, isShown, isQuick, losses) {
      const { contest } = document_.cases[index];
      const all = isQuick ? byMedian(document_.cases[index]) : entries(index);
      const shown = all.filter(({ label }) => isShown(label)).map((entry) => replaced(entry, losses(index, entry.label), isQuick));
      const how = { floor: floorOf(contest, isShown), isApart: Boolean(contest.isApart), isResampled: contest.choices !== null };
      return shown.length ? yield* judge(shown, how) : null;
    },
  };
}

/** The medians of the ranking, as from one seed: they have ranks, and nothing else is known. */
function byMedian({ ranking }) {
  const known = ranking.filter((row) => !row.failed);
  return known.map(({ label, median }) => ({ label, values: Float64Array.of(number(median)), choice: null, isCopied: true }));
}

/** An entry with other losses of the same seeds; one loss stands for all seeds. */
function replaced(/** @type {import("./resampling.js").Entry} */ entry, /** @type {ArrayLike<number> | null} */ losses, /** @type {boolean} */ isQuick) {
  if (!losses) return entry;
  const finite = Float64Array.from(losses, (loss) => (Number.isFinite(loss) ? loss : Infinity));
  if (finite.length === entry.values.length) return { ...entry, values: finite, choice: null, medians: undefined };
  const value = isQuick ? medianOf(finite) : finite[0];
  return { ...entry, values: entry.values.map(() => value), choice: null, medians: undefined, isCopied: true };
}

function entriesOf(given) {
  const { contest } = given;
  if (contest.values === null) return byMedian(given);
  const rows = split(unpack(contest.values), contest.labels.length);
  return contest.labels.map((label, i) => {
    const choice = contest.choices?.[i];
    return { label, values: rows[i], choice: choice ? choiceOf(choice) : null, isCopied: contest.copied.includes(label) };
  });
}

function choiceOf({ own, rows, values, by }) {
  const [tried, chosenBy] = [values, by ?? values].map((text) => split(unpack(text), rows));
  return { own, values: tried, by: chosenBy };
}

/** The rows of an array. @param {ArrayLike<number>} values @param {number} rows */
function split(values, rows) {
  const size = values.length / rows;
  return Array.from({ length: rows }, (_, i) => Float64Array.from({ length: size }, (_, j) => values[i * size + j]));
}

/**
 * The rounding error of the losses of the shown labels, from the losses at the start of their runs; see `ties.py`.
 * @param {any} contest @param {(label: number) => boolean} isShown
 */
export function floorOf({ eps, starts, of }, isShown) {
  const weights = starts.map((_, table) => Object.entries(of).filter(([label, at]) => at === table && isShown(Number(label))).length);
  const losses = starts.flatMap((table, i) => table.losses.map((loss, j) => ({ loss, count: weights[i] * table.counts[j] })));
  if (!losses.some(({ count }) => count)) return { ...EXACT, eps };
  return { eps, start: weightedMedian(losses), scale: weightedMedian(losses.map(({ loss, count }) => ({ loss: Math.abs(loss), count }))) };
}

/** The median of losses that occur `count` times. @param {{ loss: number, count: number }[]} losses */
function weightedMedian(losses) {
  const ordered = [...losses].sort((a, b) => compare(a.loss, b.loss));
  const total = ordered.reduce((sum, { count }) => sum + count, 0);
  const at = (/** @type {number} */ place) => {
    let left = place;
    return ordered.find(({ count }) => (left -= count) < 0).loss;
  };
  return (at(Math.floor((total - 1) / 2)) + at(Math.floor(total / 2))) / 2;
}
