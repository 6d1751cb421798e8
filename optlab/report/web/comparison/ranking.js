/** The ranking of the case with its intervals, and the mean ranks over all cases, of the optimizers that are not hidden. */

import { createComparison } from "./comparison.js";
import { short } from "../base/numbers.js";
import { copyButton, linkRows, swatches, table } from "../base/tables.js";
import { number } from "../base/unpack.js";

const COLUMNS = ["rank>", "optimizer", "best settings", "final loss>", "90 % interval>", "could be first", "diverged>", "seeds>"];
const SLICE = 10; // milliseconds of computing before the browser may draw
const QUIET = 120; // milliseconds without a change before the doubt is computed

/**
 * @param {any} document_
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {ReturnType<typeof import("../base/colours.js").createColours>} colours
 * @param {(index: number, label: number) => ArrayLike<number> | null} losses the losses that were computed again
 */
export function createRanking(document_, state, colours, losses) {
  const comparison = createComparison(document_, losses);
  const every = document_.cases.map((_, index) => index);
  const name = (/** @type {number} */ label) => document_.labels[label].name;
  const get = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const places = { ranking: get("ranking"), overall: get("overall") };
  /** @type {{ ranking: HTMLTableElement | null, overall: HTMLTableElement | null }} */
  const found = { ranking: null, overall: null };
  let timer = 0;

  /** Show the ranks at once, and the doubt about them when it is computed. */
  function update() {
    clearTimeout(timer);
    const { caseIndex, hidden } = state.now;
    const work = comparison.prepare([caseIndex, ...every.filter((index) => index !== caseIndex)], hidden);
    const isDone = Boolean(work.next().done);
    show(!isDone);
    if (isDone) return;
    const slice = () => {
      const end = performance.now() + SLICE;
      while (performance.now() < end) {
        if (work.next().done) return show(false);
      }
      timer = setTimeout(slice);
    };
    timer = setTimeout(slice, QUIET);
  }

  function show(/** @type {boolean} */ isBusy) {
    const { caseIndex, hidden } = state.now;
    get("ranks").hidden = false;
    get("ranks").toggleAttribute("aria-busy", isBusy);
    get("sureness").textContent = comparison.verdict(caseIndex, hidden);
    get("compared").textContent = isBusy ? "the intervals are being computed" : compared();
    put("ranking", table(document_.cases[caseIndex].title, COLUMNS, comparison.ranking(caseIndex, hidden).map((row) => ({ label: row.label, cells: cells(row) })))); // prettier-ignore
    if (document_.overall.length) put("overall", overall());
    get("verdict").replaceChildren(
      ...comparison.headline(hidden).map((sentence) => Object.assign(document.createElement("p"), { textContent: sentence })),
    );
    paint();
  }

  /** Which optimizers are compared, and what the page cannot compute. */
  function compared() {
    const { caseIndex, hidden } = state.now;
    if (comparison.isOriginal(caseIndex, hidden)) return "";
    const among = hidden.size ? `compared without ${hidden.size === 1 ? name([...hidden][0]) : `${hidden.size} hidden optimizers`}` : "with losses that were computed here";
    const lost = { none: "; intervals and tests are left out, since the page has not all losses of so many runs: optlab rank --without computes them",
                   tests: "; intervals of ranks are left out, since the page has not the losses of all settings: optlab rank --without computes them", all: "" }; // prettier-ignore
    return among + lost[comparison.knows(caseIndex)];
  }

  function cells(row) {
    const isUnsure = row.rankLow !== null && row.rankLow < row.rankHigh;
    const rank = row.rank === null ? "–" : isUnsure ? `${row.rankLow}–${row.rankHigh}` : String(row.rank);
    const median = number(row.median);
    const loss = row.failed ? "error" : { text: short(median), value: median };
    const ends = row.interval?.map(number);
    const interval = ends ? { text: ends.map(short).join(" to "), value: ends.join(" to ") } : "–";
    const first = row.withFirst === null ? "–" : row.withFirst ? "yes" : "no";
    return [rank, name(row.label), row.settings ?? "", loss, interval, first, `${Math.round(100 * row.diverged)} %`, String(row.seeds ?? "–")];
  }

  function overall() {
    const rows = comparison.overall(state.now.hidden).map((row) => {
      const [mean, ...ends] = [row.meanRank, row.low, row.high].map(number);
      const interval = Number.isNaN(ends[0]) ? "–" : { text: ends.map((end) => end.toFixed(2)).join(" to "), value: ends.join(" to ") };
      const rank = Number.isNaN(mean) ? "–" : { text: mean.toFixed(2), value: mean };
      return { label: row.label, cells: [rank, name(row.label), interval, String(row.wins)] };
    });
    const areHidden = document_.labels.every((_, label) => state.now.hidden.has(label));
    const why = areHidden ? ": all optimizers are hidden" : ": not computed again, since the page has only some of them";
    const left = rows.length ? "" : why;
    return table(`over all ${document_.overall[0].cases} problems${left}`, ["mean rank>", "optimizer", "90 % interval>", "wins>"], rows);
  }

  /** Replace a table; the row with the focus keeps it. @param {"ranking" | "overall"} which @param {HTMLTableElement} made */
  function put(which, made) {
    const focused = found[which]?.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.label : null;
    if (found[which]) found[which].replaceWith(made);
    else places[which].append(made, copyButton(() => found[which]));
    found[which] = made;
    linkRows(made, state);
    if (focused) /** @type {HTMLElement | null} */ (made.querySelector(`tr[data-label="${focused}"]`))?.focus();
  }

  function paint() {
    for (const each of Object.values(found)) {
      if (!each) continue;
      swatches(each, 1, (label) => colours.of(label, state.now.dark));
      for (const row of each.tBodies[0].rows) row.classList.toggle("lit", Number(row.dataset.label) === state.now.hover);
    }
  }

  state.on(["caseIndex", "hidden"], update);
  state.on(["version"], () => (comparison.forget(), update()));
  state.on(["hover", "dark"], paint);
  update();
}
