/**
 * Runs the WebAssembly modules of `optlab/execution/webassembly.py`: whole trajectories, for one or many runs.
 *
 * Arrays of results are flat. The run axis is the last one: `loss[row * runs + run]`,
 * `trail[(row * dim + entry) * runs + run]`.
 *
 * @typedef {number | string} Plain  A number. "Infinity", "-Infinity" and "NaN", which JSON does not have, are strings.
 *
 * @typedef {object} Program  What Python's `WasmProgram.to_json()` returns.
 * @property {string} code  The module in base64.
 * @property {number} dim  The number of entries of x.
 * @property {{owner: string, name: string}[]} numbers  The numbers that `run` gets, in order.
 * @property {(Plain | {x: number})[]} initial  Each entry of the state before the first step: a number, or an entry of x.
 * @property {boolean} is_network  Whether the module is of the kind for networks.
 * @property {Layout | NodeLayout} layout
 *
 * @typedef {object} Exports  What a module gives. Integers of 64 bits are BigInt.
 * @property {WebAssembly.Memory} memory
 * @property {(...given: (number | bigint)[]) => void} table
 * @property {(...given: (number | bigint)[]) => void} run
 *
 * @typedef {object} NodeLayout  See `NodeLayout` in `optlab/engine/native/webassembly/by_node.py`.
 * @property {number} dim
 * @property {number} entries
 * @property {number[]} inputs
 * @property {number} loss
 * @property {number} after
 * @property {number} size
 * @property {string[]} imports
 * @property {number} heap
 *
 * @typedef {object} Layout  See `WasmLayout` in `optlab/engine/native/webassembly/module.py`.
 * @property {number} dim
 * @property {number} entries
 * @property {number[]} uniform  Indices of `numbers`.
 * @property {number[]} columns  Indices of `numbers`.
 * @property {number} row
 * @property {number} shared
 * @property {number} own
 * @property {number} lanes
 * @property {boolean} trail
 * @property {boolean} loss_changes
 * @property {string[]} imports
 * @property {number} heap
 *
 * @typedef {object} Task
 * @property {ArrayLike<number>[]} x0  The start of each run.
 * @property {(Plain | ArrayLike<Plain>)[]} numbers  For each number its value, or one value per run.
 * @property {number} steps
 * @property {number[]} [record]  The steps to record, ascending, each from 0 to `steps`. Without it all are recorded.
 * @property {ArrayLike<number>[]} [state]  The state of each run before the first step, if it is not the usual one.
 *
 * @typedef {object} Result
 * @property {number} runs
 * @property {number[]} record  The recorded steps.
 * @property {Float64Array} loss  The losses at the recorded steps; NaN after a divergence.
 * @property {Float64Array | null} trail  x at the recorded steps; NaN after a divergence.
 * @property {Float64Array} first  The loss at the start, per run.
 * @property {Float64Array} final  The loss at the end. If the run diverged, the loss at that step, or NaN.
 * @property {Float64Array} best  The lowest loss.
 * @property {number[]} steps  The last step that each run took.
 * @property {boolean[]} diverged
 * @property {Float64Array} x  x at the end, (dim, runs).
 * @property {Float64Array} state  The state at the end, (entries of the state, runs).
 * @property {Result} [seeds]  The losses of this run and of others, see `withSeeds` in `compute.js`.
 */

import { NetworkKernel } from "./network_kernel.js";
import { PAGE, begun, everyStep, finished, ofRun } from "./runs.js";

/** The steps per call of `run`. The rows of the table of this many steps are in memory. */
const STRIDE = 4096;
const LINE = 64;

/** A step that is never reached. */
const NEVER = 2 ** 32 - 1;

/** pow of the C library. Math.pow returns NaN where an infinite or unknown exponent has no effect. */
export const pow = (x, p) => (x === 1 || (x === -1 && Math.abs(p) === Infinity) ? 1 : Math.pow(x, p));

/** The functions of the C library that modules import. Those that are not here are functions of Math by their name. */
const MATHEMATICS = { pow, exp2: (x) => Math.pow(2, x), fmod: (x, y) => x % y };

/** A WebAssembly module without code but with a vector instruction. */
const WITH_VECTORS = "AGFzbQEAAAABBQFgAAF7AwIBAAoKAQgAQQD9D/1iCw==";

