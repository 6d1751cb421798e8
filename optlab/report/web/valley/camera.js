/** The matrix of a view of the surface from a place around it. Matrices are lists of 16 numbers, column by column. */

/** @param {number[]} a @param {number[]} b */
export function product(a, b) {
  const found = new Array(16).fill(0);
  for (let column = 0; column < 4; column++)
    for (let row = 0; row < 4; row++)
      for (let k = 0; k < 4; k++) found[4 * column + row] += a[4 * k + row] * b[4 * column + k];
  return found;
}

/**
 * @typedef {{ yaw: number, pitch: number, distance: number, x: number, y: number }} Camera angles in radians, and the
 * point that is looked at
 */

/** @returns {Camera} */
export function startCamera() {
  return { yaw: -0.6, pitch: 0.95, distance: 2.4, x: 0, y: 0 };
}

/** From the space of the surface, with heights along z, to clip space. @param {Camera} camera @param {number} aspect */
export function viewMatrix(camera, aspect) {
  const { yaw, pitch, distance } = camera;
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  // at a pitch of 90 degrees one looks down: y is up on the screen, and heights come nearer
  const turned = [cy, sy * sp, -sy * cp, 0, -sy, cy * sp, -cy * cp, 0, 0, cp, sp, 0, 0, 0, 0, 1];
  const moved = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, -camera.x, -camera.y, -0.25, 1];
  const far = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, -distance, 1];
  const [near, end] = [0.05, 20];
  const focal = 1.7 * Math.min(1, aspect);
  const lens = [focal / aspect, 0, 0, 0, 0, focal, 0, 0, 0, 0, (end + near) / (near - end), -1,
                0, 0, (2 * end * near) / (near - end), 0]; // prettier-ignore
  return product(lens, product(far, product(turned, moved)));
}

/** A point in clip space, divided: x and y from -1 to 1, and whether it is before the eye. */
export function project(matrix, x, y, z) {
  const at = (/** @type {number} */ row) => matrix[row] * x + matrix[4 + row] * y + matrix[8 + row] * z + matrix[12 + row];
  const w = at(3);
  return { x: at(0) / w, y: at(1) / w, isBefore: w > 0 };
}

/**
 * The line of sight through a place on the screen: the eye, and the direction from it.
 * @param {Camera} camera @param {number} aspect @param {number} x from -1 to 1 @param {number} y from -1 to 1
 */
export function ray({ yaw, pitch, distance, x: centreX, y: centreY }, aspect, x, y) {
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const focal = 1.7 * Math.min(1, aspect);
  // the turned space has the rows of `turned` in `viewMatrix` as axes
  const back = (/** @type {number[]} */ [a, b, c]) => [cy * a + sy * sp * b - sy * cp * c, -sy * a + cy * sp * b - cy * cp * c, cp * b + sp * c];
  const eye = back([0, 0, distance]);
  return { eye: [eye[0] + centreX, eye[1] + centreY, eye[2] + 0.25], way: back([(x * aspect) / focal, y / focal, -1]) };
}

/**
 * The first point of a surface that a line of sight meets, or null.
 * @param {{ eye: number[], way: number[] }} line
 * @param {(u: number, v: number) => { point: number[], height: number }} surface NaN where there is none
 */
export function hit({ eye, way }, surface) {
  const stride = 0.006;
  const at = (/** @type {number} */ far) => eye.map((value, d) => value + far * way[d]);
  const above = (/** @type {number} */ far) => at(far)[2] - surface(at(far)[0], at(far)[1]).height;
  let before = NaN;
  for (let far = 0; far < 12; far += stride) {
    const now = above(far);
    if (now <= 0 && before > 0) {
      const [u, v] = at(far - stride * (1 - before / (before - now)));
      return surface(u, v).point;
    }
    before = now;
  }
  return null;
}
