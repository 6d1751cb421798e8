/** The points of a line with their shapes. Points outside of the axis are marked at its border, as in the pictures. */

/**
 * @typedef {"dot" | "above" | "below" | "infinite"} Shape
 */

/** What the shapes at the border mean. */
const MEANINGS = { above: "△ too large for the axis", below: "▽ too small for the axis", infinite: "× no finite median" };

/**
 * The shape of a value.
 * @param {number} value @param {{ at: (value: number) => number }} axis @param {number} top @param {number} bottom pixels
 * @returns {Shape | null} null for a missing value
 */
export function shapeOf(value, axis, top, bottom) {
  if (Number.isNaN(value)) return null;
  if (value === Infinity) return "infinite";
  const at = axis.at(value);
  return at < top ? "above" : at > bottom ? "below" : "dot";
}

/** Draw a shape. @param {CanvasRenderingContext2D} context @param {Shape} shape @param {number} u @param {number} v @param {number} size half its width */
export function drawShape(context, shape, u, v, size) {
  context.beginPath();
  if (shape === "dot") {
    context.arc(u, v, size, 0, 2 * Math.PI);
    return context.fill();
  }
  const sign = shape === "above" ? -1 : 1;
  if (shape === "infinite") {
    for (const slope of [-1, 1]) {
      context.moveTo(u - size, v - slope * size);
      context.lineTo(u + size, v + slope * size);
    }
  } else {
    context.moveTo(u - size, v - sign * size);
    context.lineTo(u + size, v - sign * size);
    context.lineTo(u, v + sign * size);
    context.closePath();
  }
  context.stroke();
}

/** The meanings of the shapes that occur, in a line of text. @param {Iterable<Shape | null>} shapes */
export function meaningsOf(shapes) {
  const found = new Set(shapes);
  return Object.entries(MEANINGS).filter(([shape]) => found.has(/** @type {Shape} */ (shape))).map(([, meaning]) => meaning).join(", "); // prettier-ignore
}
