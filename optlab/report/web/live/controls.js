/** The controls of live computing: start, steps, and for one optimizer a slider for each number. */

import { bestOf } from "../base/best.js";
import { faultText } from "../base/faults.js";
import { faultOfSteps, keyOf } from "./numbers.js";
import { faultOf, placeOf, valueOf } from "./sliders.js";
import { variantFor } from "./variants.js";

const DIGITS = 6; // as many as fit into a field

/**
 * @param {any} data the data of the page
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {ReturnType<typeof import("./live.js").createLive>} live
 * @returns {(x: number, y: number) => void} drop a ball
 */
export function createControls(data, state, live) {
  const get = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const [x0, x1, steps, choice, restore, box] = ["live-x0", "live-x1", "live-steps", "live-label", "restore", "sliders"].map(get);
  const index = () => state.now.caseIndex;
  const programs = () => data.cases[index()].programs;
  const label = () => Number(choice.value);
  /** What is in use for the first optimizer that can be computed. */
  const first = () => programs().map((one) => live.current(index(), one.label)).find(Boolean);

  function fault(/** @type {string} */ text, /** @type {HTMLInputElement | null} */ field = null) {
    get("live-fault").textContent = text;
    for (const input of get("live").querySelectorAll("[aria-invalid]")) {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
    if (!text || !field) return;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", "live-fault");
  }

  /** Change the settings of the case, and say what went wrong. */
  async function change(/** @type {Parameters<typeof live.change>[1]} */ edit) {
    fault("");
    restore.disabled = false;
    get("live").setAttribute("aria-busy", "true");
    try {
      await live.change(index(), edit);
    } catch (error) {
      fault(faultText("This", error));
    }
    get("live").removeAttribute("aria-busy");
    seeds();
  }

  /** Change the settings of one optimizer, which is explained from now on. */
  function changeOne(/** @type {Parameters<typeof live.change>[1]} */ edit) {
    state.set({ chosen: label() });
    change(edit);
  }

  function open() {
    get("live").hidden = !programs().length;
    if (!programs().length) return;
    choice.replaceChildren(...programs().map((one) => new Option(data.labels[one.label].name, String(one.label))));
    if (!choose(state.now.chosen)) choose(best());
    fill();
    sliders();
  }

  const best = () => bestOf(data.cases[index()].ranking, programs().map((one) => one.label), state.now.hidden); // prettier-ignore

  /** Select a label, if it has a program or a reason. @param {number | null} wanted */
  function choose(wanted) {
    const isKnown = programs().some((one) => one.label === wanted);
    if (isKnown) choice.value = String(wanted);
    return isKnown;
  }

  /** The fields of start and steps as they are in use. */
  function fill() {
    const now = first();
    const hasPlane = Boolean(now && data.cases[index()].valley);
    steps.parentElement.hidden = restore.hidden = !now;
    get("live-hint").hidden = get("live-start").hidden = !hasPlane;
    restore.disabled = !programs().some((one) => live.isChanged(index(), one.label));
    if (!now) return;
    steps.value = now.steps;
    if (hasPlane) [x0.value, x1.value] = now.x0.map((value) => String(Number(value.toPrecision(DIGITS))));
  }

  function sliders() {
    fault("");
    state.set({ selected: label() });
    const program = live.programOf(index(), label());
    const reason = document.createElement("p");
    const why = live.reason(index(), label());
    reason.textContent = `Shown as recorded. ${why.slice(0, 1).toUpperCase()}${why.slice(1)}`;
    const variants = program?.variants ?? [];
    const parts = variants.length > 1 ? variants[0].parts.map((name) => switchOf(name, variants)) : [];
    const numbers = live.current(index(), label())?.program.numbers.map(keyOf) ?? [];
    const used = (program?.parameters ?? []).filter((parameter) => numbers.includes(keyOf(parameter)));
    box.replaceChildren(...(program ? [...parts, ...used.map(slider)] : [reason]));
    seeds();
  }

  /** How many of the seeds are computed here, if not all. */
  function seeds() {
    const program = live.programOf(index(), label());
    const [count, all] = program ? [live.startsOf(index(), label()).length, program.seeds] : [1, 1];
    const isPart = count < all && !live.settings(index()).x0;
    get("live-seeds").textContent = isPart ? `Losses that are computed here are of ${count} of the ${all} seeds: more would take too long.` : "";
  }

  /** A schedule or a transform that can be switched off. */
  function switchOf(/** @type {string} */ name, variants) {
    const line = document.createElement("label");
    const input = line.appendChild(document.createElement("input"));
    line.append(` ${name}`);
    input.type = "checkbox";
    const parts = variants[live.settings(index()).variants.get(label()) ?? 0].parts;
    input.checked = parts.includes(name);
    input.addEventListener("change", () => {
      const wanted = variants[0].parts.filter((part) => (part === name ? input.checked : parts.includes(part)));
      const found = variantFor(variants, wanted, name);
      if (!found) {
        input.checked = !input.checked;
        return fault(`the page has no program ${input.checked ? "without" : "with"} ${name}`, input);
      }
      const at = label();
      changeOne((settings) => settings.variants.set(at, found.place));
      sliders();
      if (!found.isWanted) fault(`the page has no program with ${wanted.join(" and ") || "none of them"}: others were switched too`);
      /** @type {HTMLElement | undefined} */ ([...box.querySelectorAll("input[type=checkbox]")][variants[0].parts.indexOf(name)])?.focus();
    });
    return line;
  }

  function slider(/** @type {import("./sliders.js").Parameter} */ parameter) {
    const line = document.createElement("div");
    line.className = "slider";
    const name = line.appendChild(document.createElement("label"));
    name.textContent = parameter.shown;
    const range = line.appendChild(document.createElement("input"));
    const field = line.appendChild(document.createElement("input"));
    Object.assign(range, { type: "range", min: "0", max: "1", step: "0.001", id: `slider-${keyOf(parameter)}` });
    Object.assign(field, { type: "number", step: "any" });
    name.htmlFor = range.id;
    field.setAttribute("aria-label", `${parameter.shown}, as a number`);
    const own = live.settings(index()).values.get(label());
    show(own?.[keyOf(parameter)] ?? parameter.value);

    function show(/** @type {number} */ value) {
      field.value = String(Number(value.toPrecision(DIGITS)));
      range.value = String(placeOf(parameter, value));
      range.setAttribute("aria-valuetext", field.value);
    }

    function use(/** @type {number} */ value) {
      const wrong = faultOf(parameter, value);
      if (wrong) return fault(wrong, field);
      const at = label();
      changeOne(({ values }) => values.set(at, { ...values.get(at), [keyOf(parameter)]: value }));
    }

    range.addEventListener("input", () => {
      const value = valueOf(parameter, Number(range.value));
      field.value = String(value);
      range.setAttribute("aria-valuetext", field.value);
      use(value);
    });
    field.addEventListener("input", () => {
      range.value = String(placeOf(parameter, field.valueAsNumber));
      use(field.valueAsNumber);
    });
    return line;
  }

  function start() {
    const point = [x0.valueAsNumber, x1.valueAsNumber];
    if (!point.every(Number.isFinite)) return fault("start: write two numbers", Number.isFinite(point[0]) ? x1 : x0);
    change((settings) => (settings.x0 = point));
  }

  function drop(/** @type {number} */ x, /** @type {number} */ y) {
    if (get("live-start").hidden) return;
    [x0.value, x1.value] = [x, y].map((value) => String(Number(value.toPrecision(DIGITS))));
    change((settings) => (settings.x0 = [x0.valueAsNumber, x1.valueAsNumber]));
    if (!still.matches) state.set({ step: 0 });
    if (!still.matches && !state.now.playing) get("toggle").click();
  }

  for (const field of [x0, x1]) field.addEventListener("change", start);
  steps.addEventListener("input", () => {
    const count = steps.valueAsNumber;
    const wrong = faultOfSteps(count, first().program, 1);
    if (wrong) return fault(wrong, steps);
    change((settings) => (settings.steps = count));
  });
  restore.addEventListener("click", () => {
    live.restore(index());
    fill();
    sliders();
  });
  choice.addEventListener("change", () => (state.set({ chosen: label() }), sliders()));
  state.on(["chosen"], () => {
    if (label() !== state.now.chosen && choose(state.now.chosen)) sliders();
  });
  state.on(["hidden"], () => {
    if (state.now.chosen === null && label() !== best() && choose(best())) sliders();
  });
  state.on(["caseIndex"], open);
  open();
  return drop;
}
