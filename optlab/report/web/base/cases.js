/** The cases of the document with their arrays unpacked, each at its first use. */

import { HOLE, number, unpack } from "./unpack.js";

/**
 * A function that returns a case by its index. Its `recorded` returns the case as it was recorded, and its `replace`
 * shows another one in its place.
 * @param {any} document
 */
export function openCases(document) {
  for (const one of document.cases) spread(one);
  const [opened, shown] = [new Map(), new Map()];
  const recorded = (/** @type {number} */ index) => {
    if (!opened.has(index)) opened.set(index, opened_(document.cases[index]));
    return opened.get(index);
  };
  const openCase = (/** @type {number} */ index) => shown.get(index) ?? recorded(index);
  const replace = (/** @type {number} */ index, /** @type {any} */ one) => {
    shown.set(index, { ...one, lastStep: lastStep(one.valley?.paths ?? [], one.curves) });
  };
  return Object.assign(openCase, { recorded, replace });
}

/** Give each program of a case its starts, which the case has once. */
function spread({ programs, starts }) {
  for (const program of programs) if (typeof program.starts === "number") program.starts = starts[program.starts];
}

/** The last step of any path or curve. */
function lastStep(paths, curves) {
  return Math.max(0, ...[...paths, ...Object.values(curves).flat()].map((one) => one.step.at(-1) ?? 0));
}

function opened_(given) {
  const curves = {};
  for (const [quantity, lines] of Object.entries(given.curves)) curves[quantity] = lines.map(line);
  const valley = given.valley && valley_(given.valley);
  const landscapes = given.landscapes.map((plane) => ({ ...valley_(plane), plane: line(plane.plane) }));
  const boundary = given.boundary && boundary_(given.boundary);
  return { ...given, minimum: number(given.minimum), curves, valley, landscapes, boundary, sensitivity: given.sensitivity.map(line),
           lastStep: lastStep((valley ?? landscapes[0])?.paths ?? [], curves) }; // prettier-ignore
}

/** Unpack every array of a line. */
export function line(given) {
  const found = { ...given };
  for (const [name, value] of Object.entries(given)) if (value && typeof value === "object") found[name] = unpack(value);
  return found;
}

function boundary_(given) {
  const { program, low, high, recorded, ...rest } = given;
  return { ...line(rest), program, low, high, recorded: recorded.map(line) };
}

function valley_(given) {
  const whole = unpack(given.heights);
  const heights = Float32Array.from(whole, (height) => (height === HOLE ? NaN : height / (HOLE - 1)));
  return { ...given, heights, paths: given.paths.map(line) };
}
