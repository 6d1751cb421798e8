/** What the kernels of functions and of networks share: the states before the first step, and the protocol of a run. */

/** The bytes of a page of WebAssembly's memory. */
export const PAGE = 65536;

/** All steps, for recording. */
export function everyStep(steps) {
  const found = new Array(steps + 1); // `push` would take three times as long
  for (let step = 0; step <= steps; step++) found[step] = step;
  return found;
}

/** x and the state of a run before the first step. */
export function begun(program, x0, state, run) {
  const { dim, initial } = program;
  const [x, given] = [x0[run], state?.[run]];
  if (x.length !== dim) throw new RangeError(`x0 has ${x.length} entries, but the problem has ${dim}`);
  const found = new Float64Array(dim + initial.length); // loops: this is called for each pixel of a map
  for (let n = 0; n < dim; n++) found[n] = x[n];
  for (let n = 0; n < initial.length; n++) {
    const one = initial[n];
    found[dim + n] = Number(given ? given[n] : typeof one === "object" ? x[one.x] : one);
  }
  return found;
}

/** The value of a number for a run. */
export function ofRun(value, run) {
  return Number(typeof value === "object" ? value[run] : value);
}

/** Mark a run as diverged. */
export function ended(result, run, step, loss) {
  result.diverged[run] = true;
  result.steps[run] = step;
  result.final[run] = loss;
}

/**
 * The results according to the protocol of a run (`optlab/execution/runner/protocol.py`): losses after a divergence
 * are NaN, a run with a state that has become infinite has diverged, and a best loss that is infinite is the first.
 */
export function finished(result, wasFinite) {
  const { runs, record, loss, final, best, first, steps, diverged, state } = result;
  for (let run = 0; run < runs; run++) {
    if (diverged[run]) {
      record.forEach((step, row) => {
        if (step >= steps[run]) loss[row * runs + run] = step === steps[run] ? final[run] : NaN;
      });
    }
    for (let entry = 0; entry * runs < state.length && !diverged[run]; entry++) {
      if (wasFinite(entry, run) && !Number.isFinite(state[entry * runs + run])) {
        diverged[run] = true;
        final[run] = NaN;
      }
    }
    if (!Number.isFinite(best[run])) best[run] = first[run];
  }
  return result;
}
