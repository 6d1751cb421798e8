/** The points of a staircase: each height of a profile holds until the next place. */

const DECADE = 10; // the length of a staircase without steps, as in the pictures

/**
 * @param {{ x: ArrayLike<number>, y: ArrayLike<number>, low: ArrayLike<number>, high: ArrayLike<number> }} line
 * @returns {{ x: number[], y: number[], low: number[], high: number[] }}
 */
export function staircase({ x, y, low, high }) {
  const isFlat = x.length === 1;
  const places = isFlat ? [x[0], DECADE * x[0]] : Array.from(x);
  const turned = (/** @type {ArrayLike<number>} */ values) => {
    const heights = isFlat ? [values[0], values[0]] : Array.from(values);
    return heights.flatMap((height, i) => (i ? [heights[i - 1], height] : [height]));
  };
  return { x: places.flatMap((place, i) => (i ? [place, place] : [place])), y: turned(y), low: turned(low), high: turned(high) };
}
