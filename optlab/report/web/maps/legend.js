/** The legend of a map: what its colours mean, and the scale of steps or losses. */

import { placeOf, shades } from "./colours.js";
import { linearTicks, logTicks, withTexts } from "../base/numbers.js";

/** @param {HTMLElement} list @param {HTMLElement} bar @param {any} look @param {{ swatch: string, text: string }[]} more entries for marks */
export function showLegend(list, bar, look, more) {
  list.replaceChildren();
  for (const { colour, text } of look.legend) entry(colour ? `background:${colour}` : "visibility:hidden", text);
  for (const { swatch, text } of more) entry(swatch, text);
  bar.replaceChildren();
  bar.hidden = !look.scale;
  if (look.scale) scale();

  function entry(style, text) {
    const item = list.appendChild(document.createElement("li"));
    const swatch = item.appendChild(document.createElement("span"));
    swatch.className = "swatch";
    swatch.setAttribute("style", style);
    item.append(text);
  }

  function scale() {
    bar.appendChild(document.createElement("span")).textContent = look.scale;
    const strip = bar.appendChild(document.createElement("span"));
    strip.className = "strip";
    strip.setAttribute("style", `background:linear-gradient(to right, ${coloursOf(look).join(", ")})`);
    const line = bar.appendChild(document.createElement("span"));
    line.className = "ticks";
    for (const { place, text } of ticksOf(look)) {
      const tick = line.appendChild(document.createElement("span"));
      tick.textContent = text;
      tick.setAttribute("style", `left:${(100 * place).toFixed(1)}%`);
    }
  }
}

/** The colours of the scale at equal distances: in grey, if only the lightness counts. */
function coloursOf(look) {
  if (!look.hues) return look.colours;
  const grey = shades("#808080", look);
  return Array.from({ length: 33 }, (_, n) => `rgb(${grey[Math.round((n / 32) * 255)].join(" ")})`);
}

/** @param {any} look @returns {{ place: number, text: string }[]} */
export function ticksOf(look) {
  if (look.ticks) return look.ticks;
  const { log, low, high } = look;
  const ticks = log ? logTicks(low, high, 6) : linearTicks(low, high, 5);
  const inside = ticks.filter((tick) => tick >= low && tick <= high);
  return withTexts(inside, log).map(({ tick, text }) => ({ place: placeOf({ log, low, high, power: 0 }, tick), text }));
}
