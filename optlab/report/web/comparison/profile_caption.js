/** The caption of a performance profile: that of `optlab/results/profiles/captions.py`. */

import { percent } from "../base/numbers.js";
import { counted, named } from "./sureness.js";

const MOST = 2; // labels that the caption is about
const SHARE = 0.8; // the curves are compared where each has this part of its final height
const DIGITS = [1, 1.2, 1.5, 2, 3, 5, 7, 10];

/**
 * @param {any} costs what `profiles.py` writes
 * @param {import("./profiles.js").Profile} profile @param {Set<number>} hidden
 * @param {(label: number) => string} nameOf
 */
export function captionOf(costs, { lines, seeds }, hidden, nameOf, isLive = false) {
  if (!lines.length) return "";
  const name = (/** @type {number} */ label) => named(nameOf(label));
  const failed = costs.failed.filter((label) => !hidden.has(label)).map(name);
  const every = Math.max(...costs.labels.map((label, i) => (hidden.has(label) ? 0 : costs.every[i])));
  const said = [
    ...shares(highest(lines), name),
    sample(counted(costs.cases.length, "problem"), seeds),
    ...costs.targets,
    "Ratios are to the best of the optimizers shown; compare others without it",
    every > 1 ? `Costs are rounded up to recorded steps, every ${every.toLocaleString("en")}` : "",
    isLive ? "With your settings, the costs are those of the runs in this page; targets are those of the experiment" : "",
    failed.length ? `Left out, because runs failed: ${failed.join(", ")}` : "",
  ];
  return said.filter(Boolean).map((sentence) => `${sentence}.`).join(" "); // prettier-ignore
}

function sample(/** @type {string} */ problems, /** @type {number} */ seeds) {
  if (seeds === 1) return `${problems}, 1 seed: there is no band, and other starts may change the order`;
  return `${problems}, ${counted(seeds, "seed")} each; bands: 5 % to 95 % of bootstrap draws of the seeds`;
}

/** The lines with the largest areas below their curves, on a logarithmic axis. */
function highest(/** @type {import("./profiles.js").Profile["lines"]} */ lines) {
  const x = Float64Array.from(new Set(lines.flatMap((line) => Array.from(line.x)))).sort();
  const area = (/** @type {any} */ line) => {
    const y = Array.from(x, (place) => at(line, place));
    const below = y.slice(0, -1).reduce((sum, height, i) => sum + height * (Math.log(x[i + 1]) - Math.log(x[i])), 0);
    return below + 1e-9 * y.reduce((a, b) => a + b);
  };
  const areas = new Map(lines.map((line) => [line, area(line)]));
  return [...lines].sort((a, b) => areas.get(b) - areas.get(a)).slice(0, MOST);
}

/** The shares of the curves at the same cost, in the end, and at 1. */
function shares(curves, /** @type {(label: number) => string} */ name) {
  if (!curves.some((line) => line.y.at(-1))) return ["No problem is solved"];
  const each = (/** @type {number} */ cost) => {
    const [first, ...others] = curves.map((line) => [name(line.label), exactly(at(line, cost))]);
    return `${first[0]} solves ${first[1]} of problems${others.map((other) => ` and ${other[0]} ${other[1]}`).join("")}`;
  };
  const cost = Math.max(...curves.map(mostly));
  const said = cost > 1 ? [`Within ${Number(cost.toPrecision(10))} times the best's gradients, ${each(cost)}`] : [];
  if (!said.length || curves.some((line) => at(line, cost) < line.y.at(-1))) said.push(`In the end, ${each(Infinity)}`);
  return [...said, `As the fastest, ${each(1)}`];
}

/** The share of a curve at a cost. */
function at(line, /** @type {number} */ cost) {
  const next = line.x.findIndex((place) => place > cost);
  return next < 0 ? line.y.at(-1) : line.y[next - 1];
}

/** The smallest round cost with at least 80 % of the final share. */
function mostly(line) {
  const place = line.x[line.y.findIndex((share) => share >= SHARE * line.y.at(-1))];
  const power = 10 ** Math.floor(Math.log10(place));
  return DIGITS.map((digit) => digit * power).find((round) => round >= place * (1 - 1e-12));
}

/** A share as text; 100 % and 0 % are exact. */
function exactly(/** @type {number} */ share) {
  const text = percent(share);
  if (text === "100 %" && 1 - share > 1e-12) return "99.9 %";
  return text === "0 %" && share > 0 ? "0.1 %" : text;
}
