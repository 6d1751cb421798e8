/** The cases of the document with their arrays unpacked, each at its first use. */

import { HOLE, number, unpack } from "./unpack.js";

/** @param {any} document */
export function openCases(document) {
  const opened = new Map();
  return (/** @type {number} */ index) => {
    if (!opened.has(index)) opened.set(index, opened_(document.cases[index]));
    return opened.get(index);
  };
}

function opened_(given) {
  const curves = {};
  for (const [quantity, lines] of Object.entries(given.curves)) curves[quantity] = lines.map(line);
  const valley = given.valley && valley_(given.valley);
  const steps = [...(valley?.paths ?? []), ...Object.values(curves).flat()].map((one) => one.step.at(-1) ?? 0);
  return { ...given, minimum: number(given.minimum), curves, valley, sensitivity: given.sensitivity.map(line),
           lastStep: Math.max(0, ...steps) }; // prettier-ignore
}

/** Unpack every array of a line. */
export function line(given) {
  const found = { ...given };
  for (const [name, value] of Object.entries(given)) if (value && typeof value === "object") found[name] = unpack(value);
  return found;
}

function valley_(given) {
  const whole = unpack(given.heights);
  const heights = Float32Array.from(whole, (height) => (height === HOLE ? NaN : height / (HOLE - 1)));
  return { ...given, heights, paths: given.paths.map(line) };
}
