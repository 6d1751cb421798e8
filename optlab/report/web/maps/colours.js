/** The colours of the pixels of a map: those of `optlab/figures/basins.py` and `stability.py`. */

import { between, rgb } from "../base/colours.js";
import { lossAt } from "./panel.js";

const LEVELS = 256;

/**
 * The pixels of a panel as bytes (red, green, blue, opaque); the first row is the lowest.
 * @param {import("./panel.js").Panel} panel @param {any} look of its problem, from `map_looks.py` @returns {Uint8ClampedArray}
 */
export function pixelsOf(panel, look) {
  const colour = look.hues ? basinColours(look) : stabilityColours(look);
  const found = new Uint8ClampedArray(4 * panel.fate.length);
  for (let pixel = 0; pixel < panel.fate.length; pixel++) {
    const [r, g, b] = colour(panel.fate[pixel], panel.reached ? panel.reached[pixel] - 1 : -1, () => lossAt(panel, pixel));
    found.set([r, g, b, 255], 4 * pixel);
  }
  return found;
}

/** @param {any} look @returns {(fate: number, reached: number) => number[]} */
export function basinColours(look) {
  const tables = look.hues.map((hue) => shades(hue, look));
  const plain = look.hues.map(bytes);
  return (fate, reached) => {
    if (fate < 2) return plain[fate];
    return tables[fate][Math.floor(look.share[Math.min(reached, look.share.length - 1)] * (LEVELS - 1))];
  };
}

/** The shades of a colour from the lightest (fastest) to the darkest (slowest). @param {string} colour */
export function shades(colour, { white, black }) {
  const base = rgb(colour);
  return Array.from({ length: LEVELS }, (_, level) => {
    const t = (2 * level) / (LEVELS - 1) - 1;
    const light = base.map((value) => value + (1 - value) * white * Math.max(-t, 0));
    return light.map((value) => Math.round(255 * value * (1 - black * Math.max(t, 0))));
  });
}

/** @param {any} look @returns {(fate: number, reached: number, loss: () => number) => number[]} */
export function stabilityColours(look) {
  const stops = look.colours.map(rgb);
  const plain = look.fates.map((colour) => colour && bytes(colour));
  return (fate, reached, loss) => {
    if (plain[fate]) return plain[fate];
    const value = reached >= 0 ? reached : loss() - (look.floor ?? 0);
    const shade = between(stops, placeOf(look, look.floor === null ? value : Math.max(value, 0)));
    const pale = fate === 1 ? look.pale : 0;
    return shade.map((channel) => Math.round(255 * (pale + (1 - pale) * channel)));
  };
}

/** Where a value is on the scale, from 0 to 1. @param {any} look @param {number} value */
export function placeOf({ log, low, high, power }, value) {
  const half = Math.floor(power / 2);
  const inUnits = Math.min(Math.max(value / 10 ** half / 10 ** (power - half), low), high);
  const [at, from, to] = [inUnits, low, high].map((one) => (log ? Math.log10(one) : one));
  return (at - from) / (to - from || 1);
}

const bytes = (/** @type {string} */ colour) => rgb(colour).map((value) => Math.round(255 * value));
