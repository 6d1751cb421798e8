"""From the start of a process to results: five optimizers on three functions, in optlab and in JAX."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import optlab
from benchmarks import cold_optlab, conditions, grid, processes
from benchmarks.measure import Contender, Result, compare, of_comparisons
from benchmarks.tables import Report


def contenders(runs: int, steps: int, folder: Path) -> list[Contender]:
    """Processes. If their results stay in memory, they are read from the files of another, untimed run."""
    experiment = folder / "experiment.toml"
    processes.write(experiment, cold_optlab.document(runs, steps))

    def command_line() -> Path:
        """Each run has a new folder, because finished results would not be computed again."""
        out = Path(tempfile.mkdtemp(dir=folder))
        processes.optlab("run", "--no-plots", experiment, "--out", out)
        return out / "benchmark"

    def contender(
        name: str, go: Callable[[], Any], read: Callable[[Any], Result], is_baseline: bool = False
    ) -> Contender:
        return Contender(name, go, 1, 1, is_baseline, time.perf_counter, read)

    def script(name: str, module: str, *how: str, is_baseline: bool = False) -> Contender:
        def read(_: Any) -> Result:
            file = folder / "losses.npz"
            processes.python("-m", module, runs, steps, *how, file)
            with np.load(file) as losses:
                return None, np.concatenate([losses[key] for key in sorted(losses)], axis=1)

        return contender(name, lambda: processes.python("-m", module, runs, steps, *how), read, is_baseline)

    own = [
        script("optlab, a script", "benchmarks.cold_optlab", is_baseline=True),
        contender("optlab run, files written", command_line, written),
    ]
    if "jax" in conditions.missing():
        return own
    return [
        *own,
        script("JAX, a script", "benchmarks.cold_jax", "apart"),
        script("JAX, all in one program", "benchmarks.cold_jax", "together"),
    ]


def written(folder: Path) -> Result:
    """The losses before every step, from the files, in the order of the names of optimizer and problem."""
    results = optlab.load(folder)
    runs = results.runs
    by_run = results.history.sort_values(["run", "step"])["loss"].to_numpy().reshape(len(runs), -1)
    order = runs.assign(key=runs["optimizer"] + " " + runs["problem"]).sort_values(["key", "run"])["run"]
    return None, by_run[order.to_numpy(), :-1].T


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests."""
    runs, steps = (max(2, int(n * scale)) for n in (grid.RUNS, grid.STEPS))
    of = f"{len(grid.OPTIMIZERS)} optimizers x {len(grid.PROBLEMS)} functions x {runs} runs x {steps:,} steps"
    with tempfile.TemporaryDirectory() as folder:
        found = compare(f"From a cold start: {of}", contenders(runs, steps, Path(folder)), rounds, turn=0)
    return of_comparisons(
        f"{conditions.text()}. {rounds} rounds. Time per process, from its start to its end.", [found]
    )
