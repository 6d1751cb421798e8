// Computes rankings without some labels, for test_rankings.py, in a copy of optlab/report/web.
import { readFileSync } from "node:fs";
import { createComparison } from "./comparison/comparison.js";
import { caseTable, meaningsOf, overTable } from "./comparison/rank_table.js";
import { randomNumbers } from "./comparison/random.js";
import { finish, rankLosses } from "./comparison/verdicts.js";

const given = JSON.parse(readFileSync(0, "utf-8"), (_, value) => (value === "inf" ? Infinity : value));
const found = {};
if (given.document) {
  const comparison = createComparison(given.document);
  found.subsets = given.subsets.map((labels) => {
    const hidden = new Set(labels);
    finish(comparison.prepare(given.document.cases.map((_, index) => index), hidden));
    const name = (label) => given.document.labels[label].name;
    const tables = given.document.cases.map((_, index) => comparison.ranking(index, hidden));
    const cases = tables.map((rows, index) => ({ rows, verdict: comparison.verdict(index, hidden), table: caseTable(rows, name), meanings: meaningsOf(rows, given.document.marks) }));
    const overall = comparison.overall(hidden);
    return { cases, overall, overTable: overall && overTable(overall.rows, tables, name), headline: comparison.headline(hidden), conditions: comparison.conditions(hidden) };
  });
}
if (given.losses) found.ranked = given.losses.map((losses) => rankLosses(new Map(losses.map((values, label) => [label, values]))));
if (given.draws) {
  found.draws = given.draws.map(({ seed, counts, rows, length }) => {
    const numbers = randomNumbers(seed);
    const integers = counts.map((count) => [...numbers.integers(count, 100)]);
    const permuted = Uint16Array.from({ length: rows * length }, (_, i) => i % length);
    for (let row = 0; row < rows; row++) numbers.shuffle(permuted, row * length, length);
    return { integers, permuted: [...permuted] };
  });
}
console.log(JSON.stringify(found, (_, value) => (value === Infinity ? "inf" : value)));
