/** The surface in three dimensions with trails and balls, drawn with WebGL2. */

import { hit, project, ray, startCamera, viewMatrix } from "./camera.js";
import { rgb } from "../base/colours.js";
import { firstView, framed } from "./first_view.js";
import { heightAt, pieces } from "../base/paths.js";
import { beyond } from "./border.js";
import { filled, inputsOf, programOf } from "./graphics.js";
import { MARK, SURFACE, TRAIL } from "./shaders.js";

const TALL = 0.7;
const BALL = 0; // the kind of a mark
const ARROW = 1.5; // the size of an arrow, in sizes of its ball
const SPARSE = [...Array(17).keys()].map((n) => 0.999 * (n / 8 - 1)); // places along a side that a view is made for; inside, in spite of rounding
const CORNERS = new Float32Array([0, -1, 0, 1, 1, -1, 1, 1]);
const SQUARE = new Float32Array([-1, -1, -1, 1, 1, -1, 1, 1]);

/** @param {HTMLCanvasElement} canvas @returns null without WebGL2 */
export function createSurface(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: true, alpha: true });
  if (!gl) return null;
  const [ground, trail, mark] = [SURFACE, TRAIL, MARK].map((source) => programOf(gl, source));
  const buffers = { corners: filled(gl, CORNERS), square: filled(gl, SQUARE), mesh: gl.createBuffer(), index: gl.createBuffer(),
                    trails: gl.createBuffer(), marks: gl.createBuffer() }; // prettier-ignore
  const inputs = {
    ground: inputsOf(gl, [{ buffer: buffers.mesh, sizes: [3, 3, 2], divisor: 0 }], buffers.index),
    trail: inputsOf(gl, [{ buffer: buffers.corners, sizes: [2], divisor: 0 }, { buffer: buffers.trails, sizes: [4, 4, 4], divisor: 1 }]),
    mark: inputsOf(gl, [{ buffer: buffers.square, sizes: [2], divisor: 0 }, { buffer: buffers.marks, sizes: [4, 4, 1], divisor: 1 }]),
  };
  let camera = startCamera(); // replaced when it moves
  let first = camera; // where the surface is looked at from if nobody moved the camera
  let onPage = { width: 1, height: 1 }; // in pixels: to ask a canvas for its size takes long
  let matrix = viewMatrix(camera, 1); // of the last drawing
  let valley = null; // as given, with the heights of the solid
  let box = null;
  let triangles = 0;
  let segments = 0;
  const picture = { texture: gl.createTexture(), canvas: null };

  function place(/** @type {number} */ x, /** @type {number} */ y) {
    return [((x - box.middle[0]) / box.half) * box.stretch[0], ((y - box.middle[1]) / box.half) * box.stretch[1]];
  }

  function unplace(/** @type {number} */ u, /** @type {number} */ v) {
    return [0, 1].map((d) => ([u, v][d] / box.stretch[d]) * box.half + box.middle[d]);
  }

  const aspect = () => canvas.width / canvas.height;

  function heightOf(/** @type {number} */ u, /** @type {number} */ v) {
    const [x, y] = unplace(u, v);
    return heightAt(valley, x, y) * TALL;
  }

  /** Some points of the surface, with its corners. */
  function sparse() {
    const [half, middle] = [0, 1].map((side) => [0, 1].map((d) => (valley.high[d] + (side ? 1 : -1) * valley.low[d]) / 2));
    return SPARSE.flatMap((a) => SPARSE.map((b) => place(middle[0] + a * half[0], middle[1] + b * half[1])));
  }

  /** The pieces of paths on this surface, as the buffer of trails has them; by x, which other views of a path share. */
  let known = new WeakMap();

  function partsOf({ path, colour, width }) {
    if (!known.has(path.x)) known.set(path.x, { numbers: numbersOf(pieces(valley, path)), look: "" });
    const found = known.get(path.x);
    const look = [...rgb(colour), width];
    if (found.look !== look.join()) {
      found.look = look.join();
      for (let at = 8; at < found.numbers.length; at += 12) for (let n = 0; n < 4; n++) found.numbers[at + n] = look[n];
    }
    return found.numbers;
  }

  /** Twelve numbers for each piece: both ends in the coordinates of the box, and four for its look. */
  function numbersOf(/** @type {number[]} */ parts) {
    const numbers = new Float32Array(1.5 * parts.length);
    for (let i = 0, at = 0; i < parts.length; i += 8, at += 12) {
      for (let n = 0; n < 8; n += 4) {
        numbers.set(place(parts[i + n], parts[i + n + 1]), at + n);
        numbers[at + n + 2] = parts[i + n + 2];
        numbers[at + n + 3] = parts[i + n + 3];
      }
    }
    return numbers;
  }

  return {
    /** @param {any} given the surface of the case */
    open(given) {
      valley = solidOf(given);
      known = new WeakMap();
      box = boxOf(valley);
      const { vertices, index } = meshOf(valley, given.heights, place);
      gl.bindVertexArray(inputs.ground);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers.mesh);
      gl.bufferData(gl.ARRAY_BUFFER, vertices, gl.STATIC_DRAW);
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, index, gl.STATIC_DRAW);
      triangles = index.length;
      const { paths, minima } = given;
      const points = paths.flatMap((path) => Array.from(path.x, (x, n) => place(x, path.y[n])));
      camera = first = firstView(heightOf, [sparse(), points, minima.map(([x, y]) => place(x, y))], aspect());
    },
    /** Trails of the paths that are shown. @param {{ path: any, colour: string, width: number }[]} shown */
    trails(shown) {
      const all = shown.map(partsOf);
      segments = all.reduce((sum, numbers) => sum + numbers.length / 12, 0);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers.trails);
      gl.bufferData(gl.ARRAY_BUFFER, 48 * segments, gl.DYNAMIC_DRAW);
      let at = 0;
      for (const numbers of all) {
        gl.bufferSubData(gl.ARRAY_BUFFER, at, numbers);
        at += numbers.byteLength;
      }
    },
    /** The canvas has another size. */
    resize(/** @type {{ width: number, height: number }} */ size) {
      onPage = size;
      if (!valley || camera !== first) return;
      camera = first = framed(first, heightOf, sparse(), aspect());
    },
    /**
     * @param {{ x: number, y: number, size: number, colour: string, kind: number }[]} marks
     * @param {{ step: number, lastStep: number, relief: number[][], layer: HTMLCanvasElement | null }} facts
     */
    draw(marks, facts) {
      matrix = viewMatrix(camera, aspect());
      const scale = canvas.width / onPage.width;
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      gl.enable(gl.DEPTH_TEST);
      use(ground, { view: matrix, tall: TALL, layered: Number(Boolean(facts.layer)), corner: place(valley.high[0], valley.high[1]) });
      if (facts.layer !== picture.canvas) paint(facts.layer);
      gl.uniform3fv(ground.places.relief, facts.relief.flat());
      gl.bindVertexArray(inputs.ground);
      gl.drawElements(gl.TRIANGLES, triangles, gl.UNSIGNED_INT, 0);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      gl.depthMask(false);
      const common = { view: matrix, tall: TALL, pixels: [canvas.width / 2, canvas.height / 2], scale };
      const count = fillMarks(marks);
      const { eye } = ray(camera, aspect(), 0, 0);
      // what is behind a hill is seen through it, faintly
      for (const [strength, ofMarks] of [[0.3, 0.5], [1, 1]]) { // prettier-ignore
        if (strength < 1) gl.disable(gl.DEPTH_TEST);
        else gl.enable(gl.DEPTH_TEST);
        use(trail, { ...common, strength, now: facts.step, fading: Math.max(facts.lastStep * 0.5, 1) });
        gl.bindVertexArray(inputs.trail);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, segments);
        use(mark, { ...common, strength: ofMarks, eye });
        gl.bindVertexArray(inputs.mark);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
      }
      gl.depthMask(true);
      gl.disable(gl.BLEND);
    },
    /** Where a point of the surface was drawn on the screen, in pixels of the page. */
    at(x, y) {
      const [u, v] = place(x, y);
      const point = project(matrix, u, v, heightAt(valley, x, y) * TALL);
      return point.isBefore ? [((point.x + 1) / 2) * onPage.width, ((1 - point.y) / 2) * onPage.height] : null;
    },
    /** The point of the plane whose surface is at a place of the canvas, or null. */
    under(/** @type {number} */ left, /** @type {number} */ top) {
      const look = [(2 * left) / onPage.width - 1, 1 - (2 * top) / onPage.height];
      return hit(ray(camera, aspect(), look[0], look[1]), (u, v) => {
        const [x, y] = unplace(u, v);
        return { point: [x, y], height: heightAt(valley, x, y) * TALL };
      });
    },
    turn(/** @type {number} */ right, /** @type {number} */ down) {
      camera = { ...camera, yaw: camera.yaw + right / 200, pitch: Math.min(1.55, Math.max(0.05, camera.pitch + down / 250)) };
    },
    pan(/** @type {number} */ right, /** @type {number} */ down) {
      const size = camera.distance / 700;
      const [c, s] = [Math.cos(camera.yaw), Math.sin(camera.yaw)];
      camera = { ...camera, x: camera.x - size * (right * c - down * s), y: camera.y + size * (right * s + down * c) };
    },
    zoom(/** @type {number} */ factor) {
      camera = { ...camera, distance: Math.min(8, Math.max(0.4, camera.distance / factor)) };
    },
    camera: () => camera,
    look(given) {
      camera = { ...camera, ...given };
    },
    reset() {
      camera = first = framed(first, heightOf, sparse(), aspect());
    },
  };

  /** Take a picture of the plane as the layer over the surface. */
  function paint(/** @type {HTMLCanvasElement | null} */ canvas) {
    picture.canvas = canvas;
    if (!canvas) return;
    gl.bindTexture(gl.TEXTURE_2D, picture.texture);
    gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, true); // the first row of a picture is its top
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, canvas);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    for (const size of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, size, gl.NEAREST);
  }

  function fillMarks(marks) {
    const numbers = marks.flatMap((one) => {
      const { x, y, size, colour, kind } = one;
      const height = heightAt(valley, x, y);
      if (Number.isFinite(height)) return [...place(x, y), height, size, ...rgb(colour), kind, 0];
      return kind === BALL ? arrow(one) : [];
    });
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers.marks);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(numbers), gl.DYNAMIC_DRAW);
    return numbers.length / 9;
  }

  /** An arrow at the border for a ball outside of the surface: the numbers of a mark, or none. */
  function arrow({ x, y, size, colour }) {
    const left = beyond(valley.low, valley.high, [x, y]);
    const height = left && heightAt(valley, left.from[0], left.from[1]);
    if (!left || !Number.isFinite(height)) return [];
    const [u, v] = place(left.from[0], left.from[1]);
    const [origin, near] = [place(0, 0), place(left.way[0], left.way[1])];
    const length = Math.hypot(near[0] - origin[0], near[1] - origin[1]);
    const [from, to] = [0, 0.05 / length].map((far) =>
      project(matrix, u + far * (near[0] - origin[0]), v + far * (near[1] - origin[1]), height * TALL));
    const turn = Math.atan2((to.y - from.y) * canvas.height, (to.x - from.x) * canvas.width);
    return [u, v, height, ARROW * size, ...rgb(colour), 3, turn];
  }

  /** Use a program with these values. */
  function use({ program, places }, values) {
    gl.useProgram(program);
    for (const [name, value] of Object.entries(values)) {
      const where = places[name];
      if (typeof value === "number") gl.uniform1f(where, value);
      else if (value.length === 2) gl.uniform2fv(where, value);
      else if (value.length === 3) gl.uniform3fv(where, value);
      else gl.uniformMatrix4fv(where, false, value);
    }
  }
}

