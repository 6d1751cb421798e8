/** A chart of lines with bands on a canvas: median and band of each label along one quantity. */

import { tickText } from "../base/numbers.js";
import { indexAt } from "../base/paths.js";
import { drawShape, meaningsOf, shapeOf } from "./marks.js";
import { ends, isSpread, scaleOf } from "./scale.js";
import { createValues } from "./values.js";

const MARGIN = { left: 58, right: 12, top: 8, bottom: 40 };
const INSIDE = 7; // pixels from the border to a mark of a point outside
const ROWS = 4; // of marks of different lines at the same place

/**
 * @typedef {object} Line
 * @property {number} label
 * @property {string} name
 * @property {ArrayLike<number>} x
 * @property {ArrayLike<number>} y
 * @property {ArrayLike<number>} [low]
 * @property {ArrayLike<number>} [high]
 * @property {string} colour
 * @property {number} width
 * @property {number} alpha
 * @property {boolean} [isFaint] whether the vertical axis leaves it out
 * @property {boolean} dots
 * @property {boolean} [dashed]
 *
 * @typedef {object} Data
 * @property {Line[]} lines
 * @property {string} xName
 * @property {boolean} logX
 * @property {boolean | null} logY null: as fits the values
 * @property {number} start the value at the start, or NaN
 * @property {number | null} marked the place of the vertical line
 * @property {boolean} bands
 * @property {{ ink: string, muted: string, grid: string, ground: string }} colours
 */

