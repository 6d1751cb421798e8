"""The time of a step of each optimizer, measured before an experiment with `budget = "seconds"`.

Each sweep is executed alone for a few steps, on one thread and without recording. So the times are those of this
machine and this back end, for runs that advance together. They differ a little from one experiment to the next, and so
do the numbers of steps that fit into a time; `CLOSE` times count as equal.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optlab.execution import fingerprint, runner
from optlab.execution.records import Ints, Recording, Sweep, Trajectories

STEPS, RUNS, REPEATS = 64, 64, 5
"""The number of steps and the largest number of runs that are timed, and how often; the shortest time counts."""

ENOUGH, MOST_STEPS = 0.01, 100_000
"""Seconds that a timed sweep takes at least, so that the error of the clock does not matter: if it is faster, it makes
more steps than the experiment, up to the second number."""

CLOSE = 0.1
"""A sweep whose step takes longer by at most this share of the fastest keeps all its steps: times differ by so much
from one measurement to the next."""


def with_equal_times(sweeps: Sequence[Sweep]) -> list[Sweep]:
    """The sweeps with the numbers of steps that take as much time as the fastest sweep on the same problem takes for
    its steps. A sweep whose code fails keeps its steps."""
    measured: dict[str, float] = {}  # equal sweeps under two labels are measured once
    times = []
    for sweep in sweeps:
        key = fingerprint.of_sweep(replace(sweep, label="", run=np.arange(len(sweep))))
        measured[key] = seconds = measured[key] if key in measured else seconds_per_step(sweep)
        times.append(seconds)
    least: dict[tuple[str, ...], float] = {}
    for sweep, seconds in zip(sweeps, times, strict=True):
        least[sweep.titles] = min(least.get(sweep.titles, np.inf), seconds)
    return [
        with_steps(sweep, _steps_within(sweep.steps, least[sweep.titles], seconds))
        for sweep, seconds in zip(sweeps, times, strict=True)
    ]


def _steps_within(steps: int, least: float, seconds: float) -> int | None:
    """The steps that fit into the time in which the fastest makes all; None if the sweep keeps its steps."""
    if not np.isfinite(seconds) or seconds <= (1 + CLOSE) * least:
        return None
    return max(int(steps * (least / seconds)), 1)


def seconds_per_step(sweep: Sweep) -> float:
    """The time of a step of one run, without the time before the first step. Infinity if the code fails."""
    timed = sweep.block(slice(0, RUNS))
    whole, steps = _seconds(timed, STEPS)
    if whole * len(timed) < ENOUGH:
        needed = int(STEPS * ENOUGH / max(whole * len(timed), 1e-6))
        whole, steps = _seconds(timed, min(max(needed, STEPS), MOST_STEPS))
    start, _ = _seconds(timed, 1)
    return (whole - start) / (steps - 1) if steps > 1 and whole > start else whole / steps


def _seconds(sweep: Sweep, steps: int) -> tuple[float, int]:
    """The shortest processor time of a run that is given this number of steps, and the steps that were made: fewer if
    all runs diverge. Other programs have little effect on the time of the processor."""
    nothing = np.empty(0, dtype=np.int64)
    recording = Recording(nothing, nothing, trajectory=False)
    timed = replace(sweep, steps=steps, recording=recording, target=None, stop=None)
    task = runner.Runner([timed])

    def executed() -> tuple[float, Trajectories]:
        begin = time.thread_time()
        done = task(timed, lambda run_steps: None)
        return (time.thread_time() - begin) / len(timed), done

    _, done = executed()  # this call also compiles
    if done.log:
        return np.inf, steps
    return min(executed()[0] for _ in range(REPEATS)), max(int(done.steps.max()), 1)


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
