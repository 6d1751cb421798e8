/** A page that is dark on the screen is printed light. */

/** @param {ReturnType<typeof import("../base/state.js").createState>} state */
export function createPrinting(state) {
  /** @type {"surface" | "map" | null} */
  let view = null;

  addEventListener("beforeprint", () => {
    if (!state.now.dark) return;
    view = state.now.view;
    state.set({ dark: false, view: "map" }); // a surface that is drawn now would be on the screen with the next frame only
    state.show();
  });
  addEventListener("afterprint", () => {
    if (view) state.set({ dark: matchMedia("(prefers-color-scheme: dark)").matches, view });
    view = null;
  });
}
