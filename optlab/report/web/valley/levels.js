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

/**
 * The pieces of level lines joined at their common ends to longer lines.
 * @param {number[]} pieces four numbers for each piece
 * @returns {number[][][]} lines of points (column, row)
 */
export function chained(pieces) {
  /** @type {Map<string, number[]>} the pieces at each end */
  const at = new Map();
  const key = (/** @type {number} */ i) => `${Math.round(pieces[i] * 1e6)},${Math.round(pieces[i + 1] * 1e6)}`;
  for (let i = 0; i < pieces.length; i += 2) at.set(key(i), [...(at.get(key(i)) ?? []), i]);
  const used = new Set();

  /** Follow the line from an end of a piece, to its other end and beyond. */
  function follow(/** @type {number} */ from) {
    const found = [];
    for (let end = from; end !== undefined; ) {
      used.add(end >> 2);
      const other = end % 4 ? end - 2 : end + 2;
      found.push([pieces[other], pieces[other + 1]]);
      end = at.get(key(other)).find((next) => !used.has(next >> 2));
    }
    return found;
  }

  const lines = [];
  for (let i = 0; i < pieces.length; i += 4) {
    if (used.has(i >> 2)) continue;
    const ahead = follow(i);
    const behind = at.get(key(i)).find((next) => !used.has(next >> 2));
    const before = behind === undefined ? [] : follow(behind).reverse();
    lines.push([...before, [pieces[i], pieces[i + 1]], ...ahead]);
  }
  return lines;
}
