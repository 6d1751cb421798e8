/** How sure the order of a case is, in a sentence: that of `optlab/results/analysis/sentences.py`. */

import { FEWEST, pooled } from "./separation.js";

const NAMED = 3;
const MOST = 1000;
const FEWEST_TO_ESTIMATE = 3;
/** The normal quantiles of 1 - LEVEL / 2 and of the power 0.8. */
const [QUANTILE, POWER] = [1.959963984540054, 0.8416212335729143];

/**
 * @param {import("./verdicts.js").Verdict | null} verdict
 * @param {import("./ties.js").Floor} floor
 * @param {boolean} isApart whether settings were chosen on seeds of their own
 * @param {(label: number) => string} name
 */
export function sureness(verdict, floor, isApart, name) {
  if (!verdict || verdict.isOpen || verdict.rows.length < 2) return "";
  if (isApart && !verdict.resampled) return ""; // the sentence would depend on the intervals
  const alone = verdict.rows.filter((row) => row.withFirst === null).length
    ? verdict.entries.filter(({ isCopied }) => isCopied).map(({ label }) => name(label))
    : [];
  const said = compared(verdict, floor, isApart, name, `others${alone.length ? " with several runs" : ""}`);
  return alone.length ? `${said}; ${listed(alone)} have one run each: nothing can be said about how sure their order is` : said;
}

/** The first in comparison with the others that were tested. */
function compared(verdict, floor, isApart, name, /** @type {string} */ allOthers) {
  const [first, second] = verdict.rows;
  const [leader, next] = [first, second].map((row) => named(name(row.label)));
  const seeds = verdict.entries[0].values.length;
  const others = verdict.rows.slice(1).filter((row) => row.withFirst);
  if (!others.length) {
    const better = `${leader} is better than all ${allOthers}, with ${counted(seeds, "seed")} (at the 5 % level)`;
    return better + (isApart && first.rankHigh > 1 ? "; with settings chosen on other tuning seeds, another could be first" : "");
  }
  if (first.rank === second.rank) return `${leader} and ${next} are equal: no number of seeds distinguishes them`;
  const which = others.length === 1 ? named(name(others[0].label)) : counted(others.length, "optimizer");
  const few = `with ${counted(seeds, "seed")}, ${which} cannot be distinguished from ${leader}`;
  if (second !== others[0]) return few;
  return `${few}; ${needed(verdict, floor)} would distinguish ${others.length === 1 ? "them" : `it from ${next}`}`;
}

/** The number of seeds that distinguish the second from the first, as text. */
function needed(/** @type {import("./verdicts.js").Verdict} */ { entries }, floor) {
  const seeds = entries[0].values.length;
  if (seeds < FEWEST_TO_ESTIMATE) return `${FEWEST} seeds or more`;
  const found = seeds >= MOST ? null : seedsNeeded(entries[0].values, entries[1].values, floor);
  return found === null ? `more than ${MOST.toLocaleString("en")} seeds` : `about ${Math.max(found, seeds + 1).toLocaleString("en")} seeds`;
}

/** About how many seeds distinguish two labels with a probability of 80 %, from the differences of pooled ranks. */
function seedsNeeded(/** @type {Float64Array} */ first, /** @type {Float64Array} */ second, floor) {
  const ranks = pooled([first, second], floor);
  const differences = Array.from(ranks[1], (rank, seed) => rank - ranks[0][seed]);
  const mean = differences.reduce((a, b) => a + b, 0) / differences.length;
  if (!(mean > 0)) return null;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (differences.length - 1);
  const n = ((QUANTILE + POWER) * (Math.sqrt(variance) / mean)) ** 2 + QUANTILE ** 2 / 2;
  return n <= MOST ? Math.max(FEWEST, Math.ceil(n)) : null;
}

/** A label for a sentence: in quotes if it has a comma that is not in brackets. @param {string} name */
export function named(name) {
  return name.replace(/\(.*\)|\[.*\]/g, "").includes(",") ? `"${name}"` : name;
}

/** Some names and the number of further ones. @param {string[]} names */
export function listed(names) {
  const all = names.map(named);
  if (all.length > NAMED) return `${all.slice(0, NAMED).join(", ")} and ${all.length - NAMED} more`;
  return all.length > 1 ? `${all.slice(0, -1).join(", ")} and ${all.at(-1)}` : all.join("");
}

/** A number with its noun, plural if it is not 1. @param {number} number @param {string} noun */
export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
