/** The charts of the page: losses and accuracies along the steps, learning rates, and profiles. */

import { line } from "../base/cases.js";
import { faultText } from "../base/faults.js";
import { createChart } from "./chart.js";
import { staircase } from "./staircase.js";
import { short } from "../base/numbers.js";
import { once } from "../base/once.js";
import { extent } from "./scale.js";
import { captionOf } from "../comparison/profile_caption.js";
import { profileOf } from "../comparison/profiles.js";

const QUIET = 120; // milliseconds without a change before the profile is computed again
const AS_RUN = "Of the experiment: start, steps and sliders do not change it.";
const OF_TUNING = "Of the tuning runs, which have seeds of their own.";
const NAMES = { loss: "loss", train_loss: "training loss (all data)", test_loss: "test loss", test_accuracy: "test accuracy" };

/**
 * @param {any} document_ the data of the page
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {ReturnType<typeof import("../base/cases.js").openCases>} openCase
 * @param {ReturnType<typeof import("../base/colours.js").createColours>} colours
 * @param {(label: number | null, x?: number, y?: number, value?: string) => void} tip
 * @param {(index: number, label: number) => any} liveRuns the runs of a label that were computed here, or null
 */
export function createCharts(document_, state, openCase, colours, tip, liveRuns = () => null) {
  const whole = document_.profile && { ...document_.profile, lines: document_.profile.lines.map(line) };
  let profile = whole;
  const places = { curves: byId("charts"), further: byId("further") };
  /** @type {{ chart: ReturnType<typeof createChart>, data: () => any, isTime: boolean }[]} */
  let shown = [];
  /** @type {ReturnType<typeof createChart> | null} */
  let profileChart = null;
  let timer = 0;

  function open() {
    const one = openCase(state.now.caseIndex);
    for (const place of Object.values(places)) place.replaceChildren();
    shown = [];
    for (const quantity of quantities(one.curves)) {
      const floor = quantity.includes("accuracy") ? 0 : one.minimum || 0;
      const name = (NAMES[quantity] ?? quantity.replaceAll("_", " ")) + (floor ? " − minimum" : "");
      const above = once(aboveBy(floor));
      add(places.curves, createChart(name), () => curves(openCase(state.now.caseIndex).curves[quantity], above, quantity), true);
    }
    if (one.sensitivity.length) {
      const name = `final loss${one.minimum ? " − minimum" : ""} by learning rate`;
      const above = once(aboveBy(one.minimum || 0));
      const isLive = (document_.cases[state.now.caseIndex].programs ?? []).some(({ variants }) => variants);
      add(places.further, createChart(name, [one.contest?.isApart ? OF_TUNING : "", isLive ? AS_RUN : ""].filter(Boolean).join(" ")), () => rates(one, above), false);
    }
    if (profile) {
      profileChart = createChart("performance profile over all problems", profile.caption);
      add(places.further, profileChart, profiles, false);
    }
    byId("curves").hidden = !places.curves.children.length;
    byId("rates").hidden = !places.further.children.length;
    draw();
  }

  function add(place, chart, data, isTime) {
    place.append(chart.figure);
    shown.push({ chart, data, isTime });
    chart.canvas.addEventListener("pointermove", (event) => {
      const found = chart.near(event.offsetX, event.offsetY)?.line ?? null;
      state.set({ hover: found?.label ?? null });
      tip(found && found.label, event.clientX, event.clientY, found ? short(found.value) : "");
    });
    chart.canvas.addEventListener("pointerleave", () => (state.set({ hover: null }), tip(null)));
    if (isTime) chart.canvas.addEventListener("click", (event) => scrubTo(chart.near(event.offsetX, event.offsetY)?.place));
  }

  function scrubTo(place) {
    if (place === undefined) return;
    const { lastStep } = openCase(state.now.caseIndex);
    state.set({ playing: false, step: Math.min(lastStep, Math.max(0, Math.round(place / cost()))) });
  }

  /** Gradients per step, or 1 where steps are shown; the vertical line is at those of the first curve. */
  function cost() {
    if (state.now.along === "steps") return 1;
    const [first] = Object.values(openCase(state.now.caseIndex).curves);
    return first?.find((one) => !state.now.hidden.has(one.label))?.cost || 1;
  }

  function curves(lines, above, quantity) {
    const { along, logX, logY, step, bands } = state.now;
    const drawn = visible(lines).map((one) => {
      const band = one.low && { low: above(one.low), high: above(one.high) };
      return { ...look(one.label), x: along === "steps" ? one.step : inGradients(one), y: above(one.median), ...band, dots: one.step.length === 1 };
    });
    const starts = drawn.map((one) => one.y[0]).filter(Number.isFinite);
    const isAccuracy = quantity.includes("accuracy");
    return { lines: drawn, xName: along === "steps" ? "step" : "gradients", logX, logY: isAccuracy ? false : logY, bands,
             start: isAccuracy || !starts.length ? NaN : Math.max(...starts), marked: step * cost(), colours: theme() }; // prettier-ignore
  }

  function rates(one, above) {
    const lines = visible(one.sensitivity).map((each) => ({
      ...look(each.label), x: each.x, y: above(each.median), low: above(each.low), high: above(each.high), dots: true,
    })); // prettier-ignore
    const { low, high } = extent(one.sensitivity.map((each) => each.x));
    const isWide = low > 0 && high > 20 * low;
    const curve = Object.values(one.curves)[0]?.[0];
    return { lines, xName: "learning rate", logX: isWide, logY: state.now.logY, bands: state.now.bands,
             start: curve ? above(curve.median)[0] : NaN, marked: null, colours: theme() }; // prettier-ignore
  }

  /** The profile is computed again from the costs of the optimizers that are not hidden. */
  function compare() {
    if (!whole) return;
    try {
      profile = present();
    } catch (error) {
      profile = { ...whole, lines: [], caption: faultText("The profile", error) };
    }
    profileChart?.describe(profile.caption);
  }

  function present() {
    const { hidden } = state.now;
    if (!(hidden.size || isLive()) || !whole.costs) return whole;
    const found = profileOf(whole.costs, hidden, runsOf);
    return { ...whole, lines: found.lines, caption: captionOf(whole.costs, found, hidden, (label) => document_.labels[label].name, isLive()) };
  }

  const isLive = () => document_.cases.some((_, index) => document_.labels.some((_, label) => liveRuns(index, label)));

  /** The runs of a label for its profile: with the gradients per step, and the steps that were recorded if all of them are known. */
  function runsOf(/** @type {number} */ index, /** @type {number} */ label) {
    const found = liveRuns(index, label);
    if (!found) return null;
    const { train_loss, loss } = openCase.recorded(index).curves;
    const curve = (train_loss ?? loss).find((one) => one.label === label);
    return { ...found, cost: curve?.cost ?? 1, recorded: curve && !curve.isThinned ? curve.step : null };
  }

  /** The profile follows live losses when they have not changed for a while. */
  function compareLater() {
    if (!profileChart || !(isLive() || profile !== whole)) return;
    clearTimeout(timer);
    byId("rates").setAttribute("aria-busy", "true");
    timer = setTimeout(() => {
      byId("rates").removeAttribute("aria-busy");
      compare();
      draw();
    }, QUIET);
  }

  function profiles() {
    const lines = visible(profile.lines).map((one) => ({ ...look(one.label), ...stairs(one), dots: false }));
    return { lines, xName: `gradients, as a multiple of those of the best${state.now.hidden.size && !whole.costs ? ", hidden ones included" : ""}${!whole.costs && isLive() ? ", with the settings of the experiment" : ""}`, logX: true, logY: false, bands: state.now.bands,
             start: NaN, marked: null, colours: theme() }; // prettier-ignore
  }

  function visible(lines) {
    const kept = lines.filter((one) => !state.now.hidden.has(one.label));
    const weight = (/** @type {any} */ one) => (one.label === state.now.hover ? 2 : colours.isFaint(one.label) ? 0 : 1);
    return kept.sort((a, b) => weight(a) - weight(b));
  }

  function look(label) {
    const { hover, dark } = state.now;
    const isLit = hover === label;
    const isGrey = colours.isFaint(label);
    const isFaint = isGrey && !isLit;
    const colour = isLit && isGrey ? colours.ink(dark) : colours.of(label, dark);
    const alpha = !isFaint && hover !== null && !isLit ? 0.3 : 1;
    return { label, name: document_.labels[label].name, colour, width: isLit ? 3.5 : isFaint ? 0.9 : 2, alpha, isFaint: isGrey };
  }

  function theme() {
    const { dark } = state.now;
    return { ink: colours.ink(dark), muted: colours.muted(dark), grid: colours.grid(dark), ground: colours.ground(dark) };
  }

  function draw() {
    for (const { chart, data } of shown) chart.draw(data());
  }

  function drawTime() {
    for (const { chart, data, isTime } of shown) if (isTime) chart.draw(data());
  }

  function mark() {
    for (const { chart, isTime } of shown) if (isTime) chart.mark(state.now.step * cost());
  }

  state.on(["caseIndex"], open);
  state.on(["hidden"], compare);
  state.on(["hidden", "hover", "dark", "logY", "bands"], draw);
  state.on(["along", "logX", "version"], drawTime);
  state.on(["step"], mark);
  state.on(["version"], compareLater);
  compare();
  open();
}

/** The quantities with a chart: for a network the losses and accuracies on whole data, otherwise the loss. */
function quantities(curves) {
  const found = Object.keys(curves);
  return found.includes("train_loss") ? found.filter((name) => name !== "loss") : found;
}

/** Values above a floor. */
function aboveBy(/** @type {number} */ floor) {
  return (/** @type {Float64Array} */ values) => (floor ? values.map((value) => Math.max(value - floor, 0)) : values);
}

const inGradients = once((/** @type {any} */ curve) => curve.step.map((/** @type {number} */ step) => step * curve.cost));

const stairs = once(staircase);

function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
