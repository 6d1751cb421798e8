/** The heights of boxes with texts that change. */

/** Let a box keep its largest height until the window changes its size, so that what is below does not move. */
export function keepHeight(/** @type {HTMLElement} */ box) {
  const keep = () => (box.style.minHeight = `${Math.max(box.offsetHeight, parseFloat(box.style.minHeight) || 0)}px`);
  new ResizeObserver(keep).observe(box);
  window.addEventListener("resize", () => (box.style.minHeight = ""));
}