/** Whether this engine has the vector instructions of WebAssembly ("simd128"). Without them, use scalar modules. */
export const hasVectors = () => WebAssembly.validate(decoded(WITH_VECTORS));

/**
 * The kernel of a program.
 * @param {Program} program
 * @returns {Promise<Kernel | NetworkKernel>}
 */
export async function load(program) {
  const memory = { malloc: (size) => /** @type {Kernel} */ (kernel).allocate(Number(size)), free: () => {} };
  const known = { ...memory, ...MATHEMATICS };
  const env = Object.fromEntries(program.layout.imports.map((name) => [name, known[name] ?? Math[name]]));
  const { instance } = await WebAssembly.instantiate(decoded(program.code), { env });
  const exports = /** @type {any} */ (instance.exports);
  const kernel = program.is_network ? new NetworkKernel(program, exports) : new Kernel(program, exports);
  return kernel;
}

/** A module in memory. A call of `run` leaves nothing behind, except that the memory may have grown. */
export class Kernel {
  /**
   * @param {Program} program
   * @param {Exports} exports
   */
  constructor(program, exports) {
    this.program = program;
    this.layout = /** @type {Layout} */ (program.layout);
    this.exports = exports;
    this.free = this.layout.heap;
  }

  /**
   * All steps of all runs.
   * @param {Task} task
   * @returns {Result}
   */
  run({ x0, numbers, steps, record = everyStep(steps), state }) {
    if (steps === 0) return this.#start({ x0, numbers, steps, state });
    const { layout } = this;
    const runs = x0.length;
    const stride = Math.ceil(runs / layout.lanes) * layout.lanes;
    this.free = layout.heap;
    const wanted = record[0] === 0 ? record : [0, ...record]; // the first loss is always recorded
    const carried = this.#numbers(layout.entries * stride);
    const columns = this.#numbers(layout.columns.length * stride);
    const uniform = this.#numbers(layout.uniform.length);
    const products = this.#numbers(layout.own * stride, 1);
    const running = this.#numbers(layout.shared, 1);
    const rows = this.#numbers((Math.min(steps, STRIDE) + 1) * Math.max(layout.row, 1));
    const recorded = this.#integers(wanted, NEVER);
    const loss = this.#numbers(wanted.length * stride);
    const trail = layout.trail ? this.#numbers(wanted.length * layout.dim * stride, NaN) : 0;
    const final = this.#numbers(stride, NaN);
    const best = this.#numbers(stride, Infinity);
    const taken = this.#integers(Array(stride).fill(steps));
    const finite = this.allocate(stride);
    new Uint8Array(this.exports.memory.buffer, finite, stride).fill(1);

    this.#fillCarried(this.#view(carried, layout.entries * stride), stride, x0, state);
    this.#fillNumbers(this.#view(uniform, layout.uniform.length), this.#view(columns, layout.columns.length * stride),
      runs, stride, numbers);
    const before = this.#view(carried, layout.entries * stride).map((value) => Number(Number.isFinite(value)));

    const heap = this.free;
    let start = 0; // how many of the recorded steps are before `begin`
    for (let begin = 0; begin < steps; begin += STRIDE) {
      const end = Math.min(begin + STRIDE, steps);
      const after = end === steps && layout.loss_changes ? end + 1 : end;
      this.exports.table(rows, uniform, running, BigInt(begin), BigInt(after));
      while (wanted[start] < begin) start++;
      const counts = [stride, 0, stride, begin, end, steps, start].map(BigInt);
      this.exports.run(rows, uniform, columns, carried, products, ...counts,
        recorded, loss, trail, final, best, taken, finite, 0, 0, 0);
      this.free = heap; // what `run` has allocated
    }

