/** The ranking of the case with its intervals, and the mean ranks over all cases. */

import { short } from "./numbers.js";
import { swatches, table } from "./tables.js";
import { number } from "./unpack.js";

/**
 * @param {any} document_
 * @param {ReturnType<import("./state.js").createState>} state
 * @param {ReturnType<import("./colours.js").createColours>} colours
 */
export function createRanking(document_, state, colours) {
  const name = (/** @type {number} */ label) => document_.labels[label].name;
  const [place, overall] = ["ranking", "overall"].map((id) => /** @type {HTMLElement} */ (document.getElementById(id)));
  const found = { ranking: null, overall: null };

  function open() {
    const one = document_.cases[state.now.caseIndex];
    document.getElementById("ranks").hidden = false;
    document.getElementById("sureness").textContent = one.verdict;
    found.ranking = table(one.title, ["rank>", "optimizer", "best settings", "final loss>", "90 % interval>", "could be first", "diverged>", "seeds>"],
      one.ranking.map((row) => ({ label: row.label, cells: cells(row) }))); // prettier-ignore
    place.replaceChildren(found.ranking);
    listen(place);
    paint();
  }

  function cells(row) {
    const isSure = row.rankLow !== null && row.rankLow < row.rankHigh;
    const rank = row.rank === null ? "–" : isSure ? `${row.rankLow}–${row.rankHigh}` : String(row.rank);
    const loss = row.failed ? "error" : short(number(row.median));
    const interval = row.interval ? `${short(number(row.interval[0]))} to ${short(number(row.interval[1]))}` : "–";
    const first = row.withFirst === null ? "–" : row.withFirst ? "yes" : "no";
    return [rank, name(row.label), row.settings ?? "", loss, interval, first, `${Math.round(100 * row.diverged)} %`, String(row.seeds ?? "–")];
  }

  function openOverall() {
    if (!document_.overall.length) return;
    const rows = document_.overall.map((row) => {
      const mean = number(row.meanRank);
      const interval = row.low === null ? "–" : `${number(row.low).toFixed(2)} to ${number(row.high).toFixed(2)}`;
      return { label: row.label, cells: [Number.isNaN(mean) ? "–" : mean.toFixed(2), name(row.label), interval, String(row.wins)] };
    });
    found.overall = table(`over all ${document_.cases.length} problems`, ["mean rank>", "optimizer", "90 % interval>", "wins>"], rows);
    overall.replaceChildren(found.overall);
    listen(overall);
  }

  function listen(/** @type {HTMLElement} */ box) {
    for (const row of box.querySelectorAll("tbody tr")) {
      row.addEventListener("pointerenter", () => state.set({ hover: Number(/** @type {HTMLElement} */ (row).dataset.label) }));
      row.addEventListener("pointerleave", () => state.set({ hover: null }));
    }
  }

  function paint() {
    for (const each of Object.values(found)) {
      if (!each) continue;
      swatches(each, 1, (label) => colours.of(label, state.now.dark));
      for (const row of each.tBodies[0].rows) {
        row.classList.toggle("lit", Number(row.dataset.label) === state.now.hover);
        row.classList.toggle("muted", state.now.hidden.has(Number(row.dataset.label)));
      }
    }
  }

  state.on(["caseIndex"], open);
  state.on(["hover", "dark", "hidden"], paint);
  openOverall();
  open();
}
