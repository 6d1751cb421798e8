/** Which minimum a run reaches from each pixel of the plane, as in the maps of `optlab basins`. */

import { minimaOf, numbersOf, sharp } from "./minima.js";
import { program } from "../kernels/rule.js";
import { spaced } from "../kernels/compute.js";

/** Pixels along each side. */
export const SIDE = 128;
export const NOWHERE = -1;
export const DIVERGED = -2;

const CHUNK = 256; // runs at once
const LOOKS = 65; // the steps at which it is looked whether a run is there
const TAIL = 16; // the last steps, which show whether a run oscillates around a kink

/**
 * The basins, computed in parts: each `next()` of the generator computes some rows of pixels.
 * @param {any} kernel @param {{ numbers: number[], steps: number }} settings
 * @param {{ low: number[], high: number[], minima: number[][], basins: any }} valley
 * @returns {Generator<undefined, { minimum: Int16Array, reached: Int32Array, points: number[][] }>} for each pixel, from
 *   the lowest row up, the index of the minimum or `NOWHERE` or `DIVERGED`, and the step at which the run was there;
 *   and the minima
 */
export function basins(kernel, settings, valley, side = SIDE) {
  return inParts(kernel, settings, valley, side);
}

function* inParts(kernel, { numbers, steps }, valley, side) {
  const plane = planeOf(kernel, numbers, valley);
  const isSharp = sharp(plane, plane.declared).includes(true);
  yield;
  const last = isSharp ? Math.max(steps - TAIL + 1, 0) : steps; // the first of the last steps
  const record = [...new Set([...spaced(steps, LOOKS), ...Array.from({ length: steps - last }, (_, n) => last + n)])].sort((a, b) => a - b);
  const runs = yield* computed(kernel, { numbers, steps, record }, valley, side, isSharp ? record.indexOf(last) : record.length);
  const ends = { x: runs.x, y: runs.y, loss: runs.final, tails: isSharp ? runs.tails : null };
  const minima = yield* minimaOf(plane, ends);
  const minimum = yield* numbersOf(plane, minima, ends);
  for (let run = 0; run < minimum.length; run++) if (runs.diverged[run]) minimum[run] = DIVERGED;
  return { minimum, reached: yield* reachedAt(record, runs, minimum, minima), points: minima.points };
}

/** The step at which each run was at its minimum; 0 where it reached none. Row by row, since a row is in one piece of memory. */
function* reachedAt(record, { final, loss, tails }, minimum, { losses, tolerance }) {
  const count = minimum.length;
  const reached = new Int32Array(count);
  const targets = new Float64Array(count).fill(Infinity); // a loss below is there
  for (let run = 0; run < count; run++) {
    if (minimum[run] < 0) continue;
    const level = losses[minimum[run]] + tolerance;
    targets[run] = final[run] > level ? tails.loss[run] : level;
    reached[run] = -1;
  }
  for (let row = 0; row < record.length; row++) {
    const isLast = row + 1 === record.length;
    for (let run = 0; run < count; run++) {
      if (reached[run] < 0 && (isLast || loss[row * count + run] <= targets[run])) reached[run] = record[row];
    }
    yield;
  }
  return reached;
}

/** The function of a kernel. @returns {import("./minima.js").Plane} */
function planeOf(kernel, numbers, { low, high, minima, basins: given }) {
  const lossesAt = (/** @type {number[][]} */ points) => Array.from(kernel.run({ x0: points, numbers, steps: 0 }).first);
  if (!given) return { box: [low, high], declared: minima, lossesAt, slopesAt: null };
  const { values, compute } = program(given.code, 2);
  const slopes = new Float64Array(given.outputs.length);
  const slopesAt = (/** @type {number} */ x, /** @type {number} */ y) => {
    [values[0], values[1]] = [x, y];
    compute();
    for (let n = 0; n < slopes.length; n++) slopes[n] = values[given.outputs[n]];
    return slopes;
  };
  return { box: given.box, declared: minima, lossesAt, slopesAt };
}