/** @param {string} title @param {string} text below the title */
export function createChart(title, text = "") {
  const figure = document.createElement("figure");
  const caption = figure.appendChild(document.createElement("figcaption"));
  caption.textContent = title;
  const note = caption.appendChild(document.createElement("small"));
  note.textContent = text;
  const canvas = figure.appendChild(document.createElement("canvas"));
  const key = figure.appendChild(document.createElement("p"));
  key.className = "muted";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${title}; the values are in the table below it`);
  const inTable = createValues(title);
  figure.append(inTable.box);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  /** @type {any} */
  let drawn = null;

  /** @param {Data} data */
  function draw(data) {
    const scale = Math.min(window.devicePixelRatio || 1, 2);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const strong = data.lines.filter((line) => !line.isFaint); // the axis stays when a line is pointed at
    const values = (strong.length ? strong : data.lines).flatMap((line) => [...Array.from(line.y), ...Array.from(line.low ?? [])]);
    const places = data.lines.flatMap((line) => Array.from(line.x));
    const logY = data.logY ?? isSpread(values.filter(Number.isFinite));
    const x = scaleOf(rangeX(places, data.logX), data.logX, MARGIN.left, width - MARGIN.right);
    const y = scaleOf(ends(values, logY, data.start), logY, height - MARGIN.bottom, MARGIN.top);
    axes(data, x, y, logY, width, height);
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, MARGIN.top, width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom);
    context.clip();
    if (data.bands) for (const line of data.lines) if (line.low && line.alpha === 1 && line.width >= 1) band(line, x, y, data.lines.length);
    for (const line of data.lines) curve(line, x, y);
    if (data.marked !== null) marker(data, x.at(data.marked), height);
    context.restore();
    const dotted = data.lines.filter((line) => line.dots);
    const lost = dotted.filter((line) => Array.from(line.y).includes(Infinity)).map((line) => line.label).sort((a, b) => a - b);
    const shapes = dotted.flatMap((line) => points(line, x, y, height, Math.max(lost.indexOf(line.label), 0) % ROWS));
    const meanings = meaningsOf(shapes);
    if (key.textContent !== meanings) key.textContent = meanings; // a change would lay the page out again
    drawn = { data, x, y };
    inTable.follow(data);
  }

  function axes(data, x, y, logY, width, height) {
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = data.colours.ink;
    context.strokeStyle = data.colours.grid;
    context.lineWidth = 1;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const tick of y.ticks) {
      const at = Math.round(y.at(tick)) + 0.5;
      context.beginPath();
      context.moveTo(MARGIN.left, at);
      context.lineTo(width - MARGIN.right, at);
      context.stroke();
      context.fillText(tickText(tick, logY), MARGIN.left - 6, at);
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    let free = -Infinity;
    for (const tick of x.ticks) {
      const at = x.at(tick);
      if (at < free) continue;
      const text = tickText(tick, data.logX);
      free = at + context.measureText(text).width + 10;
      context.fillText(text, at, height - MARGIN.bottom + 6);
    }
    context.fillStyle = data.colours.muted;
    context.fillText(data.xName, (MARGIN.left + width - MARGIN.right) / 2, height - 16);
  }

  function curve(line, x, y) {
    context.globalAlpha = line.alpha;
    context.strokeStyle = context.fillStyle = line.colour;
    context.lineWidth = line.width;
    context.lineJoin = "round";
    context.setLineDash(line.dashed ? [6, 4] : []);
    context.beginPath();
    let isDown = false;
    for (let i = 0; i < line.x.length; i++) {
      if (!Number.isFinite(line.y[i])) {
        isDown = false;
        continue;
      }
      const [u, v] = [x.at(line.x[i]), y.at(line.y[i])];
      if (isDown) context.lineTo(u, v);
      else context.moveTo(u, v);
      isDown = true;
    }
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** Draw the points of a line, and return their shapes. Those that are not finite are in a row of their own. */
  function points(line, x, y, height, /** @type {number} */ row) {
    context.globalAlpha = line.alpha;
    context.strokeStyle = context.fillStyle = line.colour;
    context.lineWidth = 1.5;
    const shapes = Array.from(line.y, (value) => shapeOf(value, y, MARGIN.top, height - MARGIN.bottom));
    shapes.forEach((shape, i) => {
      const at = y.at(line.y[i]);
      const place = shape === "dot" ? at : inside(at) + (shape === "infinite" ? row * 1.5 * INSIDE : 0);
      if (shape) drawShape(context, shape, x.at(line.x[i]), place, line.width + (shape === "dot" ? 1.2 : 2));
    });
    context.globalAlpha = 1;
    return shapes;
  }

  /** The height of a mark: inside of the axis. */
  function inside(/** @type {number} */ at) {
    return Math.min(Math.max(at, MARGIN.top + INSIDE), canvas.clientHeight - MARGIN.bottom - INSIDE);
  }

  /** Where the upper end of a band is infinite, only its lower half is drawn. */
  function band(line, x, y, count) {
    context.globalAlpha = 0.18 * Math.min(1, 5 / count);
    context.fillStyle = line.colour;
    context.beginPath();
    const known = Array.from(line.x, (_, i) => i).filter((i) => Number.isFinite(line.y[i]) && Number.isFinite(line.low[i]));
    for (const i of known) context.lineTo(x.at(line.x[i]), y.at(line.low[i]));
    for (const i of known.reverse()) context.lineTo(x.at(line.x[i]), y.at(Number.isFinite(line.high[i]) ? line.high[i] : line.y[i]));
    context.fill();
    context.globalAlpha = 1;
  }

  function marker(data, at, height) {
    context.strokeStyle = data.colours.muted;
    context.lineWidth = 1.5;
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(at, MARGIN.top);
    context.lineTo(at, height - MARGIN.bottom);
    context.stroke();
    context.setLineDash([]);
  }

  return {
    figure,
    canvas,
    draw,
    /** Change the text below the title. */
    describe(/** @type {string} */ words) {
      note.textContent = words;
    },
    /** The line near a place of the canvas, its value there, and the place on the horizontal axis. */
    near(/** @type {number} */ px, /** @type {number} */ py) {
      if (!drawn) return null;
      const place = drawn.x.value(px);
      let found = null;
      let least = 24;
      for (const line of drawn.data.lines) {
        const i = indexAt(line.x, place);
        const index = i + 1 < line.x.length && line.x[i + 1] - place < place - line.x[i] ? i + 1 : i;
        const far = Math.abs((line.dots ? inside(drawn.y.at(line.y[index])) : drawn.y.at(line.y[index])) - py);
        if (far < least) [found, least] = [{ label: line.label, value: line.y[index], x: line.x[index] }, far];
      }
      return { line: found, place };
    },
  };
}

function rangeX(places, log) {
  const known = places.filter((place) => Number.isFinite(place) && (!log || place > 0));
  if (!known.length) return log ? [1, 10] : [0, 1];
  const [low, high] = [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
  return high > low ? [low, high] : log ? [low / 2, low * 2] : [low - 0.5, high + 0.5];
}
