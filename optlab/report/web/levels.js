/** Level lines of heights over a grid, by marching squares. */

/**
 * @param {ArrayLike<number>} heights @param {number} size @param {number[]} levels
 * @returns {number[]} four numbers for each piece: column and row of both ends
 */
export function levelLines(heights, size, levels) {
  const found = [];
  for (let row = 0; row + 1 < size; row++) {
    for (let column = 0; column + 1 < size; column++) {
      const at = row * size + column;
      const corners = [heights[at], heights[at + 1], heights[at + size + 1], heights[at + size]];
      const [low, high] = [Math.min(...corners), Math.max(...corners)];
      for (const level of levels) if (low < level && level <= high) cell(found, corners, row, column, level);
    }
  }
  return found;
}

const PLACES = [[0, 0], [1, 0], [1, 1], [0, 1]]; // prettier-ignore

function cell(found, corners, row, column, level) {
  const ends = [];
  for (let side = 0; side < 4; side++) {
    const next = (side + 1) % 4;
    const [a, b] = [corners[side], corners[next]];
    if (a < level === b < level) continue;
    const share = (level - a) / (b - a);
    const [from, to] = [PLACES[side], PLACES[next]];
    ends.push([column + from[0] + share * (to[0] - from[0]), row + from[1] + share * (to[1] - from[1])]);
  }
  for (let i = 0; i + 1 < ends.length; i += 2) found.push(...ends[i], ...ends[i + 1]);
}
