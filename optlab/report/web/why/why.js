/** Why a ball moves so: its rule with the numbers of the present step, the arrows, and the effective steps. */

import { cleared, drawArrows } from "./arrows.js";
import { createChart } from "../charts/chart.js";
import { digits, entriesText } from "./lines.js";
import { createRuleLines } from "./rule_lines.js";
import { bestOf } from "../base/best.js";
import { keepHeight } from "../base/height.js";
import { limited } from "../base/limited.js";
import { once } from "../base/once.js";
import { setText } from "../base/text.js";
import { DIM, effectiveSteps, runRule } from "../kernels/rule.js";
import { everyStep } from "../kernels/runs.js";

const PAUSES = { chart: 100, numbers: 50 }; // milliseconds, while a slider moves or balls roll

const ROUNDING = 1e-3; // of an effective step, since the change of a coordinate is small beside the coordinate
const LENGTHS = { most: 84, least: 18, decades: 4 }; // pixels
const PLACES = { gradient: 1, step: 4, states: [0, 2, 3, 6, 7, 5] }; // in the palette
const MEANINGS = { against: "opposite of the state", along: "state", size: "state, a size without a direction", point: "from the ball to this point" };
const norm = (/** @type {number[]} */ vector) => Math.hypot(vector[0], vector[1]);
const stepsOf = once((/** @type {import("../kernels/rule.js").Run} */ run) => ({ every: Float64Array.from(everyStep(run.steps - 1)), lines: effectiveSteps(run) }));
const both = (/** @type {(d: number) => number} */ entry) => [entry(0), entry(1)];

/**
 * @param {any} data the data of the page
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {(index: number) => any} openCase
 * @param {ReturnType<typeof import("../base/colours.js").createColours>} colours
 * @param {{ current: (index: number, label: number) => any }} live
 */
