/** Time: play, pause, scrub, single steps, speed. */

import { setText } from "../base/text.js";

const SECONDS = 12; // from the first to the last step at speed 1
const KEYED = "#stage, #map-box, #time, figure"; // keys without Ctrl act only with the focus there: others may mean them otherwise (WCAG 2.1.4)

/**
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {(index: number) => any} openCase
 */
export function createPlayer(state, openCase) {
  const get = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
  const [toggle, scrub, now, speed] = ["toggle", "scrub", "now", "speed"].map(get);
  let before = 0;
  let shownCase = state.now.caseIndex;

  const last = () => openCase(state.now.caseIndex).lastStep;

  function tick(/** @type {number} */ time) {
    if (!state.now.playing) return;
    if (state.now.caseIndex !== shownCase) return requestAnimationFrame(tick); // the step is that of the case before
    const passed = Math.max(0, time - before); // the time of the first frame may be before the click
    const step = state.now.step + (passed / 1000) * state.now.speed * (last() / SECONDS);
    before = time;
    if (step >= last()) state.set({ step: last(), playing: false });
    else {
      state.set({ step });
      requestAnimationFrame(tick);
    }
  }

  function play() {
    if (state.now.playing) return state.set({ playing: false });
    before = performance.now();
    state.set({ playing: true, step: state.now.step >= last() ? 0 : state.now.step });
    requestAnimationFrame(tick);
  }

  function by(/** @type {number} */ steps) {
    const from = steps > 0 ? Math.floor(state.now.step) : Math.ceil(state.now.step);
    state.set({ playing: false, step: Math.min(last(), Math.max(0, from + steps)) });
  }

  function show() {
    scrub.max = last();
    scrub.value = Math.round(state.now.step);
    setText(now, `step ${Math.floor(state.now.step)} of ${last()}`);
    scrub.setAttribute("aria-valuetext", now.textContent);
    setText(toggle, state.now.playing ? "pause" : "play");
  }

  toggle.addEventListener("click", play);
  get("back").addEventListener("click", () => by(-1));
  get("forward").addEventListener("click", () => by(1));
  scrub.addEventListener("input", () => state.set({ playing: false, step: Number(scrub.value) }));
  speed.addEventListener("change", () => state.set({ speed: Number(speed.value) }));
  document.addEventListener("keydown", (event) => {
    const at = /** @type {HTMLElement} */ (event.target);
    if (!at.closest(KEYED) || at.closest("button, select, input, summary, a")) return;
    if (event.key === " ") play();
    else if (event.key === ".") by(1);
    else if (event.key === ",") by(-1);
    else return;
    event.preventDefault();
  });
  state.on(["step", "playing"], show);
  let end = last();
  state.on(["version"], () => {
    const isAtEnd = state.now.step >= end;
    end = last();
    if (isAtEnd || state.now.step > end) state.set({ step: end });
    show();
  });
  state.on(["caseIndex"], () => {
    shownCase = state.now.caseIndex;
    end = last();
    before = performance.now();
    get("time").hidden = end === 0;
    const playing = state.now.playing && end > 0;
    state.set({ playing, step: playing ? 0 : end });
    show();
  });
  get("time").hidden = last() === 0;
  show();
}
