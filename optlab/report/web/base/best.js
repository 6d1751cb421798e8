/** Which optimizer the page explains, and whose sliders it shows, until the reader has chosen one. */

/**
 * The best label that is shown, or else the first one; null if there is none.
 * @param {{ label: number }[]} ranking @param {number[]} known from which it is taken @param {Set<number>} hidden
 * @returns {number | null}
 */
export function bestOf(ranking, known, hidden) {
  const shown = ranking.map(({ label }) => label).filter((label) => known.includes(label) && !hidden.has(label));
  return shown[0] ?? known[0] ?? null;
}
