/**
 * An update rule on its problem with every intermediate value: a list of operations on single numbers.
 *
 * @typedef {(string | number | null)[]} Operation  A name and the places of its operands, or "constant" and a value.
 *
 * @typedef {object} Rule  What `rule_in_numbers` in `optlab/report/rule.py` returns.
 * @property {{ owner: string, name: string }[]} keys  The numbers of the step, in order.
 * @property {{ code: Operation[], outputs: number[] }} initial  x -> state
 * @property {Operation[]} step  (x, state, number of the step, numbers) -> values
 * @property {number[]} next  The places of the next x and state.
 * @property {number[]} gradient  The places of the gradient.
 * @property {{ at: number[], shape: number[] }[]} values
 * @property {{ target: string, sign: string, symbols: string, numbers: (string | number)[], result: number }[]} lines
 * @property {{ name: string, at: number, kind: "point" | "against" | "along" | "size" }[]} vectors
 *
 * @typedef {object} Run
 * @property {number} steps  How many steps were taken; fewer than wanted if x became infinite.
 * @property {(step: number, n: number) => number} entry  An entry of x and the state at a step.
 * @property {(step: number, d: number) => number} slope  An entry of the gradient at x at a step, below `steps`.
 * @property {(step: number) => Float64Array} values  All values of the step that begins at x at a step.
 */

import { pow } from "./kernel.js";
import { number } from "../base/unpack.js";

export const DIM = 2;
const LN2 = Math.log(2);

const rint = (/** @type {number} */ x) => {
  const near = Math.round(x);
  return Math.abs(x % 1) === 0.5 && near % 2 ? near - 1 : near; // ties to even
};

/** Whether the remainder of JavaScript has the other sign than the divisor; that of Python has the sign of the divisor. */
const isTurned = (/** @type {number} */ rest, /** @type {number} */ y) => rest !== 0 && rest < 0 !== y < 0;
const remainder = (/** @type {number} */ x, /** @type {number} */ y) => (isTurned(x % y, y) ? (x % y) + y : x % y);
const floorDivide = (/** @type {number} */ x, /** @type {number} */ y) =>
  y === 0 ? x / y : Math.round((x - (x % y)) / y - Number(isTurned(x % y, y)));
const sigmoid = (/** @type {number} */ x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** The operations of `optlab/engine/native/llvm_rules.py`. Conditions are 0 or 1. */
export const OPERATIONS = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  fma: (a, b, c) => a * b + c,
  fms: (a, b, c) => a * b - c,
  fnma: (a, b, c) => c - a * b,
  negative: (a) => -a,
  absolute: Math.abs,
  sqrt: Math.sqrt,
  power: pow,
  remainder,
  floor_divide: floorDivide,
  fmod: (a, b) => a % b,
  cbrt: Math.cbrt,
  hypot: (a, b) => Math.hypot(a, b),
  exp: Math.exp,
  exp2: (a) => Math.pow(2, a),
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  arcsin: Math.asin,
  arccos: Math.acos,
  arctan: Math.atan,
  arctan2: Math.atan2,
  arcsinh: Math.asinh,
  arccosh: Math.acosh,
  arctanh: Math.atanh,
  sigmoid,
  logaddexp: (a, b) => (a === b ? a + LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))),
  slope_of_sigmoid: (y, x) => y * sigmoid(-x),
  one_minus_square: (x) => (1 - x) * (1 + x),
  over_cosh_square: (a, c) => a / (c * c),
  sinc: (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)),
  gap: (a, b) => (a === b ? 0 : a - b),
  positive_zero: (x) => x + 0,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  relu: (x) => Math.max(x, 0),
  clip: (x, low, high) => Math.min(Math.max(x, low), high),
  where: (c, a, b) => (c ? a : b),
  sign: Math.sign,
  heaviside: (x, atZero) => (x < 0 ? 0 : x > 0 ? 1 : x === 0 ? atZero : x),
  signbit: (x) => Number(x < 0 || Object.is(x, -0)),
  floor: Math.floor,
  ceil: Math.ceil,
  rint,
  trunc: Math.trunc,
  isfinite: (x) => Number(Number.isFinite(x)),
  isinf: (x) => Number(Math.abs(x) === Infinity),
  isnan: (x) => Number(Number.isNaN(x)),
  less: (a, b) => Number(a < b),
  less_equal: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greater_equal: (a, b) => Number(a >= b),
  equal: (a, b) => Number(a === b),
  not_equal: (a, b) => Number(a !== b),
  logical_and: (a, b) => Number(Boolean(a) && Boolean(b)),
  logical_or: (a, b) => Number(Boolean(a) || Boolean(b)),
  logical_xor: (a, b) => Number(Boolean(a) !== Boolean(b)),
  logical_not: (a) => Number(!a),
};

