/** The first view of a surface: from the side that hides the least, and so near that the surface fills the stage. */

import { project, ray, startCamera, viewMatrix } from "./camera.js";

const SIDES = 8;
const STEEPER = [0, 0.2]; // angles by which one looks down more
const COST = 0.15; // of looking down more: heights are seen worse
const MOST = 200; // points that are compared
const STRIDE = 0.02; // along a line of sight; the surface is 2 wide
const SLACK = 0.01; // how much higher the surface must be to hide a point
const FILLED = [0.94, 0.86]; // the parts of the width and of the height of the stage
const ROUNDS = 40; // of framing
const DAMPING = 0.5; // a point that is near moves more than one that is far, so that whole corrections overshoot

/** @typedef {(u: number, v: number) => number} Heights NaN where there is no surface */

/**
 * The view that hides the least. What counts is the sum of the shares of each set of points that are behind a hill.
 * @param {Heights} surface @param {number[][][]} sets the first one holds points of the whole surface @param {number} aspect
 */
export function firstView(surface, sets, aspect) {
  const thinned = sets.map((points) => points.filter(([u, v], n) => n % Math.ceil(points.length / MOST) === 0 && Number.isFinite(surface(u, v))));
  const compared = thinned.filter((points) => points.length);
  let [best, least] = [startCamera(), Infinity];
  for (const steeper of STEEPER)
    for (let side = 0; side < SIDES; side++) {
      const { yaw, pitch } = startCamera();
      const camera = { ...startCamera(), yaw: yaw + (2 * Math.PI * side) / SIDES, pitch: pitch + steeper };
      const shares = compared.map((points) => points.filter((point) => isHidden(surface, point, camera, aspect)).length / points.length);
      const cost = shares.reduce((sum, share) => sum + share, steeper && COST);
      if (cost < least - 1e-9) [best, least] = [camera, cost];
    }
  return framed(best, surface, sets[0], aspect);
}

/** Whether a point of the surface is behind a hill. @param {Heights} surface @param {number[]} point @param {import("./camera.js").Camera} camera */
export function isHidden(surface, [u, v], camera, aspect) {
  const { eye } = ray(camera, aspect, 0, 0);
  const height = surface(u, v);
  const way = [eye[0] - u, eye[1] - v, eye[2] - height];
  const length = Math.hypot(way[0], way[1]);
  for (let far = STRIDE; far < length; far += STRIDE) {
    const share = far / length;
    const above = surface(u + share * way[0], v + share * way[1]) - (height + share * way[2]);
    if (above > SLACK) return true;
    if (height + share * way[2] > 1) return false; // higher than any surface
  }
  return false;
}

/**
 * The camera, moved and drawn back or near until the points fill the stage.
 * @param {import("./camera.js").Camera} camera @param {Heights} surface @param {number[][]} points @param {number} aspect
 */
export function framed(camera, surface, points, aspect) {
  const found = { ...camera };
  const focal = 1.7 * Math.min(1, aspect);
  const corners = points.filter(([u, v]) => Number.isFinite(surface(u, v)));
  if (!corners.length) return found;
  for (let round = 0; round < ROUNDS; round++) {
    const matrix = viewMatrix(found, aspect);
    const places = corners.map(([u, v]) => project(matrix, u, v, surface(u, v)));
    if (!places.every(({ isBefore }) => isBefore)) {
      found.distance *= 2;
      continue;
    }
    const [left, right] = ends(places.map(({ x }) => x));
    const [bottom, top] = ends(places.map(({ y }) => y));
    const across = (DAMPING * ((left + right) / 2) * found.distance * aspect) / focal;
    const along = (DAMPING * ((bottom + top) / 2) * found.distance) / (focal * Math.sin(found.pitch));
    found.x += across * Math.cos(found.yaw) + along * Math.sin(found.yaw);
    found.y += along * Math.cos(found.yaw) - across * Math.sin(found.yaw);
    found.distance *= Math.max((right - left) / 2 / FILLED[0], (top - bottom) / 2 / FILLED[1]) ** DAMPING;
  }
  return found;
}

function ends(/** @type {number[]} */ values) {
  return [Math.min(...values), Math.max(...values)];
}
