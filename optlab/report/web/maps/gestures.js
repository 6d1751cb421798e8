/** Mouse, touch and keys on a map. */

const CLICK = 5; // pixels that a click may move

/**
 * @typedef {object} Moves places are on the canvas
 * @property {(x: number | null, y?: number) => void} point
 * @property {(x: number, y: number) => void} click
 * @property {(right: number, down: number) => void} pan
 * @property {(factor: number, x?: number, y?: number) => void} zoom
 * @property {() => void} reset
 * @property {(columns: number, rows: number) => void} step
 * @property {() => void} run
 */

/** @param {HTMLElement} box @param {Moves} moves */
export function mapGestures(box, moves) {
  /** @type {Map<number, { x: number, y: number }>} */
  const held = new Map();
  let moved = 0;
  const placeOf = (/** @type {MouseEvent} */ event) => {
    const frame = box.getBoundingClientRect();
    return { x: event.clientX - frame.left - box.clientLeft, y: event.clientY - frame.top - box.clientTop };
  };

  box.addEventListener("pointerdown", (event) => {
    if (!held.size) moved = 0;
    held.set(event.pointerId, placeOf(event));
    if (held.size > 1) moved = Infinity;
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    const now = placeOf(event);
    const before = held.get(event.pointerId);
    if (!before) return moves.point(now.x, now.y);
    const other = [...held.entries()].find(([id]) => id !== event.pointerId)?.[1];
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (other) {
      const size = (/** @type {{ x: number, y: number }} */ p) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
      moves.zoom(size(now) / size(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
      moves.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else if (moved > CLICK) moves.pan(now.x - before.x, now.y - before.y);
    held.set(event.pointerId, now);
  });
  box.addEventListener("pointerup", (event) => {
    const { x, y } = placeOf(event);
    if (held.delete(event.pointerId) && moved <= CLICK) moves.click(x, y);
  });
  box.addEventListener("pointercancel", (event) => held.delete(event.pointerId));
  box.addEventListener("pointerleave", () => moves.point(null));

  // a page that scrolls must not stop at the map: the wheel zooms with Ctrl, or once the map has the focus
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== box) return;
    event.preventDefault();
    const { x, y } = placeOf(event);
    moves.zoom(Math.exp(-event.deltaY / 400), x, y);
  }, { passive: false }); // prettier-ignore

  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const times = event.shiftKey ? 10 : 1;
    if (event.key in keys) moves.step(times * keys[event.key][0], times * keys[event.key][1]);
    else if (event.key === "Enter") moves.run();
    else if (event.key === "+" || event.key === "=") moves.zoom(1.5);
    else if (event.key === "-") moves.zoom(1 / 1.5);
    else if (event.key === "0") moves.reset();
    else return;
    event.preventDefault();
  });
}
