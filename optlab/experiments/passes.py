"""How the sweeps of an experiment are executed: once, or in several passes, and which columns come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from optlab.execution.records import Ints, Sweep, Trajectories

Done = tuple[Sweep, Trajectories]
Compute = Callable[[Sequence[Sweep]], Iterable[Done]]


class Passes:
    """The execution of the sweeps of one experiment: of a plain grid, all of them once.

    `about` is what the manifest says beyond what it says of every experiment; it is complete when all is computed.
    """

    def __init__(self, sweeps: Sequence[Sweep]) -> None:
        self.sweeps = sweeps
        self.about: dict[str, Any] = {}

    def computed(self, compute: Compute) -> Iterator[Done]:
        """Every sweep of the plan with what its runs did.

        `compute` executes sweeps, also others than those of the plan, and gives them back in any order.
        """
        yield from compute(self.sweeps)

    def columns(self, done: Sequence[Done]) -> dict[str, Any]:
        """The further columns of the table of runs, of sweeps in the order of the plan: one value per run.

        Where runs have a target, `reached` is the first step at which it was reached, -1 for never.
        """
        if not any(sweep.target is not None for sweep, _ in done):
            return {}
        return {"reached": np.concatenate([reached(sweep, trajectories) for sweep, trajectories in done])}


def in_order(done: Iterable[Done]) -> list[Done]:
    """The sweeps in the order of the plan."""
    return sorted(done, key=lambda pair: int(pair[0].run[0]))


def reached(sweep: Sweep, trajectories: Trajectories) -> Ints:
    """The first step at which each run reached its target, -1 for never; a sweep that failed reached none."""
    return np.full(len(sweep), -1) if trajectories.reached is None else trajectories.reached
