/** Opens the page: reads its data and connects its parts. */

import { createAbout } from "./page/about.js";
import { createAnnouncements } from "./page/announcements.js";
import { createBasinLayer } from "./live/basin_layer.js";
import { openCases } from "./base/cases.js";
import { createBoundary } from "./networks/boundary.js";
import { createCharts } from "./charts/charts.js";
import { createColours } from "./base/colours.js";
import { createControls } from "./live/controls.js";
import { createLandscape } from "./networks/landscape.js";
import { fitted } from "./page/lacks.js";
import { createLegend } from "./page/legend.js";
import { createLive } from "./live/live.js";
import { createMaps } from "./maps/maps.js";
import { createPlayer } from "./page/player.js";
import { createPrinting } from "./page/printing.js";
import { createRanking } from "./comparison/ranking.js";
import { createSource } from "./page/source.js";
import { createStage } from "./valley/stage.js";
import { createState } from "./base/state.js";
import { createView, givenView, stateOf } from "./page/view.js";
import { createWhy } from "./why/why.js";

const data = fitted(JSON.parse(document.getElementById("data").textContent));
const get = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

function head() {
  get("name").textContent = data.name;
  get("ended").textContent = `runs: ${data.ended} · optlab ${data.optlab}`;
  for (const note of data.notes) {
    const line = get("notes").appendChild(document.createElement("p"));
    line.className = "muted";
    line.textContent = note;
  }
}

function open() {
  const openCase = openCases(data);
  const colours = createColours(data);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const given = givenView();
  const state = createState({
    ...stateOf(given, data, openCase), playing: false, speed: 1, hover: null, plane: 0,
    along: "steps", logX: false, logY: null, bands: true, dark: scheme.matches, version: 0, chosen: null, arrows: 0,
    selected: null, basins: false, layer: null,
  }); // prettier-ignore
  scheme.addEventListener("change", () => state.set({ dark: scheme.matches }));
  createPrinting(state);
  if (data.maps) return openMaps(state, openCase, colours);
  const live = createLive(data, state, openCase);
  const view = createView(data, state, openCase, live);
  view.use(given);
  createPlayer(state, openCase);
  createAnnouncements(state, openCase);
  createLegend(data, state, openCase, colours);
  const drop = createControls(data, state, live);
  const stage = createStage(state, openCase, colours, tip, drop, createWhy(data, state, openCase, colours, live).draw);
  createLandscape(data, state, openCase, colours);
  createBoundary(data, state, openCase, colours, live);
  createBasinLayer(data, state, live);
  createCharts(data, state, openCase, colours, tip, live.runs);
  createRanking(data, state, colours, live);
  controls(state);
  view.restore(given, stage);
  Object.assign(window, { optlab: { ...createSource(data, openCase.recorded), view: () => view.read(stage) } });
}

/** A map has the run of one pixel, and nothing to compare. */
function openMaps(state, openCase, colours) {
  createPlayer(state, openCase);
  const { drop, shown } = createMaps(data, state, openCase, colours);
  createStage(state, openCase, colours, tip, drop, () => {});
  createCharts(data, state, openCase, colours, tip);
  controls(state);
  Object.assign(window, { optlab: { ...createSource(data, openCase.recorded), shown } });
}

function controls(state) {
  for (const [index, one] of data.cases.entries()) get("case").add(new Option(one.title, String(index)));
  get("case").value = String(state.now.caseIndex);
  get("problem").hidden = data.cases.length < 2;
  get("case").addEventListener("change", () => state.set({ caseIndex: Number(get("case").value) }));
  get("along").addEventListener("change", () => state.set({ along: get("along").value }));
  get("log-x").addEventListener("change", () => state.set({ logX: get("log-x").checked }));
  get("bands").addEventListener("change", () => state.set({ bands: get("bands").checked }));
  get("log-y").addEventListener("change", () => state.set({ logY: get("log-y").value ? get("log-y").value === "log" : null }));
}

/** The name of the label under the pointer, with a value. */
function tip(/** @type {number | null} */ label, x = 0, y = 0, value = "") {
  const box = get("tip");
  box.hidden = label === null;
  if (label === null) return;
  box.textContent = data.labels[label].name + (value ? `: ${value}` : "");
  box.setAttribute("style", `transform:translate(${Math.min(x + 14, innerWidth - box.offsetWidth - 8)}px, ${y + 16}px)`);
}

head();
createAbout(data);
if (data.cases.length) open();
else Object.assign(window, { optlab: createSource(data, () => null) });
