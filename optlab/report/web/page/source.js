/** `window.optlab`: what the page can run, for tests and for pages that contain it. */

import { load } from "../kernels/kernel.js";
import { faultOfSteps, keyOf, numbersOf } from "../live/numbers.js";
import { faultOf } from "../live/sliders.js";
import { unpack } from "../base/unpack.js";

/**
 * @typedef {object} Wanted
 * @property {string} problem the title of a case
 * @property {string} optimizer a label
 * @property {number[]} [x0] the start; that of the shown path if it is left out
 * @property {number} [steps]
 * @property {Record<string, number>} [hyperparameters] by the names in `programs()`; those of the experiment if left out
 * @property {string[]} [without] the schedule and transforms that are left out, by the names in `programs()`
 */

const FIELDS = ["problem", "optimizer", "x0", "steps", "hyperparameters", "without"];
const listed = (/** @type {string[]} */ names) => names.join(", ") || "none";

/** @param {any} data @param {(index: number) => any} openCase the recorded cases */
export function createSource(data, openCase) {
  const nameOf = (/** @type {number} */ label) => data.labels[label].name;
  const titles = () => data.cases.map((one) => one.title);

  return {
    /** Each problem and optimizer with a path: whether it is computed here, and with which hyperparameters. */
    programs() {
      return data.cases.flatMap((one) =>
        one.programs.map(({ label, reason, parameters = [], variants = [] }) => ({
          problem: one.title,
          optimizer: nameOf(label),
          settings: one.ranking.find((row) => row.label === label)?.settings ?? "",
          live: !reason,
          reason: reason ?? "",
          hyperparameters: parameters.map(({ shown, value, range }) => ({ name: shown, value, range })),
          variants: variants.map(({ parts }) => [...parts]),
        })),
      );
    },
    /** One run: its points as `path`, its `losses`, and the last of both. @param {Wanted} wanted */
    async run(wanted) {
      if (!isTable(wanted)) throw new TypeError(`run takes one object with the fields ${listed(FIELDS)}, not ${described(wanted)}`);
      const unknown = Object.keys(wanted).find((name) => !FIELDS.includes(name));
      if (unknown !== undefined) throw new Error(`there is no field ${unknown}; there are: ${listed(FIELDS)}`);
      const { problem, optimizer } = wanted;
      const index = titles().indexOf(problem);
      checkName("problem", problem, titles());
      if (index < 0) throw new Error(`there is no problem ${problem}; there are: ${listed(titles())}`);
      const { programs } = data.cases[index];
      const labels = programs.map((one) => nameOf(one.label));
      checkName("optimizer", optimizer, labels);
      const found = programs[labels.indexOf(optimizer)];
      if (!found) throw new Error(`there is no path of ${optimizer} on ${problem}; there are those of: ${listed(labels)}`);
      return found.reason ? recorded(openCase(index), found, wanted) : computed(found, wanted);
    },
  };
}

function recorded(one, { label, reason }, wanted) {
  const { problem, optimizer, steps = Infinity } = wanted;
  if ([wanted.x0, wanted.hyperparameters, wanted.without].some((given) => given !== undefined)) throw new Error(`${optimizer} has only its recorded path. ${reason}`);
  if (steps !== Infinity) check(faultOfSteps(steps, { dim: 1 }), steps);
  const path = one.valley?.paths.find((path) => path.label === label);
  if (!path) throw new Error(`there is no recorded path of ${optimizer} on ${problem}. ${reason}`);
  const count = Array.from(path.step).filter((step) => step <= steps).length;
  const points = Array.from({ length: count }, (_, i) => [path.x[i], path.y[i]]);
  return { x: points.at(-1), loss: path.loss[count - 1], path: points, losses: Array.from(path.loss.slice(0, count)) };
}

