/**
 * The minima of a function of two parameters: the declared ones, and those found from the ends of runs, as in
 * `optlab/experiments/maps/minima.py` and `bouncing.py`.
 *
 * @typedef {object} Plane the function where it is shown
 * @property {number[][]} box its lower and its upper corner; distances are in units of its size
 * @property {number[][]} declared
 * @property {(points: number[][]) => number[]} lossesAt
 * @property {((x: number, y: number) => ArrayLike<number>) | null} slopesAt f_x, f_y, f_xx, f_xy, f_yy; they are
 *   overwritten by the next call. Null: only the declared minima are known.
 *
 * @typedef {object} Minima lowest first
 * @property {number[][]} points
 * @property {number[]} losses
 * @property {boolean[]} sharp whether each is at a kink
 * @property {number} tolerance of the loss of a run that has reached a minimum
 *
 * @typedef {object} Ends where runs ended
 * @property {ArrayLike<number>} x
 * @property {ArrayLike<number>} y
 * @property {ArrayLike<number>} loss
 * @property {{ low: ArrayLike<number>[], high: ArrayLike<number>[], loss: ArrayLike<number> } | null} tails the bounds
 *   of the positions of each run in its last steps, and its highest loss there, if a minimum is at a kink
 */

import { once } from "../base/once.js";

const SHARE = 1e-6; // the tolerance on the loss, as a share of the height
const GRID = 64; // points along each side for the height
const CELLS = 1024; // along each side of the box: one end per cell is the start of a search
const MOST = 4096; // cells with a search
const NEWTON = 30; // steps of a search
const STRIDE = 0.02; // the longest step of a search, as a share of the box
const FLAT = 1e-9; // the largest gradient at a minimum, times the size of the box, as a share of the height
const SAME = 1e-5; // points closer than this share of the box are the same minimum
const NEAR = 1e-4; // the distance at which a kink is looked for, as a share of the box
const CLOSER = 8; // and the second distance is smaller by this factor
const LOW = 1e-9; // a smaller rise may be a rounding error, as a share of the height
const WIDE = 0.05; // a run that covers more than this share of the box in its last steps oscillates around no minimum
const PART = 64; // searches, and 64 times as many ends, that are computed together

const sizeOf = (/** @type {Plane} */ { box: [low, high] }) => [high[0] - low[0], high[1] - low[1]];

/** The finite losses over a grid, ascending. */
const lossesOfGrid = once((/** @type {Plane} */ { box: [low, high], lossesAt }) => {
  const [across, up] = [0, 1].map((d) => Array.from({ length: GRID }, (_, i) => low[d] + ((high[d] - low[d]) * i) / (GRID - 1)));
  return Float64Array.from(lossesAt(up.flatMap((y) => across.map((x) => [x, y]))).filter(Number.isFinite)).sort();
});

/** The median of the loss above the lowest one, over a grid. @param {Plane} plane @param {number} lowest */
export function heightOf(plane, lowest) {
  const above = lossesOfGrid(plane).filter((loss) => loss > lowest).map((loss) => loss - lowest);
  if (!above.length) return 1;
  return (above[Math.floor((above.length - 1) / 2)] + above[Math.ceil((above.length - 1) / 2)]) / 2;
}

/**
 * The declared minima, and others at which a run ended. Each `next()` of the generator does a part of the work.
 * @param {Plane} plane @param {Ends} ends
 * @returns {Generator<undefined, Minima>}
 */
export function minimaOf(plane, ends) {
  return found(plane, ends);
}

