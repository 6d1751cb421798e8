/** The surface from above with trails and balls, on a plain canvas. */

import { between } from "../base/colours.js";
import { axesOf } from "./plane.js";
import { beyond } from "./border.js";
import { levelLines } from "./levels.js";
import { linearTicks, tickText } from "../base/numbers.js";
import { indexAt } from "../base/paths.js";
import { fontOf, scaled, textScale } from "../base/text.js";

const MARGINS = { left: 52, right: 10, top: 10, bottom: 30 };
const ARROW = [[1, 0], [-0.15, 0.9], [-0.15, 0.3], [-1, 0.3], [-1, -0.3], [-0.15, -0.3], [-0.15, -0.9]]; // prettier-ignore
const BUTTONS = 40; // the height of the buttons over the upper right corner
const LEVELS = Array.from({ length: 14 }, (_, i) => (i + 0.5) / 14);

/** @param {HTMLCanvasElement} canvas */
export function createMap(canvas) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  let valley = null;
  let centre = [0, 0];
  let zoomed = 1;
  let shownPaths = [];
  let picture = null;
  let lines = [];
  let [text, margin] = [1, MARGINS];
  /** @type {{ sx: number, sy: number, left: number, top: number } | null} where the centre is, and pixels per unit */
  let placed = null; // measured once for each drawing: to ask a canvas for its size takes long

  /** Pixels per unit of both coordinates: equal, unless the surface is very narrow. */
  function unit() {
    const size = [valley.high[0] - valley.low[0], valley.high[1] - valley.low[1]];
    const fit = [(canvas.clientWidth - margin.left - margin.right) / size[0],
                 (canvas.clientHeight - margin.top - margin.bottom) / size[1]]; // prettier-ignore
    const isNarrow = size[1] / size[0] < 0.4 || size[1] / size[0] > 2.5;
    const one = Math.min(...fit);
    return (isNarrow ? fit : [one, one]).map((value) => value * zoomed);
  }

  function measured() {
    const [sx, sy] = unit();
    return { sx, sy, left: (canvas.clientWidth + margin.left - margin.right) / 2, top: (canvas.clientHeight + margin.top - margin.bottom) / 2 };
  }

  /** @returns {[number, number]} */
  function at(/** @type {number} */ x, /** @type {number} */ y) {
    placed ??= measured();
    return [placed.left + (x - centre[0]) * placed.sx, placed.top - (y - centre[1]) * placed.sy];
  }

  /** The corners of the part of the canvas inside of the axes. @returns {[number[], number[]]} */
  function frame() {
    return [[margin.left, margin.top], [canvas.clientWidth - margin.right, canvas.clientHeight - margin.bottom]]; // prettier-ignore
  }

  function reset() {
    placed = null;
    centre = [0, 1].map((d) => (valley.low[d] + valley.high[d]) / 2);
    zoomed = 1;
  }

  return {
    open(given) {
      valley = given;
      picture = null;
      lines = levelLines(valley.heights, valley.size, LEVELS);
      reset();
    },
    trails(shown) {
      shownPaths = shown;
    },
    /** Texts have another size. */
    resize() {
      text = textScale();
      margin = scaled(MARGINS, text);
    },
    draw(marks, facts) {
      placed = measured();
      const scale = canvas.width / Math.max(canvas.clientWidth, 1);
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
      if (picture?.relief !== facts.relief) picture = { relief: facts.relief, image: imageOf(valley, facts.relief) };
      const [left, top] = at(valley.low[0], valley.high[1]);
      const [right, bottom] = at(valley.high[0], valley.low[1]);
      context.save();
      context.beginPath();
      const [first, last] = frame();
      context.rect(first[0], first[1], last[0] - first[0], last[1] - first[1]);
      context.clip();
      context.imageSmoothingEnabled = true;
      context.drawImage(picture.image, left, top, right - left, bottom - top);
      if (facts.layer) {
        context.imageSmoothingEnabled = false;
        context.globalAlpha = 0.85;
        context.drawImage(facts.layer, left, top, right - left, bottom - top);
        context.globalAlpha = 1;
      }
      levels([left, top, right, bottom], facts);
      for (const one of shownPaths) trail(one, facts);
      for (const one of marks) mark(one);
      context.restore();
      axes(facts);
    },
    at,
    /** The point of the plane at a place of the canvas. */
    under(/** @type {number} */ left, /** @type {number} */ top) {
      const [sx, sy] = unit();
      const [x, y] = at(0, 0);
      return [(left - x) / sx, (y - top) / sy];
    },
    turn(/** @type {number} */ right, /** @type {number} */ down) {
      this.pan(right, down);
    },
    pan(/** @type {number} */ right, /** @type {number} */ down) {
      const [sx, sy] = unit();
      centre = [centre[0] - right / sx, centre[1] + down / sy];
    },
    zoom(/** @type {number} */ factor) {
      placed = null;
      zoomed = Math.min(200, Math.max(0.5, zoomed * factor));
    },
    camera: () => ({ centre, zoomed }),
    look(/** @type {{ centre: number[], zoomed: number }} */ given) {
      ({ centre, zoomed } = given);
    },
    reset,
  };

  function levels([left, top, right, bottom], facts) {
    const [sx, sy] = [(right - left) / (valley.size - 1), (bottom - top) / (valley.size - 1)];
    context.beginPath();
    for (let i = 0; i < lines.length; i += 4) {
      context.moveTo(left + lines[i] * sx, bottom - lines[i + 1] * sy);
      context.lineTo(left + lines[i + 2] * sx, bottom - lines[i + 3] * sy);
    }
    context.strokeStyle = facts.dark ? "rgba(160,190,210,0.35)" : "rgba(90,125,150,0.45)";
    context.lineWidth = 0.7;
    context.stroke();
  }

  /** A trail up to the present step: its last part strong, its earlier part faint. */
  function trail({ path, colour, width }, { step, lastStep, ground }) {
    const end = indexAt(path.step, step);
    const recent = Math.min(indexAt(path.step, step - lastStep * 0.25), end);
    context.lineJoin = "round";
    context.strokeStyle = width > 0 ? ground : colour;
    const stroke = (/** @type {number} */ from, /** @type {number} */ alpha, /** @type {number} */ wide) => {
      context.globalAlpha = alpha;
      context.lineWidth = wide;
      context.beginPath();
      let isDown = false;
      for (let i = from; i <= end; i++) {
        if (!Number.isFinite(path.x[i]) || Math.abs(path.x[i]) > 1e12 || Math.abs(path.y[i]) > 1e12) break;
        const [x, y] = at(path.x[i], path.y[i]);
        if (isDown) context.lineTo(x, y);
        else context.moveTo(x, y);
        isDown = true;
      }
      if (step > path.step[end] && end + 1 < path.step.length && isDown) {
        const share = (step - path.step[end]) / (path.step[end + 1] - path.step[end]);
        const mix = (/** @type {Float32Array} */ v) => v[end] + share * (v[end + 1] - v[end]);
        const [x, y] = [mix(path.x), mix(path.y)];
        if (Math.abs(x) < 1e12 && Math.abs(y) < 1e12) context.lineTo(...at(x, y));
      }
      context.stroke();
    };
    if (width > 0) stroke(0, 0.6, width * 2 + 2);
    context.strokeStyle = colour;
    stroke(0, width > 0 ? 0.5 : 0.3, Math.abs(width) * 2 * 0.8);
    if (width > 0) stroke(recent, 1, width * 2);
    context.globalAlpha = 1;
  }

  function mark({ x, y, size, colour, kind }) {
    const [u, v] = at(x, y);
    const [low, high] = frame();
    if (kind === 0 && beyond(low, high, [u, v])) return arrow(beyond([low[0], low[1] + BUTTONS * text], high, [u, v]), 1.5 * size, colour);
    if (!(Math.abs(x) < 1e12 && Math.abs(y) < 1e12)) return;
    context.beginPath();
    if (kind === 2) {
      for (let i = 0; i < 10; i++) {
        const radius = i % 2 ? size * 0.42 : size;
        context.lineTo(u + radius * Math.sin((i * Math.PI) / 5), v - radius * Math.cos((i * Math.PI) / 5));
      }
      context.closePath();
    } else context.arc(u, v, size, 0, 2 * Math.PI);
    context.fillStyle = kind === 1 ? "#ffffff" : colour;
    if (kind === 0) {
      const shade = context.createRadialGradient(u - size / 3, v - size / 3, size / 8, u, v, size);
      shade.addColorStop(0, "#ffffff");
      shade.addColorStop(0.35, colour);
      shade.addColorStop(1, colour);
      context.fillStyle = shade;
    }
    context.fill();
    context.strokeStyle = kind === 0 ? "#ffffff" : "#222222";
    context.lineWidth = 1.4;
    context.stroke();
  }

  /** An arrow whose tip is on the border, for a ball outside. */
  function arrow({ from, way }, size, colour) {
    const [c, s] = way;
    context.beginPath();
    for (const [along, across] of ARROW) {
      context.lineTo(from[0] + size * ((along - 1) * c - across * s), from[1] + size * ((along - 1) * s + across * c));
    }
    context.closePath();
    context.fillStyle = colour;
    context.fill();
    context.strokeStyle = "#ffffff";
    context.lineWidth = 1.4;
    context.stroke();
  }

  function axes({ ink }) {
    const [sx, sy] = unit();
    const [left, bottom] = [margin.left, canvas.clientHeight - margin.bottom];
    const [wide, high] = [canvas.clientWidth - margin.left - margin.right, canvas.clientHeight - margin.top - margin.bottom];
    const ticks = (/** @type {number} */ middle, /** @type {number} */ half, /** @type {number} */ most) =>
      linearTicks(middle - half, middle + half, Math.max(2, Math.min(6, Math.floor(most))));
    context.fillStyle = ink;
    context.font = fontOf(12, text);
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const tick of ticks(centre[0], wide / sx / 2, wide / (40 * text))) context.fillText(tickText(tick, false), at(tick, 0)[0], bottom + 4 * text);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const tick of ticks(centre[1], high / sy / 2, high / (20 * text))) context.fillText(tickText(tick, false), left - 5 * text, at(0, tick)[1]);
    const [across, up] = axesOf(valley.name) ?? ["x0", "x1"];
    context.fillText(across, canvas.clientWidth - margin.right, canvas.clientHeight - 7 * text);
    context.textAlign = "left";
    context.fillText(up, 8 * text, margin.top + 8 * text);
  }
}

/** The heights as a picture, with one pixel for each point of the grid. */
function imageOf({ size, heights }, relief) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(size, size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const height = heights[(size - 1 - i) * size + j];
      if (!Number.isFinite(height)) continue;
      image.data.set([...between(relief, height).map((value) => 255 * value), 255], 4 * (i * size + j));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
