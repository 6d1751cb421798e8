/** The valley: the surface and the map of a case, one switch apart, with the balls at the present step. */

import { valleyOf } from "./plane.js";
import { createMap } from "./map.js";
import { valueAt } from "../base/paths.js";
import { createSurface } from "./surface.js";
import { gestures } from "./gestures.js";
import { onResize, setText, textScale } from "../base/text.js";

const NEAR = 14; // pixels within which a path is pointed at

/**
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {(index: number) => any} openCase
 * @param {ReturnType<typeof import("../base/colours.js").createColours>} colours
 * @param {(label: number | null, x?: number, y?: number, value?: string) => void} tip
 * @param {(x: number, y: number) => void} drop called with the point of the plane that was clicked
 * @param {(view: import("../why/arrows.js").View) => void} overlay draws over the surface or the map
 */
export function createStage(state, openCase, colours, tip, drop, overlay) {
  const box = /** @type {HTMLElement} */ (document.getElementById("stage"));
  const canvasOf = (/** @type {string} */ id) => /** @type {HTMLCanvasElement} */ (document.getElementById(id));
  const canvases = { surface: canvasOf("surface"), map: canvasOf("map") };
  const surface = createSurface(canvases.surface);
  const views = { map: createMap(canvases.map), ...(surface && { surface }) };
  const button = document.getElementById("switch");
  let valley = null;
  /** Of the canvases, in pixels of the page, and of texts. To ask a box for its size takes long while the page changes. */
  let size = { width: 1, height: 1, text: 1 };
  const reliefs = { light: colours.relief(false), dark: colours.relief(true) };
  if (!surface) {
    button.hidden = true;
    const note = document.getElementById("fallback");
    note.textContent = "this browser has no WebGL2: the map is shown, without the surface";
    note.hidden = false;
  }
  const shown = () => (surface && state.now.view === "surface" ? "surface" : "map");

  function open() {
    valley = valleyOf(openCase(state.now.caseIndex), state.now.plane);
    document.getElementById("play").hidden = !valley;
    if (!valley) return;
    for (const view of Object.values(views)) view.open(valley);
    fit();
    trails();
  }

  /** Other paths over the same surface. */
  function follow() {
    if (!valley) return;
    valley = valleyOf(openCase(state.now.caseIndex), state.now.plane);
    trails();
  }

  const visible = () => valley.paths.filter((path) => !state.now.hidden.has(path.label));

  function trails() {
    if (!valley) return;
    const { hover, dark } = state.now;
    const looks = visible().map((path) => {
      const isDim = (hover !== null && hover !== path.label) || (hover === null && colours.isFaint(path.label));
      return { path, colour: colours.of(path.label, dark), width: isDim ? -0.8 : hover === path.label ? 2 : 1.4 };
    });
    looks.sort((a, b) => a.width - b.width);
    views[shown()].trails(looks);
    draw();
  }

  function marks() {
    const { step, hover, dark } = state.now;
    const found = [];
    for (const path of visible()) {
      found.push({ x: path.x[0], y: path.y[0], size: 5, colour: "#ffffff", kind: 1 });
    }
    for (const [x, y] of valley.minima) found.push({ x, y, size: 9, colour: "#FFD23F", kind: 2 });
    for (const path of visible()) {
      const isFaint = colours.isFaint(path.label) && hover !== path.label;
      const isOver = path.status !== "done" && step >= path.step.at(-1);
      if (isOver) continue;
      found.push({ ...ball(path), size: isFaint ? 4 : hover === path.label ? 11 : 8, colour: colours.of(path.label, dark), kind: 0 });
    }
    return found;
  }

  function ball(path) {
    return { x: valueAt(path.step, path.x, state.now.step), y: valueAt(path.step, path.y, state.now.step) };
  }

  function draw() {
    if (!valley) return;
    const { step, dark, caseIndex } = state.now;
    const facts = { step, dark, lastStep: openCase(caseIndex).lastStep, ink: colours.ink(dark), ground: colours.ground(dark), layer: state.now.layer,
                    relief: dark ? reliefs.dark : reliefs.light }; // prettier-ignore
    const name = shown();
    canvases.surface.hidden = name !== "surface";
    canvases.map.hidden = name !== "map";
    setText(button, name === "surface" ? "map from above" : "surface in 3-D");
    views[name].draw(marks(), facts);
    overlay({ at: views[name].at, valley, size });
  }

  function fit() {
    const scale = Math.min(window.devicePixelRatio || 1, 2);
    size = { width: Math.max(1, box.clientWidth), height: Math.max(1, box.clientHeight), text: textScale() };
    for (const canvas of Object.values(canvases)) {
      canvas.width = Math.round(size.width * scale);
      canvas.height = Math.round(size.height * scale);
    }
    for (const view of Object.values(views)) view.resize(size);
    draw();
  }

  /** The label whose ball or path is near a place of the stage, or null. */
  function near(x, y) {
    let found = null;
    let least = NEAR;
    for (const path of visible()) {
      const stride = Math.max(1, Math.floor(path.step.length / 200));
      const points = [ball(path)];
      for (let i = 0; i < path.step.length && path.step[i] <= state.now.step; i += stride) points.push({ x: path.x[i], y: path.y[i] });
      for (const point of points) {
        const place = views[shown()].at(point.x, point.y);
        const far = place ? Math.hypot(place[0] - x, place[1] - y) : Infinity;
        if (far < least) [found, least] = [path.label, far];
      }
    }
    return found;
  }

  gestures(box, {
    turn: (right, down) => (views[shown()].turn(right, down), draw()),
    pan: (right, down) => (views[shown()].pan(right, down), draw()),
    zoom: (factor) => (views[shown()].zoom(factor), draw()),
    reset: () => (views[shown()].reset(), draw()),
    click: (x, y) => {
      const point = openCase(state.now.caseIndex).valley && views[shown()].under(x, y); // not in a plane of a landscape
      if (point) drop(point[0], point[1]);
    },
    point: (x, y, pageX, pageY) => {
      if (!valley) return;
      const label = x === null ? null : near(x, y);
      state.set({ hover: label });
      tip(label, pageX, pageY);
    },
  });
  /** A browser may take the graphics away from the page, as when a computer wakes up, and give them back. */
  function again() {
    const camera = views.surface.camera();
    views.surface = createSurface(canvases.surface);
    views.surface.resize(size);
    if (!valley) return;
    views.surface.open(valley);
    views.surface.look(camera);
    trails();
  }

  canvases.surface.addEventListener("webglcontextlost", (event) => event.preventDefault()); // they shall come back
  canvases.surface.addEventListener("webglcontextrestored", again);
  button.addEventListener("click", () => state.set({ view: shown() === "surface" ? "map" : "surface" }));
  document.getElementById("reset").addEventListener("click", () => (views[shown()].reset(), draw()));
  onResize(box, fit);
  state.on(["caseIndex", "plane"], open);
  state.on(["version"], follow);
  state.on(["hidden", "hover", "dark", "view"], trails);
  state.on(["step", "chosen", "arrows", "layer"], draw);
  open();
  return {
    /** Where the views are looked at from, by the name of the view. */
    cameras: () => Object.fromEntries(Object.entries(views).map(([name, view]) => [name, view.camera()])),
    /** Look at the views from there. */
    look(cameras) {
      if (!valley) return;
      for (const [name, view] of Object.entries(views)) if (cameras[name]) view.look(cameras[name]);
      draw();
    },
  };
}
