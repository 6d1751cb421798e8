/** What the page computes itself: paths and curves of the programs of a case, from any start and with any numbers. */

import { lastLosses, pathOf, spaced, withResults, withSeeds } from "../kernels/compute.js";
import { load } from "../kernels/kernel.js";
import { countOfSeeds, numbersOf } from "./numbers.js";
import { projected } from "../networks/projection.js";
import { unpack } from "../base/unpack.js";

/**
 * @typedef {object} Settings what the reader has chosen for a case
 * @property {number[] | null} x0 the start for all optimizers; null for the starts of the experiment
 * @property {number | null} steps null for the number of the experiment
 * @property {Map<number, Record<string, number>>} values by label, the numbers that differ, by `keyOf`
 * @property {Map<number, number>} variants by label, the index of the variant
 *
 * @typedef {object} Current what is in use for a label now
 * @property {number[]} x0
 * @property {number[]} numbers the numbers of the program, in its order
 * @property {number} steps
 * @property {import("../kernels/kernel.js").Program} program
 */

/** The steps at which the parameters of networks are recorded. */
const LOOKS = 200;

/**
 * @param {any} data the data of the page
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {ReturnType<typeof import("../base/cases.js").openCases>} openCase
 */
export function createLive(data, state, openCase) {
  /** @type {Map<number, Settings>} */
  const chosen = new Map();
  const kernels = new Map();
  const losses = new Map();
  const runs = new Map();
  /** The last result of each program, and the settings that it belongs to. */
  const last = new Map();

  const settings = (/** @type {number} */ index) => {
    if (!chosen.has(index)) chosen.set(index, { x0: null, steps: null, values: new Map(), variants: new Map() });
    return chosen.get(index);
  };
  const all = (/** @type {number} */ index) => data.cases[index].programs;
  const programOf = (/** @type {number} */ index, /** @type {number} */ label) => all(index).find((one) => one.label === label && one.variants);

  /** The start and the numbers of a label; null if it cannot be computed here. @returns {Current | null} */
  function current(/** @type {number} */ index, /** @type {number} */ label) {
    const found = programOf(index, label);
    if (!found) return null;
    const { x0, steps, values, variants } = settings(index);
    const { program } = found.variants[variants.get(label) ?? 0];
    const count = steps ?? found.steps;
    return { x0: x0 ?? Array.from(unpack(found.starts[0])), numbers: numbersOf(program, values.get(label) ?? {}, count), steps: count, program };
  }

  /** Whether the numbers or the variant differ from the experiment. */
  function isTuned(/** @type {number} */ index, /** @type {number} */ label) {
    const { values, variants } = settings(index);
    return values.has(label) || Boolean(variants.get(label));
  }

  /** Whether something differs from the experiment. */
  function isChanged(/** @type {number} */ index, /** @type {number} */ label) {
    const { x0, steps } = settings(index);
    return Boolean(programOf(index, label)) && Boolean(x0 || steps !== null || isTuned(index, label));
  }

  /** The kernel of a label with its present variant. */
  async function kernelOf(/** @type {number} */ index, /** @type {number} */ label) {
    const { program } = current(index, label);
    if (!kernels.has(program)) kernels.set(program, await load(program));
    return kernels.get(program);
  }

  /** The starts of the judged runs, or the one that was chosen; see `countOfSeeds`. */
  function startsOf(/** @type {number} */ index, /** @type {number} */ label) {
    const { x0, steps, program } = current(index, label);
    if (settings(index).x0) return [x0];
    const { starts } = programOf(index, label);
    return starts.slice(0, countOfSeeds(program, steps, starts.length)).map((start) => Array.from(unpack(start)));
  }

  /** The result with the present settings. A slider changes the settings of one label only. */
  function run(/** @type {number} */ index, /** @type {number} */ label) {
    const { numbers, steps, program } = current(index, label);
    const starts = startsOf(index, label);
    const key = JSON.stringify([starts, numbers, steps]);
    if (last.get(program)?.key !== key) last.set(program, { key, result: computed(program, starts, numbers, steps) });
    return last.get(program).result;
  }

  function computed(program, /** @type {number[][]} */ starts, /** @type {number[]} */ numbers, /** @type {number} */ steps) {
    const kernel = kernels.get(program);
    if (!program.is_network) return kernel.run({ x0: starts, numbers, steps, record: spaced(steps) });
    // one after the other: the parameters of all runs together would be large
    return withSeeds(starts.map((x0) => kernel.run({ x0: [x0], numbers, steps, record: spaced(steps, LOOKS) })));
  }

  /** The path in a plane through the parameters: of the results, or the recorded one. */
  function projection(/** @type {number} */ index, view, path, results) {
    const result = results.get(path.label);
    if (!result) return path;
    const { numbers, program } = current(index, path.label);
    const lossesAt = (/** @type {Float64Array[]} */ points) => kernels.get(program).run({ x0: points, numbers, steps: 0, record: [0] }).first;
    const { step, loss, status } = pathOf(result, program.dim);
    return projected(view.plane, path.label, { step, x: result.trail, loss, status, lossesAt });
  }

  /** Compute what differs from the experiment, and show it. */
  function compute(/** @type {number} */ index) {
    const results = new Map();
    losses.delete(index);
    for (const { label } of all(index)) if (isChanged(index, label)) results.set(label, run(index, label));
    losses.set(index, new Map([...results].map(([label, result]) => [label, lastLosses(result)])));
    runs.set(index, results);
    const one = openCase.recorded(index);
    const landscapes = one.landscapes.map((view) => ({ ...view, paths: view.paths.map((path) => projection(index, view, path, results)) }));
    openCase.replace(index, { ...withResults(one, results), landscapes });
    state.set({ version: state.now.version + 1 });
  }

  /** Change settings of a case. Once the kernels are loaded, the results are there when this returns. */
  async function change(/** @type {number} */ index, /** @type {(settings: Settings) => void} */ edit) {
    edit(settings(index));
    const missing = () => all(index).filter(({ label }) => isChanged(index, label) && !kernels.has(current(index, label).program));
    // settings may change again while kernels are loaded
    for (let found = missing(); found.length; found = missing()) await Promise.all(found.map(({ label }) => kernelOf(index, label)));
    compute(index);
  }

  return {
    current,
    startsOf,
    settings,
    isChanged,
    isTuned,
    programOf,
    kernelOf,
    change,
    /** The last losses of the judged runs of a label if they were computed here, otherwise null. @returns {number[] | null} */
    losses: (/** @type {number} */ index, /** @type {number} */ label) => losses.get(index)?.get(label) ?? null,
    /** The judged runs of a label if they were computed here, otherwise null. */
    runs: (/** @type {number} */ index, /** @type {number} */ label) => runs.get(index)?.get(label) ?? null,
    /** Why a label cannot be computed; an empty text if it can. */
    reason: (/** @type {number} */ index, /** @type {number} */ label) => all(index).find((one) => one.label === label)?.reason ?? "",
    /** Show what was recorded. */
    restore(/** @type {number} */ index) {
      chosen.delete(index);
      compute(index);
    },
  };
}
