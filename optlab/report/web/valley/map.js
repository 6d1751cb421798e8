/** The surface from above with trails and balls, on a plain canvas. */

import { between } from "../base/colours.js";
import { axesOf } from "./plane.js";
import { beyond } from "./border.js";
import { levelLines } from "./levels.js";
import { linearTicks, withTexts } from "../base/numbers.js";
import { indexAt, valueAt } from "../base/paths.js";
import { fontOf, scaled } from "../base/text.js";

const MARGINS = { left: 52, right: 10, top: 10, bottom: 30 };
const ARROW = [[1, 0], [-0.15, 0.9], [-0.15, 0.3], [-1, 0.3], [-1, -0.3], [-0.15, -0.3], [-0.15, -0.9]]; // prettier-ignore
const BUTTONS = 40; // the height of the buttons over the upper right corner
const FINE = 0.5; // pixels between two points of a trail
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
  let [width, height, text, margin] = [1, 1, 1, MARGINS]; // in pixels of the page: to ask a canvas for its size takes long
  const still = { canvas: document.createElement("canvas"), key: null }; // what does not change while balls roll
  /** @type {{ sx: number, sy: number, left: number, top: number } | null} where the centre is, and pixels per unit */
  let placed = null; // computed once for each drawing

  /** Pixels per unit of both coordinates: equal, unless the surface is very narrow. */
  function unit() {
    const size = [valley.high[0] - valley.low[0], valley.high[1] - valley.low[1]];
    const fit = [(width - margin.left - margin.right) / size[0],
                 (height - margin.top - margin.bottom) / size[1]]; // prettier-ignore
    const isNarrow = size[1] / size[0] < 0.4 || size[1] / size[0] > 2.5;
    const one = Math.min(...fit);
    return (isNarrow ? fit : [one, one]).map((value) => value * zoomed);
  }

  function measured() {
    const [sx, sy] = unit();
    return { sx, sy, left: (width + margin.left - margin.right) / 2, top: (height + margin.top - margin.bottom) / 2 };
  }

  /** @returns {[number, number]} */
  function at(/** @type {number} */ x, /** @type {number} */ y) {
    placed ??= measured();
    return [placed.left + (x - centre[0]) * placed.sx, placed.top - (y - centre[1]) * placed.sy];
  }

  /** The corners of the part of the canvas inside of the axes. @returns {[number[], number[]]} */
  function frame() {
    return [[margin.left, margin.top], [width - margin.right, height - margin.bottom]]; // prettier-ignore
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
    /** The canvas or texts have another size. */
    resize(/** @type {{ width: number, height: number, text: number }} */ size) {
      ({ width, height, text } = size);
      margin = scaled(MARGINS, text);
    },
    draw(marks, facts) {
      placed = measured();
      const key = [valley, facts.relief, facts.layer, canvas.width, width, height, text, ...centre, zoomed];
      if (key.some((value, n) => value !== still.key?.[n])) drawStill(facts);
      still.key = key;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.drawImage(still.canvas, 0, 0);
      clipped(context);
      for (const one of shownPaths) trail(one, facts);
      for (const one of marks) mark(one);
      context.restore();
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

  /** Draw only inside of the axes, until the context is restored. */
  function clipped(/** @type {CanvasRenderingContext2D} */ to) {
    const scale = canvas.width / width;
    to.setTransform(scale, 0, 0, scale, 0, 0);
    to.save();
    to.beginPath();
    const [first, last] = frame();
    to.rect(first[0], first[1], last[0] - first[0], last[1] - first[1]);
    to.clip();
  }

  /** The surface with its level lines and axes. */
  function drawStill(facts) {
    if (picture?.relief !== facts.relief) picture = { relief: facts.relief, image: imageOf(valley, facts.relief) };
    [still.canvas.width, still.canvas.height] = [canvas.width, canvas.height]; // which clears it
    const ground = /** @type {CanvasRenderingContext2D} */ (still.canvas.getContext("2d"));
    const [left, top] = at(valley.low[0], valley.high[1]);
    const [right, bottom] = at(valley.high[0], valley.low[1]);
    clipped(ground);
    ground.drawImage(picture.image, left, top, right - left, bottom - top);
    if (facts.layer) {
      ground.imageSmoothingEnabled = false;
      ground.globalAlpha = 0.85;
      ground.drawImage(facts.layer, left, top, right - left, bottom - top);
      ground.globalAlpha = 1;
    }
    levels(ground, [left, top, right, bottom], facts);
    ground.restore();
    axes(ground, facts);
  }

  function levels(to, [left, top, right, bottom], facts) {
    const [sx, sy] = [(right - left) / (valley.size - 1), (bottom - top) / (valley.size - 1)];
    to.beginPath();
    for (let i = 0; i < lines.length; i += 4) {
      to.moveTo(left + lines[i] * sx, bottom - lines[i + 1] * sy);
      to.lineTo(left + lines[i + 2] * sx, bottom - lines[i + 3] * sy);
    }
    to.strokeStyle = facts.dark ? "rgba(160,190,210,0.35)" : "rgba(90,125,150,0.45)";
    to.lineWidth = 0.7;
    to.stroke();
  }

  /** A trail up to the present step: its last part strong, its earlier part faint. */
  function trail({ path, colour, width }, { step, lastStep, ground }) {
    const end = indexAt(path.step, step);
    const recent = Math.min(indexAt(path.step, step - lastStep * 0.25), end);
    context.lineJoin = "round";
    context.strokeStyle = width > 0 ? ground : colour;
    const stroke = (/** @type {Path2D} */ line, /** @type {number} */ alpha, /** @type {number} */ wide) => {
      context.globalAlpha = alpha;
      context.lineWidth = wide;
      context.stroke(line);
    };
    const whole = lineOf(path, 0, end, step);
    if (width > 0) stroke(whole, 0.6, width * 2 + 2);
    context.strokeStyle = colour;
    stroke(whole, width > 0 ? 0.5 : 0.3, Math.abs(width) * 2 * 0.8);
    if (width > 0) stroke(lineOf(path, recent, end, step), 1, width * 2);
    context.globalAlpha = 1;
  }

  /** The part of a path between two of its points, and on to a step; without points that cannot be told from those before them. */
  function lineOf(path, /** @type {number} */ from, /** @type {number} */ end, /** @type {number} */ step) {
    const line = new Path2D();
    let [u, v] = [NaN, NaN]; // where the line is
    for (let i = from; i <= end; i++) {
      if (!Number.isFinite(path.x[i]) || Math.abs(path.x[i]) > 1e12 || Math.abs(path.y[i]) > 1e12) break;
      const [x, y] = at(path.x[i], path.y[i]);
      if (i < end && Math.abs(x - u) < FINE && Math.abs(y - v) < FINE) continue;
      if (Number.isNaN(u)) line.moveTo(x, y);
      else line.lineTo(x, y);
      [u, v] = [x, y];
    }
    if (step > path.step[end] && end + 1 < path.step.length && !Number.isNaN(u)) {
      const [x, y] = [path.x, path.y].map((values) => valueAt(path.step, values, step));
      if (Math.abs(x) < 1e12 && Math.abs(y) < 1e12) line.lineTo(...at(x, y));
    }
    return line;
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

  function axes(to, { ink }) {
    const [sx, sy] = unit();
    const [left, bottom] = [margin.left, height - margin.bottom];
    const [wide, high] = [width - margin.left - margin.right, height - margin.top - margin.bottom];
    const ticks = (/** @type {number} */ middle, /** @type {number} */ half, /** @type {number} */ most) =>
      withTexts(linearTicks(middle - half, middle + half, Math.max(2, Math.min(6, Math.floor(most)))), false);
    to.fillStyle = ink;
    to.font = fontOf(12, text);
    to.textAlign = "center";
    to.textBaseline = "top";
    for (const one of ticks(centre[0], wide / sx / 2, wide / (40 * text))) to.fillText(one.text, at(one.tick, 0)[0], bottom + 4 * text);
    to.textAlign = "right";
    to.textBaseline = "middle";
    for (const one of ticks(centre[1], high / sy / 2, high / (20 * text))) to.fillText(one.text, left - 5 * text, at(0, one.tick)[1]);
    const [across, up] = axesOf(valley.name) ?? ["x0", "x1"];
    to.fillText(across, width - margin.right, height - 7 * text);
    to.textAlign = "left";
    to.fillText(up, 8 * text, margin.top + 8 * text);
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
