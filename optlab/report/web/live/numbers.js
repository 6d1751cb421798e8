/** The numbers of a program, and how many steps it may take. */

/** The key of a number or a parameter. @param {{ owner: string, name: string }} one */
export const keyOf = ({ owner, name }) => `${owner} ${name}`;

/** The key of the number of all steps, which a schedule may use. See `STEPS` in `optlab/execution/rule.py`. */
export const STEPS = "run steps";

const MOST_STEPS = 100_000;
const MOST_NUMBERS = 20_000_000; // of a path, 160 MB
const MOST_WORK = 1_000_000_000; // numbers that a network computes in all steps, about 20 seconds
const WORK_OF_SEEDS = 25_000_000; // in all steps of all seeds that follow a slider, about half a second

/**
 * The numbers of a program in its order: those that are given, by `keyOf`, and otherwise those of the experiment.
 * @param {import("../kernels/kernel.js").Program & { values: (number | string)[][] }} program
 * @param {Record<string, number>} own @param {number} steps
 * @returns {number[]}
 */
export function numbersOf({ numbers, values }, own, steps) {
  return numbers.map((key, n) => (keyOf(key) === STEPS ? steps : own[keyOf(key)] ?? Number(values[n][0])));
}

/**
 * What is wrong with a number of steps, or an empty text.
 * @param {number} steps @param {{ dim: number, is_network?: boolean, layout?: any }} program
 */
export function faultOfSteps(steps, { dim, is_network, layout }, least = 0) {
  const limits = [MOST_STEPS, MOST_NUMBERS / dim, ...(is_network ? [MOST_WORK / layout.size] : [])];
  const most = Math.floor(Math.min(...limits));
  const isRight = Number.isInteger(steps) && steps >= least && steps <= most;
  return isRight ? "" : `steps must be a whole number from ${least} to ${most}`;
}

/** How many of the runs with different seeds are computed: all of a function, for a network as many as are fast. */
export function countOfSeeds({ is_network, layout }, /** @type {number} */ steps, /** @type {number} */ count) {
  return is_network ? Math.min(count, Math.max(1, Math.floor(WORK_OF_SEEDS / (layout.size * Math.max(steps, 1))))) : count;
}
