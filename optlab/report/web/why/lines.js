/** The lines of an update rule with the numbers of one step. */

const MOST = 6; // entries of an array that are written

/** About five digits. @param {number} value */
export function digits(value) {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential(4).replace(/\.?0*e\+?/, "e") : String(Number(value.toPrecision(5)));
  return text.replaceAll("-", "−");
}

/** A number, a vector, or the size of a larger array. @param {number[]} entries @param {number[]} shape */
export function entriesText(entries, shape) {
  if (!shape.length) return digits(entries[0]);
  return entries.length > MOST ? `[${shape.join(" × ")} numbers]` : `[${entries.map(digits).join(", ")}]`;
}

/**
 * The texts of a line: with symbols, with numbers, and its result.
 * @param {import("../kernels/rule.js").Rule} rule @param {import("../kernels/rule.js").Rule["lines"][number]} line @param {Float64Array} values of a step
 */
export function lineTexts(rule, { target, sign, symbols, numbers, result }, values) {
  const text = (/** @type {number} */ index) => {
    const { at, shape } = rule.values[index];
    return entriesText(at.map((place) => values[place]), shape); // prettier-ignore
  };
  const signed = (/** @type {string} */ one, /** @type {number} */ place) => (place > 0 && one.startsWith("−") ? `(${one})` : one);
  const worked = numbers.map((piece, place) => (typeof piece === "number" ? signed(text(piece), place) : piece)).join("");
  return { symbols: `${target} ${sign} ${symbols}`, worked, result: text(result) };
}
