// Checks of the page's modules, run by test_web.py in a copy of optlab/report/web.
import assert from "node:assert/strict";
import { pointsOf } from "./why/arrows.js";
import { DIVERGED, NOWHERE, SIDE, basins, pixelsOf } from "./live/basins.js";
import { hit, project, ray, startCamera, viewMatrix } from "./valley/camera.js";
import { firstView, framed, isHidden } from "./valley/first_view.js";
import { between, rgb } from "./base/colours.js";
import { curveOf, lastLosses, pathOf, quantile, spaced } from "./kernels/compute.js";
import { beyond } from "./valley/border.js";
import { levelLines } from "./valley/levels.js";
import { digits, entriesText, lineTexts } from "./why/lines.js";
import { fixed, linearTicks, logTicks, percent, short, withTexts } from "./base/numbers.js";
import { accuracy, margins, parametersAt } from "./kernels/outputs.js";
import { fitted } from "./page/lacks.js";
import { inSlices } from "./live/basin_layer.js";
import { fontOf, scaled } from "./base/text.js";
import { inflated } from "./base/inflate.js";
import { heightAt, indexAt, pieces, valueAt } from "./base/paths.js";
import { meaningsOf, shapeOf } from "./charts/marks.js";
import { solidOf } from "./valley/surface.js";
import { ends, endsAcross, extent, isSpread, scaleOf } from "./charts/scale.js";
import { valuesOf } from "./charts/values.js";
import { staircase } from "./charts/staircase.js";
import { faultOf, placeOf, valueOf } from "./live/sliders.js";
import { variantFor } from "./live/variants.js";
import { number, unpack } from "./base/unpack.js";
import { pixels } from "./why/why.js";
import { bestOf } from "./base/best.js";
import { createState } from "./base/state.js";
import { limited } from "./base/limited.js";

const near = (a, b, far = 1e-6) => assert.ok(Math.abs(a - b) <= far, `${a} is not ${b}`);

// arrays
assert.deepEqual([...unpack({ f4: "AACAPwAAgH8=" })], [1, Infinity]);
assert.deepEqual([number("-inf"), number(2)], [-Infinity, 2]);
assert.ok(Number.isNaN(number(null)));

