// Checks of the modules of maps, run by test_web.py in a copy of optlab/report/web.
import assert from "node:assert/strict";
import { inflated } from "./base/inflate.js";
import { chained, levelLines } from "./valley/levels.js";
import { basinColours, placeOf, shades, stabilityColours } from "./maps/colours.js";
import { ticksOf } from "./maps/legend.js";
import { bordersOf, lossAt, taskOf } from "./maps/panel.js";
import { recorded } from "./maps/run.js";
import { precise, textOf } from "./maps/texts.js";

const near = (a, b, far = 1e-9) => assert.ok(Math.abs(a - b) <= far, `${a} is not ${b}`);

// compressed arrays: zlib.compress of [1, 2, 300] as u2
assert.deepEqual([...(await inflated({ kind: "u2", deflate: "eJxjZGBi0GEEAABtADE=" }))], [1, 2, 300]);

// losses are whole digits times a power of ten
const digits = { digits: [123, -100, 0, 0], exponents: [-4, 29, 0, 999] };
assert.deepEqual([0, 1, 2].map((pixel) => lossAt(digits, pixel)), [0.0123, -1e31, 0]);
assert.ok(Number.isNaN(lossAt(digits, 3)));

// borders are half a pixel beyond the outer values, on a logarithmic side in powers of ten
assert.deepEqual(bordersOf({ x: [1, 2, 3], y: [0.1, 10], spacings: ["linear", "log"] }), [0.5, 3.5, -2, 2]);

// a pixel is a start, or two of the numbers
assert.deepEqual(taskOf({ x: [5, 6], y: [7, 8], values: [0.1] }, 1, 0), { x0: [5, 8], numbers: [0.1] });
const settings = { x: [5, 6], y: [7, 8], values: [0.1, 0.2, 0.3], sides: [1, null, 0], start: [1, 2, 3] };
assert.deepEqual(taskOf(settings, 0, 1), { x0: [1, 2, 3], numbers: [7, 0.2, 6] });

// recorded steps
assert.deepEqual(recorded(3), [0, 1, 2, 3]);
assert.deepEqual([recorded(10_000).length, recorded(10_000)[0], recorded(10_000).at(-1)], [4001, 0, 10_000]);
assert.deepEqual(recorded(0), [0]);

// colours of basins: the middle of the scale is the hue itself, and the ends are mixed with white and black
const look = { hues: ["#2B2B2B", "#C9C9C9", "#804020"], white: 0.5, black: 0.25, share: [0, 127.5 / 255, 1], minima: [[3, 2]] };
assert.deepEqual(shades("#804020", look)[0], [192, 160, 144]);
assert.deepEqual(shades("#804020", look)[255], [96, 48, 24]);
const colour = basinColours(look);
assert.deepEqual([colour(0, -1), colour(1, -1), colour(2, 2)], [[43, 43, 43], [201, 201, 201], [96, 48, 24]]); // prettier-ignore

// colours of stability: the place on the scale, also in a unit, and the fates that are not on it
near(placeOf({ log: true, low: 1e-4, high: 1, power: 0 }, 1e-2), 0.5);
near(placeOf({ log: false, low: 1, high: 3, power: -300 }, 2e-300), 0.5);
assert.equal(placeOf({ log: true, low: 1e-4, high: 1, power: 0 }, 0), 0);
const scaled = { log: false, low: 0, high: 10, power: 0, floor: 1, colours: ["#000000", "#ffffff"], pale: 0.5,
                 fates: [null, null, "#F4F2EC", "#BDBDBD", "#767676"] }; // prettier-ignore
const shade = stabilityColours(scaled);
assert.deepEqual(shade(0, -1, () => 11), [255, 255, 255]);
assert.deepEqual(shade(0, -1, () => 0.5), [0, 0, 0]);
assert.deepEqual(shade(1, 0, () => 11), [128, 128, 128]);
assert.deepEqual(shade(4, -1, () => NaN), [118, 118, 118]);
assert.deepEqual(ticksOf({ log: true, low: 1e-4, high: 1, power: 0 }).map(({ text }) => text).at(-1), "1");

// texts
const panel = { x: [-1.23456789, 2], y: [0.5], steps: 30, settings: "lr=0.1", names: ["x0", "x1"], fate: [2, 1],
                reached: [8, 0], digits: [250, 100], exponents: [-9, 0] }; // prettier-ignore
assert.equal(textOf(panel, look, "gd", 0, 0), "gd lr=0.1 · start (−1.2346, 0.5) · minimum (3, 2) after 7 steps · final loss 2.50e−7");
assert.equal(textOf(panel, look, "gd", 0, 1), "gd lr=0.1 · start (2, 0.5) · not at a minimum after 30 steps · final loss 100");
const pair = { ...panel, names: ["lr", "beta"], fate: [1, 4], reached: [2, 2], exponents: [-9, 999] };
assert.equal(textOf(pair, scaled, "gd", 0, 0), "gd lr=0.1 · lr −1.2346, beta 0.5 · target reached after 1 step, and left again · final loss 2.50e−7");
assert.equal(textOf(pair, scaled, "gd", 0, 1), "gd lr=0.1 · lr 2, beta 0.5 · target reached after 1 step, then diverged");
assert.equal(precise(1e-7), "1e−7");

// pieces of a level line become one line
const round = chained(levelLines(Float32Array.from({ length: 81 }, (_, i) => Math.hypot((i % 9) - 4, Math.floor(i / 9) - 4)), 9, [2.5]));
assert.equal(round.length, 1);
assert.deepEqual(round[0][0], round[0].at(-1));
const straight = chained(levelLines([0, 1, 2, 0, 1, 2, 0, 1, 2], 3, [0.25, 1.5]));
assert.deepEqual(straight.map((line) => line.length), [3, 3]);
console.log("all units pass");
