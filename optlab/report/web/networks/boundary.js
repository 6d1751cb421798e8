/** The decision boundary of each optimizer's network at the present step, over the examples in the plane. */

import { rgb } from "../base/colours.js";
import { faultText } from "../base/faults.js";
import { spaced } from "../kernels/compute.js";
import { levelLines } from "../valley/levels.js";
import { accuracy, loadOutputs, margins, parametersAt } from "../kernels/outputs.js";

/** Colours of classes, which are not those of optimizers (Paul Tol's bright scheme, made for colour blindness). */
const CLASSES = ["#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#BBBBBB"];
const SHAPES = 4;
const STRENGTH = 0.55; // of the colours of classes over the ground
const SHOWN =
  "Class probabilities at the present step; the line is where two classes are equally probable. Filled marks are training points, hollow ones test points.";
const UNKNOWN =
  "It is not shown: the parameters along the steps were not recorded, and the page cannot train these networks. An experiment records them with trajectories = true in [record].";
const MOST = 200; // steps whose parameters are kept

/**
 * @param {any} document_
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {(index: number) => any} openCase
 * @param {ReturnType<typeof import("../base/colours.js").createColours>} colours
 * @param {ReturnType<typeof import("../live/live.js").createLive>} live
 */
export function createBoundary(document_, state, openCase, colours, live) {
  const section = document.getElementById("boundary");
  const place = document.getElementById("panels");
  const field = document.createElement("canvas");
  const resized = new ResizeObserver(draw);
  let boundary = null;
  let outputs = null;
  let panels = [];
  const computed = new Map();
  let points = { key: "", image: document.createElement("canvas") };

  async function open() {
    const { caseIndex } = state.now;
    boundary = openCase(caseIndex).boundary;
    panels = [];
    place.replaceChildren();
    resized.disconnect();
    const labels = boundary ? document_.labels.map((_, label) => label).filter(isKnown) : [];
    section.hidden = !boundary;
    if (section.hidden) return;
    document.getElementById("boundary-note").textContent = labels.length ? SHOWN : UNKNOWN;
    const found = await Promise.all([loadOutputs(boundary), Promise.all(labels.map(pathOf))]).catch(lost);
    if (!found || state.now.caseIndex !== caseIndex) return;
    const [loaded, paths] = found;
    outputs = loaded;
    points.key = "";
    field.width = field.height = boundary.grid;
    panels = paths.map(panel);
    draw();
  }

  /** The parameters of a label that were recorded, or computed in their place after a change of settings. */
  const recordedOf = (/** @type {number} */ label) => openCase(state.now.caseIndex).boundary.recorded.find((one) => one.label === label);

  /** Whether the parameters of a label along the steps were recorded, or can be computed here. */
  function isKnown(/** @type {number} */ label) {
    return Boolean(recordedOf(label)) || (!colours.isFaint(label) && Boolean(live.current(state.now.caseIndex, label)));
  }

  /** The parameters of a label along the steps. */
  async function pathOf(/** @type {number} */ label) {
    const { caseIndex } = state.now;
    const recorded = recordedOf(label);
    if (recorded) return recorded;
    const kernel = await live.kernelOf(caseIndex, label);
    const { x0, numbers, steps } = live.current(caseIndex, label);
    const key = [x0, numbers, steps].join(";");
    const before = computed.get(label);
    if (before?.kernel === kernel && before.key === key) return before.path;
    const { record, trail } = kernel.run({ x0: [x0], numbers, steps, record: spaced(steps, MOST) });
    const path = { label, step: record, x: trail };
    computed.set(label, { kernel, key, path });
    return path;
  }

  /** Say why the boundaries are not those of the present settings. @param {unknown} error */
  function lost(error) {
    document.getElementById("boundary-note").textContent = faultText("The decision boundary", error);
  }

  /** Show what was computed after a change of settings. */
  async function follow() {
    const { caseIndex } = state.now;
    const paths = await Promise.all(panels.map(({ path }) => pathOf(path.label))).catch(lost);
    if (!paths || state.now.caseIndex !== caseIndex) return;
    paths.forEach((path, n) => (panels[n].path = path));
    draw();
  }

  function panel(path) {
    const figure = place.appendChild(document.createElement("figure"));
    const caption = figure.appendChild(document.createElement("figcaption"));
    const swatch = caption.appendChild(document.createElement("span"));
    swatch.className = "swatch";
    const { name } = document_.labels[path.label];
    caption.append(` ${name}`);
    const rates = caption.appendChild(document.createElement("small"));
    const canvas = figure.appendChild(document.createElement("canvas"));
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `class probabilities of ${name} over the plane; the caption has the accuracies`);
    const size = [boundary.high[0] - boundary.low[0], boundary.high[1] - boundary.low[1]];
    canvas.setAttribute("style", `aspect-ratio:${Math.min(2, Math.max(0.6, size[0] / size[1]))}`);
    figure.addEventListener("pointerenter", () => state.set({ hover: path.label }));
    figure.addEventListener("pointerleave", () => state.set({ hover: null }));
    resized.observe(canvas);
    return { path, figure, swatch, rates, canvas };
  }

  function draw() {
    for (const { path, figure, swatch, rates, canvas } of panels) {
      figure.hidden = state.now.hidden.has(path.label);
      if (figure.hidden || !canvas.clientWidth) continue;
      figure.classList.toggle("lit", state.now.hover === path.label);
      swatch.setAttribute("style", `background:${colours.of(path.label, state.now.dark)}`);
      const found = outputs.at(parametersAt(path, state.now.step));
      rates.textContent = Number.isFinite(found[0]) ? rate(found) : "diverged";
      paint(canvas, found);
    }
  }

  function rate(found) {
    const { grid, classes, trained, class: known } = boundary;
    const of = found.subarray(grid * grid * classes);
    const text = (/** @type {number} */ begin, /** @type {number} */ end) => `${(100 * accuracy(of, classes, known, begin, end)).toFixed(1)} %`;
    const test = known.length > trained ? `, ${text(trained, known.length)} of test points` : "";
    return `${text(0, trained)} of training points are right${test}`;
  }

  function paint(canvas, found) {
    const scale = Math.min(window.devicePixelRatio || 1, 2);
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.clearRect(0, 0, width, height);
    fill(found);
    const [column, row] = [width / (boundary.grid - 1), height / (boundary.grid - 1)]; // the points of the grid lie on the border
    context.drawImage(field, -column / 2, -row / 2, width + column, height + row);
    lines(context, found, column, row, height, scale);
    context.drawImage(examples(width, height, scale), 0, 0);
  }

  /** The colours of the classes, mixed by their probabilities. */
  function fill(found) {
    const { grid, classes } = boundary;
    const context = /** @type {CanvasRenderingContext2D} */ (field.getContext("2d"));
    const image = context.createImageData(grid, grid);
    const tints = Array.from({ length: classes }, (_, k) => rgb(colour(k)).map((value) => 255 * value));
    const ground = rgb(colours.ground(state.now.dark)).map((value) => 255 * value);
    for (let i = 0; i < grid * grid; i++) {
      let [red, green, blue, total] = [0, 0, 0, 0];
      for (let k = 0; k < classes; k++) {
        const share = Math.min(Math.max(found[i * classes + k], 0), 1);
        total += share;
        red += share * tints[k][0];
        green += share * tints[k][1];
        blue += share * tints[k][2];
      }
      const at = 4 * ((grid - 1 - Math.floor(i / grid)) * grid + (i % grid));
      const weight = total > 0 ? STRENGTH / total : 0;
      const rest = total > 0 ? 1 - STRENGTH : 1;
      image.data[at] = rest * ground[0] + weight * red;
      image.data[at + 1] = rest * ground[1] + weight * green;
      image.data[at + 2] = rest * ground[2] + weight * blue;
      image.data[at + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }

  /** Where two classes have the same, largest output. */
  function lines(context, found, column, row, height, scale) {
    const { grid, classes } = boundary;
    context.beginPath();
    for (let k = 0; k < (classes === 2 ? 1 : classes); k++) {
      const pieces = levelLines(margins(found, classes, k, grid * grid), grid, [0]);
      for (let i = 0; i < pieces.length; i += 4) {
        context.moveTo(pieces[i] * column, height - pieces[i + 1] * row);
        context.lineTo(pieces[i + 2] * column, height - pieces[i + 3] * row);
      }
    }
    context.strokeStyle = colours.ink(state.now.dark);
    context.lineWidth = 2 * scale;
    context.stroke();
  }

  /** The examples as a picture: filled for training, hollow for the test. Each class has a colour and a shape. */
  function examples(width, height, scale) {
    const key = [width, height, state.now.dark].join();
    if (points.key === key) return points.image;
    points = { key, image: document.createElement("canvas") };
    [points.image.width, points.image.height] = [width, height];
    const context = /** @type {CanvasRenderingContext2D} */ (points.image.getContext("2d"));
    const { x, y, low, high, trained, class: known } = boundary;
    for (let n = 0; n < x.length; n++) {
      const u = ((x[n] - low[0]) / (high[0] - low[0])) * width;
      const v = ((high[1] - y[n]) / (high[1] - low[1])) * height;
      shape(context, known[n] % SHAPES, u, v, 3 * scale);
      context.fillStyle = n < trained ? colour(known[n]) : colours.ground(state.now.dark);
      context.strokeStyle = n < trained ? colours.ground(state.now.dark) : colour(known[n]);
      context.lineWidth = (n < trained ? 0.8 : 1.6) * scale;
      context.fill();
      context.stroke();
    }
    return points.image;
  }

  state.on(["caseIndex"], open);
  state.on(["version"], follow);
  state.on(["step", "hidden", "hover", "dark"], draw);
  open();
}

function colour(/** @type {number} */ k) {
  return CLASSES[k % CLASSES.length];
}

/** The outline of a mark: a circle, a square, a triangle or a diamond. */
function shape(context, kind, u, v, size) {
  context.beginPath();
  if (kind === 0) return context.arc(u, v, size, 0, 2 * Math.PI);
  const corners = kind === 2 ? 3 : 4;
  const first = kind === 1 ? Math.PI / 4 : 0;
  for (let i = 0; i < corners; i++) {
    const angle = first + (2 * Math.PI * i) / corners;
    context.lineTo(u + 1.25 * size * Math.sin(angle), v - 1.25 * size * Math.cos(angle));
  }
  context.closePath();
}
