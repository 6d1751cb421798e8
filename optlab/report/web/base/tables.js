/** Tables whose rows belong to labels. All texts are set as texts, never as markup. */

import { announce } from "./announce.js";

const HEADS = ["optimizer", "line"]; // the columns that say what a row is of

/**
 * @typedef {string | { text: string, value: string | number }} Cell a text, and what is copied instead of it
 *
 * @param {string} title
 * @param {string[]} columns a column of numbers ends with ">"
 * @param {{ label: number | null, cells: Cell[] }[]} rows
 */
export function table(title, columns, rows) {
  const found = document.createElement("table");
  if (title) found.createCaption().appendChild(document.createElement("span")).textContent = title;
  const isNumber = columns.map((name) => name.endsWith(">"));
  const head = found.createTHead().insertRow();
  columns.forEach((name, i) => {
    const cell = head.appendChild(document.createElement("th"));
    cell.scope = "col";
    cell.textContent = name.replace(/>$/, "");
    if (isNumber[i]) cell.className = "number";
  });
  const body = found.createTBody();
  for (const { label, cells } of rows) {
    const row = body.insertRow();
    if (label !== null) row.dataset.label = String(label);
    cells.forEach((given, i) => {
      const cell = row.insertCell();
      cell.textContent = typeof given === "string" ? given : given.text;
      if (typeof given !== "string") cell.dataset.value = String(given.value);
      if (isNumber[i]) cell.className = "number";
      if (HEADS.includes(columns[i])) cell.setAttribute("role", "rowheader");
    });
  }
  return found;
}

/** Put the colour of its label before the name in a row. @param {HTMLTableElement} found @param {number} column */
export function swatches(found, column, /** @type {(label: number) => string} */ colour) {
  for (const row of found.tBodies[0].rows) {
    if (row.dataset.label === undefined) continue;
    const cell = row.cells[column];
    const swatch = cell.querySelector(".swatch") ?? cell.insertBefore(document.createElement("span"), cell.firstChild);
    swatch.className = "swatch";
    swatch.setAttribute("style", `background:${colour(Number(row.dataset.label))}`);
  }
}

/** The table as tab-separated text, with all digits. @param {HTMLTableElement} found */
export function asText(found) {
  const text = (/** @type {HTMLTableCellElement} */ cell) => (cell.dataset.value ?? cell.textContent).replace(/\s+/g, " ");
  return [...found.rows].map((row) => [...row.cells].map(text).join("\t") + "\n").join("");
}

/** A button that copies the table that `current` returns; where the browser forbids it, the table is selected. */
export function copyButton(/** @type {() => HTMLTableElement} */ current) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "copy table";
  button.addEventListener("click", async () => {
    const found = current();
    try {
      await navigator.clipboard.writeText(asText(found));
      button.textContent = "copied";
      announce("copied");
    } catch {
      getSelection().selectAllChildren(found);
      button.textContent = "selected: copy with the keyboard";
    }
    setTimeout(() => (button.textContent = "copy table"), 2000);
  });
  return button;
}

/** Scroll a box so that an item in it is seen, unless the reader is in the box. @param {HTMLElement} box @param {HTMLElement} item */
export function reveal(box, item) {
  if (box.matches(":hover, :focus-within") || box.scrollHeight <= box.clientHeight) return;
  const [outer, inner] = [box, item].map((one) => one.getBoundingClientRect());
  if (!inner.height) return; // it is hidden
  const margin = 2 * inner.height; // of a head that stays
  if (inner.top < outer.top + margin) box.scrollTop -= outer.top + margin - inner.top;
  else if (inner.bottom > outer.bottom - margin) box.scrollTop += inner.bottom - outer.bottom + margin;
}

/**
 * Highlight the label of the row under the pointer, or with the focus: Tab reaches the table, arrow keys move through the rows.
 * @param {HTMLTableElement} found
 * @param {ReturnType<typeof import("./state.js").createState>} state
 */
export function linkRows(found, state) {
  const rows = /** @type {HTMLTableRowElement[]} */ ([...found.tBodies[0].rows]);
  rows.forEach((row, place) => {
    const light = () => state.set({ hover: Number(row.dataset.label) });
    const clear = () => state.set({ hover: null });
    row.tabIndex = place ? -1 : 0;
    row.addEventListener("pointerenter", light);
    row.addEventListener("pointerleave", clear);
    row.addEventListener("focus", light);
    row.addEventListener("blur", clear);
    row.addEventListener("keydown", (event) => {
      const next = rows[place + { ArrowDown: 1, ArrowUp: -1 }[event.key]];
      if (!next) return;
      event.preventDefault();
      row.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  });
}
