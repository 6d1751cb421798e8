/** Tables whose rows belong to labels. All texts are set as texts, never as markup. */

/**
 * @param {string} title
 * @param {string[]} columns a column of numbers ends with ">"
 * @param {{ label: number | null, cells: string[] }[]} rows
 */
export function table(title, columns, rows) {
  const found = document.createElement("table");
  if (title) found.createCaption().textContent = title;
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
    cells.forEach((text, i) => {
      const cell = row.insertCell();
      cell.textContent = text;
      if (isNumber[i]) cell.className = "number";
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
    swatch.setAttribute("style", `background:${colour(Number(row.dataset.label))};margin-right:0.45rem`);
  }
}
