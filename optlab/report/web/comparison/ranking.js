/** The ranking of the case with its intervals, and the mean ranks over all cases, of the optimizers that are not hidden. */

import { createComparison } from "./comparison.js";
import { caseTable, meaningsOf, overTable } from "./rank_table.js";
import { faultText } from "../base/faults.js";
import { keepHeight } from "../base/height.js";
import { limited } from "../base/limited.js";
import { withDigits } from "../base/numbers.js";
import { copyButton, linkRows, reveal, swatches, table } from "../base/tables.js";
import { number } from "../base/unpack.js";

const SLICE = 10; // milliseconds of computing before the browser may draw
const PAUSE = 100; // milliseconds between two rankings while a slider moves
const QUIET = 120; // milliseconds without a change before the doubt is computed

/**
 * @param {any} document_
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {ReturnType<typeof import("../base/colours.js").createColours>} colours
 * @param {Pick<ReturnType<typeof import("../live/live.js").createLive>, "losses" | "isTuned">} live
 */
export function createRanking(document_, state, colours, live) {
  const comparison = createComparison(document_, live.losses, live.isTuned);
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
      timer = setTimeout(guarded(slice));
    };
    timer = setTimeout(guarded(slice), QUIET);
  }

  /** Work on the doubt. If it fails, the ranks are shown with a message. */
  function guarded(/** @type {() => void} */ work) {
    return () => {
      try {
        work();
      } catch (error) {
        show(false);
        get("compared").textContent = faultText("The intervals", error);
      }
    };
  }

  function show(/** @type {boolean} */ isBusy) {
    const { caseIndex, hidden } = state.now;
    get("ranks").hidden = false;
    get("ranks").toggleAttribute("aria-busy", isBusy);
    get("sureness").textContent = comparison.verdict(caseIndex, hidden);
    get("compared").textContent = isBusy ? "the intervals are being computed" : compared();
    const rows = comparison.ranking(caseIndex, hidden);
    const { title, errors } = document_.cases[caseIndex];
    const { columns, rows: texts } = caseTable(rows, name);
    put("ranking", table(title, columns, texts));
    const failed = errors.filter(({ label }) => !hidden.has(label)).map(({ text }) => text);
    say("ranking-notes", [...failed, ...meaningsOf(rows, document_.marks)]);
    if (document_.overall) overall();
    say("verdict", comparison.headline(hidden));
    paint();
  }

  /** Sentences, each in a line of its own. */
  function say(/** @type {string} */ id, /** @type {string[]} */ sentences) {
    get(id).replaceChildren(...sentences.map((sentence) => Object.assign(document.createElement("p"), { textContent: sentence })));
  }

  /** Which optimizers are compared, and what the page cannot compute. */
  function compared() {
    const { caseIndex, hidden } = state.now;
    if (comparison.isOriginal(caseIndex, hidden)) return "";
    const [best] = comparison.ranking(caseIndex, hidden).filter((row) => !row.failed);
    const first = best ? `: ${name(best.label)} is first, with a final loss of ${withDigits(number(best.median), 3)}` : "";
    const among = `compared ${comparison.conditions(hidden)}${first}`;
    const lost = { none: "; intervals and tests are left out, since the page has not all losses of so many runs: optlab rank --without computes them",
                   tests: "; intervals of ranks are left out, since the page has not the losses of all settings: optlab rank --without computes them", all: "" }; // prettier-ignore
    return among + lost[comparison.knows(caseIndex)];
  }

  function overall() {
    const { hidden } = state.now;
    const { title, rows, notes } = comparison.overall(hidden);
    const areHidden = document_.labels.every((_, label) => hidden.has(label));
    const why = areHidden ? ": all optimizers are hidden" : ": not computed again, since the page has only some of them";
    const tables = every.map((index) => comparison.ranking(index, hidden));
    const { columns, rows: texts } = overTable(rows, tables, name);
    put("overall", table((areHidden ? document_.overall.title : title) + (rows.length ? "" : why), columns, texts));
    say("overall-notes", rows.length ? notes : []);
  }

  /** Replace a table; the row with the focus keeps it. @param {"ranking" | "overall"} which @param {HTMLTableElement} made */
  function put(which, made) {
    const focused = found[which]?.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.label : null;
    if (found[which]) found[which].replaceWith(made);
    else {
      places[which].append(made);
      places[which].after(copyButton(() => found[which])); // not in the box, which may scroll
    }
    found[which] = made;
    linkRows(made, state);
    if (focused) /** @type {HTMLElement | null} */ (made.querySelector(`tr[data-label="${focused}"]`))?.focus();
  }

  function paint() {
    for (const each of Object.values(found)) {
      if (!each) continue;
      swatches(each, 1, (label) => colours.of(label, state.now.dark));
      for (const row of each.tBodies[0].rows) {
        const isLit = Number(row.dataset.label) === state.now.hover;
        row.classList.toggle("lit", isLit);
        if (isLit) reveal(each.parentElement, row);
      }
    }
  }

  const begin = guarded(update);
  state.on(["caseIndex", "hidden"], begin);
  state.on(["version"], limited(() => (comparison.forget(), begin()), PAUSE, get("ranks")));
  state.on(["hover", "dark"], paint);
  keepHeight(get("verdict"));
  begin();
}
