/** What the stage shows of a case, and how its axes are called. */

const AXES = { principal: ["component 1", "component 2"], random: ["direction 1", "direction 2"] };

/** What the stage shows of a case: its surface, or a plane through the space of its parameters. @param {any} one @param {number} plane */
export function valleyOf(one, plane) {
  return one.valley ?? landscapeOf(one, plane);
}

/** A plane through the space of parameters; null if there is none. @param {any} one @param {number} plane */
export function landscapeOf(one, plane) {
  return one.landscapes[Math.min(plane, one.landscapes.length - 1)] ?? null;
}

/** @param {string} name of a landscape */
export const axesOf = (name) => AXES[name];
