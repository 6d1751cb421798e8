/** The tables of rankings as texts, with the columns, marks and sentences of `optlab rank`; see `optlab/cli/ranks.py`. */

import { fixed, percent, withDigits } from "../base/numbers.js";
import { number } from "../base/unpack.js";

const [DIGITS, MOST_DIGITS] = [3, 12]; // more digits if unequal medians look equal
const NONE = "–";

/**
 * @typedef {import("../base/tables.js").Cell} Cell
 * @typedef {{ columns: string[], rows: { label: number, cells: Cell[] }[] }} Texts
 */

/**
 * The table of one case.
 * @param {any[]} rows of the ranking @param {(label: number) => string} name
 * @returns {Texts}
 */
export function caseTable(rows, name) {
  const digits = digitsOf(rows);
  const ended = rows.filter((row) => !row.failed && Number.isFinite(number(row.median)) && row.gradients !== null);
  /** @type {[string, boolean, (row: any) => Cell][]} the name of a column, whether it is shown, and its cells */
  const columns = [
    ["rank>", true, (row) => (row.failed ? "error" : rankText(row) + (isShared(row, rows) ? "=" : ""))],
    ["optimizer", true, (row) => name(row.label)],
    ["best settings", rows.some((row) => row.settings), (row) => (row.failed ? NONE : (row.marked ?? row.settings ?? ""))],
    ["final loss>", true, (row) => (row.failed ? NONE : { text: withDigits(number(row.median), digits), value: number(row.median) })],
    ["90 % interval>", rows.some((row) => !row.failed && intervalCell(row.interval, digits) !== NONE), (row) => (row.failed ? NONE : intervalCell(row.interval, digits))],
    ["could be first", rows.some((row) => row.withFirst !== null), (row) => (row.failed || row.withFirst === null ? NONE : row.withFirst ? "yes" : "no")],
    ["gradients>", new Set(ended.map((row) => row.gradients)).size > 1, (row) => (row.failed || row.gradients === null ? NONE : Math.round(row.gradients).toLocaleString("en"))],
    [divergedName(rows), true, (row) => divergedText(row, rows)],
    ["seeds>", true, (row) => String(row.seeds ?? NONE)],
  ]; // prettier-ignore
  const shown = columns.filter(([, isShown]) => isShown);
  return { columns: shown.map(([column]) => column), rows: rows.map((row) => ({ label: row.label, cells: shown.map(([, , cell]) => cell(row)) })) };
}

/**
 * The table over all cases. `tables`: the rankings of the cases.
 * @param {any[]} rows @param {any[][]} tables @param {(label: number) => string} name
 * @returns {Texts}
 */
export function overTable(rows, tables, name) {
  /** @type {[string, boolean, (row: any) => Cell][]} */
  const columns = [
    ["mean rank>", true, (row) => (row.failed ? "error" : row.meanRank === null ? NONE : { text: fixed(row.meanRank, 2), value: row.meanRank })],
    ["optimizer", true, (row) => name(row.label)],
    ["90 % interval>", rows.some((row) => row.low !== null), (row) => (row.low === null ? NONE : ends([row.low, row.high], (end) => fixed(end, 2)))],
    ["wins>", true, (row) => String(row.wins)],
    ["could be first>", rows.some((row) => row.firsts), (row) => (row.firsts ? row.firsts.join(" of ") : NONE)],
    [divergedName(tables.flat()), true, (row) => (row.diverged === null ? NONE : percent(row.diverged))],
  ]; // prettier-ignore
  const shown = columns.filter(([, isShown]) => isShown);
  return { columns: shown.map(([column]) => column), rows: rows.map((row) => ({ label: row.label, cells: shown.map(([, , cell]) => cell(row)) })) };
}

/**
 * What the marks in the table of a case mean, and what holds for all of its values.
 * @param {any[]} rows @param {Record<string, string>} marks the sentences, see `verdicts.py`; empty ones do not apply
 */
export function meaningsOf(rows, marks) {
  const has = {
    interval: rows.some(isUnsure),
    first: rows.some((row) => row.withFirst !== null),
    equal: rows.some((row) => isShared(row, rows)),
    edge: rows.some((row) => row.marked),
    fixed: rows.some(isUnsure),
    optimistic: rows.some((row) => row.cells > 1 && row.seeds > 1 && !row.failed),
  };
  return Object.keys(has).filter((mark) => has[mark] && marks[mark]).map((mark) => marks[mark]); // prettier-ignore
}

const isUnsure = (/** @type {any} */ row) => row.rankLow !== null && row.rankLow < row.rankHigh;
const isShared = (/** @type {any} */ row, /** @type {any[]} */ rows) => row.rank !== null && rows.some((one) => one !== row && one.rank === row.rank);

/** With several settings, the shares of diverged runs are over all of them. */
const divergedName = (/** @type {any[]} */ rows) => (rows.some((row) => row.cells > 1) ? "diverged, of all settings>" : "diverged>");

/** Of a label that was computed again, only the present setting is known. */
function divergedText(/** @type {any} */ row, /** @type {any[]} */ rows) {
  if (row.diverged === null) return NONE;
  return percent(row.diverged) + (row.isAgain && rows.some((one) => one.cells > 1) ? " of this one" : "");
}

function rankText(/** @type {any} */ row) {
  if (row.rank === null) return NONE;
  return isUnsure(row) ? `${row.rankLow}–${row.rankHigh}` : String(row.rank);
}

/** The number of digits with which medians of unequal ranks differ, if they differ at all. */
function digitsOf(/** @type {any[]} */ rows) {
  const medians = new Map();
  for (const row of rows) if (row.rank !== null && !medians.has(row.rank)) medians.set(row.rank, number(row.median));
  const ordered = [...medians.keys()].sort((a, b) => a - b).map((rank) => medians.get(rank));
  const pairs = ordered.slice(1).map((next, i) => [ordered[i], next]).filter(([, next]) => Number.isFinite(next)); // prettier-ignore
  if (!pairs.length) return DIGITS;
  const differ = (/** @type {number} */ digits) => pairs.every(([a, b]) => withDigits(a, digits) !== withDigits(b, digits));
  for (let digits = DIGITS; digits < MOST_DIGITS; digits++) if (differ(digits)) return digits;
  return MOST_DIGITS;
}

/** An interval; of two infinite ends nothing is known but that there is no finite loss, which the median says. */
function intervalCell(/** @type {any[] | null} */ interval, /** @type {number} */ digits) {
  const [low, high] = (interval ?? [null, null]).map(number);
  if (Number.isNaN(low) || (low === high && !Number.isFinite(low))) return NONE;
  return ends([low, high], (end) => withDigits(end, digits));
}

function ends(/** @type {number[]} */ values, /** @type {(end: number) => string} */ text) {
  return { text: values.map(text).join(" to "), value: values.join(" to ") };
}
