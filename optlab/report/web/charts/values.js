/** The values of a chart as a table, for those who do not see the chart or cannot point at it. */

import { short } from "../base/numbers.js";
import { indexAt } from "../base/paths.js";
import { copyButton, swatches, table } from "../base/tables.js";

const MOST = 8; // places that have a column, and the present step
const QUIET = 300; // milliseconds without a drawing before the table follows: not while something moves

/**
 * The columns and rows of the table: a row for each line, a column for each of some places on the horizontal axis.
 * @param {Pick<import("./chart.js").Data, "lines" | "marked" | "bands">} data
 */
export function valuesOf({ lines, marked, bands }) {
  const every = [...new Set(lines.flatMap((line) => Array.from(line.x)))].sort((a, b) => a - b);
  const chosen = every.length <= MOST ? every : Array.from({ length: MOST }, (_, n) => every[Math.round((n * (every.length - 1)) / (MOST - 1))]);
  const places = [...new Set(marked === null ? chosen : [...chosen, marked])].sort((a, b) => a - b);
  const rows = lines.map((line, n) => ({ label: n, cells: [line.name, ...places.map((place) => cell(line, place, bands))] }));
  return { columns: ["line", ...places.map((place) => `${short(place)}${place === marked ? " (now)" : ""}>`)], rows };
}

/** The value of a line at a place; of a line of single points, only at its points. */
function cell(/** @type {import("./chart.js").Line} */ line, /** @type {number} */ place, /** @type {boolean} */ bands) {
  const at = indexAt(line.x, place);
  const isBeyond = place < line.x[0] || place > line.x[line.x.length - 1];
  if (!line.x.length || isBeyond || (line.dots && line.x[at] !== place) || Number.isNaN(line.y[at])) return "–";
  const [value, low, high] = [line.y[at], line.low?.[at] ?? NaN, line.high?.[at] ?? NaN];
  const band = bands && !Number.isNaN(low) && low !== high ? ` (${short(low)} to ${short(high)})` : "";
  return { text: short(value) + band, value };
}

/** @param {string} title of the chart */
export function createValues(title) {
  const box = document.createElement("details");
  const summary = box.appendChild(document.createElement("summary"));
  summary.textContent = "values as a table";
  summary.setAttribute("aria-label", `values as a table: ${title}`);
  const place = box.appendChild(document.createElement("div"));
  place.className = "wide";
  place.tabIndex = 0; // it scrolls
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", `values of the chart: ${title}`);
  /** @type {HTMLTableElement | null} */
  let shown = null;
  /** @type {import("./chart.js").Data | null} */
  let data = null;
  let [key, timer] = ["", 0];

  function fill() {
    if (!data) return;
    const { columns, rows } = valuesOf(data);
    const now = JSON.stringify([columns, rows, data.lines.map((line) => line.colour)]);
    if (now === key) return; // a table that does not change keeps what is selected in it
    key = now;
    shown = table(`by ${data.xName}`, columns, rows);
    swatches(shown, 0, (n) => data.lines[n].colour);
    place.replaceChildren(shown);
  }

  box.append(copyButton(() => shown));
  box.addEventListener("toggle", () => box.open && fill());
  return {
    box,
    /** Follow a chart that was drawn, if the table is open. */
    follow(/** @type {import("./chart.js").Data} */ drawn) {
      data = drawn;
      clearTimeout(timer);
      if (box.open) timer = setTimeout(fill, QUIET);
    },
  };
}