async function computed(found, wanted) {
  const program = programOf(found, wanted);
  const { steps = found.steps, hyperparameters = {} } = wanted;
  if (wanted.steps !== undefined) check(faultOfSteps(steps, program), steps);
  const x0 = startOf(found, program, wanted.x0);
  const own = ownNumbers(found, program, hyperparameters);
  const kernel = await load(program);
  const { trail, loss, steps: taken, record } = kernel.run({ x0: [x0], numbers: numbersOf(program, own, steps), steps });
  const count = record.filter((step) => step <= taken[0]).length;
  const path = Array.from({ length: count }, (_, row) => Array.from(trail.slice(row * program.dim, (row + 1) * program.dim)));
  return { x: path.at(-1), loss: loss[count - 1], path, losses: Array.from(loss.slice(0, count)) };
}

/** The program without some of the schedule and the transforms. */
function programOf({ variants }, { optimizer, without = [] }) {
  if (!Array.isArray(without)) throw new TypeError(`without must be an array of names, as in ["cosine"], not ${described(without)}`);
  const [{ parts }] = variants;
  const unknown = without.findIndex((name) => !parts.includes(name));
  if (unknown >= 0) throw new Error(`without: ${optimizer} has no schedule or transform ${named(without[unknown])}; it has: ${listed(parts)}`);
  const kept = listed(parts.filter((name) => !without.includes(name)));
  const found = variants.find((one) => listed(one.parts) === kept);
  if (!found) throw new Error(`without: the page has no program of ${optimizer} with ${kept}; it has those with: ${variants.map((one) => listed(one.parts)).join("; ")}`);
  return found.program;
}

function startOf({ starts }, { dim }, /** @type {any} */ given) {
  if (given === undefined) return Array.from(unpack(starts[0]));
  const isArray = Array.isArray(given) || ArrayBuffer.isView(given);
  const x0 = isArray ? Array.from(/** @type {any} */ (given)) : [];
  if (x0.length !== dim || !x0.every(Number.isFinite)) throw new RangeError(`x0 must be an array of ${dim} finite numbers, not ${described(given)}`);
  return x0;
}

/** The given hyperparameters by their keys. */
function ownNumbers({ parameters }, { numbers }, given) {
  if (!isTable(given)) throw new TypeError(`hyperparameters must be an object of numbers, as in { lr: 0.1 }, not ${described(given)}`);
  const taken = new Set(numbers.map(keyOf));
  const known = parameters.filter((one) => taken.has(keyOf(one)));
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const parameter = known.find((one) => one.shown === name);
      if (!parameter) throw new Error(`there is no hyperparameter ${name}; there are: ${listed(known.map((one) => one.shown))}`);
      if (typeof value !== "number") throw new TypeError(`${name} must be a number, not ${described(value)}`);
      const fault = faultOf(parameter, value);
      if (fault) throw new RangeError(fault);
      return [keyOf(parameter), value];
    }),
  );
}

/** @param {string} field @param {unknown} value @param {string[]} known */
function checkName(field, value, known) {
  if (typeof value !== "string") throw new TypeError(`${field} must be a text, not ${described(value)}; there are: ${listed(known)}`);
}

function check(/** @type {string} */ fault, /** @type {unknown} */ value) {
  if (fault) throw new RangeError(`${fault}, not ${described(value)}`);
}

/** Whether a value is a plain object, also one of another window. @param {unknown} value */
const isTable = (value) => Object.prototype.toString.call(value) === "[object Object]";

/** A value in a message: a text as it is. @param {unknown} value */
const named = (value) => (typeof value === "string" ? value : described(value));

/** What a value is, in a message. @param {unknown} value */
function described(value) {
  if (typeof value === "number" || value === null || value === undefined) return String(value);
  if (typeof value === "string") return `the text "${value}"`;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const entries = Array.from(/** @type {any} */ (value));
    const wrong = entries.findIndex((one) => !Number.isFinite(one));
    const kind = typeof entries[wrong] === "number" ? entries[wrong] : `a value of type ${typeof entries[wrong]}`;
    return `an array of ${entries.length}${wrong < 0 ? "" : ` with ${kind}`}`;
  }
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
