"""Tasks of `kernel.js`, executed in Node by one process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import optlab
from tests.node import evaluated

KERNEL = Path(optlab.__file__).parent / "report/web/kernels/kernel.js"
ARRAYS = ("loss", "trail", "first", "final", "best", "x", "state")

RUN = """
const { load } = await import(given.kernel);
const fs = await import("node:fs");
const found = [];
for (const { program, task } of JSON.parse(fs.readFileSync(given.tasks))) {
  const done = (await load(program)).run(task);
  for (const name of given.arrays) done[name] = done[name] && Array.from(done[name], String);
  found.push(done);
}
console.log(JSON.stringify(found));
"""


def results(tasks, folder):
    """What `kernel.run` returns for pairs of a program and a task, with arrays of NumPy."""
    path = folder / "tasks.json"
    path.write_text(json.dumps([{"program": program.to_json(), "task": task} for program, task in tasks]))
    found = evaluated(RUN, folder, {"kernel": KERNEL.as_uri(), "tasks": str(path), "arrays": ARRAYS})
    for done, (program, _) in zip(found, tasks, strict=True):
        for name in ARRAYS:
            if done[name] is not None:
                numbers = [text.replace("Infinity", "inf") for text in done[name]]
                done[name] = np.array(numbers, float).reshape(-1, done["runs"])
        if done["trail"] is not None:
            done["trail"] = done["trail"].reshape(-1, program.layout.dim, done["runs"])
    return found


def task(program, steps, **more):
    """The runs of the sweep that a program was made of."""
    values = program.to_json()["values"]
    return {"x0": program.x0, "numbers": [v[0] if len(v) == 1 else v for v in values], "steps": steps, **more}