// numbers as texts
assert.deepEqual([0, 0.12345, 1234567, -2.5, 1e-7, Infinity].map(short), ["0", "0.123", "1.23e6", "−2.5", "1.00e−7", "none finite"]);
assert.deepEqual([2.625, 2.635, 3.125, 0.5, 1.5, -2.5].map((value, n) => fixed(value, n < 3 ? 2 : 0)), ["2.62", "2.63", "3.12", "0", "2", "-2"]);
assert.deepEqual([0, 0.125, 0.375, 1].map(percent), ["0 %", "12 %", "38 %", "100 %"]);
assert.deepEqual(linearTicks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
assert.deepEqual(linearTicks(1, 1), []);
assert.deepEqual(linearTicks(0.2, 0.2 + 6e-17), []);
assert.deepEqual(linearTicks(0.2, 0.20000000000000004), []);
assert.deepEqual(logTicks(1, 100), [1, 2, 5, 10, 20, 50, 100]);
assert.ok(logTicks(1e-30, 1).length <= 9);
for (const [low, high] of [[1, Infinity], [0, 1], [NaN, 1], [1, NaN]]) assert.deepEqual(logTicks(low, high), []); // prettier-ignore
const texts = (ticks, log) => withTexts(ticks, log).map(({ text }) => text);
assert.deepEqual(texts([1e-7, 0.1], true), ["10⁻⁷", "0.1"]);
assert.deepEqual(texts([0.01, 0.0100001, 0.0100002], false), ["0.01", "0.0100001", "0.0100002"]);
assert.deepEqual(texts([1, 1.0005, 1.001], false), ["1", "1.0005", "1.001"]);

// axes of all finite ranges have finite ends with the values between them, and few ticks
const sizes = [5e-324, 1e-300, 1e-5, 1, 1e5, 1e300, 1.7e308];
for (const low of sizes)
  for (const high of sizes.filter((size) => size >= low))
    for (const log of [true, false])
      for (const [a, b] of log ? [[low, high]] : [[low, high], [-high, -low], [-high, high]]) {
        const found = ends({ low: a, positive: low, high: b }, log);
        assert.ok(found.every(Number.isFinite) && found[0] <= a && b <= found[1] && (!log || found[0] > 0), `${[a, b, log]} has the ends ${found}`);
        assert.ok(scaleOf(found, log, 0, 100).ticks.length <= 25);
      }

// a solid is less deep where the scale is logarithmic; the shares of colours stay
const shares = { power: 2, heights: new Float32Array([0, 0.5, 1, NaN]) };
assert.deepEqual([...solidOf(shares).heights], [0, 0.25, 1, NaN]);
assert.equal(solidOf({ ...shares, power: 1 }).heights, shares.heights);
assert.equal(shares.heights[1], 0.5);

// texts on canvases grow with those of the reader
assert.equal(fontOf(12, 2, 600), "600 24px system-ui, sans-serif");
assert.deepEqual(scaled({ left: 58, top: 8 }, 1.5), { left: 87, top: 12 });

// work in slices: its value, or its error
assert.equal(await inSlices((function* () { yield; return 3; })()), 3); // prettier-ignore
await assert.rejects(inSlices((function* () { yield; throw new Error("no memory"); })()), /no memory/); // prettier-ignore

// programs with and without parts: all of three, or of four only all and none
const three = ["abc", "ab", "ac", "bc", "a", "b", "c", ""].map((parts) => ({ parts: [...parts] }));
assert.deepEqual(variantFor(three, ["a", "c"], "b"), { place: 2, isWanted: true });
assert.deepEqual(variantFor(three, [], "c"), { place: 7, isWanted: true });
const four = ["abcd", ""].map((parts) => ({ parts: [...parts] }));
assert.deepEqual(variantFor(four, ["a", "b", "d"], "c"), { place: 1, isWanted: false });
assert.deepEqual(variantFor(four, ["c"], "c"), { place: 0, isWanted: false });
assert.equal(variantFor(four.slice(0, 1), ["a", "b", "d"], "c"), null);

// places on paths
assert.deepEqual([-1, 0, 4, 5, 99].map((step) => indexAt([0, 5, 10], step)), [0, 0, 0, 1, 2]);
near(valueAt([0, 10], [2, 4], 2.5), 2.5);
assert.equal(valueAt([0, 10], [2, 4], 12), 4);

// parameters between two recorded steps, and what outputs say: two parameters at the steps 0 and 10
const weights = { step: [0, 10], x: Float32Array.of(1, 2, 3, 6) };
assert.deepEqual([0, 2.5, 10, 99].map((step) => [...parametersAt(weights, step)]), [[1, 2], [1.5, 3], [3, 6], [3, 6]]); // prettier-ignore
assert.deepEqual([...margins([0.5, 0.25, 0.25, 0, 1, 0], 3, 1, 2)], [-0.25, 1]);
assert.equal(accuracy([0.9, 0.1, 0.2, 0.8, 0.6, 0.4], 2, [0, 1, 1], 0, 3), 2 / 3);
assert.equal(accuracy([0.9, 0.1, 0.2, 0.8, 0.6, 0.4], 2, [0, 1, 1], 2, 3), 0);

// heights between the points of a grid: those of a plane are exact
const heights = Float32Array.from({ length: 9 }, (_, i) => (i % 3) / 4 + Math.floor(i / 3) / 8);
const plane = { low: [0, 0], high: [2, 2], size: 3, heights };
near(heightAt(plane, 0.7, 1.3), 0.7 / 4 + 1.3 / 8);
near(heightAt(plane, 2, 2), 0.75);
assert.ok(Number.isNaN(heightAt(plane, 2.1, 0)));
// a cell with one high corner is two triangles, as drawn: the one at the low corners is flat, bilinear heights are not
const bent = { low: [0, 0], high: [1, 1], size: 2, heights: Float32Array.of(0, 0, 0, 1) };
near(heightAt(bent, 0.5, 0.5), 0);
near(heightAt(bent, 0.75, 0.5), 0.25);
assert.equal(heightAt({ ...bent, heights: Float32Array.of(0, 0, 0, NaN) }, 0.2, 0.3), 0);
assert.ok(Number.isNaN(heightAt({ ...bent, heights: Float32Array.of(0, 0, 0, NaN) }, 0.8, 0.3)));

// the place at the border that stands for a point outside
assert.equal(beyond([0, 0], [2, 1], [2, 0.5]), null);
assert.equal(beyond([0, 0], [2, 1], [NaN, 0.5]), null);
assert.deepEqual(beyond([0, 0], [2, 1], [9, 0.5]), { from: [2, 0.5], way: [1, 0] });
assert.deepEqual(beyond([0, 0], [2, 2], [-5, 9]), { from: [0.25, 2], way: [-0.6, 0.8] });
near(beyond([0, 0], [2, 1], [1, -Infinity]).from[1], 0);

// a path becomes connected pieces; what is outside is left out
const cut = pieces(plane, { x: [0, 2, 9], y: [1, 1, 1], step: [0, 10, 20] });
const whole = [...Array(60).keys()].map((k) => cut.slice(8 * k, 8 * k + 8));
near(cut[0], 0);
for (let k = 1; k < 60; k++) near(whole[k][0], whole[k - 1][4]);
near(whole[59][7], 10, 1e-4);
for (let i = 0; i < cut.length; i += 8) assert.ok(cut[i + 4] <= 2 + 1e-6);

// level lines of the height x are vertical
const lines = levelLines([0, 1, 2, 0, 1, 2, 0, 1, 2], 3, [0.25, 1.5]);
assert.deepEqual(new Set(lines.filter((_, i) => i % 2 === 0)), new Set([0.25, 1.5]));
assert.equal(lines.length, 4 * 4);

// the camera: from above, x is to the right, y is up, and heights come nearer
const above = viewMatrix({ ...startCamera(), yaw: 0, pitch: Math.PI / 2 }, 1);
const [middle, right, up, high] = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0.5]].map((p) => project(above, ...p)); // prettier-ignore
near(middle.x, 0);
assert.ok(right.x > 0.1 && Math.abs(right.y) < 1e-9 && up.y > 0.1 && Math.abs(up.x) < 1e-9 && high.x > right.x);
const side = viewMatrix({ ...startCamera(), yaw: 0, pitch: 0 }, 1);
assert.ok(project(side, 0, 0, 0.5).y > project(side, 0, 0, 0).y);

