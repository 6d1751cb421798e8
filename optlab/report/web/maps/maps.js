/** The maps of basins and stability: every pixel is a run, which is shown in the valley when it is clicked. */

import { faultText } from "../base/faults.js";
import { onResize } from "../base/text.js";
import { unpack } from "../base/unpack.js";
import { mapGestures } from "./gestures.js";
import { pixelsOf } from "./colours.js";
import { showLegend } from "./legend.js";
import { along, openPanel } from "./panel.js";
import { createRuns } from "./run.js";
import { textOf } from "./texts.js";
import { createMapView } from "./view.js";

const BEST = "#D55E00";

/**
 * @param {any} data the data of the page
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {any} openCase
 * @param {ReturnType<typeof import("../base/colours.js").createColours>} colours
 */
export function createMaps(data, state, openCase, colours) {
  const get = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
  const [box, canvas, select, said] = ["map-box", "pixels", "panel", "pixel"].map(get);
  const { kind, panels, programs } = data.maps;
  const opened = new Map();
  const looks = new Map();
  const run = createRuns(programs);
  const view = createMapView(canvas);
  /** @type {import("./panel.js").Panel | null} */
  let panel = null;
  let [chosen, pointed, ran] = /** @type {(number[] | null)[]} */ ([null, null, null]);

  const look = () => looks.get(panel.case);
  const isBasin = kind === "basins";
  const labelOf = (/** @type {any} */ one) => data.labels[one.label].name;

  function fillSelect() {
    const here = panels.map((one, index) => ({ one, index })).filter(({ one }) => one.case === state.now.caseIndex);
    select.replaceChildren(...here.map(({ one, index }) => new Option(`${labelOf(one)} ${one.settings}`.trim(), String(index))));
    get("panel-line").hidden = here.length < 2;
    get("map-title").hidden = here.length > 1; // the list says which panel it is
    openAt(Number(select.value));
  }

  async function openAt(/** @type {number} */ index) {
    if (!opened.has(index)) opened.set(index, openPanel(panels[index]));
    const found = await opened.get(index).catch(lost);
    if (!found) return;
    if (index !== Number(select.value)) return; // another one was selected meanwhile
    const isOther = panel?.case !== found.case || panel.x.length !== found.x.length;
    panel = found;
    openLook();
    const why = panel.failed ? `${panel.failed} runs ended with an error: this map has no values` : panel.advice;
    get("map-note").textContent = [why, panel.program === null ? `A click cannot run a pixel here. ${panel.reason}` : ""].filter(Boolean).join(" · ");
    get("map-title").textContent = `${labelOf(panel)} ${panel.settings}`.trim();
    box.hidden = Boolean(panel.failed) || !look();
    ran = null;
    if (box.hidden) return say();
    if (isOther || !chosen) chosen = first();
    show();
    start();
  }

  /** A map that this browser cannot unpack is left out. */
  function lost(/** @type {Error} */ error) {
    get("map-note").textContent = `The map cannot be shown. ${error.message}`;
    for (const one of [box, said, get("map-run"), get("map-reset")]) one.hidden = true;
  }

  function openLook() {
    const given = data.cases[panel.case].look;
    if (!looks.has(panel.case)) looks.set(panel.case, given && { ...given, share: given.share && unpack(given.share) });
  }

  /** The pixel that is shown first: the best one, or a start that is not in the middle. */
  const first = () => panel.best ?? [panel.y.length * 0.75, panel.x.length * 0.25].map(Math.floor);

  function show() {
    const { valley } = openCase(panel.case);
    const image = pixelsOf(panel, look());
    view.open({ panel, image, valley, isTrue: isBasin, marks: marks() });
    showLegend(get("map-legend"), get("map-scale"), look(), entries());
    fit();
    say();
  }

  function marks() {
    if (isBasin) {
      const size = look().minima.length <= 12 ? 9 : 5;
      return look().minima.map(([u, v], n) => ({ u, v, kind: "star", colour: look().hues[n + 2], size }));
    }
    const place = (/** @type {number[]} */ pair) => ({ u: along(panel.spacings[0], pair[0]), v: along(panel.spacings[1], pair[1]) });
    const found = [];
    if (panel.fastest) found.push({ ...place(panel.fastest), kind: "diamond", colour: "#ffffff", size: 7 });
    if (panel.best) found.push({ ...place([panel.x[panel.best[1]], panel.y[panel.best[0]]]), kind: "ring", colour: BEST, size: 7 });
    return found;
  }

  function entries() {
    if (isBasin) return [];
    const found = [];
    if (panel.theory) found.push({ swatch: "border:0;border-top:2px dashed currentColor;height:0;width:1.6rem;border-radius:0", text: `theory: ${panel.theory.text}` });
    if (panel.fastest) found.push({ swatch: "width:0.6rem;height:0.6rem;border:1.5px solid currentColor;transform:rotate(45deg);border-radius:0;margin-left:0.3rem", text: "fastest in theory" });
    if (panel.best) found.push({ swatch: `width:0.8rem;height:0.8rem;border:2.4px solid ${BEST};border-radius:50%;margin-left:0.2rem`, text: "best pixel" });
    return found;
  }

  /** Compute the run of the chosen pixel, and roll it from its start. */
  async function start() {
    const [now, at] = [panel, chosen];
    if (now.program === null) return;
    const found = await run(now, at[0], at[1]).catch((error) => void (said.textContent = faultText("This run", error)));
    if (!found || now !== panel || at !== chosen) return; // another one was chosen meanwhile
    const { paths, curves } = found;
    ran = at;
    const one = openCase.recorded(now.case);
    openCase.replace(now.case, { ...one, valley: one.valley && { ...one.valley, paths }, curves });
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    state.set({ version: state.now.version + 1, playing: false });
    get("time").hidden = false;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      state.set({ step: isStill ? openCase(now.case).lastStep : 0 });
      if (!isStill) get("toggle").click();
    })); // prettier-ignore
  }

  function say() {
    const at = pointed ?? chosen;
    said.textContent = at && !box.hidden ? textOf(panel, look(), labelOf(panel), at[0], at[1]) : "";
  }

  function draw() {
    if (!panel || box.hidden) return;
    const { dark, step } = state.now;
    const [path] = openCase(panel.case).valley?.paths ?? [];
    view.draw({ chosen, pointed, path: isBasin && ran ? path : null, step, ink: colours.ink(dark), muted: colours.muted(dark), ground: colours.ground(dark) });
  }

  function fit() {
    const scale = Math.min(window.devicePixelRatio || 1, 2);
    [canvas.width, canvas.height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.max(1, Math.round(size * scale)));
    view.resize();
    draw();
  }

  function choose(/** @type {number[] | null} */ at) {
    if (!at || !panel) return;
    chosen = at;
    pointed = null;
    say();
    draw();
  }

  mapGestures(box, {
    point: (x, y) => {
      const at = x === null ? null : view.under(x, y);
      if (String(at) === String(pointed)) return;
      pointed = at;
      say();
      draw();
    },
    click: (x, y) => {
      const at = view.under(x, y);
      choose(at);
      if (at) start();
    },
    pan: (right, down) => (view.pan(right, down), draw()),
    zoom: (factor, x, y) => {
      const [u, v] = x === undefined ? view.placeOf(chosen[0], chosen[1]) : [x, y];
      view.zoom(factor, u, v);
      draw();
    },
    reset: () => (view.reset(), draw()),
    step: (columns, rows) => {
      const place = (/** @type {number} */ value, /** @type {number} */ size) => Math.min(size - 1, Math.max(0, value));
      const at = [place(chosen[0] + rows, panel.y.length), place(chosen[1] + columns, panel.x.length)];
      view.show(at[0], at[1]);
      choose(at);
    },
    run: start,
  });
  select.addEventListener("change", () => openAt(Number(select.value)));
  get("map-reset").addEventListener("click", () => (view.reset(), draw()));
  get("map-run").addEventListener("click", start);
  onResize(canvas, fit);
  state.on(["caseIndex"], fillSelect);
  state.on(["step", "dark", "version"], draw);
  get("maps").hidden = false;
  document.body.classList.add("of-map");
  get("bands").parentElement.hidden = true; // a pixel is one run
  get("map-run").hidden = panels.every((one) => one.program === null);
  fillSelect();

  return {
    /** Run the start at a point of the plane, if it is in a map of starts. */
    drop(/** @type {number} */ x, /** @type {number} */ y) {
      const at = isBasin && panel && !box.hidden ? view.pixelOf(x, y) : null;
      choose(at);
      if (at) start();
    },
    /** The run that is shown: its pixel, its losses, and its points if the problem has two parameters. Null if none is. */
    shown() {
      if (!ran) return null;
      const { valley, curves } = openCase(panel.case);
      const [path] = valley?.paths ?? [];
      const losses = Array.from(curves.loss[0].median);
      return { row: ran[0], column: ran[1], losses, path: path ? path.x.map((x, n) => [x, path.y[n]]) : [] };
    },
  };
}
