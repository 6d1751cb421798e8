/** `window.optlab`: what the page can run, for tests and for pages that contain it. */

import { load } from "../kernels/kernel.js";
import { keyOf } from "../live/live.js";
import { faultOf } from "../live/sliders.js";
import { unpack } from "../base/unpack.js";

/**
 * @typedef {object} Wanted
 * @property {string} problem the title of a case
 * @property {string} optimizer a label
 * @property {number[]} [x0] the start; that of the shown path if it is left out
 * @property {number} [steps]
 * @property {Record<string, number>} [hyperparameters] by the names in `programs()`; those of the experiment if left out
 */

/** @param {any} data @param {(index: number) => any} openCase the recorded cases */
export function createSource(data, openCase) {
  const nameOf = (/** @type {number} */ label) => data.labels[label].name;

  return {
    /** Each problem and optimizer with a path: whether it is computed here, and with which hyperparameters. */
    programs() {
      return data.cases.flatMap((one) =>
        one.programs.map(({ label, reason, parameters = [] }) => ({
          problem: one.title,
          optimizer: nameOf(label),
          settings: one.ranking.find((row) => row.label === label)?.settings ?? "",
          live: !reason,
          reason: reason ?? "",
          hyperparameters: parameters.map(({ shown, value, range }) => ({ name: shown, value, range })),
        })),
      );
    },
    /** One run: its points as `path`, its `losses`, and the last of both. @param {Wanted} wanted */
    async run(wanted) {
      const index = data.cases.findIndex((one) => one.title === wanted.problem);
      if (index < 0) throw new Error(`there is no problem ${wanted.problem}; there are: ${data.cases.map((one) => one.title).join(", ")}`);
      const found = data.cases[index].programs.find((one) => nameOf(one.label) === wanted.optimizer);
      if (!found) throw new Error(`there is no path of ${wanted.optimizer} on ${wanted.problem}`);
      return found.reason ? recorded(openCase(index), found, wanted) : computed(found, wanted);
    },
  };
}

function recorded(one, { label, reason }, wanted) {
  if (wanted.x0 || wanted.hyperparameters) throw new Error(`${wanted.optimizer} has only its recorded path. ${reason}`);
  const path = one.valley?.paths.find((path) => path.label === label);
  if (!path) throw new Error(`there is no recorded path of ${wanted.optimizer} on ${wanted.problem}`);
  const count = Array.from(path.step).filter((step) => step <= (wanted.steps ?? Infinity)).length;
  const points = Array.from({ length: count }, (_, i) => [path.x[i], path.y[i]]);
  return { x: points.at(-1), loss: path.loss[count - 1], path: points, losses: Array.from(path.loss.slice(0, count)) };
}

async function computed(found, wanted) {
  const { program } = found.variants[0];
  const steps = wanted.steps ?? found.steps;
  if (!(Number.isInteger(steps) && steps >= 0)) throw new RangeError(`steps must be a whole number from 0, not ${steps}`);
  const x0 = wanted.x0 ?? Array.from(unpack(found.starts[0]));
  const kernel = await load(program);
  const { trail, loss, steps: taken, record } = kernel.run({ x0: [x0], numbers: numbersOf(found, wanted.hyperparameters ?? {}), steps });
  const count = record.filter((step) => step <= taken[0]).length;
  const path = Array.from({ length: count }, (_, row) => Array.from(trail.slice(row * program.dim, (row + 1) * program.dim)));
  return { x: path.at(-1), loss: loss[count - 1], path, losses: Array.from(loss.slice(0, count)) };
}

/** The numbers of a program with some of them replaced. */
function numbersOf({ parameters, variants }, given) {
  const own = {};
  for (const [name, value] of Object.entries(given)) {
    const parameter = parameters.find((one) => one.shown === name);
    if (!parameter) throw new Error(`there is no hyperparameter ${name}; there are: ${parameters.map((one) => one.shown).join(", ")}`);
    const fault = faultOf(parameter, value);
    if (fault) throw new Error(fault);
    own[keyOf(parameter)] = value;
  }
  const { numbers, values } = variants[0].program;
  return numbers.map((key, n) => own[keyOf(key)] ?? Number(values[n][0]));
}
