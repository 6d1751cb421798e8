/** What changed in the surface and the map, for screen readers: after it has ended, not in every frame. */

import { announce } from "../base/announce.js";

const QUIET = 600; // milliseconds without a change

/**
 * @param {ReturnType<typeof import("../base/state.js").createState>} state
 * @param {(index: number) => any} openCase
 */
export function createAnnouncements(state, openCase) {
  let timer = 0;

  function step() {
    const { playing, caseIndex, step } = state.now;
    const isSaid = document.activeElement?.id === "scrub"; // a slider says its value itself
    if (playing) announce("playing");
    else if (!isSaid) announce(`step ${Math.floor(step)} of ${openCase(caseIndex).lastStep}`);
  }

  function later(/** @type {() => void} */ say) {
    clearTimeout(timer);
    timer = window.setTimeout(say, QUIET);
  }

  state.on(["step"], () => !state.now.playing && later(step));
  state.on(["playing"], () => later(step));
  state.on(["layer"], () => state.now.layer && later(() => announce("the basins are shown")));
}