// a line of sight through the picture of a point meets the surface there
const slope = (u, v) => ({ point: [u, v], height: 0.2 + 0.1 * u - 0.3 * v });
for (const [aspect, u, v] of [[1, 0.3, -0.2], [0.6, -0.4, 0.1], [1.7, 0, 0.5]]) { // prettier-ignore
  const camera = { ...startCamera(), x: 0.1, y: -0.2 };
  const seen = project(viewMatrix(camera, aspect), u, v, slope(u, v).height);
  const found = hit(ray(camera, aspect, seen.x, seen.y), slope);
  near(found[0], u, 1e-9);
  near(found[1], v, 1e-9);
}
assert.equal(hit(ray(startCamera(), 1, 0, 0), () => ({ point: [], height: NaN })), null);

// the first view of a valley with a wall towards the viewer: from another side, from where its bottom is seen
const grid = [...Array(289).keys()].map((n) => [(n % 17) / 8 - 1, Math.floor(n / 17) / 8 - 1]);
const walled = (u, v) => (Math.max(Math.abs(u), Math.abs(v)) > 1 ? NaN : 0.7 / (1 + Math.exp(-60 * (u * Math.sin(0.6) - v * Math.cos(0.6) - 0.6))));
const foot = [0.4 * Math.sin(0.6), -0.4 * Math.cos(0.6)];
assert.ok(isHidden(walled, foot, startCamera(), 1.5) && !isHidden(() => 0, foot, startCamera(), 1.5));
const open = firstView(walled, [grid, [], [foot]], 1.5);
assert.ok(open.yaw !== startCamera().yaw && !isHidden(walled, foot, open, 1.5));
assert.equal(firstView((u, v) => 0 * u * v, [grid, [], []], 1.5).yaw, startCamera().yaw);
// it fills the stage, in the middle
for (const aspect of [0.6, 1, 1.5, 3]) {
  const matrix = viewMatrix(firstView(walled, [grid, [], [foot]], aspect), aspect);
  const places = grid.map(([u, v]) => project(matrix, u, v, walled(u, v)));
  const [x, y] = ["x", "y"].map((name) => places.map((place) => place[name]));
  near(Math.max(...x), -Math.min(...x), 1e-4);
  near(Math.max(...y), -Math.min(...y), 1e-4);
  near(Math.max(Math.max(...x) / 0.94, Math.max(...y) / 0.86), 1, 1e-4);
}
assert.deepEqual(framed(startCamera(), () => NaN, grid, 1), startCamera());

