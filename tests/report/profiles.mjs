// Computes profiles without some labels, for test_profiles.py, in a copy of optlab/report/web.
import { readFileSync } from "node:fs";
import { captionOf } from "./comparison/profile_caption.js";
import { profileOf } from "./comparison/profiles.js";

const { costs, names, subsets } = JSON.parse(readFileSync(0, "utf-8"));
const found = subsets.map((labels) => {
  const hidden = new Set(labels);
  const profile = profileOf(costs, hidden);
  const lines = profile.lines.map((line) => ({ ...line, x: [...line.x], y: [...line.y], low: [...line.low], high: [...line.high] }));
  return { lines, caption: captionOf(costs, profile, hidden, (label) => names[label]) };
});
console.log(JSON.stringify(found));
