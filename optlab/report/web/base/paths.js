/** Places on paths and on the surface. */

/** The last index with a step of at most `step`. @param {ArrayLike<number>} steps @param {number} step */
export function indexAt(steps, step) {
  let low = 0;
  let high = steps.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (steps[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The value at a step, between two recorded steps in proportion.
 * @param {ArrayLike<number>} steps @param {ArrayLike<number>} values @param {number} step
 */
export function valueAt(steps, values, step) {
  const index = indexAt(steps, step);
  if (index + 1 >= steps.length || step <= steps[index]) return values[index];
  const share = (step - steps[index]) / (steps[index + 1] - steps[index]);
  return values[index] + share * (values[index + 1] - values[index]);
}

/**
 * The height of the drawn surface at a point: that of the triangle in which it lies, see `meshOf` in `surface.js`; NaN
 * outside, and in triangles with a corner that has no value.
 * @param {{ low: number[], high: number[], size: number, heights: Float32Array }} valley
 */
export function heightAt(valley, x, y) {
  const { low, high, size, heights } = valley;
  const column = ((x - low[0]) / (high[0] - low[0])) * (size - 1);
  const row = ((y - low[1]) / (high[1] - low[1])) * (size - 1);
  if (!(column >= 0 && row >= 0 && column <= size - 1 && row <= size - 1)) return NaN;
  const i = Math.min(Math.floor(row), size - 2);
  const j = Math.min(Math.floor(column), size - 2);
  const [v, u] = [row - i, column - j];
  const at = i * size + j;
  const [right, above] = [heights[at + 1], heights[at + size]];
  if (u + v <= 1) return heights[at] + u * (right - heights[at]) + v * (above - heights[at]);
  const far = heights[at + size + 1];
  return far + (1 - u) * (above - far) + (1 - v) * (right - far);
}

/**
 * A path as short pieces that lie on the surface: x, y, height and step of both ends of each piece.
 * Pieces outside of the surface are left out.
 * @returns {number[]} eight numbers for each piece
 */
export function pieces(valley, path) {
  const found = [];
  const size = [valley.high[0] - valley.low[0], valley.high[1] - valley.low[1]];
  for (let i = 0; i + 1 < path.step.length; i++) {
    const from = [path.x[i], path.y[i], path.step[i]];
    const to = [path.x[i + 1], path.y[i + 1], path.step[i + 1]];
    const length = Math.hypot((to[0] - from[0]) / size[0], (to[1] - from[1]) / size[1]);
    if (!Number.isFinite(length)) continue;
    const count = Math.min(200, Math.max(1, Math.ceil(length * 60)));
    for (let k = 0; k < count; k++) {
      const [a, b] = [k / count, (k + 1) / count].map((share) => from.map((v, d) => v + share * (to[d] - v)));
      const heights = [heightAt(valley, a[0], a[1]), heightAt(valley, b[0], b[1])];
      if (Number.isFinite(heights[0] + heights[1])) found.push(a[0], a[1], heights[0], a[2], b[0], b[1], heights[1], b[2]);
    }
  }
  return found;
}
