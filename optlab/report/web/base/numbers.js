/** Numbers as short texts, and the ticks of axes. */

/** About three digits. @param {number} value @returns {string} */
export function short(value) {
  return withDigits(value, 3);
}

/** @param {number} value @param {number} digits @returns {string} */
export function withDigits(value, digits) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "none finite" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(digits - 1).replace("-", "−").replace("e+", "e");
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

/** A number with `digits` decimals. A half is rounded to the even digit, as Python does. @param {number} value @param {number} digits */
export function fixed(value, digits) {
  const scaled = value * 10 ** digits;
  const isHalf = Number.isInteger(value * 2 ** (digits + 1)) && Math.abs(scaled % 1) === 0.5;
  return (isHalf ? (2 * Math.round(scaled / 2)) / 10 ** digits : value).toFixed(digits);
}

/** A share in whole percents. @param {number} share */
export function percent(share) {
  return `${fixed(100 * share, 0)} %`;
}

/** At most about `most` round ticks. @param {number} low @param {number} high @param {number} most */
export function linearTicks(low, high, most = 6) {
  const rough = (high - low) / most;
  if (!(rough > 1e-13 * Math.max(Math.abs(low), Math.abs(high))) || !Number.isFinite(rough)) return []; // only rounding
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((size) => size >= rough * 0.999) ?? 10 * power;
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + 1e-9 * step; at++) ticks.push(at * step + 0); // not the negative zero
  return ticks;
}

/** Powers of ten; if these are few, also 2 and 5. @param {number} low @param {number} high @param {number} most */
export function logTicks(low, high, most = 8) {
  if (!(low > 0 && high < Infinity)) return [];
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const digits = last - first <= 3 ? [1, 2, 5] : [1];
  const stride = [1, 2, 3, 5, 10, 20, 50, 100].find((size) => (last - first) / size <= most) ?? 100;
  const ticks = [];
  for (let power = first; power <= last; power++) {
    if (digits.length === 1 && power % stride) continue;
    for (const digit of digits) ticks.push(digit * 10 ** power);
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

const DIGITS = [3, 4, 5, 6, 7, 8, 9, 10];

/** The ticks of an axis with their texts, which differ, so that a small part of an axis can be read. @param {number[]} ticks @param {boolean} log */
export function withTexts(ticks, log) {
  const texts = (/** @type {number} */ digits) => ticks.map((tick) => tickText(tick, log, digits));
  const digits = DIGITS.find((count) => new Set(texts(count)).size === ticks.length) ?? DIGITS[0];
  return texts(digits).map((text, n) => ({ tick: ticks[n], text }));
}

/** @param {number} value @param {boolean} log @param {number} digits @returns {string} */
function tickText(value, log, digits) {
  const power = Math.round(Math.log10(Math.abs(value)));
  if (log && value > 0 && (power < -3 || power > 4) && Math.abs(value / 10 ** power - 1) < 1e-6) {
    return "10" + String(power).replace("-", "⁻").replace(/\d/g, (digit) => RAISED[Number(digit)]);
  }
  return withDigits(Number(value.toPrecision(digits + 3)), digits);
}
