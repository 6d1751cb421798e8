"""What the runs of a map need beyond those of other experiments: a second pass, and columns of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optlab.maps import basins
from optlab.plan import Plan
from optlab.records import Ints, Sweep, Trajectories
from optlab.spec import BasinsSpec
from optlab.starts import starts

Done = tuple[Sweep, Trajectories]
Compute = Callable[[Sequence[Sweep]], Iterable[Done]]


class Map:
    """An experiment that may be a map, while it is run; one that is none is run like any other."""

    def __init__(self, planned: Plan) -> None:
        self.planned = planned
        self.about: dict[str, Any] = {}
        """What the manifest says of it."""
        self._numbers: list[Ints] = []

    @property
    def _has_basins(self) -> bool:
        return isinstance(self.planned.map, BasinsSpec)

    def computed(self, compute: Compute) -> Iterator[Done]:
        """Every sweep with what its runs did.

        For basins the runs are made twice. The first pass shows in which minimum each one ends; the second, which is
        the same to the bit, at which step it first came as low as that minimum.
        """
        if not self._has_basins:
            yield from compute(self.planned.sweeps)
            return
        done = _in_order(compute([basins.watched(sweep) for sweep in self.planned.sweeps]))
        found = basins.minima_of(done)
        self.about = {"minima": basins.described(found)}
        self._numbers = [basins.numbers(sweep, trajectories, found) for sweep, trajectories in done]
        sweeps = sorted(self.planned.sweeps, key=_first_run)
        both = list(zip(sweeps, done, self._numbers, strict=True))
        again = _in_order(compute([basins.aimed(sweep, first, n, found) for sweep, (_, first), n in both]))
        for (sweep, (_, first), number), (_, second) in zip(both, again, strict=True):
            recorded = dict(loss=second.loss, x=second.x, metrics=second.metrics)
            yield sweep, replace(first, **recorded, reached=_counted(first, second, number))

    def columns(self, done: Sequence[Done]) -> dict[str, Any]:
        """The further columns of the table of runs, of sweeps in the order of the plan."""
        columns: dict[str, Any] = {}
        if self._has_basins:
            first = np.concatenate([starts(sweep.case, sweep.root_seed, sweep.seed) for sweep, _ in done], axis=1)
            last = np.concatenate([_final(sweep, trajectories) for sweep, trajectories in done], axis=1)
            columns = {f"start.x{i}": first[i] for i in range(2)} | {f"end.x{i}": last[i] for i in range(2)}
            columns["minimum"] = np.concatenate(self._numbers)
        if self._has_basins or any(sweep.target is not None for sweep, _ in done):
            columns["reached"] = np.concatenate([_reached(sweep, trajectories) for sweep, trajectories in done])
        return columns


def _counted(first: Trajectories, second: Trajectories, number: Ints) -> Ints | None:
    """The steps that the second pass counted; a run that is at a minimum was there at its last step at the latest, even
    where a back end rounds the final loss otherwise than those on the way."""
    if second.reached is None:
        return None
    return np.where((number >= 0) & (second.reached < 0), first.steps, second.reached)


def _in_order(done: Iterable[Done]) -> list[Done]:
    return sorted(done, key=lambda pair: _first_run(pair[0]))


def _first_run(sweep: Sweep) -> int:
    return int(sweep.run[0])


def _final(sweep: Sweep, trajectories: Trajectories) -> Any:
    """Where the runs ended; a sweep that failed has nothing to say of it."""
    return np.full((2, len(sweep)), np.nan) if trajectories.final_x is None else trajectories.final_x


def _reached(sweep: Sweep, trajectories: Trajectories) -> Ints:
    return np.full(len(sweep), -1) if trajectories.reached is None else trajectories.reached
