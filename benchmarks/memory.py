"""Peak memory of a sweep: it grows with the records, and not with the steps."""

from __future__ import annotations

import importlib
import tracemalloc
from typing import Any

from benchmarks import conditions
from benchmarks.tables import Report, Table
from optlab.execution import runner
from optlab.experiments import document as documents
from optlab.experiments import plan
from optlab.plugins import registry

RUNS = 1000


def peak(steps: int, points: int, runs: int = RUNS) -> float:
    """The peak of megabytes held by Python and NumPy while a sweep of Adam on Rosenbrock is planned and run."""
    document: dict[str, Any] = {
        "name": "benchmark",
        "steps": steps,
        "problem": [{"name": "rosenbrock"}],
        "optimizer": [{"name": "adam", "lr": {"log": [1e-4, 1e-2], "num": runs}}],
        "record": {"points": points},
    }
    plugins = registry.load(())
    runner.run(
        plan.make(documents.read_dict(document | {"steps": 1}), plugins).sweeps[0]
    )  # load modules before measuring
    importlib.import_module("optlab.engine.native.compilation")
    tracemalloc.start()
    runner.run(plan.make(documents.read_dict(document), plugins).sweeps[0])
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def report(rounds: int = 1, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests. The count is equal in every round, so one round is enough."""
    few, many = max(100, int(1000 * scale)), max(400, int(20_000 * scale))
    runs = max(100, int(RUNS * scale))
    sizes = ((few, 100), (many, 100), (many, 1000))
    figures = [dict(steps=steps, points=points, megabytes=peak(steps, points, runs)) for steps, points in sizes]
    rows = [[f"{f['steps']:,} steps", f"{f['points']:,}", f"{f['megabytes']:.1f} MB"] for f in figures]
    title = f"Peak memory, Adam on Rosenbrock, {runs:,} runs; loss and x recorded"
    return Report(f"{conditions.text()}.", [Table(title, ["", "points", "peak"], rows)], figures)
