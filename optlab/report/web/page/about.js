/** What the experiment is: its file, statuses, errors, versions, sources of plugins, and the files to download. */

import { inflated } from "../base/inflate.js";
import { table } from "../base/tables.js";

/** @param {any} document_ */
export function createAbout(document_) {
  const { about, files } = document_;
  const place = document.getElementById("facts");
  const downloads = document.getElementById("downloads");
  for (const { name, type, bytes } of files) {
    const link = downloads.appendChild(document.createElement("a"));
    link.textContent = name;
    link.download = name;
    inflated(bytes).then(
      (found) => (link.href = URL.createObjectURL(new Blob([/** @type {any} */ (found)], { type: `${type};charset=utf-8` }))),
      (error) => link.replaceWith(`${name}: ${error.message}`),
    );
    downloads.append(" ");
  }
  if (about.errors.length) {
    const rows = about.errors.map(({ of, message }) => ({ label: null, cells: [of, message] }));
    folded("errors", table("", ["runs", "message"], rows), true);
  }
  folded("experiment file", code(about.spec));
  for (const { name, text } of about.sources) folded(name, code(text));
  folded("versions, statuses and hashes", pairs({ ...about.versions, ...about.statuses, ...about.machine, ...about.hashes, ...about.origins }));

  function folded(title, content, isOpen = false) {
    const box = place.appendChild(document.createElement("details"));
    box.open = isOpen;
    box.appendChild(document.createElement("summary")).textContent = title;
    box.append(content);
  }
}

function code(/** @type {string} */ text) {
  const block = document.createElement("pre");
  block.tabIndex = 0; // it scrolls, so that it must be reachable with keys
  block.textContent = text;
  return block;
}

function pairs(/** @type {Record<string, unknown>} */ values) {
  const box = document.createElement("div");
  box.className = "wide";
  box.tabIndex = 0; // it scrolls
  const rows = Object.entries(values).map(([name, value]) => ({ label: null, cells: [name, String(value)] }));
  box.append(table("", ["what", "value"], rows));
  return box;
}
