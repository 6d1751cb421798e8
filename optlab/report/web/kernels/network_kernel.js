/** Runs the WebAssembly modules of networks, which compute one step per call. */

import { PAGE, begun, ended, everyStep, finished, ofRun } from "./runs.js";

/** The steps after which x is checked to be finite, as in `optlab/execution/runner/protocol.py`. */
const CHUNK = 32;

/** The module of a network. It computes one step of one run per call, and is used like `Kernel`. */
export class NetworkKernel {
  /**
   * @param {import("./kernel.js").Program} program
   * @param {{ memory: WebAssembly.Memory, step: (heap: number) => void }} exports
   */
  constructor(program, exports) {
    this.program = program;
    this.layout = /** @type {import("./kernel.js").NodeLayout} */ (program.layout);
    this.exports = exports;
    const missing = this.layout.heap + this.layout.size * 8 - exports.memory.buffer.byteLength;
    if (missing > 0) exports.memory.grow(Math.ceil(missing / PAGE));
    this.values = new Float64Array(exports.memory.buffer, this.layout.heap, this.layout.size);
  }

  /**
   * All steps of all runs.
   * @param {import("./kernel.js").Task} task
   * @returns {import("./kernel.js").Result}
   */
  run({ x0, numbers, steps, record = everyStep(steps), state }) {
    const { dim, entries } = this.layout;
    const runs = x0.length;
    const result = {
      runs,
      record,
      loss: new Float64Array(record.length * runs).fill(NaN),
      trail: new Float64Array(record.length * dim * runs).fill(NaN),
      first: new Float64Array(runs),
      final: new Float64Array(runs),
      best: new Float64Array(runs).fill(Infinity),
      steps: Array(runs).fill(steps),
      diverged: Array(runs).fill(false),
      x: new Float64Array(dim * runs),
      state: new Float64Array((entries - dim) * runs),
    };
    const before = Array.from({ length: runs }, (_, run) => begun(this.program, x0, state, run));
    for (let run = 0; run < runs; run++) {
      this.values.set(before[run]);
      this.layout.inputs.slice(1).forEach((place, n) => {
        this.values[place] = ofRun(numbers[n], run);
      });
      this.#run(run, steps, result);
      for (let n = 0; n < dim; n++) result.x[n * runs + run] = this.values[n];
      for (let n = dim; n < entries; n++) result.state[(n - dim) * runs + run] = this.values[n];
    }
    return finished(result, (entry, run) => Number.isFinite(before[run][dim + entry]));
  }

  #run(run, steps, result) {
    const { values } = this;
    const { dim, entries, inputs, loss, after } = this.layout;
    const { runs, record } = result;
    for (let step = 0, row = 0; step <= steps; step++) {
      if (step % CHUNK === 0 || step === steps) {
        if (!values.subarray(0, dim).every(Number.isFinite)) return ended(result, run, step, NaN);
      }
      const isRecorded = record[row] === step;
      if (isRecorded) for (let n = 0; n < dim; n++) result.trail[(row * dim + n) * runs + run] = values[n];
      values[inputs[0]] = step + 1;
      this.exports.step(this.layout.heap);
      if (isRecorded) result.loss[row++ * runs + run] = values[loss];
      if (step === 0) result.first[run] = values[loss];
      if (!Number.isFinite(values[loss])) return ended(result, run, step, values[loss]);
      result.final[run] = values[loss];
      result.best[run] = Math.min(result.best[run], values[loss]);
      if (step < steps) values.copyWithin(0, after, after + entries);
    }
  }
}

