"""The time of a step of each optimizer, measured before an experiment with `budget = "seconds"`.

Each sweep is executed alone for a few steps, on one thread and without recording. So the times are those of this
machine and this back end, for runs that advance together. They differ a little from one experiment to the next, and so
do the numbers of steps that fit into a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optlab.execution import runner
from optlab.execution.records import Ints, Recording, Sweep, Trajectories

STEPS, RUNS, REPEATS = 64, 64, 3
"""The largest numbers of steps and of runs that are timed, and how often; the shortest time counts."""


def with_equal_times(sweeps: Sequence[Sweep]) -> list[Sweep]:
    """The sweeps with the numbers of steps that take as much time as the fastest sweep on the same problem takes for
    its steps. A sweep whose code fails keeps its steps."""
    times = [seconds_per_step(sweep) for sweep in sweeps]
    least: dict[tuple[str, ...], float] = {}
    for sweep, seconds in zip(sweeps, times, strict=True):
        least[sweep.titles] = min(least.get(sweep.titles, np.inf), seconds)
    return [
        with_steps(sweep, max(int(sweep.steps * (least[sweep.titles] / seconds)), 1) if np.isfinite(seconds) else None)
        for sweep, seconds in zip(sweeps, times, strict=True)
    ]


def seconds_per_step(sweep: Sweep) -> float:
    """The time of a step of one run, without the time before the first step. Infinity if the code fails."""
    steps = min(sweep.steps, STEPS)
    whole, start = _seconds(sweep, steps), _seconds(sweep, 1)
    return (whole - start) / (steps - 1) if steps > 1 and whole > start else whole / steps


def _seconds(sweep: Sweep, steps: int) -> float:
    """The shortest time of a run with this number of steps."""
    nothing = np.empty(0, dtype=np.int64)
    recording = Recording(nothing, nothing, trajectory=False)
    timed = replace(sweep, steps=steps, recording=recording, target=None, stop=None)
    timed = timed.block(slice(0, RUNS))
    task = runner.Runner([timed])

    def executed() -> Trajectories:
        return task(timed, lambda run_steps: None)

    if executed().log:  # this call also compiles
        return np.inf
    return min(float(executed().seconds[0]) for _ in range(REPEATS))


def with_steps(sweep: Sweep, steps: int | None) -> Sweep:
    """The sweep with fewer steps, and its recording spread over them; the same sweep if `steps` is None."""
    if steps is None or steps == sweep.steps:
        return sweep
    return replace(sweep, steps=steps, recording=shortened(sweep.recording, sweep.steps, steps))


def shortened(recording: Recording, before: int, steps: int) -> Recording:
    """A recording of runs with fewer steps."""

    def spread(at: Ints) -> Ints:
        return at if before == steps else np.unique(np.round(at * (steps / before)).astype(np.int64))

    return replace(recording, steps=spread(recording.steps), evaluations=spread(recording.evaluations))
