/** An interval for a median from order statistics; see `optlab/results/analysis/intervals.py`. */

import { compare } from "./ties.js";

const LEVEL = 0.9;

/** @param {ArrayLike<number>} values @returns {[number, number] | null} null for one value */
export function medianInterval(values) {
  const n = values.length;
  if (n < 2) return null;
  const ordered = Float64Array.from(values).sort(compare);
  const covered = coverages(n);
  if (covered[0] < LEVEL) return [ordered[0], ordered[n - 1]];
  const d = covered.filter((share) => share >= LEVEL).length;
  const share = (covered[d - 1] - LEVEL) / (covered[d - 1] - covered[d]);
  const weight = ((n - d) * share) / (d + (n - 2 * d) * share);
  return [between(ordered[d - 1], ordered[d], weight), between(ordered[n - d], ordered[n - d - 1], weight)];
}

/** The probability that the median lies between the d-th values from both ends, d = 1, 2, ... */
function coverages(/** @type {number} */ n) {
  let probability = 2 ** -n; // of d - 1 values below the median
  let below = 0;
  return Array.from({ length: Math.floor((n + 1) / 2) }, (_, i) => {
    below += probability;
    probability *= (n - i) / (i + 1);
    return 1 - 2 * below;
  });
}

function between(/** @type {number} */ outer, /** @type {number} */ inner, /** @type {number} */ weight) {
  return outer === inner || weight === 0 ? outer : (1 - weight) * outer + weight * inner;
}
