/** What a pixel says, in words. */

import { lossAt } from "./panel.js";
import { short } from "../base/numbers.js";

/** A coordinate or hyperparameter, to five digits. @param {number} value */
export function precise(value) {
  return String(Number(value.toPrecision(5))).replace("-", "−").replace("e+", "e");
}

const point = (/** @type {ArrayLike<number>} */ values, text = precise) => `(${Array.from(values, (value) => text(value)).join(", ")})`;
const counted = (/** @type {number} */ count) => `${count} step${count === 1 ? "" : "s"}`;

/**
 * What a pixel shows: optimizer, start or hyperparameters, what became of the run, and its final loss.
 * @param {import("./panel.js").Panel} panel @param {any} look @param {string} label @param {number} row @param {number} column
 */
export function textOf(panel, look, label, row, column) {
  const pixel = row * panel.x.length + column;
  const pair = [panel.x[column], panel.y[row]];
  const where = look.hues ? `start ${point(pair)}` : panel.names.map((name, side) => `${name} ${precise(pair[side])}`).join(", ");
  const loss = lossAt(panel, pixel);
  const parts = [`${label} ${panel.settings}`.trim(), where, look.hues ? basin(panel, look, pixel) : stability(panel, pixel)];
  if (!Number.isNaN(loss)) parts.push(`final loss ${short(loss)}`);
  return parts.join(" · ");
}

/** @param {import("./panel.js").Panel} panel @param {any} look @param {number} pixel */
function basin({ fate, reached, steps }, look, pixel) {
  if (fate[pixel] === 0) return "diverged";
  if (fate[pixel] === 1) return `not at a minimum after ${counted(steps)}`;
  return `minimum ${point(look.minima[fate[pixel] - 2], short)} after ${counted(reached[pixel] - 1)}`;
}

/** @param {import("./panel.js").Panel} panel @param {number} pixel */
function stability({ fate, reached, steps }, pixel) {
  const kind = fate[pixel];
  const first = reached && reached[pixel] > 0 ? `target reached after ${counted(reached[pixel] - 1)}` : "";
  if (kind === 4) return [first, "diverged"].filter(Boolean).join(", then ");
  if (kind === 3) return [first, `the loss grew in ${counted(steps)}`].filter(Boolean).join(", then ");
  if (kind === 2) return `target not reached in ${counted(steps)}`;
  if (kind === 1) return `${first}, and left again`;
  return first || `stable over ${counted(steps)}`;
}
