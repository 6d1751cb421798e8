/** Work that need not follow every frame. */

/**
 * A function that does its work at once, but not again for a while: calls in the meantime are one call afterwards.
 * @param {() => void} update @param {number} pause milliseconds
 */
export function limited(update, pause) {
  let isWaiting = false;
  let isDue = false;
  return function call() {
    if (isWaiting) return void (isDue = true);
    [isWaiting, isDue] = [true, false];
    update();
    setTimeout(() => {
      isWaiting = false;
      if (isDue) call();
    }, pause);
  };
}
