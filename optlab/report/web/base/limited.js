/** Work that need not follow every frame. */

/**
 * A function that does its work at once, but not again for a while: calls in the meantime are one call afterwards.
 * @param {() => void} update @param {number} pause milliseconds @param {HTMLElement} box what is behind; it is marked as busy until it is not
 */
export function limited(update, pause, box) {
  let isWaiting = false;
  let isDue = false;

  function again() {
    isWaiting = false;
    if (!isDue) return;
    isDue = false;
    box.removeAttribute("aria-busy");
    call();
  }

  function call() {
    if (isWaiting) {
      if (!isDue) box.setAttribute("aria-busy", "true");
      isDue = true;
      return;
    }
    isWaiting = true;
    setTimeout(again, pause);
    update();
  }
  return call;
}
