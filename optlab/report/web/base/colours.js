/** The colours of labels and of heights, on a light and on a dark ground. */

/** @param {any} document */
export function createColours(document) {
  const theme = (/** @type {boolean} */ dark) => (dark ? "dark" : "light");
  return {
    /** The colour of a label; grey if it is not among the best. @param {number} label @param {boolean} dark */
    of(label, dark) {
      const place = document.labels[label].colour;
      return place === null ? document.faint[theme(dark)] : document.palette[theme(dark)][place];
    },
    /** The colours of the figures. @param {boolean} dark @returns {string[]} */
    palette: (dark) => document.palette[theme(dark)],
    /** @param {number} label */
    isFaint: (label) => document.labels[label].colour === null,
    /** @param {boolean} dark @returns {number[][]} from the valley up */
    relief: (dark) => document.relief[theme(dark)].map(rgb),
    ink: (/** @type {boolean} */ dark) => (dark ? "#e6e6e6" : "#222222"),
    muted: (/** @type {boolean} */ dark) => (dark ? "#a8adb3" : "#5c5c5c"),
    grid: (/** @type {boolean} */ dark) => (dark ? "#2c333b" : "#e4e4e4"),
    ground: (/** @type {boolean} */ dark) => (dark ? "#14181d" : "#ffffff"),
  };
}

/** @param {string} hex such as "#0072B2" @returns {number[]} from 0 to 1 */
export function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
}

/** A colour between those of `stops`. @param {number[][]} stops @param {number} share */
export function between(stops, share) {
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const first = Math.min(Math.floor(at), stops.length - 2);
  return stops[first].map((value, channel) => value + (at - first) * (stops[first + 1][channel] - value));
}
