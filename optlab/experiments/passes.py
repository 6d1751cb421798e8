"""How the sweeps of an experiment are executed: once, or in several passes. Also the columns that this adds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from optlab.execution.records import Ints, Sweep, Trajectories

Done = tuple[Sweep, Trajectories]
Compute = Callable[[Sequence[Sweep]], Iterable[Done]]


class Passes:
    """The execution of the sweeps of one experiment. For a plain grid, each sweep is executed once.

    `about`: further keys of the manifest. They are complete when all sweeps are computed. `computed_by`: the id of the
    sweep that was computed, for each sweep that is a part of another one.
    """

    def __init__(self, sweeps: Sequence[Sweep]) -> None:
        self.sweeps = sweeps
        self.about: dict[str, Any] = {}
        self.computed_by: dict[str, str] = {}

    def computed(self, compute: Compute) -> Iterator[Done]:
        """Each sweep of the plan with its trajectories.

        `compute` executes any sweeps, not only those of the plan, and returns them in any order.
        """
        yield from compute(self.sweeps)

    def columns(self, done: Sequence[Done]) -> dict[str, Any]:
        """Further columns of the table of runs, with one value per run. The sweeps are in the order of the plan.

        If runs have a target, the column `reached` has the first step at which it was reached, or -1 for never. It is
        masked for runs without a target.
        """
        if not any(sweep.target is not None for sweep, _ in done):
            return {}
        steps = np.concatenate([reached(sweep, trajectories) for sweep, trajectories in done])
        untargeted = np.concatenate([np.full(len(sweep), sweep.target is None) for sweep, _ in done])
        return {"reached": np.ma.masked_array(steps, untargeted) if untargeted.any() else steps}


def in_order(done: Iterable[Done]) -> list[Done]:
    """The sweeps in the order of the plan."""
    return sorted(done, key=lambda pair: int(pair[0].run[0]))


def reached(sweep: Sweep, trajectories: Trajectories) -> Ints:
    """The first step at which each run reached its target, or -1 for never. The runs of a failed sweep have -1."""
    return np.full(len(sweep), -1) if trajectories.reached is None else trajectories.reached