function* found(plane, ends) {
  const polished = plane.slopesAt ? yield* search(plane, representatives(plane, ends)) : [];
  yield;
  const points = distinct([...plane.declared.map((point) => ({ point, isDeclared: true })), ...polished.map((point) => ({ point, isDeclared: false }))], sizeOf(plane));
  const losses = points.length ? plane.lossesAt(points.map(({ point }) => point)) : [];
  const rounded = (/** @type {number} */ value) => (Math.abs(value) > 1e-12 ? Number(value.toPrecision(9)) : 0);
  const all = points.map((one, n) => ({ ...one, loss: losses[n], key: [losses[n], ...one.point].map(rounded) }));
  all.sort(({ key: a }, { key: b }) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  const tolerance = all.length ? SHARE * heightOf(plane, Math.min(...losses)) : 0;
  const every = { points: all.map(({ point }) => point), losses: all.map(({ loss }) => loss), sharp: [], tolerance };
  yield;
  const reached = new Set(yield* numbersOf(plane, every, { ...ends, tails: null }));
  const used = all.filter(({ isDeclared }, n) => isDeclared || reached.has(n));
  const kept = used.map(({ point }) => point);
  yield;
  return { points: kept, losses: used.map(({ loss }) => loss), sharp: ends.tails ? sharp(plane, kept) : [], tolerance };
}

/**
 * The index of the minimum at which each run ended, or -1: the nearest one, if the loss is that of the minimum, or if
 * the run oscillates around it and it is at a kink.
 * @param {Plane} plane @param {Minima} minima @param {Ends} ends
 * @returns {Generator<undefined, Int16Array>}
 */
export function* numbersOf(plane, { points, losses, sharp: isSharp, tolerance }, { x, y, loss, tails }) {
  const size = sizeOf(plane);
  const found = new Int16Array(x.length).fill(-1);
  for (let run = 0; run < x.length; run++) {
    const at = nearest(points, x[run], y[run]);
    const isThere = at >= 0 && loss[run] <= losses[at] + tolerance && loss[run] >= losses[at] - tolerance;
    if (isThere || (at >= 0 && tails && isSharp[at] && isAround(points[at], tails, run, size))) found[run] = at;
    if (run % (PART * 64) === 0) yield;
  }
  return found;
}

/** The index of the nearest point, or -1. */
function nearest(points, x, y) {
  let [found, least] = [-1, Infinity];
  for (let n = 0; n < points.length; n++) {
    const far = (x - points[n][0]) ** 2 + (y - points[n][1]) ** 2;
    if (far < least) [found, least] = [n, far];
  }
  return found;
}

/** Whether a run passed a point in its last steps along one coordinate, and was near it along the other. */
function isAround(point, { low, high }, run, size) {
  const [a, b] = [0, 1].map((d) => {
    const [below, above] = [(point[d] - low[d][run]) / size[d], (high[d][run] - point[d]) / size[d]];
    return { width: below + above, inside: Math.min(below, above) };
  });
  const widest = b.width > a.width ? b : a;
  return widest.inside >= -SAME && Math.min(a.inside, b.inside) >= -widest.width - SAME && widest.width <= WIDE;
}

/** One end for each cell of a fine grid that contains any. */
function representatives(plane, { x, y }) {
  const { box: [low] } = plane; // prettier-ignore
  const size = sizeOf(plane);
  const near = [];
  for (let run = 0; run < x.length; run++) {
    if (Math.abs(x[run] - low[0]) <= 10 * size[0] && Math.abs(y[run] - low[1]) <= 10 * size[1]) near.push(run);
  }
  for (let cells = CELLS; ; cells /= 2) {
    const cell = (/** @type {number} */ value, /** @type {number} */ d) => Math.floor(((value - low[d]) / size[d]) * cells);
    const firsts = new Map();
    for (const run of near) {
      const key = cell(x[run], 0) * 2 ** 20 + cell(y[run], 1); // cells are within 11 * CELLS
      if (!firsts.has(key)) firsts.set(key, [x[run], y[run]]);
    }
    if (firsts.size <= MOST) return [...firsts.values()];
  }
}

/** The minima that Newton's method finds from some points. Each `next()` of the generator computes some of them. */
function* search(plane, starts) {
  const size = sizeOf(plane);
  const [wide, high] = size.map((one) => STRIDE * one);
  const limited = (/** @type {number} */ step, /** @type {number} */ most) => (Number.isFinite(step) ? Math.min(Math.max(step, -most), most) : 0);
  const ends = [];
  for (const [n, start] of starts.entries()) {
    let [x, y] = start;
    for (let step = 0; step < NEWTON; step++) {
      const slopes = plane.slopesAt(x, y); // without arrays: this is the inner loop
      const fx = slopes[0], fy = slopes[1], fxx = slopes[2], fxy = slopes[3], fyy = slopes[4]; // prettier-ignore
      const determinant = fxx * fyy - fxy * fxy;
      const right = limited((fyy * fx - fxy * fy) / determinant, wide);
      const up = limited((fxx * fy - fxy * fx) / determinant, high);
      x -= right;
      y -= up;
      if (!right && !up) break;
    }
    const [fx, fy, fxx, fxy, fyy] = plane.slopesAt(x, y);
    const isCurved = fxx > 0 && fxx * fyy - fxy * fxy > 1e-10 * (fxx + fyy) ** 2;
    ends.push({ point: [x, y], slope: Math.max(Math.abs(fx) * size[0], Math.abs(fy) * size[1]), isCurved });
    if (n % PART === 0) yield;
  }
  yield;
  const losses = ends.length ? plane.lossesAt(ends.map(({ point }) => point)) : [];
  const finite = ends.filter((_, n) => Number.isFinite(losses[n]));
  const height = finite.length ? heightOf(plane, losses.filter(Number.isFinite).reduce((a, b) => Math.min(a, b))) : 1;
  return finite.filter(({ slope, isCurved }) => isCurved && slope <= FLAT * height).map(({ point }) => point);
}

/** The points without those that are the same as an earlier one: declared ones come first. */
function distinct(points, size) {
  const order = [...points].sort((a, b) => Number(b.isDeclared) - Number(a.isDeclared) || a.point[0] - b.point[0] || a.point[1] - b.point[1]);
  const kept = [];
  const isSame = (/** @type {number[]} */ a, /** @type {number[]} */ b) => [0, 1].every((d) => Math.abs(a[d] - b[d]) <= SAME * size[d]);
  for (const one of order) if (!kept.some((other) => isSame(one.point, other.point))) kept.push(one);
  return kept;
}

/** Which points are at a kink, where the function rises in proportion to the distance. @param {Plane} plane @param {number[][]} points */
export function sharp(plane, points) {
  if (!points.length) return [];
  const size = sizeOf(plane);
  const directions = [[1, 0], [0, 1], [1, 1], [1, -1]].map(([u, v]) => [u * size[0] * NEAR, v * size[1] * NEAR]); // prettier-ignore
  const at = plane.lossesAt(points);
  const rises = (/** @type {number} */ scale) => {
    const around = points.flatMap(([x, y]) => directions.flatMap(([u, v]) => [[x + u * scale, y + v * scale], [x - u * scale, y - v * scale]])); // prettier-ignore
    const losses = plane.lossesAt(around);
    return points.map((_, n) => directions.map((_, k) => losses[8 * n + 2 * k] + losses[8 * n + 2 * k + 1] - 2 * at[n]));
  };
  const [far, close] = [rises(1), rises(1 / CLOSER)];
  const floor = LOW * heightOf(plane, Math.min(...at));
  return points.map((_, n) => far[n].some((rise, k) => rise > floor && close[n][k] > rise / CLOSER ** 1.5));
}