/** The operations that rules consist of mostly: a call of a function for each would take ten times as long. */
const FREQUENT = ["add", "subtract", "multiply", "divide", "negative", "sqrt"];

/**
 * A program with its values, the inputs first. `compute` computes all values that follow them.
 * @param {Operation[]} code @param {number} inputs how many there are
 */
export function program(code, inputs) {
  const values = new Float64Array(inputs + code.length);
  const functions = [];
  const places = [];
  code.forEach(([name, ...operands], n) => {
    if (name === "constant") values[inputs + n] = number(operands[0]);
    else {
      functions.push(OPERATIONS[/** @type {string} */ (name)]);
      places.push(FREQUENT.indexOf(/** @type {string} */ (name)), inputs + n, ...[...operands, 0, 0, 0].slice(0, 3).map(Number));
    }
  });
  const at = Int32Array.from(places);
  function compute() {
    for (let n = 0, k = 0; n < functions.length; n++, k += 5) {
      const a = values[at[k + 2]];
      const b = values[at[k + 3]];
      switch (at[k]) {
        case 0: values[at[k + 1]] = a + b; break;
        case 1: values[at[k + 1]] = a - b; break;
        case 2: values[at[k + 1]] = a * b; break;
        case 3: values[at[k + 1]] = a / b; break;
        case 4: values[at[k + 1]] = -a; break;
        case 5: values[at[k + 1]] = Math.sqrt(a); break;
        default: values[at[k + 1]] = functions[n](a, b, values[at[k + 4]]);
      }
    }
  }
  return { values, compute };
}

/**
 * The steps of a rule from a start.
 * @param {Rule} rule
 * @param {ArrayLike<number>} x0
 * @param {(owner: string, name: string) => number} numberOf
 * @param {number} steps
 * @returns {Run}
 */
export function runRule(rule, x0, numberOf, steps) {
  const begin = program(rule.initial.code, DIM);
  begin.values.set(x0);
  begin.compute();
  const { next, gradient, keys } = rule;
  const size = next.length;
  const { values, compute } = program(rule.step, size + 1 + keys.length);
  keys.forEach(({ owner, name }, n) => {
    values[size + 1 + n] = numberOf(owner, name);
  });
  const trail = new Float64Array((steps + 1) * size);
  trail.set([...Array.from(x0), ...rule.initial.outputs.map((place) => begin.values[place])]);
  const slopes = new Float64Array(steps * DIM);
  const advance = (/** @type {number} */ step) => {
    for (let n = 0; n < size; n++) values[n] = trail[step * size + n];
    values[size] = step + 1;
    compute();
  };
  let taken = 0;
  for (; taken < steps; taken++) {
    advance(taken);
    for (let d = 0; d < DIM; d++) slopes[taken * DIM + d] = values[gradient[d]];
    if (!Number.isFinite(values[next[0]] + values[next[1]])) break;
    for (let n = 0; n < size; n++) trail[(taken + 1) * size + n] = values[next[n]];
  }
  return {
    steps: taken,
    entry: (step, n) => trail[step * size + n],
    slope: (step, d) => slopes[step * DIM + d],
    values: (step) => {
      advance(step);
      return values.slice();
    },
  };
}

/** |next x − x| / |gradient| of each coordinate, step by step. @param {Run} run @returns {Float64Array[]} */
export function effectiveSteps(run) {
  const found = Array.from({ length: DIM }, () => new Float64Array(run.steps));
  for (let step = 0; step < run.steps; step++) {
    for (let d = 0; d < DIM; d++) {
      const change = Math.abs(run.entry(step + 1, d) - run.entry(step, d));
      found[d][step] = run.slope(step, d) ? change / Math.abs(run.slope(step, d)) : NaN;
    }
  }
  return found;
}
