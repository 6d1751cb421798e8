/** Sentences for screen readers. */

/** Let a screen reader say a sentence when it has finished the present one. */
export function announce(/** @type {string} */ sentence) {
  document.getElementById("said").textContent = sentence;
}
