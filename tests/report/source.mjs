// Calls of `window.optlab.run`, run by test_source.py: what each returns, or its error, and how long the slowest took.
import { readFileSync } from "node:fs";
import { openCases } from "./base/cases.js";
import { createSource } from "./page/source.js";

const { data, calls, values } = JSON.parse(readFileSync(0, "utf8"));
const source = createSource(data, openCases(data).recorded);

/** Values that JSON does not have, as {"js": text}. */
const revived = (given) => {
  if (Array.isArray(given)) return given.map(revived);
  if (given === null || typeof given !== "object") return given;
  if ("js" in given) return new Function(`return ${given.js}`)();
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, revived(value)]));
};

async function done(wanted) {
  try {
    const found = await source.run(wanted);
    return { found, finite: found.path.length === found.losses.length && found.path.every((point) => point.length === found.x.length) };
  } catch (error) {
    return { error: error.message, kind: error.constructor.name };
  }
}

const found = [];
for (const wanted of calls) found.push(await done(revived(wanted)));
// every field with every value
const fuzzed = [];
if (values) {
  const right = { problem: values.problem, optimizer: values.optimizer };
  for (const field of ["problem", "optimizer", "x0", "steps", "hyperparameters", "without", "lr"]) {
    for (const text of values.texts) {
      const value = revived({ js: text });
      const wanted = field === "lr" ? { ...right, hyperparameters: { lr: value } } : { ...right, [field]: value };
      const { error, kind, found } = await done(wanted);
      fuzzed.push({ field, text, error, kind, steps: found?.path.length });
    }
  }
}
console.log(JSON.stringify({ programs: source.programs(), found, fuzzed }));
