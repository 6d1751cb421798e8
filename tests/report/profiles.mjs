// Computes profiles without some labels, for test_profiles.py, in a copy of optlab/report/web.
import { readFileSync } from "node:fs";
import { captionOf } from "./comparison/profile_caption.js";
import { costsOfRuns, profileOf } from "./comparison/profiles.js";

const { costs, names, subsets, live, targets } = JSON.parse(readFileSync(0, "utf-8"), (_, value) => (value === "inf" ? Infinity : value));
const print = (found) => console.log(JSON.stringify(found, (_, value) => (value === Infinity ? "inf" : value)));
if (targets) {
  print(targets.map((given) => costsOfRuns(...given)));
  process.exit(0);
}
if (live) {
  const profile = profileOf(costs, new Set(), (index, label) => live[index]?.[label] ?? null);
  console.log(JSON.stringify([{ lines: profile.lines.map((line) => ({ ...line, x: [...line.x], y: [...line.y] })), seeds: profile.seeds }]));
  process.exit(0);
}
const found = subsets.map((labels) => {
  const hidden = new Set(labels);
  const profile = profileOf(costs, hidden);
  const lines = profile.lines.map((line) => ({ ...line, x: [...line.x], y: [...line.y], low: [...line.low], high: [...line.high] }));
  return { lines, caption: captionOf(costs, profile, hidden, (label) => names[label]) };
});
console.log(JSON.stringify(found));
