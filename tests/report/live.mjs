// Live computing without a page, run by test_live_runs.py: what is shown after each change of settings.
import { readFileSync } from "node:fs";
import { openCases } from "./base/cases.js";
import { createState } from "./base/state.js";
import { createLive } from "./live/live.js";
import { countOfSeeds } from "./live/numbers.js";

globalThis.requestAnimationFrame = () => 0;
const { data, changes, counts } = JSON.parse(readFileSync(0, "utf8"));
const openCase = openCases(data);
const live = createLive(data, createState(/** @type {any} */ ({ version: 0 })), openCase);

const found = [];
for (const { label, values, steps } of changes) {
  await live.change(0, (settings) => {
    settings.values.set(label, values);
    settings.steps = steps ?? null;
  });
  const { curves, boundary } = openCase(0);
  const line = curves.train_loss.find((one) => one.label === label);
  const last = boundary.recorded.find((one) => one.label === label);
  const { step, median, low, high } = Object.fromEntries(Object.entries(line).map(([name, of]) => [name, Array.from(Object(of))]));
  found.push({ step, median, low, high, losses: live.losses(0, label), x: Array.from(last.x), count: live.startsOf(0, label).length });
}
console.log(JSON.stringify({ found, counts: counts.map(([program, steps, count]) => countOfSeeds(program, steps, count)) }));