/** How the rectangle of the surface lies in a square from -1 to 1: in its proportions, unless it is very narrow. */
export function boxOf({ low, high }) {
  const size = [high[0] - low[0], high[1] - low[1]];
  const isNarrow = size[1] / size[0] < 0.4 || size[1] / size[0] > 2.5;
  const half = Math.max(...size) / 2;
  return { middle: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], half,
           stretch: isNarrow ? [(2 * half) / size[0], (2 * half) / size[1]] : [1, 1] }; // prettier-ignore
}

/** A valley as a solid. Its heights are the shares to a power, see `power_of` in `surface.py`. */
export function solidOf(valley) {
  return valley.power === 1 ? valley : { ...valley, heights: valley.heights.map((share) => share ** valley.power) };
}

/** The triangles of a solid: for each point of the grid its place, the normal, the share of its colour, and whether there is no value. */
function meshOf({ low, high, size, heights }, /** @type {Float32Array} */ shares, place) {
  const vertices = new Float32Array(8 * size * size);
  const cell = [0, 1].map((d) => (high[d] - low[d]) / (size - 1));
  const unit = place(low[0] + cell[0], low[1] + cell[1]).map((value, d) => value - place(low[0], low[1])[d]);
  const height = (i, j) => heights[Math.min(Math.max(i, 0), size - 1) * size + Math.min(Math.max(j, 0), size - 1)];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const here = height(i, j);
      const slope = [(height(i, j + 1) - height(i, j - 1)) / (2 * unit[0]), (height(i + 1, j) - height(i - 1, j)) / (2 * unit[1])];
      const normal = slope.every(Number.isFinite) ? [-slope[0] * TALL, -slope[1] * TALL, 1] : [0, 0, 1];
      const [x, y] = place(low[0] + j * cell[0], low[1] + i * cell[1]);
      const isKnown = Number.isFinite(here);
      vertices.set([x, y, isKnown ? here : 1, ...normal, isKnown ? shares[i * size + j] : 1, isKnown ? 0 : 1], 8 * (i * size + j));
    }
  }
  const index = [];
  for (let i = 0; i + 1 < size; i++)
    for (let j = 0; j + 1 < size; j++) {
      const at = i * size + j;
      index.push(at, at + 1, at + size, at + 1, at + size + 1, at + size);
    }
  return { vertices, index: new Uint32Array(index) };
}
