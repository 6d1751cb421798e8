/** What went wrong, as a text for the reader. */

/** @param {string} what could not be done @param {unknown} error */
export function faultText(what, error) {
  return `${what} could not be computed: ${error instanceof Error ? error.message : error}`;
}
