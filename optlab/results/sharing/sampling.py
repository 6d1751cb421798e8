"""Some of the runs of a sweep, computed without the others.

The trajectories of the sampled runs are put at their places among those of the whole sweep, so that an experiment can
be executed in its usual passes. The time of a run that was not computed is NaN.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

import numpy as np

from optlab.errors import UserError
from optlab.execution.records import STOPS, TIMEOUT, Ints, Sweep, Trajectories
from optlab.experiments.passes import Done
from optlab.experiments.tuning.numbers import taken


def check(share: float) -> None:
    """Raise UserError if no share of runs can be sampled."""
    if not 0 < share <= 1:
        raise UserError(f"sample: must be above 0 and at most 1, such as 0.1 for every tenth run, not {share!r}")


def places(runs: int, share: float) -> Ints:
    """The places of the sampled runs of a sweep: evenly spread, with the first and the last, at least one.

    >>> places(11, 0.2).tolist(), places(3, 1.0).tolist(), places(100, 1e-9).tolist()
    ([0, 5, 10], [0, 1, 2], [0])
    """
    count = int(np.ceil(round(runs * share, 9)))
    return np.unique(np.round(np.linspace(0, runs - 1, count)).astype(np.int64))


def block_of(sweep: Sweep, share: float) -> Sweep:
    """The sampled runs of a sweep."""
    return sweep.block(places(len(sweep), share))


def among_all(sweep: Sweep, computed: Trajectories, share: float) -> Trajectories:
    """Trajectories of a whole sweep from those of its sampled runs."""
    at = places(len(sweep), share)

    def spread(values: Any) -> Any:
        fill = np.nan if values.dtype.kind == "f" else 0
        whole = np.full((*values.shape[:-1], len(sweep)), fill, dtype=values.dtype)
        whole[..., at] = values
        return whole

    own = {f.name: getattr(computed, f.name) for f in fields(Trajectories)}
    arrays = {name: spread(value) for name, value in own.items() if isinstance(value, np.ndarray)}
    return replace(computed, **arrays, metrics={name: spread(values) for name, values in computed.metrics.items()})


def computed_parts(done: Iterable[Done]) -> list[Done]:
    """The computed runs of all sweeps, in the order of the plan."""
    return _in_order(_part(pair, ~np.isnan(pair[1].seconds)) for pair in done)


def without_timed(done: Iterable[Done], timed: Ints) -> list[Done]:
    """Sweeps without the runs that reached a limit of seconds, here or (`timed`) before: no run repeats these."""

    def is_kept(sweep: Sweep, trajectories: Trajectories) -> Any:
        in_time = ~np.isin(sweep.run, timed) & (trajectories.status != TIMEOUT)
        if trajectories.stopped is None:
            return in_time
        return in_time & (trajectories.stopped != STOPS.index("seconds"))

    return _in_order(_part(pair, is_kept(*pair)) for pair in done)


def _part(done: Done, is_kept: Any) -> Done:
    at = np.flatnonzero(is_kept)
    return done[0].block(at), taken(done[1], at)


def _in_order(parts: Iterable[Done]) -> list[Done]:
    """The sweeps in the order of the plan. Those without runs are left out."""
    return sorted((pair for pair in parts if len(pair[0])), key=lambda pair: int(pair[0].run[0]))