// sliders
const rate = { shown: "lr", range: "(0, inf)", low: 0, high: null, hasLow: false, hasHigh: false, whole: false, scale: "log", ends: [1e-6, 1] };
near(placeOf(rate, 1e-3), 0.5);
near(valueOf(rate, 0.5), 1e-3, 1e-9);
assert.deepEqual([placeOf(rate, 0), placeOf(rate, 9), valueOf(rate, 0), valueOf(rate, 1)], [0, 1, 1e-6, 1]);
const beta = { ...rate, shown: "beta", range: "[0, 1)", high: 1, hasLow: true, scale: "one", ends: [0, 0.99999] };
near(valueOf(beta, 0.4), 0.99, 1e-9);
near(placeOf(beta, 0.999), 0.6);
const count = { ...beta, range: "{1, ..., 5}", low: 1, high: 5, hasHigh: true, whole: true, scale: "linear", ends: [1, 5] };
assert.equal(valueOf(count, 0.3), 2);
assert.deepEqual([faultOf(rate, 1e9), faultOf(beta, 0), faultOf(count, 5)], ["", "", ""]);
assert.match(faultOf(rate, 0), /lr must lie in \(0, inf\), not 0/);
assert.match(faultOf(beta, 1), /must lie in \[0, 1\)/);
assert.match(faultOf(count, 2.5), /not 2.5/);
assert.match(faultOf(beta, NaN), /write a number/);

// results of a kernel: two runs of three steps, of which the first diverges at step 2
const done = { runs: 2, record: [0, 1, 2, 3], steps: [2, 3], diverged: [true, false], final: [NaN, 1],
               trail: [0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 5, 15, 6, 16, 7, 17], loss: [8, 4, 6, 3, NaN, 2, NaN, 1] }; // prettier-ignore
const path = pathOf(done);
assert.deepEqual([[...path.step], [...path.x], [...path.y], path.status], [[0, 1, 2], [0, 2, 4], [1, 3, 5], "diverged"]);
const curve = curveOf(done);
assert.deepEqual([[...curve.step], [...curve.median]], [[0, 1, 2, 3], [6, 4.5, Infinity, Infinity]]);
near(curve.low[0], 4.4);
assert.deepEqual(lastLosses(done), [Infinity, 1]);
near(quantile([1, 2, 4], 0.75), 3);
assert.deepEqual([spaced(0), spaced(3), spaced(100, 3)], [[0], [0, 1, 2, 3], [0, 50, 100]]);

