/** Which losses are equal, and the ranks of losses; see `optlab/results/analysis/ties.py`. */

/**
 * @typedef {object} Floor the rounding error of losses: the loss at the start, its size, and the machine epsilon
 * @property {number} start
 * @property {number} scale
 * @property {number} eps
 */

/** Only identical values are equal. @type {Floor} */
export const EXACT = { start: NaN, scale: 0, eps: 0 };

/** How much larger than a loss an equal loss may be. @param {number} loss @param {Floor} floor */
function width(loss, { start, scale, eps }) {
  if (!Number.isFinite(loss)) return 0;
  const decrease = Number.isFinite(start) ? Math.abs(loss - start) : Infinity;
  return Math.max(10 * eps * scale, Math.sqrt(eps) * Math.min(Math.abs(loss), decrease));
}

/**
 * 1 + the number of better losses, for each loss. Equal losses share the better rank.
 * @param {ArrayLike<number>} losses @param {Floor} floor
 */
export function ranksOf(losses, floor) {
  const order = Uint32Array.from({ length: losses.length }, (_, i) => i).sort((a, b) => compare(losses[a], losses[b]) || a - b);
  const ranks = new Float64Array(losses.length);
  let [rank, reach] = [1, -Infinity];
  order.forEach((label, place) => {
    if (!place || losses[label] > reach) {
      rank = place + 1;
      reach = losses[label] + width(losses[label], floor);
    }
    ranks[label] = rank;
  });
  return ranks;
}

/** As for `sort`; infinities are equal. @param {number} a @param {number} b */
export function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Ranks of which equal ones share the mean of their places. @param {ArrayLike<number>} ranks each 1 + the number of better ones */
export function sharedRanks(ranks) {
  const counts = new Map();
  for (let i = 0; i < ranks.length; i++) counts.set(ranks[i], (counts.get(ranks[i]) ?? 0) + 1);
  const places = new Map();
  let better = 0;
  for (const rank of [...counts.keys()].sort(compare)) {
    places.set(rank, better + (counts.get(rank) + 1) / 2);
    better += counts.get(rank);
  }
  return Float64Array.from(ranks, (rank) => places.get(rank));
}

/** The median of the first `count` of `values`, which are put in order. @param {Float64Array} values */
export function medianOf(values, count = values.length) {
  for (let i = 1; i < count; i++) {
    const value = values[i];
    let place = i;
    for (; place > 0 && values[place - 1] > value; place--) values[place] = values[place - 1];
    values[place] = value;
  }
  const [lower, upper] = [values[(count - 1) >> 1], values[count >> 1]];
  return lower === upper ? lower : 0.5 * lower + 0.5 * upper;
}
