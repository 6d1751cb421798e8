/** The lines of a rule in the page. Their elements stay while numbers change: the browser lays out only what differs. */

import { setText } from "../base/text.js";
import { lineTexts } from "./lines.js";

/** @param {HTMLElement} place */
export function createRuleLines(place) {
  /** @type {import("../kernels/rule.js").Rule | null} */
  let shown = null;
  let blocks = [];

  function block() {
    const box = document.createElement("div");
    const [symbols, worked, result] = ["symbols", "", ""].map((kind) => {
      const line = box.appendChild(document.createElement("p"));
      line.className = kind;
      return line;
    });
    return { box, symbols, worked, result };
  }

  /** @param {import("../kernels/rule.js").Rule} rule @param {Float64Array} values of a step */
  return (rule, values) => {
    if (rule !== shown) {
      shown = rule;
      blocks = rule.lines.map(block);
      place.replaceChildren(...blocks.map(({ box }) => box));
    }
    rule.lines.forEach((line, n) => {
      const { symbols, worked, result } = lineTexts(rule, line, values);
      setText(blocks[n].symbols, symbols);
      setText(blocks[n].worked, `= ${worked}`);
      setText(blocks[n].result, `= ${result}`);
      if (result === worked) blocks[n].result.remove();
      else if (!blocks[n].result.parentNode) blocks[n].box.append(blocks[n].result);
    });
  };
}
