"""A million runs from random starts through the command line, and the cost of a run and step for fewer runs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import conditions, lab, processes
from benchmarks.measure import shown
from benchmarks.tables import Report, Table

SIZES = (1_000, 10_000, 100_000, 1_000_000)
STEPS = 200


@dataclass(frozen=True)
class Size:
    """A number of runs, and per round: seconds and megabytes of `optlab run`, and seconds of the execution alone."""

    runs: int
    steps: int
    process: list[float]
    megabytes: list[float]
    execution: list[float]


def document(runs: int) -> dict[str, Any]:
    """Momentum on Himmelblau's function; only the first, last and best losses are recorded."""
    problem = {"name": "himmelblau", "start": "random"}
    return lab.document([problem], [{"name": "momentum", "lr": 1e-3}], STEPS, points=0, seeds=runs)


def measured(sizes: list[int], rounds: int) -> list[Size]:
    """Interleaved: every round has all sizes."""
    found = [Size(runs, STEPS, [], [], []) for runs in sizes]
    for _ in range(rounds):
        for size in found:
            spent = _command_line(size.runs)
            size.process.append(spent.seconds)
            size.megabytes.append(spent.megabytes)
            size.execution.append(_execution(size.runs))
    return found


def _command_line(runs: int) -> processes.Spent:
    with tempfile.TemporaryDirectory() as folder:
        experiment = Path(folder) / "experiment.toml"
        processes.write(experiment, document(runs))
        return processes.optlab("run", "--no-plots", experiment, "--out", Path(folder) / "results")


def _execution(runs: int) -> float:
    """From the plan to trajectories in memory; including the random starts."""
    work = lab.sweeps(document(runs))
    begin = time.perf_counter()
    lab.execute(work)
    return time.perf_counter() - begin


def table(sizes: list[Size]) -> Table:
    def per_step(size: Size, seconds: Callable[[Size], list[float]]) -> str:
        return shown(median(seconds(size)) / (size.runs * size.steps))

    rows = [
        [
            f"{size.runs:,} runs",
            f"{median(size.process):.2f} [{min(size.process):.2f}, {max(size.process):.2f}] s",
            f"{median(size.megabytes):,.0f} MB",
            per_step(size, lambda size: size.process),
            per_step(size, lambda size: size.execution),
        ]
        for size in sizes
    ]
    heads = ["", "optlab run", "peak memory", "per run and step", "of it execution"]
    return Table(f"Momentum on Himmelblau from random starts, {STEPS} steps, files written", heads, rows)


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests."""
    found = measured([max(1, int(runs * scale)) for runs in SIZES], rounds)
    return Report(f"{conditions.text()}. {rounds} rounds, median [min, max].", [table(found)], list(map(asdict, found)))