// basins of (x^2 - 1)^2 + y^2: a rule that jumps to the nearer minimum at step 2, except far above and far below
const well = ([x, y]) => (x * x - 1) ** 2 + y * y;
const jumping = {
  run({ x0, steps, record = [0] }) {
    assert.ok(steps === 4 || steps === 0); // the loss at a point needs no step
    const runs = x0.length;
    const ends = x0.map(([x, y]) => (y > 1.5 ? [x, y] : [Math.sign(x), 0]));
    const after = (run, step) => well(step < 2 ? x0[run] : ends[run]);
    return { x: [...ends.map(([x]) => x), ...ends.map((end) => end[1])], first: x0.map(well), final: ends.map(well),
             loss: Float64Array.from(record.flatMap((step) => x0.map((_, run) => after(run, step)))), diverged: x0.map(([, y]) => y < -1.5) }; // prettier-ignore
  },
};
const parts = basins(jumping, { numbers: [], steps: 4 }, { low: [-2, -2], high: [2, 2], minima: [[-1, 0], [1, 0]] });
let part = parts.next();
while (!part.done) part = parts.next();
const pixel = (found, x, y) => found[Math.floor(((y + 2) / 4) * SIDE) * SIDE + Math.floor(((x + 2) / 4) * SIDE)];
const minimumAt = (x, y) => pixel(part.value.minimum, x, y);
assert.deepEqual([minimumAt(-1.5, 1), minimumAt(0.4, -1), minimumAt(1, 1.8), minimumAt(1, -1.8)], [0, 1, NOWHERE, DIVERGED]);
assert.equal(pixel(part.value.reached, 0.4, -1), 2);
const drawn = pixelsOf(part.value, { hues: [[1, 0, 0], [0, 0, 1]], nowhere: [0.5, 0.5, 0.5], diverged: [0, 0, 0], fast: 0.7, slow: 0.6 }); // prettier-ignore
const colourAt = (x, y) => [...drawn.slice(4 * (Math.floor(((2 - y) / 4) * SIDE) * SIDE + Math.floor(((x + 2) / 4) * SIDE)))].slice(0, 4);
assert.deepEqual([colourAt(-1.5, 1), colourAt(0.4, -1)], [[255, 0, 0, 255], [0, 0, 255, 255]]); // all take as long
assert.deepEqual([colourAt(1, 1.8), colourAt(1, -1.8)], [[128, 128, 128, 255], [0, 0, 0, 255]]);
// half of the runs took one step, the others four: their ranks are a quarter and three quarters
const shaded = pixelsOf({ minimum: Int16Array.of(0, 0, 0, 0), reached: Int32Array.of(1, 4, 4, 1) },
                        { hues: [[0.8, 0.8, 0.8]], nowhere: [0, 0, 0], diverged: [0, 0, 0], fast: 0.5, slow: 0.5 }); // prettier-ignore
assert.deepEqual([0, 4, 8, 12].map((at) => shaded[at]), [153, 217, 217, 153]); // rows from the top: 0.6 for the slow, 0.85 for the fast

// axes
const of = (...values) => extent([values]);
assert.deepEqual(extent([[2, NaN, -1], Float64Array.of(0.5, Infinity, 0)]), { low: -1, positive: 0.5, high: 2 });
assert.deepEqual([of(1, 30), of(1, 10), of(-1, 1000), of(NaN), of(0, 0)].map(isSpread), [true, false, false, false, false]);
assert.ok(ends(of(1, 1e9), true, 1)[1] < 200);
assert.deepEqual(ends(of(0.2, 0.20000000000000004), false).map((end) => Math.round(end * 1e9) / 1e9), [0.18, 0.22]);
assert.ok(ends(of(1, 1e9, Infinity), true)[1] > 1e9);
assert.deepEqual(ends(of(0.2, 0.2001), false, NaN, 1e-3).map((end) => Math.round(end * 1e4) / 1e4), [0.18, 0.2201]); // nearly constant
assert.deepEqual([ends(of(NaN), false), ends(of(-1, 0), true)], [[0, 1], [0.1, 1]]);
assert.deepEqual([endsAcross(of(0, 4), false), endsAcross(of(0, 2, 4), true), endsAcross(of(0.1), false), endsAcross(of(0), false), endsAcross(of(), true)], [[0, 4], [2, 4], [0.05, 0.15000000000000002], [-0.5, 0.5], [1, 10]]);
const axis = scaleOf([1, 100], true, 0, 10);
near(axis.at(10), 5);
near(axis.value(5), 10);
assert.ok(Number.isFinite(axis.at(0)));

