/** The medians and ranks of labels in resamples of their seeds; see `optlab/results/analysis/resampling.py`. */

import { randomNumbers } from "./random.js";
import { medianOf, ranksOf } from "./ties.js";

export const RESAMPLES = 1000;

/**
 * @typedef {object} Choice the settings from which one was chosen, those that may be chosen in a resample
 * @property {number} own the row of the chosen setting
 * @property {Float64Array[]} values by setting and seed of the choice
 * @property {Float64Array[]} by what the setting was chosen by; often `values`
 *
 * @typedef {object} Entry the values of one label
 * @property {number} label
 * @property {Float64Array} values by judged seed
 * @property {Choice | null} choice null if there was one setting
 * @property {boolean} isCopied whether one measurement was copied to all seeds
 * @property {Float64Array} [medians] in each resample, after their first use
 */

/** @type {Map<string, Uint16Array[]>} */
const drawn = new Map();

/** Two series of resamples of the seeds by one generator; each has the drawn seeds of one resample after the other. */
function draws(/** @type {number} */ seeds, /** @type {0 | 1} */ generator) {
  const key = `${generator} ${seeds}`;
  const { integers } = randomNumbers(generator);
  if (!drawn.has(key)) drawn.set(key, [integers(seeds, RESAMPLES * seeds), integers(seeds, RESAMPLES * seeds)]);
  return drawn.get(key);
}

/**
 * The median of the values of the drawn seeds in each resample. Missing values (NaN) do not count; if all drawn ones are
 * missing, it is the median of all seeds.
 * @param {Float64Array} values @param {Uint16Array} drawn
 */
function mediansOf(values, drawn) {
  const seeds = values.length;
  const found = new Float64Array(RESAMPLES);
  const some = new Float64Array(seeds);
  const known = values.filter((value) => !Number.isNaN(value));
  const whole = known.length ? medianOf(known) : NaN;
  for (let resample = 0; resample < RESAMPLES; resample++) {
    let count = 0;
    for (let i = 0; i < seeds; i++) {
      const value = values[drawn[resample * seeds + i]];
      if (value === value) some[count++] = value; // not NaN
    }
    found[resample] = count ? medianOf(some, count) : whole;
  }
  return found;
}

/**
 * The median of a label in each resample, where its setting is chosen again.
 * @param {Entry} entry @param {boolean} isApart whether settings were chosen on seeds of their own
 */
function medians(entry, isApart) {
  const [judged] = draws(entry.values.length, 0);
  const own = mediansOf(entry.values, judged);
  if (!entry.choice) return own;
  if (!isApart) {
    const rows = entry.choice.values.map((row) => mediansOf(row, judged));
    return own.map((_, resample) => rows.reduce((least, row) => Math.min(least, row[resample]), Infinity));
  }
  const { values, by } = entry.choice;
  const [choosing, standing] = draws(values[0].length, 1);
  const chosenBy = by.map((row) => mediansOf(row, choosing));
  const others = values.map((row) => mediansOf(row, standing));
  return own.map((median, resample) => {
    let best = entry.choice.own;
    chosenBy.forEach((row, setting) => {
      if (row[resample] < chosenBy[best][resample]) best = setting;
    });
    return best === entry.choice.own ? median : others[best][resample];
  });
}

/**
 * The rank of each label in each resample: one array of ranks for each resample. It pauses after the medians of a label.
 * @param {Entry[]} entries @param {boolean} isApart @param {import("./ties.js").Floor} floor
 * @returns {Generator<undefined, Float64Array[]>}
 */
export function* resampledRanks(entries, isApart, floor) {
  for (const entry of entries) {
    if (entry.medians) continue;
    entry.medians = medians(entry, isApart);
    yield;
  }
  return Array.from({ length: RESAMPLES }, (_, resample) => ranksOf(Float64Array.from(entries, (entry) => entry.medians[resample]), floor));
}

/** The values at the ends of the middle 90 %, each one of the values. @param {ArrayLike<number>} values */
export function endsOf(values) {
  const ordered = Float64Array.from(values).sort();
  return [0.05, 0.95].map((share) => ordered[Math.max(0, Math.ceil(ordered.length * share - 1e-9) - 1)]);
}