export function createWhy(data, state, openCase, colours, live) {
  const get = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
  const chart = createChart("effective step of each coordinate", "|change of the coordinate| / |its gradient|; the line is the present step");
  const checked = new Map(); // by kind and name of an arrow
  let rows = [];
  let shown = null;
  let key = "";
  let opened = null;
  let described = { rule: null, names: "" }; // what the rows are of
  let offered = "";

  const showLines = createRuleLines(get("why-lines"));
  const drawLater = limited(draw, PAUSES.chart, get("why-chart"));
  const numbersLater = limited(numbers, PAUSES.numbers, get("why-lines"));

  const paths = () => openCase(state.now.caseIndex).valley?.paths ?? [];

  /** The label under the pointer, or the chosen one, or the best of those that are shown. */
  function label() {
    const { hover, chosen, hidden, caseIndex } = state.now;
    const known = paths().map((path) => path.label);
    return [hover, chosen].find((one) => known.includes(one) && !hidden.has(one)) ?? bestOf(openCase(caseIndex).ranking, known, hidden);
  }

  /** The run of the label, or the reason why there is none. */
  function present() {
    const { caseIndex, version } = state.now;
    const of = label();
    const now = [caseIndex, of, version].join();
    if (now !== key) [key, shown] = [now, of === null ? null : made(caseIndex, of)];
    return shown;
  }

  function made(index, of) {
    const path = paths().find((one) => one.label === of);
    const found = live.current(index, of);
    const rule = found?.program.rule;
    if (!rule?.step) {
      const why = rule?.reason ?? data.cases[index].programs.find((one) => one.label === of)?.reason;
      return { of, reason: why ?? "the rule cannot be computed in this page" };
    }
    const numbers = new Map(found.program.numbers.map((one, n) => [`${one.owner} ${one.name}`, found.numbers[n]]));
    const numberOf = (/** @type {string} */ owner, /** @type {string} */ name) => (owner === "run" ? found.steps : numbers.get(`${owner} ${name}`));
    const last = path.step.at(-1);
    const run = runRule(rule, found.x0, numberOf, last + 1); // with the step that would follow the last one
    return run.steps ? { of, rule, run, last, vectors: vectorsOf(rule, run) } : { of, reason: "it made no step" };
  }

  /** What has an arrow, each with its vector at a step, and the largest norm along the run. */
  function vectorsOf(rule, run) {
    const states = rule.vectors.map(({ name, at, kind }, n) => {
      const vector = (/** @type {number} */ step) => {
        const [after, sign] = [(/** @type {number} */ d) => run.entry(step + 1, at + d), kind === "against" ? -1 : 1];
        return both((d) => (kind === "point" ? after(d) - run.entry(step, d) : sign * after(d)));
      };
      return { name: (kind === "against" ? "−" : "") + name, meaning: MEANINGS[kind], place: PLACES.states[n % PLACES.states.length],
               vector, isTrue: kind === "point", isOn: kind !== "size" }; // prettier-ignore
    });
    const vectors = [
      { name: "−g", meaning: "opposite of the gradient", place: PLACES.gradient, vector: (step) => both((d) => -run.slope(step, d)), isTrue: false, isOn: true },
      ...states,
      { name: "step", meaning: "next x − x", place: PLACES.step, vector: (step) => both((d) => run.entry(step + 1, d) - run.entry(step, d)), isTrue: false, isOn: true },
    ];
    const found = vectors.map((one) => ({ ...one, most: longest(one.vector, run.steps) }));
    return found.filter((one) => one.most > 0 || !states.some(({ name }) => name === one.name)); // without unused states
  }

  function longest(/** @type {(step: number) => number[]} */ vector, /** @type {number} */ steps) {
    let most = 0;
    for (let step = 0; step < steps; step++) most = Math.max(most, norm(vector(step)) || 0);
    return most;
  }

  /** The step that is explained: it begins at the present ball, or where a run was finite for the last time. */
  const stepOf = ({ run }) => Math.min(Math.floor(state.now.step), run.steps - 1);
  const isOn = (one) => checked.get(one.name) ?? one.isOn;

  function open() {
    const one = present();
    if (one && one === opened) return;
    opened = one;
    get("why").hidden = !paths().length;
    setText(get("why-none"), one?.reason ? `${data.labels[one.of].name}: ${one.reason}` : "");
    get("why-rule").hidden = !one?.run;
    options();
    get("why-of").value = String(one?.of ?? "");
    if (!one?.run) return;
    const names = one.vectors.map(({ name }) => name).join();
    if (one.rule !== described.rule || names !== described.names) {
      described = { rule: one.rule, names };
      rows = one.vectors.map(arrowRow);
      get("why-arrows").replaceChildren(...rows.map((row) => row.item));
      swatches();
    }
    one.vectors.forEach((vector, n) => (rows[n].one = vector));
    drawLater();
    numbersLater();
  }

  /** The labels that can be chosen: those that are shown. */
  function options() {
    const all = paths().map((path) => path.label).sort((a, b) => a - b);
    const shownNow = all.filter((one) => !state.now.hidden.has(one));
    const labels = shownNow.length ? shownNow : all;
    if (labels.join() === offered) return;
    offered = labels.join();
    get("why-of").replaceChildren(...labels.map((label) => new Option(data.labels[label].name, String(label))));
  }

  function arrowRow(one) {
    const item = document.createElement("li");
    const line = item.appendChild(document.createElement("label"));
    const box = line.appendChild(document.createElement("input"));
    box.type = "checkbox";
    box.checked = isOn(one);
    box.addEventListener("change", () => {
      checked.set(one.name, box.checked);
      state.set({ arrows: state.now.arrows + 1 });
    });
    const swatch = line.appendChild(document.createElement("span"));
    swatch.className = "swatch";
    line.appendChild(document.createElement("strong")).textContent = one.name;
    line.append(` ${one.meaning}, length `);
    const value = line.appendChild(document.createElement("span"));
    value.className = "value";
    return { one, item, swatch, value };
  }

  function swatches() {
    for (const { one, swatch } of rows) swatch.setAttribute("style", `background:${colours.palette(state.now.dark)[one.place]}`);
  }

  function draw() {
    const one = present();
    if (one?.run) chart.draw(effective(one));
  }

  /** The texts of the present step. */
  function numbers() {
    const one = present();
    if (!one?.run) return;
    const { rule, run, last } = one;
    const step = stepOf(one);
    const values = run.values(step);
    const [x, g] = [run.entry, run.slope].map((entry) => entriesText(both((d) => entry(step, d)), [DIM]));
    setText(get("why-step"), `after ${step} of ${last} steps: at x = ${x} the gradient is g = ${g}`);
    for (const row of rows) setText(row.value, digits(norm(row.one.vector(step))));
    showLines(rule, values);
  }

  function effective({ run }) {
    const { every, lines } = stepsOf(run);
    const { dark, step } = state.now;
    const palette = colours.palette(dark);
    const look = { width: 2, alpha: 1, dots: run.steps === 1 };
    return {
      lines: lines.map((y, d) => ({ label: d, x: every, y, colour: palette[[0, 5][d]], name: `x${d}`, ...look })),
      xName: "step", logX: false, logY: null, start: NaN, marked: step, bands: false, rounding: ROUNDING,
      colours: { ink: colours.ink(dark), muted: colours.muted(dark), grid: colours.grid(dark), ground: colours.ground(dark) },
    }; // prettier-ignore
  }

  /** Which coordinate each curve of the chart is. */
  function legend() {
    const found = document.createElement("span");
    for (const d of [0, 1]) {
      const swatch = found.appendChild(document.createElement("span"));
      swatch.className = "swatch";
      swatch.setAttribute("style", `background:${colours.palette(state.now.dark)[[0, 5][d]]}`);
      found.append(` x${d} `);
    }
    get("why-key").replaceChildren(found);
  }

  get("why-of").addEventListener("change", () => state.set({ chosen: Number(get("why-of").value) }));
  get("why-chart").append(chart.figure);
  chart.canvas.addEventListener("click", (event) => {
    const place = chart.near(event.offsetX, event.offsetY)?.place;
    const last = openCase(state.now.caseIndex).lastStep;
    if (place !== undefined) state.set({ playing: false, step: Math.min(last, Math.max(0, Math.round(place))) });
  });
  state.on(["caseIndex", "version", "hover", "chosen", "hidden"], open);
  state.on(["dark"], () => (swatches(), draw(), legend()));
  state.on(["step"], () => (chart.mark(state.now.step), numbersLater()));
  keepHeight(get("why-rule")); // what is below does not move while the pointer goes from label to label
  legend();
  open();

  return {
    /** Draw the arrows of the present step over the surface or the map. @param {import("./arrows.js").View} view */
    draw(view) {
      const canvas = get("arrows");
      const one = present();
      if (!one?.run || state.now.hidden.has(one.of)) return void cleared(canvas, view.size);
      const step = stepOf(one);
      const { dark } = state.now;
      const arrows = one.vectors.filter(isOn).map(({ name, place, vector, isTrue, most }) => {
        const found = vector(step);
        return { name, colour: colours.palette(dark)[place], vector: found, pixels: isTrue ? null : pixels(norm(found), most) };
      });
      drawArrows(canvas, view, both((d) => one.run.entry(step, d)), arrows, colours.ground(dark));
    },
  };
}

/** The length of an arrow on the screen, by the logarithm of its norm as a share of the largest along the run. */
export function pixels(norm, most) {
  const share = 1 + Math.log10(norm / most) / LENGTHS.decades;
  return LENGTHS.least + (LENGTHS.most - LENGTHS.least) * Math.min(1, Math.max(0, share));
}