/** All runs: where they ended, their losses at the recorded steps, and their last steps from the row `first` on. */
function* computed(kernel, { numbers, steps, record }, { low, high }, side, first) {
  const count = side * side;
  const arrays = (/** @type {number} */ size) => Array.from({ length: size }, () => new Float64Array(count));
  const [x, y, final, highest, ...bounds] = arrays(8);
  const found = { x, y, final, loss: new Float64Array(record.length * count), diverged: new Uint8Array(count),
                  tails: { low: bounds.slice(0, 2), high: bounds.slice(2), loss: highest } }; // prettier-ignore
  const centre = (/** @type {number} */ i, /** @type {number} */ d) => low[d] + ((high[d] - low[d]) * (i + 0.5)) / side;
  for (let begin = 0; begin < count; begin += CHUNK) {
    const size = Math.min(CHUNK, count - begin);
    const x0 = Array.from({ length: size }, (_, n) => [centre((begin + n) % side, 0), centre(Math.floor((begin + n) / side), 1)]);
    const done = kernel.run({ x0, numbers, steps, record });
    found.diverged.set(done.diverged.map(Number), begin);
    for (let run = 0; run < size; run++) {
      x[begin + run] = done.diverged[run] ? NaN : done.x[run];
      y[begin + run] = done.diverged[run] ? NaN : done.x[size + run];
    }
    final.set(done.final, begin);
    for (let row = 0; row < record.length; row++) found.loss.set(done.loss.subarray(row * size, (row + 1) * size), row * count + begin);
    if (first < record.length) lastSteps(done, first, size, begin, found.tails);
    yield;
  }
  return found;
}

/** The bounds of the positions of runs from a row on, and their highest loss there. */
function lastSteps({ trail, loss, record }, first, size, begin, tails) {
  for (let run = 0; run < size; run++) {
    const at = begin + run;
    tails.loss[at] = -Infinity;
    for (let d = 0; d < 2; d++) [tails.low[d][at], tails.high[d][at]] = [Infinity, -Infinity];
    for (let row = first; row < record.length; row++) {
      tails.loss[at] = Math.max(tails.loss[at], loss[row * size + run]);
      for (let d = 0; d < 2; d++) {
        const value = trail[(row * 2 + d) * size + run];
        tails.low[d][at] = Math.min(tails.low[d][at], value);
        tails.high[d][at] = Math.max(tails.high[d][at], value);
      }
    }
  }
}

/**
 * The colours of the pixels: the hue is the minimum, and dark pixels took long. All shades cover equal areas.
 * @param {{ minimum: Int16Array, reached: Int32Array }} found
 * @param {{ hues: number[][], nowhere: number[], diverged: number[], fast: number, slow: number }} look colours from 0 to 1
 * @returns {Uint8ClampedArray<ArrayBuffer>} four numbers for each pixel, from the top row down
 */
export function pixelsOf({ minimum, reached }, { hues, nowhere, diverged, fast, slow }) {
  const shades = shadesOf(Array.from(reached).filter((_, n) => minimum[n] >= 0));
  const colour = (/** @type {number} */ at, /** @type {number} */ shade) => {
    const base = at >= 0 ? hues[at % hues.length] : at === DIVERGED ? diverged : nowhere;
    const shaded = base.map((value) => (value + (1 - value) * fast * Math.max(-shade, 0)) * (1 - slow * Math.max(shade, 0)));
    return Uint8ClampedArray.of(...shaded.map((value) => 255 * value), 255);
  };
  const side = Math.sqrt(minimum.length);
  const pixels = new Uint8ClampedArray(4 * minimum.length);
  const known = new Map(); // many pixels have the same colour
  for (let n = 0; n < minimum.length; n++) {
    const key = minimum[n] * 2 ** 20 + reached[n];
    if (!known.has(key)) known.set(key, colour(minimum[n], minimum[n] < 0 ? 0 : shades.get(reached[n])));
    pixels.set(known.get(key), 4 * ((side - 1 - Math.floor(n / side)) * side + (n % side)));
  }
  return pixels;
}

/** From -1 for the lowest step to 1 for the highest: its rank; equal steps have the mean of their ranks. @param {number[]} steps */
function shadesOf(steps) {
  const counts = new Map();
  for (const step of steps) counts.set(step, (counts.get(step) ?? 0) + 1);
  let below = 0;
  const shades = new Map();
  for (const step of [...counts.keys()].sort((a, b) => a - b)) {
    shades.set(step, (2 * below + counts.get(step)) / steps.length - 1);
    below += counts.get(step);
  }
  return shades;
}
