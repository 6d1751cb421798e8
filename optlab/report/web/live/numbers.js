/** The numbers of a program, and how many steps it may take. */

/** The key of a number or a parameter. @param {{ owner: string, name: string }} one */
export const keyOf = ({ owner, name }) => `${owner} ${name}`;

/** The key of the number of all steps, which a schedule may use. See `STEPS` in `optlab/execution/rule.py`. */
export const STEPS = "run steps";

const MOST_STEPS = 100_000;
const MOST_NUMBERS = 20_000_000; // of a path, 160 MB

/**
 * The numbers of a program in its order: those that are given, by `keyOf`, and otherwise those of the experiment.
 * @param {import("../kernels/kernel.js").Program & { values: (number | string)[][] }} program
 * @param {Record<string, number>} own @param {number} steps
 * @returns {number[]}
 */
export function numbersOf({ numbers, values }, own, steps) {
  return numbers.map((key, n) => (keyOf(key) === STEPS ? steps : own[keyOf(key)] ?? Number(values[n][0])));
}

/** What is wrong with a number of steps, or an empty text. @param {number} steps @param {{ dim: number }} program */
export function faultOfSteps(steps, { dim }, least = 0) {
  const most = Math.min(MOST_STEPS, Math.floor(MOST_NUMBERS / dim));
  const isRight = Number.isInteger(steps) && steps >= least && steps <= most;
  return isRight ? "" : `steps must be a whole number from ${least} to ${most}`;
}