// charts as tables: a column for each of at most eight places and the present step; a curve that ended has no value after it
const steps = Array.from({ length: 101 }, (_, n) => n);
const median = { name: "a", x: steps, y: steps.map((n) => n / 4), low: steps.map((n) => n / 8), high: steps.map((n) => n) };
const short1 = { name: "b", x: [0, 40], y: [3, Infinity] };
const shownTable = valuesOf({ lines: [median, short1], marked: 20.5, bands: true });
assert.deepEqual(shownTable.columns, ["line", "0>", "14>", "20.5 (now)>", "29>", "43>", "57>", "71>", "86>", "100>"]);
assert.deepEqual(shownTable.rows[0].cells.slice(0, 4), ["a", { text: "0", value: 0 }, { text: "3.5 (1.75 to 14)", value: 3.5 }, { text: "5 (2.5 to 20)", value: 5 }]);
assert.deepEqual(shownTable.rows[1].cells.slice(3, 6), [{ text: "3", value: 3 }, { text: "3", value: 3 }, "–"]);
const dotted = { name: "c", dots: true, x: [0.1, 1], y: [2, Infinity] };
const rates = valuesOf({ lines: [dotted, { ...dotted, x: [0.1, 10] }], marked: null, bands: false });
assert.deepEqual(rates.columns, ["line", "0.1>", "1>", "10>"]);
assert.deepEqual(rates.rows.map((row) => row.cells.slice(2)), [[{ text: "none finite", value: Infinity }, "–"], ["–", { text: "none finite", value: Infinity }]]);
assert.deepEqual(valuesOf({ lines: [], marked: 3, bands: true }).rows, []);
// points outside of an axis from 1 to 100, of 10 pixels from the bottom to the top, are marked
const upward = scaleOf([1, 100], true, 10, 0);
const shapes = [0, 1, 50, 1e6, Infinity, NaN].map((value) => shapeOf(value, upward, 0, 10));
assert.deepEqual(shapes, ["below", "dot", "dot", "above", "infinite", null]);
assert.equal(meaningsOf(shapes), "△ too large for the axis, ▽ too small for the axis, × no finite median");
assert.equal(meaningsOf(["dot", null]), "");

// a staircase turns at each place; one without steps is a level line
assert.deepEqual(staircase({ x: [1, 2, 5], y: [0.2, 0.5, 1], low: [0, 0, 1], high: [1, 1, 1] }),
                 { x: [1, 2, 2, 5, 5], y: [0.2, 0.2, 0.5, 0.5, 1], low: [0, 0, 0, 0, 1], high: [1, 1, 1, 1, 1] }); // prettier-ignore
assert.deepEqual(staircase({ x: [1], y: [0.5], low: [NaN], high: [NaN] }), { x: [1, 10, 10], y: [0.5, 0.5, 0.5], low: [NaN, NaN, NaN], high: [NaN, NaN, NaN] }); // prettier-ignore

// arrows: on a map of 100 pixels per unit, the opposite of (3, 4) with 50 pixels; what leaves the plane is cut
const flat = { at: (x, y) => (Math.abs(x) <= 2 && Math.abs(y) <= 2 ? [100 * x, -100 * y] : null), valley: { low: [-2, -2], high: [2, 2] } };
const tip = pointsOf(flat, [1, 1], { vector: [-3, -4], pixels: 50 }).at(-1);
near(tip[0], 100 - 30, 1e-3);
near(tip[1], -100 + 40, 1e-3);
const end = pointsOf(flat, [1, 1], { vector: [-3, 0.5], pixels: null }).at(-1);
near(end[0], -200, 1e-3);
const cutArrow = pointsOf(flat, [1, 1], { vector: [4, 0], pixels: null });
assert.ok(cutArrow.at(-1)[0] <= 200 && cutArrow.at(-1)[0] > 150);
assert.deepEqual(pointsOf(flat, [1, 1], { vector: [0, 0], pixels: 50 }), []);
assert.deepEqual(pointsOf(flat, [3, 1], { vector: [1, 0], pixels: 50 }), []);
assert.deepEqual([pixels(2, 2), pixels(2e-2, 2), pixels(1e-9, 2)], [84, 51, 18]);

