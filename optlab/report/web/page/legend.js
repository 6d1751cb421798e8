/** The list of optimizers: hide them, see their loss at the present step. */

import { valleyOf } from "../valley/plane.js";
import { short } from "../base/numbers.js";
import { valueAt } from "../base/paths.js";
import { reveal } from "../base/tables.js";
import { setText } from "../base/text.js";

const SEARCHED = 12; // more optimizers have a search field

/**
 * @param {any} document_
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {(index: number) => any} openCase
 * @param {ReturnType<typeof import("../base/colours.js").createColours>} colours
 */
export function createLegend(document_, state, openCase, colours) {
  const list = document.getElementById("legend");
  const note = document.getElementById("legend-note");
  const every = document_.labels.map((_, label) => label);
  const order = [...every].sort((a, b) => Number(colours.isFaint(a)) - Number(colours.isFaint(b)));
  const rows = order.map((label) => {
    const item = list.appendChild(document.createElement("li"));
    const line = item.appendChild(document.createElement("label"));
    const box = line.appendChild(document.createElement("input"));
    box.type = "checkbox";
    const swatch = line.appendChild(document.createElement("span"));
    swatch.className = "swatch";
    line.appendChild(document.createElement("span")).textContent = document_.labels[label].name;
    const value = line.appendChild(document.createElement("span"));
    value.className = "value";
    box.addEventListener("change", () => {
      const hidden = new Set(state.now.hidden);
      if (box.checked) hidden.delete(label);
      else hidden.add(label);
      state.set({ hidden });
    });
    line.addEventListener("pointerenter", () => state.set({ hover: label }));
    line.addEventListener("pointerleave", () => state.set({ hover: null }));
    box.addEventListener("focus", () => state.set({ hover: label }));
    box.addEventListener("blur", () => state.set({ hover: null }));
    return { label, line, box, swatch, value };
  });

  if (every.length > SEARCHED) list.before(search(rows.map(({ label, line }) => ({ item: line.parentElement, name: document_.labels[label].name }))));

  function paint() {
    for (const { label, line, box, swatch } of rows) {
      box.checked = !state.now.hidden.has(label);
      swatch.setAttribute("style", `background:${colours.of(label, state.now.dark)}`);
      line.classList.toggle("lit", state.now.hover === label);
      if (state.now.hover === label) reveal(document.getElementById("optimizers"), line);
    }
  }

  /** The loss of a line at the present step. A run that did not end well has none after its last step. */
  function lossOf(one) {
    const isOver = one.status !== undefined && one.status !== "done" && state.now.step >= one.step.at(-1);
    return isOver ? Infinity : valueAt(one.step, one.loss ?? one.median, state.now.step);
  }

  /** The loss along the path that is shown, or the median over the seeds if there are no paths. */
  function losses() {
    const { valley, curves } = openCase(state.now.caseIndex);
    const lines = valley?.paths ?? (curves.train_loss ?? curves.loss ?? []);
    const found = new Map(lines.map((one) => [one.label, short(lossOf(one))]));
    for (const { label, value } of rows) setText(value, found.get(label) ?? "");
    const median = curves.train_loss ? "median training loss" : "median loss";
    setText(note, lines.length ? `${valley?.paths ? "loss of the shown path (one seed)" : median} at the present step` : "");
  }

  document.getElementById("optimizers").hidden = !every.length;
  document.getElementById("best").hidden = !every.some(colours.isFaint);
  document.getElementById("all").addEventListener("click", () => state.set({ hidden: new Set() }));
  document.getElementById("best").addEventListener("click", () => state.set({ hidden: new Set(every.filter(colours.isFaint)) }));
  const alone = () => document.getElementById("optimizers").classList.toggle("alone", !valleyOf(openCase(state.now.caseIndex), 0));
  state.on(["hidden", "hover", "dark"], paint);
  state.on(["step", "caseIndex", "version"], losses);
  state.on(["caseIndex"], alone);
  alone();
  paint();
  losses();
}

/** A field that hides the items whose name lacks its text. @param {{ item: HTMLElement, name: string }[]} items */
function search(items) {
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "search";
  field.setAttribute("aria-label", "search optimizers by name");
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const { item, name } of items) item.hidden = !name.toLowerCase().includes(wanted);
  });
  return field;
}
