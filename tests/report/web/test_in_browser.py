"""The JavaScript of reports in Chromium, in a page without network access that may run only its own scripts."""

from __future__ import annotations

import json

import numpy as np

from optlab.execution import runner
from optlab.execution.webassembly import program_of
from optlab.report.modules import joined
from optlab.report.page import scripts
from tests.report.web.in_node import KERNEL, task

MODULES = scripts(KERNEL.parent)
POLICY = "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; connect-src 'none'"

PAGE = """<!doctype html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<pre id="results"></pre>
<script type="module">
{kernel}
const {{ load, hasVectors }} = modules["kernel.js"];
const results = [];
for (const {{ program, task }} of {tasks}) {{
  const {{ loss, steps }} = (await load(program)).run(task);
  results.push({{ loss: Array.from(loss), steps }});
}}
document.getElementById("results").textContent = JSON.stringify({{ vectors: hasVectors(), results }});
</script>
"""

CASES = [
    ({"name": "rosenbrock", "start": "random"}, {"name": "momentum", "lr": [1e-5, 1e-4]}),
    ({"name": "ackley", "start": "random"}, {"name": "adam", "schedule": "cosine"}),
    ({"name": "rosenbrock", "dim": 100, "start": "random"}, {"name": "adam", "lr": 1e-3}),
    ({"name": "mlp", "dataset": "moons", "hidden": [8]}, {"name": "adam", "lr": 1e-2}),
]


def test_modules_in_a_page(browser, planned, tmp_path):
    sweeps = []
    for problem, rule in CASES:
        document = {"problem": [problem], "optimizer": [rule], "steps": 100, "seeds": 3, "backend": "replay"}
        sweeps += planned({**document, "record": {"points": 101}}).sweeps
    programs = [program_of(sweep) for sweep in sweeps]
    tasks = json.dumps([{"program": program.to_json(), "task": task(program, 100)} for program in programs])
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(policy=POLICY, kernel=joined(MODULES, "kernel.js"), tasks=tasks))
    opened = browser.new_context(offline=True).new_page()
    opened.goto(page.as_uri())
    opened.wait_for_function("document.getElementById('results').textContent", timeout=60_000)
    found = json.loads(opened.locator("#results").inner_text())
    assert found["vectors"]
    for result, sweep in zip(found["results"], sweeps, strict=True):
        right = runner.run(sweep)
        assert result["steps"] == right.steps.tolist()
        loss = np.array(result["loss"]).reshape(right.loss.shape)
        np.testing.assert_allclose(loss[:11], right.loss[:11], rtol=1e-12)
        np.testing.assert_allclose(loss, right.loss, rtol=1e-6)
