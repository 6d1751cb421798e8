"""optlab as the benchmarks use it: documents, sweeps that record only the loss, and their execution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

from optlab.api import pipeline
from optlab.execution import executors, runner
from optlab.execution.records import Sweep, Trajectories


def document(
    problems: Sequence[Mapping[str, Any]], optimizers: Sequence[Mapping[str, Any]], steps: int, points: int, **more: Any
) -> dict[str, Any]:
    """An experiment file, as a dictionary."""
    return {
        "name": "benchmark",
        "steps": steps,
        "problem": list(problems),
        "optimizer": list(optimizers),
        "record": {"points": points},
        **more,
    }


def sweeps(experiment: Mapping[str, Any]) -> tuple[Sweep, ...]:
    """All runs as optlab plans them, with only the loss recorded, also for two parameters."""
    planned = pipeline.prepare(experiment, plugins=()).plan.sweeps
    return tuple(replace(sweep, recording=replace(sweep.recording, trajectory=False)) for sweep in planned)


def execute(work: Sequence[Sweep]) -> list[Trajectories]:
    """All sweeps on all cores, as `optlab run` executes them; the results stay in memory, in the order of the plan."""
    with executors.threads() as pool:
        return executed(work, runner.Runner(work, executors.workers()), pool)


def executed(work: Sequence[Sweep], task: runner.Runner, pool: Executor) -> list[Trajectories]:
    """The same with a task that may have traced and compiled the sweeps already, on threads that may exist already."""
    done = list(executors.whole(executors.execute(work, task, pool, lambda run_steps: None)))
    return [trajectories for _, trajectories in sorted(done, key=lambda pair: pair[0].run[0])]


def rates(low: float, high: float, runs: int) -> Any:
    """Learning rates from the first to the last run, as in a file."""
    return {"log": [low, high], "num": runs} if runs > 1 else low
