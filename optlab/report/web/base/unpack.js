/** Arrays of numbers from the texts that `packing.py` writes. */

/** The height of a point without a finite value. */
export const HOLE = 65535;

/**
 * @param {Record<string, string>} text one key, the type of the numbers: "f4", "f8" or "u2"
 * @returns {Float32Array | Float64Array | Uint16Array}
 */
export function unpack(text) {
  const [[kind, base64]] = Object.entries(text);
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const types = { f4: Float32Array, f8: Float64Array, u2: Uint16Array };
  return new types[kind](bytes.buffer);
}

/** A number that JSON cannot hold is a text: "inf". @param {number | string | null} value @returns {number} */
export function number(value) {
  if (value === null || value === undefined) return NaN;
  return value === "inf" ? Infinity : value === "-inf" ? -Infinity : Number(value);
}
