/** The loss around the paths of a case with many parameters: which plane is shown, and what it leaves out. */

import { createChart } from "../charts/chart.js";
import { short } from "../base/numbers.js";
import { valueAt } from "../base/paths.js";
import { landscapeOf } from "../valley/plane.js";
import { linkRows, table } from "../base/tables.js";

const NAMES = { principal: "principal components", random: "random directions" };
const COLUMNS = ["optimizer", "true loss>", "in the plane>", "distance>", "largest>"];

/**
 * @param {any} document_
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {(index: number) => any} openCase
 * @param {ReturnType<typeof import("../base/colours.js").createColours>} colours
 */
export function createLandscape(document_, state, openCase, colours) {
  const get = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
  const chart = createChart("true loss, and loss of the projection on the plane (dashed)");
  get("losses").append(chart.figure);
  let shown = null;
  let rows = new Map();

  function open() {
    const one = openCase(state.now.caseIndex);
    get("missing").replaceChildren(...one.network_notes.map(paragraph));
    get("missing").hidden = !one.network_notes.length;
    shown = landscapeOf(one, state.now.plane);
    get("landscape").hidden = get("plane").hidden = !shown;
    if (!shown) return;
    get("plane").replaceChildren(...one.landscapes.map(({ name }, index) => new Option(NAMES[name], String(index))));
    get("plane").value = String(one.landscapes.indexOf(shown));
    get("plane-facts").textContent = facts();
    const found = table("at this step: losses, distance to the plane, and the largest distance of all steps", COLUMNS, shown.paths.map(({ label }) => ({ label, cells: [document_.labels[label].name, "", "", "", ""] })));
    linkRows(found, state);
    get("distances").replaceChildren(found);
    rows = new Map(shown.paths.map((path, n) => [path, found.tBodies[0].rows[n]]));
    draw();
    fill();
  }

  function facts() {
    const share = `${(100 * shown.explained).toPrecision(3)} %`;
    if (shown.name === "principal") return `Through the mean of all paths, along their first two principal components. It holds ${share} of their variance.`;
    const origin = document_.labels[shown.through].name;
    return `Through the end of ${origin}, along two filter-normalised random directions, in which each unit's weights have the norm of its trained weights: a step of 1 is as large as the weights. It holds ${share} of the paths' squared distances to that point.`;
  }

  function fill() {
    if (!shown) return;
    for (const [path, row] of rows) {
      const at = (/** @type {string} */ key) => short(valueAt(path.step, path[key], state.now.step));
      const largest = short(path.distance.reduce((a, b) => Math.max(a, b), 0));
      [at("loss"), at("projected"), at("distance"), largest].forEach((text, n) => (row.cells[n + 1].textContent = text));
      row.hidden = state.now.hidden.has(path.label);
    }
  }

  function draw() {
    if (!shown) return;
    const { hidden, hover, dark, logX, logY, step } = state.now;
    const paths = shown.paths.filter((path) => !hidden.has(path.label));
    const lines = paths.flatMap((path) => {
      const { name } = document_.labels[path.label];
      const look = { label: path.label, name, x: path.step, colour: colours.of(path.label, dark), dots: false,
                     width: hover === path.label ? 3.5 : 2, alpha: hover === null || hover === path.label ? 1 : 0.3 }; // prettier-ignore
      return [{ ...look, y: path.loss }, { ...look, name: `${name}, in the plane`, y: path.projected, dashed: true }];
    });
    const starts = paths.map((path) => path.loss[0]).filter(Number.isFinite);
    const theme = { ink: colours.ink(dark), muted: colours.muted(dark), grid: colours.grid(dark), ground: colours.ground(dark) };
    chart.draw({ lines, xName: "step", logX, logY, bands: false, marked: step, colours: theme,
                 start: starts.length ? Math.max(...starts) : NaN }); // prettier-ignore
  }

  get("plane").addEventListener("change", () => state.set({ plane: Number(get("plane").value) }));
  state.on(["caseIndex", "plane", "version"], open);
  state.on(["hidden", "hover", "dark", "logX", "logY"], draw);
  state.on(["step"], () => chart.mark(state.now.step));
  state.on(["step", "hidden"], fill);
  open();
}

function paragraph(/** @type {string} */ text) {
  const found = document.createElement("p");
  found.textContent = text;
  return found;
}
