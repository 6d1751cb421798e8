/** A chart of lines with bands on a canvas: median and band of each label along one quantity. */

import { withTexts } from "../base/numbers.js";
import { indexAt } from "../base/paths.js";
import { drawShape, meaningsOf, shapeOf } from "./marks.js";
import { ends, endsAcross, extent, isSpread, scaleOf } from "./scale.js";
import { fontOf, onResize, scaled, textScale, widthOf } from "../base/text.js";
import { createValues } from "./values.js";

/** The curves and bands of lines on their scales, by the arrays of their values, which do not change. */
const drawings = new WeakMap();

const MARGINS = { left: 58, right: 12, top: 8, bottom: 40 };
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
 * @property {number} [rounding] values that differ by a smaller share are equal
 * @property {{ ink: string, muted: string, grid: string, ground: string }} colours
 */

/** @param {string} title @param {string} text below the title */
export function createChart(title, text = "") {
  const figure = document.createElement("figure");
  const caption = figure.appendChild(document.createElement("figcaption"));
  caption.textContent = title;
  const note = caption.appendChild(document.createElement("small"));
  note.textContent = text;
  const plot = figure.appendChild(document.createElement("div"));
  plot.className = "plot";
  const canvas = plot.appendChild(document.createElement("canvas"));
  const key = figure.appendChild(document.createElement("p"));
  key.className = "muted";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${title}; the values are in the table below it`);
  const inTable = createValues(title);
  figure.append(inTable.box);
  const marker = plot.appendChild(document.createElement("i"));
  marker.setAttribute("aria-hidden", "true");
  marker.hidden = true;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  let [width, height, unit, margin] = [0, 0, 1, MARGINS];
  /** @type {Data | null} */
  let given = null;
  /** @type {any} */
  let drawn = null;

  // asking a canvas for its size takes long while the page changes
  onResize(canvas, () => {
    [width, height, unit] = [canvas.clientWidth, canvas.clientHeight, textScale()];
    margin = scaled(MARGINS, unit);
    if (given) draw(given);
  });

  /** @param {Data} data its arrays must not change afterwards */
  function draw(data) {
    given = data;
    if (!width) return;
    const scale = Math.min(window.devicePixelRatio || 1, 2);
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const strong = data.lines.filter((line) => !line.isFaint); // the axis stays when a line is pointed at
    const values = extent((strong.length ? strong : data.lines).flatMap((line) => (line.low ? [line.y, line.low] : [line.y])));
    const logY = data.logY ?? isSpread(values);
    const x = scaleOf(endsAcross(extent(data.lines.map((line) => line.x)), data.logX), data.logX, margin.left, width - margin.right);
    const y = scaleOf(ends(values, logY, data.start, data.rounding), logY, height - margin.bottom, margin.top);
    axes(data, x, y, logY);
    context.save();
    context.beginPath();
    context.rect(margin.left, margin.top, width - margin.left - margin.right, height - margin.top - margin.bottom);
    context.clip();
    if (data.bands) for (const line of data.lines) if (line.low && line.alpha === 1 && line.width >= 1) band(line, x, y, data.lines.length);
    for (const line of data.lines) curve(line, x, y);
    context.restore();
    const dotted = data.lines.filter((line) => line.dots);
    const lost = dotted.filter((line) => Array.from(line.y).includes(Infinity)).map((line) => line.label).sort((a, b) => a - b);
    const shapes = dotted.flatMap((line) => points(line, x, y, Math.max(lost.indexOf(line.label), 0) % ROWS));
    const meanings = meaningsOf(shapes);
    if (key.textContent !== meanings) key.textContent = meanings; // a change would lay the page out again
    drawn = { data, x, y };
    mark(data.marked);
  }

  /** Move the vertical line. @param {number | null} place on the horizontal axis */
  function mark(place) {
    if (given) given.marked = place;
    if (drawn) inTable.follow(given);
    const at = place === null || !drawn ? NaN : drawn.x.at(place);
    marker.hidden = !(at >= margin.left && at <= width - margin.right);
    if (!marker.hidden) marker.style.transform = `translateX(${at}px)`;
  }

  function axes(data, x, y, logY) {
    context.font = fontOf(12, unit);
    context.fillStyle = data.colours.ink;
    context.strokeStyle = data.colours.grid;
    context.lineWidth = 1;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const { tick, text } of withTexts(y.ticks, logY)) {
      const at = Math.round(y.at(tick)) + 0.5;
      context.beginPath();
      context.moveTo(margin.left, at);
      context.lineTo(width - margin.right, at);
      context.stroke();
      context.fillText(text, margin.left - 6 * unit, at);
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    let free = -Infinity;
    for (const { tick, text } of withTexts(x.ticks, data.logX)) {
      const wide = widthOf(context, text);
      const at = Math.min(x.at(tick), width - wide / 2 - 1); // the last one is not cut off
      if (at - wide / 2 < free) continue;
      free = at + wide / 2 + 10 * unit;
      context.fillText(text, at, height - margin.bottom + 6 * unit);
    }
    context.fillStyle = data.colours.muted;
    context.fillText(data.xName, (margin.left + width - margin.right) / 2, height - 16 * unit);
  }

  function curve(line, x, y) {
    context.globalAlpha = line.alpha;
    context.strokeStyle = context.fillStyle = line.colour;
    context.lineWidth = line.width;
    context.lineJoin = "round";
    context.setLineDash(line.dashed ? [6, 4] : []);
    context.stroke(drawing(line.y, line, x, y, pathOf));
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** Draw the points of a line, and return their shapes. Those that are not finite are in a row of their own. */
  function points(line, x, y, /** @type {number} */ row) {
    context.globalAlpha = line.alpha;
    context.strokeStyle = context.fillStyle = line.colour;
    context.lineWidth = 1.5;
    const shapes = Array.from(line.y, (value) => shapeOf(value, y, margin.top, height - margin.bottom));
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
    return Math.min(Math.max(at, margin.top + INSIDE), height - margin.bottom - INSIDE);
  }

  function band(line, x, y, count) {
    context.globalAlpha = 0.18 * Math.min(1, 5 / count);
    context.fillStyle = line.colour;
    context.fill(drawing(line.low, line, x, y, bandOf));
    context.globalAlpha = 1;
  }

  return {
    figure,
    canvas,
    draw,
    mark,
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

/** A path for the canvas, which is made again when a scale has changed. */
function drawing(/** @type {ArrayLike<number>} */ values, line, x, y, make) {
  const [known, key] = [drawings.get(values), x.key + y.key];
  if (known?.key === key && known.places === line.x) return known.path;
  const path = make(line, x, y);
  drawings.set(values, { key, places: line.x, path });
  return path;
}

function pathOf(line, x, y) {
  const path = new Path2D();
  let isDown = false;
  for (let i = 0; i < line.x.length; i++) {
    const isKnown = Number.isFinite(line.y[i]);
    if (isKnown && isDown) path.lineTo(x.at(line.x[i]), y.at(line.y[i]));
    else if (isKnown) path.moveTo(x.at(line.x[i]), y.at(line.y[i]));
    isDown = isKnown;
  }
  return path;
}

/** Where the upper end of a band is infinite, only its lower half is drawn. */
function bandOf({ x: places, y: middle, low, high }, x, y) {
  const path = new Path2D();
  const isKnown = (/** @type {number} */ i) => Number.isFinite(middle[i]) && Number.isFinite(low[i]);
  for (let i = 0; i < places.length; i++) if (isKnown(i)) path.lineTo(x.at(places[i]), y.at(low[i]));
  for (let i = places.length - 1; i >= 0; i--) if (isKnown(i)) path.lineTo(x.at(places[i]), y.at(Number.isFinite(high[i]) ? high[i] : middle[i]));
  return path;
}
