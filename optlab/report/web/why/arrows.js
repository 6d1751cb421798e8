/** Arrows on the surface or on the map, which begin at a ball. */

import { fontOf, widthOf } from "../base/text.js";
import { boxOf } from "../valley/surface.js";

const HEAD = 9; // pixels
const PARTS = 24;
const RIM = 9; // pixels from the middle of a ball, which stays visible
const AROUND = [0, 45, -45, 90, -90, 135, -135, 180].map((degrees) => (degrees * Math.PI) / 180);

/**
 * @typedef {object} Arrow
 * @property {string} name
 * @property {string} colour
 * @property {number[]} vector in the plane of x0 and x1
 * @property {number | null} pixels its length on the screen; null: it ends at its end in the plane
 *
 * @typedef {object} View
 * @property {(x: number, y: number) => number[] | null} at where a point of the plane is on the screen
 * @property {{ low: number[], high: number[] }} valley
 * @property {{ width: number, height: number, text: number }} size of the canvas in pixels of the page, and of texts, see `textScale`
 */

/**
 * Draw arrows from a point, the longest first.
 * @param {HTMLCanvasElement} canvas @param {View} view @param {number[]} from @param {Arrow[]} arrows @param {string} halo
 */
export function drawArrows(canvas, view, from, arrows, halo) {
  const context = cleared(canvas, view.size);
  const known = arrows.map((arrow) => ({ ...arrow, points: pointsOf(view, from, arrow) })).filter(({ points }) => points.length > 1);
  known.sort((a, b) => lengthOf(b.points) - lengthOf(a.points));
  for (const arrow of known) shape(context, arrow, halo);
  const taken = known.flatMap(({ points }) => points.map(([u, v]) => ({ u, v, half: 0 })));
  for (const arrow of known.reverse()) name(context, arrow, halo, view.size.text, taken);
}

/** @param {HTMLCanvasElement} canvas @param {View["size"]} size */
export function cleared(canvas, size) {
  const scale = Math.min(window.devicePixelRatio || 1, 2);
  const [width, height] = [size.width, size.height].map((one) => Math.round(one * scale));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, size.width, size.height);
  return context;
}

/**
 * Points of an arrow on the screen. On the surface it follows the ground, so it is shorter where the view is flat.
 * It ends where the surface ends.
 * @param {View} view @param {number[]} from @param {{ vector: number[], pixels: number | null }} arrow
 */
export function pointsOf({ at, valley }, from, { vector, pixels }) {
  const box = boxOf(valley);
  const unit = box.stretch.map((factor) => box.half / factor); // in the box both coordinates have the same scale
  const along = vector.map((value, d) => value / unit[d]);
  const size = Math.hypot(...along);
  const place = (/** @type {number[]} */ way, /** @type {number} */ far) => {
    const point = at(from[0] + far * way[0] * unit[0], from[1] + far * way[1] * unit[1]);
    return point && point.every(Number.isFinite) ? point : null;
  };
  const first = place([0, 0], 0);
  if (!first || !(size > 0) || !Number.isFinite(size)) return [];
  const way = along.map((value) => value / size);
  const pixelsPerUnit = (/** @type {number[]} */ one) => {
    const near = place(one, 1e-3) ?? place(one, -1e-3);
    return near ? Math.hypot(near[0] - first[0], near[1] - first[1]) / 1e-3 : 0;
  };
  const scale = Math.max(...[[1, 0], [0, 1], way].map(pixelsPerUnit)); // prettier-ignore
  const length = pixels === null ? size : pixels / scale;
  const points = [first];
  for (let part = 1; part <= PARTS; part++) {
    const point = place(way, (length * part) / PARTS);
    if (!point) break;
    points.push(point);
  }
  return points;
}

function lengthOf(points) {
  return points.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - points[i][0], y - points[i][1]), 0);
}

/** The tip and the direction of the last part. */
function endOf(points) {
  const [[x0, y0], [x1, y1]] = points.slice(-2);
  return { x: x1, y: y1, angle: Math.atan2(y1 - y0, x1 - x0) };
}

function shape(context, { points, colour }, halo) {
  const { x, y, angle } = endOf(points);
  const head = Math.min(HEAD, lengthOf(points) * 0.6);
  const back = (/** @type {number} */ turn) => [x - head * Math.cos(angle + turn), y - head * Math.sin(angle + turn)];
  const apart = (/** @type {number[]} */ [u, v], /** @type {number[]} */ [to, down]) => Math.hypot(u - to, v - down);
  const rim = Math.min(RIM, lengthOf(points) * 0.3);
  const shaft = points.filter((point) => apart(point, [x, y]) > head * 0.7 && apart(point, points[0]) >= rim);
  context.lineJoin = context.lineCap = "round";
  for (const [style, width] of [[halo, 6], [colour, 3]]) { // prettier-ignore
    context.strokeStyle = context.fillStyle = style;
    context.lineWidth = width;
    context.beginPath();
    for (const point of shaft) context.lineTo(...point);
    context.stroke();
    context.beginPath();
    for (const point of [[x, y], back(0.45), back(-0.45)]) context.lineTo(...point);
    context.closePath();
    context.lineWidth = width - 2.5;
    context.stroke();
    context.fill();
  }
}

/** Write the name beyond the tip, or beside it where an arrow or another name is. */
function name(context, { name: text, colour, points }, halo, scale, taken) {
  const { x, y, angle } = endOf(points);
  context.font = fontOf(13, scale, 600);
  context.textAlign = "center";
  context.textBaseline = "middle";
  const half = widthOf(context, text) / 2;
  const places = [0, 14, 28].flatMap((far) => AROUND.map((turn) => {
    return [x + (scale * (8 + far) + half) * Math.cos(angle + turn), y + scale * (16 + far) * Math.sin(angle + turn)];
  })); // prettier-ignore
  const isOver = (other, u, v) => Math.abs(other.u - u) < other.half + half + 2 && Math.abs(other.v - v) < scale * (other.half ? 15 : 8);
  const [u, v] = places.find(([u, v]) => !taken.some((other) => isOver(other, u, v))) ?? places[0];
  taken.push({ u, v, half });
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = halo;
  context.strokeText(text, u, v);
  context.fillStyle = colour;
  context.fillText(text, u, v);
}