// lines of a rule with numbers: a negative number gets brackets, except at the beginning
assert.deepEqual([0, -0.5, 1 / 3, 1e-8, 1234567, Infinity, NaN].map(digits), ["0", "−0.5", "0.33333", "1e−8", "1.2346e6", "∞", "not a number"]);
assert.equal(entriesText([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]), "[4 × 2 numbers]");
const rule = { values: [{ at: [0], shape: [] }, { at: [1, 2], shape: [2] }] };
const line = { target: "y", sign: "=", symbols: "a + a b", numbers: [0, " + ", 0, " · ", 1], result: 1 };
assert.deepEqual(lineTexts(rule, line, [-2, 3, -4]), { symbols: "y = a + a b", worked: "−2 + (−2) · [3, −4]", result: "[3, −4]" });

// a browser that lacks something: programs give way to the reason, and compressed data are refused in words
const complete = { name: "a", cases: [{ title: "b", programs: [{ label: 1, variants: [] }], boundary: {}, network_notes: ["c"] }], maps: { panels: [{ program: 0, reason: "" }] } };
assert.equal(fitted(complete), complete);
const fit = fitted(complete, "No.");
assert.deepEqual([fit.name, fit.cases[0].programs, fit.maps.panels], ["a", [{ label: 1, reason: "No." }], [{ program: null, reason: "No." }]]);
assert.deepEqual([fit.cases[0].boundary, fit.cases[0].network_notes], [null, ["c", "The decision boundary is left out. No."]]);
assert.deepEqual([...(await inflated({ kind: "u1", deflate: "eJxjZGIGAAANAAc=" }))], [1, 2, 3]);
const { DecompressionStream: taken } = globalThis;
delete globalThis.DecompressionStream;
await assert.rejects(inflated({ kind: "u1", deflate: "eJxjZGIGAAANAAc=" }), /cannot unpack compressed data/);
globalThis.DecompressionStream = taken;

// colours
assert.deepEqual(rgb("#ff0080"), [1, 0, 128 / 255]);
assert.deepEqual(between([[0], [1], [3]], 0.75), [2]);
// the optimizer that is explained
const ranking = [{ label: 2 }, { label: 0 }, { label: 1 }];
assert.deepEqual([bestOf(ranking, [0, 1, 2], new Set()), bestOf(ranking, [0, 1], new Set()), bestOf(ranking, [0, 1, 2], new Set([2]))], [2, 0, 0]);
assert.deepEqual([bestOf(ranking, [1], new Set([1])), bestOf(ranking, [], new Set())], [1, null]);

// a mistake in one part of the page does not stop the others
globalThis.requestAnimationFrame = () => 0;
const told = [];
const state = createState(/** @type {any} */ ({ step: 0 }));
state.on(["step"], () => { throw new Error("mistake"); }); // prettier-ignore
state.on(["step"], () => told.push(state.now.step));
process.once("uncaughtException", ({ message }) => told.push(message));
state.set({ step: 2 });
state.show();
await new Promise((done) => setTimeout(done));
assert.deepEqual(told, [2, "mistake"]);

// work that need not follow every frame: at once, and once more after the pause
const attributes = new Set();
const box = { setAttribute: (name) => attributes.add(name), removeAttribute: (name) => attributes.delete(name) };
let calls = 0;
const often = limited(() => calls++, 1, /** @type {any} */ (box));
for (let n = 0; n < 3; n++) often();
assert.deepEqual([calls, ...attributes], [1, "aria-busy"]);
await new Promise((done) => setTimeout(done, 20));
assert.deepEqual([calls, ...attributes], [2]);
console.log("all units pass");
