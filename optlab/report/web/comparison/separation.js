/** Which labels can be distinguished from the first: the permutation tests of `optlab/results/analysis/separation.py`. */

import { randomNumbers } from "./random.js";
import { compare, medianOf, ranksOf, sharedRanks } from "./ties.js";

export const LEVEL = 0.05;
export const FEWEST = 6;
const SAMPLES = 511;
const ROUNDING = 1e-9;
const TABLES = 64;

/**
 * The adjusted p-value of each label: NaN for the leader. No value is missing. It pauses between the steps.
 * @param {Float64Array[]} values by label and seed, lower is better @param {import("./ties.js").Floor} floor
 * @returns {Generator<undefined, number[]>}
 */
export function* stepDown(values, floor) {
  const p = values.map(() => NaN);
  const ranks = pooled(values, floor);
  const rest = values.map((_, label) => label).sort((a, b) => lexical(ranks[a], ranks[b]));
  let reached = 0;
  const shared = [];
  while (rest.length > 1) {
    const step = test(pooled(rest.map((label) => values[label]), floor)); // prettier-ignore
    reached = Math.max(reached, step.p);
    if (reached >= LEVEL) {
      rest.forEach((label, place) => {
        if (place !== step.leader) p[label] = reached;
      });
      break;
    }
    const worst = rest.filter((_, place) => step.isWorst[place]);
    shared.push(worst);
    p[worst[0]] = reached;
    rest.splice(rest.indexOf(worst[0]), 1);
    yield;
  }
  for (const worst of shared.reverse()) {
    const most = worst.reduce((largest, label) => Math.max(largest, p[label]), 0); // NaN if one is NaN
    for (const label of worst) p[label] = most;
  }
  return p;
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function lexical(a, b) {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return compare(a[i], b[i]);
  return 0;
}

/**
 * The ranks of all values together; equal values have the mean of their places.
 * @param {Float64Array[]} values @param {import("./ties.js").Floor} floor
 */
export function pooled(values, floor) {
  const seeds = values[0].length;
  const all = new Float64Array(values.length * seeds);
  values.forEach((row, label) => all.set(row, label * seeds));
  const ranks = sharedRanks(ranksOf(all, floor));
  return values.map((_, label) => ranks.subarray(label * seeds, (label + 1) * seeds));
}

/** One step: the p-value, which labels are the worst, and the leader. @param {Float64Array[]} ranks */
function test(ranks) {
  const seeds = ranks[0].length;
  const statistic = statisticOf(ranks.length, seeds);
  const flat = new Float64Array(ranks.length * seeds);
  ranks.forEach((row, label) => flat.set(row, label * seeds));
  const { observed, means, leader } = statistic(flat);
  const isWorst = Array.from(means, (mean) => mean - means[leader] >= observed - ROUNDING);
  let p = permuted(ranks, observed, statistic);
  if (p < LEVEL && seeds >= FEWEST) p = Math.max(p, withSigns(ranks, observed, statistic));
  return { p, isWorst, leader };
}

/** The largest mean difference of a label from the leader, for ranks in one array, by label and then seed. */
function statisticOf(/** @type {number} */ labels, /** @type {number} */ seeds) {
  const means = new Float64Array(labels);
  const row = new Float64Array(seeds);
  return (/** @type {Float64Array} */ ranks) => {
    let [leader, least, largest] = [0, Infinity, -Infinity];
    for (let label = 0; label < labels; label++) {
      let sum = 0;
      for (let seed = 0; seed < seeds; seed++) sum += row[seed] = ranks[label * seeds + seed];
      means[label] = sum / seeds;
      largest = Math.max(largest, means[label]);
      const place = medianOf(row) + means[label] / (4 * seeds * labels + 4); // the mean decides between equal medians
      if (place < least) [leader, least] = [label, place];
    }
    return { observed: largest - means[leader], means, leader };
  };
}

/** The p-value if the labels of each seed are permuted. */
function permuted(/** @type {Float64Array[]} */ ranks, /** @type {number} */ observed, statistic) {
  const [labels, seeds] = [ranks.length, ranks[0].length];
  const { places, samples, isWhole } = permutations(labels, seeds);
  const sample = new Float64Array(labels * seeds);
  return share(samples, isWhole, observed, (number) => {
    for (let seed = 0; seed < seeds; seed++) {
      const from = (number * seeds + seed) * labels;
      for (let label = 0; label < labels; label++) sample[label * seeds + seed] = ranks[places[from + label]][seed];
    }
    return statistic(sample).observed;
  });
}

/** The p-value if the deviations from the mean of each seed change their sign. */
function withSigns(/** @type {Float64Array[]} */ ranks, /** @type {number} */ observed, statistic) {
  const [labels, seeds] = [ranks.length, ranks[0].length];
  const means = Float64Array.from({ length: seeds }, (_, seed) => ranks.reduce((sum, row) => sum + row[seed], 0) / labels);
  const isWhole = 2 ** seeds <= SAMPLES + 1;
  const samples = isWhole ? 2 ** seeds : SAMPLES;
  const isTurned = isWhole ? null : randomNumbers(0).integers(2, samples * seeds);
  const sample = new Float64Array(labels * seeds);
  return share(samples, isWhole, observed, (number) => {
    for (let seed = 0; seed < seeds; seed++) {
      const sign = (isTurned ? isTurned[number * seeds + seed] : (number >> seed) & 1) ? -1 : 1;
      for (let label = 0; label < labels; label++) sample[label * seeds + seed] = means[seed] + sign * (ranks[label][seed] - means[seed]);
    }
    return statistic(sample).observed;
  });
}

/** The share of samples as large as the observed statistic, which counts as one of the random samples. */
function share(/** @type {number} */ samples, /** @type {boolean} */ isWhole, /** @type {number} */ observed, sampled) {
  let asLarge = 0;
  for (let number = 0; number < samples; number++) if (sampled(number) >= observed - ROUNDING) asLarge++;
  return isWhole ? asLarge / samples : (asLarge + 1) / (samples + 1);
}

/** @type {Map<string, { places: Uint16Array, samples: number, isWhole: boolean }>} */
const tables = new Map();

/** Which label each value of a sample comes from, by sample, seed and label: all permutations, or random ones. */
function permutations(/** @type {number} */ labels, /** @type {number} */ seeds) {
  const key = `${labels} ${seeds}`;
  if (tables.size > TABLES) tables.clear();
  if (!tables.has(key)) {
    const orders = labels <= 6 ? ordersOf(labels) : null; // 7! is more than the samples
    const possible = orders ? orders.length ** seeds : Infinity;
    tables.set(key, possible <= SAMPLES + 1 ? whole(orders, seeds, possible) : random(labels, seeds));
  }
  return tables.get(key);
}

function random(/** @type {number} */ labels, /** @type {number} */ seeds) {
  const places = Uint16Array.from({ length: SAMPLES * seeds * labels }, (_, i) => i % labels);
  const { shuffle } = randomNumbers(0);
  for (let from = 0; from < places.length; from += labels) shuffle(places, from, labels);
  return { places, samples: SAMPLES, isWhole: false };
}

function whole(/** @type {number[][]} */ orders, /** @type {number} */ seeds, /** @type {number} */ samples) {
  const labels = orders[0].length;
  const places = new Uint16Array(samples * seeds * labels);
  for (let number = 0; number < samples; number++) {
    for (let seed = 0, left = number; seed < seeds; seed++) {
      places.set(orders[left % orders.length], (number * seeds + seed) * labels);
      left = Math.floor(left / orders.length);
    }
  }
  return { places, samples, isWhole: true };
}

/** All orders of 0, 1, ..., count - 1. @param {number} count @returns {number[][]} */
function ordersOf(count) {
  if (count === 0) return [[]];
  return ordersOf(count - 1).flatMap((order) => Array.from({ length: count }, (_, at) => [...order.slice(0, at), count - 1, ...order.slice(at)]));
}
