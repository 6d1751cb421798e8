/** Which minimum a run reaches from each pixel of the plane. */

import { spaced } from "../kernels/compute.js";

/** Pixels along each side. */
export const SIDE = 128;
export const NOWHERE = -1;
export const DIVERGED = -2;

const CHUNK = 256; // runs at once
const LOOKS = 65; // the steps at which it is looked whether a run is there
const SHARE = 1e-6; // the tolerance on the loss, as in `experiments/maps/basins.py`
const GRID = 64; // points along each side for the height of the function, as in `experiments/maps/minima.py`

/**
 * The basins, computed in parts: each `next()` of the generator computes some rows of pixels.
 * @param {any} kernel @param {{ numbers: number[], steps: number }} settings
 * @param {{ low: number[], high: number[], minima: number[][] }} valley
 * @returns {Generator<undefined, { minimum: Int16Array, reached: Int32Array }>} for each pixel, from the lowest row
 *   up, the index of the minimum or `NOWHERE` or `DIVERGED`, and the step at which the run was there
 */
export function basins(kernel, settings, valley) {
  return inParts(kernel, settings, valley);
}

function* inParts(kernel, { numbers, steps }, valley) {
  const { low, high, minima } = valley;
  const found = { minimum: new Int16Array(SIDE * SIDE), reached: new Int32Array(SIDE * SIDE) };
  const levels = minima.length ? lossesAt(kernel, numbers, minima) : [];
  const tolerance = SHARE * heightOf(kernel, numbers, valley, Math.min(...levels));
  const record = spaced(steps, LOOKS);
  const centre = (/** @type {number} */ i, /** @type {number} */ d) => low[d] + ((high[d] - low[d]) * (i + 0.5)) / SIDE;
  for (let begin = 0; begin < SIDE * SIDE; begin += CHUNK) {
    const x0 = Array.from({ length: CHUNK }, (_, n) => [centre((begin + n) % SIDE, 0), centre(Math.floor((begin + n) / SIDE), 1)]);
    const { x, loss, final, diverged } = kernel.run({ x0, numbers, steps, record });
    for (let run = 0; run < CHUNK; run++) {
      const at = nearest(minima, x[run], x[CHUNK + run]);
      const isThere = at >= 0 && Math.abs(final[run] - levels[at]) <= tolerance;
      found.minimum[begin + run] = diverged[run] ? DIVERGED : isThere ? at : NOWHERE;
      if (!isThere) continue;
      const row = record.findIndex((_, row) => loss[row * CHUNK + run] <= levels[at] + tolerance);
      found.reached[begin + run] = record[row];
    }
    yield;
  }
  return found;
}

/** The index of the nearest point, or -1. */
function nearest(points, x, y) {
  let [found, least] = [-1, Infinity];
  points.forEach((point, n) => {
    const far = (point[0] - x) ** 2 + (point[1] - y) ** 2;
    if (far < least) [found, least] = [n, far];
  });
  return found;
}

function lossesAt(kernel, numbers, points) {
  return Array.from(kernel.run({ x0: points, numbers, steps: 1, record: [0] }).first);
}

/** The median of the loss above the lowest one, over a grid. */
function heightOf(kernel, numbers, { low, high }, lowest) {
  const side = (/** @type {number} */ d) => Array.from({ length: GRID }, (_, i) => low[d] + ((high[d] - low[d]) * i) / (GRID - 1));
  const points = side(1).flatMap((y) => side(0).map((x) => [x, y]));
  const above = lossesAt(kernel, numbers, points).map((loss) => loss - lowest).filter((value) => value > 0 && Number.isFinite(value)).sort((a, b) => a - b);
  if (!above.length) return 1;
  return (above[Math.floor((above.length - 1) / 2)] + above[Math.ceil((above.length - 1) / 2)]) / 2;
}

/**
 * The colours of the pixels: the hue is the minimum, and dark pixels took long. All shades cover equal areas.
 * @param {{ minimum: Int16Array, reached: Int32Array }} found
 * @param {{ hues: number[][], nowhere: number[], diverged: number[], fast: number, slow: number }} look colours from 0 to 1
 * @returns {Uint8ClampedArray<ArrayBuffer>} four numbers for each pixel, from the top row down
 */
export function pixelsOf({ minimum, reached }, { hues, nowhere, diverged, fast, slow }) {
  const taken = Array.from(reached).filter((_, n) => minimum[n] >= 0).sort((a, b) => a - b);
  const shares = new Map(taken.map((step, n) => [step, (n + 1) / taken.length]));
  const firsts = new Map(taken.map((step, n) => /** @type {[number, number]} */ ([step, n / taken.length])).reverse());
  const pixels = new Uint8ClampedArray(4 * SIDE * SIDE);
  minimum.forEach((at, n) => {
    const share = at < 0 ? 0.5 : (shares.get(reached[n]) + firsts.get(reached[n])) / 2;
    const shade = 2 * share - 1;
    const base = at >= 0 ? hues[at % hues.length] : at === DIVERGED ? diverged : nowhere;
    const colour = base.map((value) => (value + (1 - value) * fast * Math.max(-shade, 0)) * (1 - slow * Math.max(shade, 0)));
    const place = (SIDE - 1 - Math.floor(n / SIDE)) * SIDE + (n % SIDE);
    pixels.set([...colour.map((value) => 255 * value), 255], 4 * place);
  });
  return pixels;
}
