// The basins of a layer, run by test_basins.py: for each case the index of the minimum of each pixel, and the minima.
import { readFileSync } from "node:fs";
import { basins } from "./live/basins.js";
import { load } from "./kernels/kernel.js";

const found = [];
for (const { valley, program, steps, side } of JSON.parse(readFileSync(0, "utf8"))) {
  const numbers = program.numbers.map((_, n) => Number(program.values[n][0]));
  const parts = basins(await load(program), { numbers, steps }, valley, side);
  let part = parts.next();
  while (!part.done) part = parts.next();
  const { minimum, reached, points } = part.value;
  found.push({ minimum: Array.from(minimum), reached: Array.from(reached), points });
}
console.log(JSON.stringify(found));
