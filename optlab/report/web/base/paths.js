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
  const v = row - i;
  const u = column - j;
  const at = i * size + j;
  const right = heights[at + 1];
  const above = heights[at + size];
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
    const x = path.x[i];
    const y = path.y[i];
    const step = path.step[i];
    const dx = path.x[i + 1] - x;
    const dy = path.y[i + 1] - y;
    const steps = path.step[i + 1] - step;
    const length = Math.sqrt((dx / size[0]) ** 2 + (dy / size[1]) ** 2);
    if (!Number.isFinite(length)) continue;
    const count = Math.min(200, Math.max(1, Math.ceil(length * 60)));
    let height = heightAt(valley, x, y);
    for (let k = 0; k < count; k++) {
      const a = k / count;
      const b = (k + 1) / count;
      const next = heightAt(valley, x + b * dx, y + b * dy);
      if (Number.isFinite(height + next)) found.push(x + a * dx, y + a * dy, height, step + a * steps, x + b * dx, y + b * dy, next, step + b * steps);
      height = next;
    }
  }
  return found;
}
