/** A map on a canvas: its pixels, axes with numbers, minima or theory, the chosen pixel, and a path over it. */

import { chained, levelLines } from "../valley/levels.js";
import { along, bordersOf } from "./panel.js";
import { linearTicks, logTicks, withTexts } from "../base/numbers.js";
import { indexAt } from "../base/paths.js";
import { fontOf, scaled, textScale } from "../base/text.js";

const MARGINS = { left: 58, right: 12, top: 10, bottom: 42 };
const LEVELS = Array.from({ length: 9 }, (_, n) => (4 * n + 1) / 35);
const DEEPEST = 64; // the largest zoom
const RADIUS_ONE = 32_000; // the spectral radius 1, see `maps.py`

/** @param {HTMLCanvasElement} canvas */
export function createMapView(canvas) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  /** @type {any} what is shown: panel, image, lines, minima */
  let given = null;
  let whole = [0, 1, 0, 1]; // left, right, bottom, top along the sides
  let view = whole;
  let [text, margin] = [1, MARGINS];

  /** The place of the axes: true to scale for starts, unless that would be a narrow strip; square for settings. */
  function frame() {
    const [width, height] = [canvas.clientWidth - margin.left - margin.right, canvas.clientHeight - margin.top - margin.bottom];
    const natural = (whole[3] - whole[2]) / (whole[1] - whole[0]);
    const ratio = given.isTrue && natural > 0.4 && natural < 2.5 ? natural : 1;
    const wide = Math.max(1, Math.min(width, height / ratio));
    return { left: margin.left + (width - wide) / 2, top: margin.top, wide, high: wide * ratio };
  }

  /** @returns {[number, number]} */
  function at(/** @type {number} */ u, /** @type {number} */ v) {
    const { left, top, wide, high } = frame();
    return [left + ((u - view[0]) / (view[1] - view[0])) * wide, top + high - ((v - view[2]) / (view[3] - view[2])) * high];
  }

  /** The place along the sides under a place of the canvas. @returns {[number, number]} */
  function under(/** @type {number} */ x, /** @type {number} */ y) {
    const { left, top, wide, high } = frame();
    return [view[0] + ((x - left) / wide) * (view[1] - view[0]), view[2] + ((top + high - y) / high) * (view[3] - view[2])];
  }

  /** Row and column of the pixel at a place along the sides, or null. */
  function pixelAt(/** @type {number} */ u, /** @type {number} */ v) {
    const { x, y } = given.panel;
    const column = Math.floor(((u - whole[0]) / (whole[1] - whole[0])) * x.length);
    const row = Math.floor(((v - whole[2]) / (whole[3] - whole[2])) * y.length);
    return row >= 0 && column >= 0 && row < y.length && column < x.length ? [row, column] : null;
  }

  /** Move the view to be within the whole. */
  function within(/** @type {number[]} */ wanted) {
    const found = [...wanted];
    for (const side of [0, 2]) {
      const size = Math.min(found[side + 1] - found[side], whole[side + 1] - whole[side]);
      found[side] = Math.min(Math.max(found[side], whole[side]), whole[side + 1] - size);
      found[side + 1] = found[side] + size;
    }
    return found;
  }

  return {
    open(/** @type {any} */ shown) {
      const isOther = !given || given.panel.case !== shown.panel.case;
      given = { ...shown, picture: pictureOf(shown.image, shown.panel), lines: linesOf(shown) };
      whole = bordersOf(given.panel);
      if (isOther) view = whole;
    },
    /** The pixel under a place of the canvas, or null. */
    under(/** @type {number} */ x, /** @type {number} */ y) {
      const { left, top, wide, high } = frame();
      return x < left || y < top || x > left + wide || y > top + high ? null : pixelAt(...under(x, y));
    },
    pixelOf: pixelAt,
    zoom(/** @type {number} */ factor, /** @type {number} */ x, /** @type {number} */ y) {
      const [u, v] = under(x, y);
      const least = (whole[1] - whole[0]) / DEEPEST / (view[1] - view[0]);
      const share = Math.max(1 / factor, least);
      view = within([u - (u - view[0]) * share, u + (view[1] - u) * share, v - (v - view[2]) * share, v + (view[3] - v) * share]);
    },
    pan(/** @type {number} */ right, /** @type {number} */ down) {
      const { wide, high } = frame();
      const [u, v] = [(right / wide) * (view[1] - view[0]), (down / high) * (view[3] - view[2])];
      view = within([view[0] - u, view[1] - u, view[2] + v, view[3] + v]);
    },
    reset: () => (view = whole),
    /** Texts have another size. */
    resize() {
      text = textScale();
      margin = scaled(MARGINS, text);
    },
    /** Where the middle of a pixel is on the canvas. */
    placeOf: (/** @type {number} */ row, /** @type {number} */ column) => at(...middle(row, column)),
    /** Move the view so that a pixel is in it. */
    show(/** @type {number} */ row, /** @type {number} */ column) {
      const place = middle(row, column);
      const moved = [...view];
      for (const side of [0, 1]) {
        const size = view[2 * side + 1] - view[2 * side];
        const shift = Math.min(place[side] - view[2 * side], 0) || Math.max(place[side] - view[2 * side + 1], 0);
        if (shift) [moved[2 * side], moved[2 * side + 1]] = [place[side] - size / 2, place[side] + size / 2];
      }
      view = within(moved);
    },
    draw,
  };

  /** Left, top, right and bottom of the middles of the outer pixels. @returns {[number, number, number, number]} */
  function centres() {
    const { x, y } = given.panel;
    const [[left, bottom], [right, top]] = [at(...middle(0, 0)), at(...middle(y.length - 1, x.length - 1))];
    return [left, top, right, bottom];
  }

  /** @returns {[number, number]} */
  function middle(row, column) {
    const { x, y, spacings } = given.panel;
    return [along(spacings[0], x[column]), along(spacings[1], y[row])];
  }

  /** @param {{ chosen: number[] | null, pointed: number[] | null, path: any, step: number, ink: string, muted: string, ground: string }} facts */
  function draw(facts) {
    const scale = canvas.width / Math.max(canvas.clientWidth, 1);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    const { left, top, wide, high } = frame();
    context.save();
    context.beginPath();
    context.rect(left, top, wide, high);
    context.clip();
    context.imageSmoothingEnabled = false;
    const [[x0, y0], [x1, y1]] = [at(whole[0], whole[3]), at(whole[1], whole[2])];
    context.drawImage(given.picture, x0, y0, x1 - x0, y1 - y0);
    for (const one of given.lines) lines(one, one.isCentred ? centres() : [x0, y0, x1, y1]);
    if (facts.path) path(facts);
    for (const one of given.marks) mark(one);
    if (facts.pointed) cell(facts.pointed, 1);
    if (facts.chosen) cell(facts.chosen, 2);
    context.restore();
    context.strokeStyle = facts.muted;
    context.lineWidth = 1;
    context.strokeRect(left - 0.5, top - 0.5, wide + 1, high + 1);
    axes(facts);
  }

  /** Level lines over the whole map. */
  function lines({ chains, size, colour, dash, width }, [left, top, right, bottom]) {
    const [sx, sy] = [(right - left) / (size - 1), (bottom - top) / (size - 1)];
    context.beginPath();
    for (const chain of chains) {
      chain.forEach(([column, row], n) => {
        const place = /** @type {[number, number]} */ ([left + column * sx, bottom - row * sy]);
        if (n) context.lineTo(...place);
        else context.moveTo(...place);
      });
    }
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.stroke();
    context.setLineDash([]);
  }

  function path({ path: { step: steps, x, y }, step }) {
    const end = indexAt(steps, step);
    context.beginPath();
    for (let i = 0; i <= end && Math.abs(x[i]) < 1e12 && Math.abs(y[i]) < 1e12; i++) context.lineTo(...at(x[i], y[i]));
    context.lineJoin = "round";
    outlined(1.8);
    context.beginPath();
    if (Math.abs(x[end]) < 1e12 && Math.abs(y[end]) < 1e12) context.arc(...at(x[end], y[end]), 5, 0, 2 * Math.PI);
    context.fillStyle = "#ffffff";
    context.fill();
    outlined(1.2);
  }

  /** A dark line on a white one, which can be seen on all colours. */
  function outlined(/** @type {number} */ width) {
    for (const [colour, wide] of /** @type {[string, number][]} */ ([["#ffffff", width + 2.4], ["#111111", width]])) {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.stroke();
    }
  }

  /** The outline of a pixel. @param {number[]} pixel its row and column @param {number} width */
  function cell([row, column], width) {
    const [x, y] = at(...middle(row, column));
    const { wide, high } = frame();
    const size = [(wide / given.panel.x.length) * ((whole[1] - whole[0]) / (view[1] - view[0])),
                  (high / given.panel.y.length) * ((whole[3] - whole[2]) / (view[3] - view[2]))].map((one) => Math.max(one, 9)); // prettier-ignore
    context.beginPath();
    context.rect(x - size[0] / 2, y - size[1] / 2, size[0], size[1]);
    outlined(width);
  }

  function mark({ u, v, kind, colour, size }) {
    const [x, y] = at(u, v);
    context.beginPath();
    if (kind === "star") {
      for (let i = 0; i < 10; i++) {
        const radius = i % 2 ? size * 0.42 : size;
        context.lineTo(x + radius * Math.sin((i * Math.PI) / 5), y - radius * Math.cos((i * Math.PI) / 5));
      }
    } else if (kind === "diamond") for (const [a, b] of [[0, -1], [1, 0], [0, 1], [-1, 0]]) context.lineTo(x + a * size, y + b * size); // prettier-ignore
    else context.arc(x, y, size, 0, 2 * Math.PI);
    context.closePath();
    context.fillStyle = colour;
    if (kind !== "ring") context.fill();
    context.strokeStyle = kind === "star" ? "#ffffff" : kind === "ring" ? colour : "#222222";
    context.lineWidth = kind === "ring" ? 2.4 : 1.2;
    context.stroke();
  }

  function axes({ ink, muted }) {
    const { left, top, wide, high } = frame();
    const { names, spacings } = given.panel;
    const ticks = (/** @type {number} */ side) => {
      const [low, end] = [view[2 * side], view[2 * side + 1]];
      const many = side === 0 ? Math.max(2, Math.floor(wide / (80 * text))) : Math.max(2, Math.floor(high / (60 * text)));
      if (spacings[side] !== "log") return withTexts(linearTicks(low, end, many), false).map((one) => ({ ...one, place: one.tick }));
      return withTexts(logTicks(10 ** low, 10 ** end, many), true).map((one) => ({ ...one, place: Math.log10(one.tick) }));
    };
    context.fillStyle = ink;
    context.font = fontOf(12, text);
    context.textAlign = "center";
    context.textBaseline = "top";
    let free = -Infinity;
    for (const { text: label, place } of ticks(0)) {
      const [x] = at(place, 0);
      const half = context.measureText(label).width / 2;
      if (x - half < free) continue;
      free = x + half + 8 * text;
      context.fillText(label, x, top + high + 6 * text);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const { text: label, place } of ticks(1)) context.fillText(label, left - 6 * text, at(0, place)[1]);
    context.fillStyle = muted;
    context.textAlign = "center";
    context.fillText(names[0], left + wide / 2, top + high + 30 * text);
    context.save();
    context.translate(12 * text, top + high / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(names[1], 0, 0);
    context.restore();
  }
}

/** The pixels as a picture; its first row is the highest. */
function pictureOf(image, { x, y }) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [x.length, y.length];
  const turned = new Uint8ClampedArray(image.length);
  const row = 4 * x.length;
  for (let n = 0; n < y.length; n++) turned.set(image.subarray(n * row, (n + 1) * row), (y.length - 1 - n) * row);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.putImageData(new ImageData(turned, x.length, y.length), 0, 0);
  return canvas;
}

/** The level lines of the function below starts, or the limit of stability in theory. */
function linesOf({ panel, valley, isTrue }) {
  if (isTrue && valley) {
    const pieces = levelLines(valley.heights, valley.size, LEVELS);
    return [{ chains: chained(pieces), size: valley.size, colour: "rgba(255,255,255,0.45)", dash: [], width: 0.7, isCentred: false }];
  }
  if (!panel.theory) return [];
  const { radius, size } = panel.theory;
  const chains = chained(levelLines(radius, size, [RADIUS_ONE]));
  return [["rgba(255,255,255,0.85)", 3.4, []], ["#222222", 1.6, [7, 4]]].map(([colour, width, dash]) => ({
    chains, size, colour, width, dash, isCentred: true,
  })); // prettier-ignore
}
