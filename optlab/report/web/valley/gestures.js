/** Mouse, touch and keys on the stage. */

const STILL = 5; // pixels that a click may move

/**
 * @typedef {object} Moves
 * @property {(right: number, down: number) => void} turn
 * @property {(right: number, down: number) => void} pan
 * @property {(factor: number) => void} zoom
 * @property {() => void} reset
 * @property {(x: number | null, y?: number, pageX?: number, pageY?: number) => void} point
 * @property {(x: number, y: number) => void} click a press that did not move
 */

/** @param {HTMLElement} box @param {Moves} moves */
export function gestures(box, moves) {
  /** @type {Map<number, { x: number, y: number }>} */
  const held = new Map();
  /** @type {{ x: number, y: number } | null} where a press began that has not moved */
  let pressed = null;

  box.addEventListener("pointerdown", (event) => {
    if (/** @type {Element} */ (event.target).closest(".corner")) return;
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
    pressed = held.size === 1 && event.button === 0 ? { x: event.clientX, y: event.clientY } : null;
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) {
      const frame = box.getBoundingClientRect();
      moves.point(event.clientX - frame.left, event.clientY - frame.top, event.clientX, event.clientY);
      return;
    }
    const now = { x: event.clientX, y: event.clientY };
    if (pressed && (isStill(pressed, now) || (event.pointerType === "touch" && isScroll(pressed, now)))) return;
    pressed = null;
    if (held.size === 2) pinch(event.pointerId, before, now);
    else if (event.shiftKey || event.buttons & 2) moves.pan(now.x - before.x, now.y - before.y);
    else moves.turn(now.x - before.x, now.y - before.y);
    held.set(event.pointerId, now);
  });
  box.addEventListener("pointerup", (event) => {
    if (!pressed) return;
    const frame = box.getBoundingClientRect();
    moves.click(event.clientX - frame.left, event.clientY - frame.top);
    pressed = null;
  });
  box.addEventListener("pointercancel", () => (pressed = null));
  for (const kind of ["pointerup", "pointercancel"]) box.addEventListener(kind, (event) => held.delete(/** @type {PointerEvent} */ (event).pointerId));
  box.addEventListener("pointerleave", () => moves.point(null));
  box.addEventListener("contextmenu", (event) => event.preventDefault());

  // a page that scrolls must not stop at the stage: the wheel zooms with Ctrl, or once the stage has the focus
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== box) return;
    event.preventDefault();
    moves.zoom(Math.exp(-event.deltaY / 600));
  }, { passive: false }); // prettier-ignore

  box.addEventListener("keydown", (event) => {
    if (event.target !== box || event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = { ArrowLeft: [-16, 0], ArrowRight: [16, 0], ArrowUp: [0, -16], ArrowDown: [0, 16] };
    if (event.key in keys) (event.shiftKey ? moves.pan : moves.turn)(keys[event.key][0], keys[event.key][1]);
    else if (event.key === "+" || event.key === "=") moves.zoom(1.15);
    else if (event.key === "-") moves.zoom(1 / 1.15);
    else if (event.key === "0") moves.reset();
    else return;
    event.preventDefault();
  });

  const isStill = (before, now) => Math.hypot(now.x - before.x, now.y - before.y) < STILL;
  /** Whether a finger that moves up or down is about to scroll the page. */
  const isScroll = (before, now) => Math.abs(now.y - before.y) > Math.abs(now.x - before.x);

  function pinch(id, before, now) {
    const other = [...held.entries()].find(([key]) => key !== id)?.[1];
    if (!other) return;
    const size = (/** @type {{x: number, y: number}} */ p) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
    moves.zoom(size(now) / size(before));
    moves.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  }
}