    /** The first `runs` of each row, from a row on. All is copied first: a loop over a module's memory takes long. */
    const part = (pointer, first, count) => {
      const whole = this.#view(pointer + first * stride * 8, count * stride).slice();
      return runs === stride ? whole : withoutPadding(whole, stride, runs);
    };
    const skipped = wanted.length - record.length;
    const { dim } = layout;
    const result = {
      runs,
      record,
      loss: part(loss, skipped, record.length),
      trail: layout.trail ? part(trail, skipped * dim, record.length * dim) : null,
      first: part(loss, 0, 1),
      final: part(final, 0, 1),
      best: part(best, 0, 1),
      steps: Array.from(new Uint32Array(this.exports.memory.buffer, taken, 2 * runs).filter((_, half) => half % 2 === 0)),
      diverged: Array.from(new Uint8Array(this.exports.memory.buffer, finite, runs), (one) => !one),
      x: part(carried, 0, dim),
      state: part(carried, dim, layout.entries - dim),
    };
    return finished(result, (entry, run) => before[(dim + entry) * stride + run]);
  }

  /**
   * The result without a step: the loss is that of the first row of one step.
   * @param {Task} task
   * @returns {Result}
   */
  #start(task) {
    const one = this.run({ ...task, steps: 1, record: [0] });
    const { dim } = this.layout;
    const begins = task.x0.map((_, run) => begun(this.program, task.x0, task.state, run));
    const entries = (/** @type {number} */ first, /** @type {number} */ last) =>
      Float64Array.from({ length: (last - first) * one.runs }, (_, n) => begins[n % one.runs][first + Math.floor(n / one.runs)]);
    return { ...one, final: one.first.slice(), best: one.first.slice(), steps: task.x0.map(() => 0),
             diverged: Array.from(one.first, (loss) => !Number.isFinite(loss)),
             x: entries(0, dim), state: entries(dim, this.layout.entries) }; // prettier-ignore
  }

  /**
   * Memory that begins at a multiple of 64 bytes.
   * @param {number} size
   * @returns {number} its address
   */
  allocate(size) {
    const begin = this.free;
    this.free = Math.ceil((begin + size) / LINE) * LINE;
    const { memory } = this.exports;
    const missing = this.free - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    return begin;
  }

  /** The address of an array of numbers. */
  #numbers(count, value = 0) {
    const begin = this.allocate(count * 8);
    this.#view(begin, count).fill(value);
    return begin;
  }

  /** The address of an array of integers of 64 bits, which are below 2^32. (A BigInt for each would take longer.) */
  #integers(values, ...more) {
    const { length } = values;
    const halves = new Uint32Array((length + more.length) * 2);
    for (let n = 0; n < length; n++) halves[2 * n] = values[n];
    for (let n = 0; n < more.length; n++) halves[2 * (length + n)] = more[n]; // `concat` would copy all values
    const begin = this.allocate(halves.byteLength);
    new Uint32Array(this.exports.memory.buffer, begin, halves.length).set(halves);
    return begin;
  }

  /** An array in memory. It is not valid any more after an allocation. */
  #view(begin, count) {
    return new Float64Array(this.exports.memory.buffer, begin, count);
  }

  /** Fill x and the state. The last run is repeated up to a whole vector. */
  #fillCarried(carried, stride, x0, state) {
    for (let run = 0; run < stride; run++) {
      const values = begun(this.program, x0, state, Math.min(run, x0.length - 1));
      for (let n = 0; n < values.length; n++) carried[n * stride + run] = values[n];
    }
  }

  #fillNumbers(uniform, columns, runs, stride, numbers) {
    const { layout } = this;
    const expected = layout.uniform.length + layout.columns.length;
    if (numbers.length !== expected) throw new RangeError(`${expected} numbers expected, not ${numbers.length}`);
    layout.uniform.forEach((index, n) => {
      if (typeof numbers[index] === "object") throw new RangeError(`number ${index} must be the same for all runs`);
      uniform[n] = Number(numbers[index]);
    });
    layout.columns.forEach((index, n) => {
      for (let run = 0; run < stride; run++) {
        columns[n * stride + run] = ofRun(numbers[index], Math.min(run, runs - 1));
      }
    });
  }
}

/** The first `runs` of each `stride` numbers. @param {Float64Array} whole @param {number} stride @param {number} runs */
function withoutPadding(whole, stride, runs) {
  const found = new Float64Array((whole.length / stride) * runs);
  for (let row = 0, at = 0; row < whole.length; row += stride) for (let run = 0; run < runs; run++) found[at++] = whole[row + run];
  return found;
}

/** @param {string} text  base64 */
function decoded(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
