"""Trajectories as arrays for a store, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from optlab.execution.cache.segments import Arrays
from optlab.execution.records import DIVERGED, DONE, Ints, Trajectories

ROWS = "rows"
"""The name of the array with the rows of runs, beside those of trajectories."""
_METRIC = "metric "
_BASE, _PER_BYTE, _OVERHEAD, _SHARE = 2e-4, 2.5e-9, 0.01, 0.05
"""Seconds to keep a block, and for each of its bytes; seconds to prepare a sweep besides its runs; and the share of its
time that keeping it may take. These are estimates."""


def is_worth(done: Trajectories) -> bool:
    """Whether runs are kept: if none failed, and if that takes little time compared with computing them again."""
    if not np.isin(done.status, (DONE, DIVERGED)).all():
        return False
    size = sum(array.nbytes for array in as_arrays(done).values())
    return _BASE + size * _PER_BYTE <= _SHARE * (_OVERHEAD + float(done.seconds.sum()))


def as_arrays(done: Trajectories) -> Arrays:
    """The arrays of trajectories by name. The run axis is the last one of each."""
    own = {f.name: getattr(done, f.name) for f in fields(Trajectories)}
    metrics = {_METRIC + name: values for name, values in done.metrics.items()}
    return {name: value for name, value in own.items() if isinstance(value, np.ndarray)} | metrics


def from_arrays(arrays: Arrays) -> Trajectories:
    """The trajectories that `as_arrays` was given."""
    own = {name: value for name, value in arrays.items() if not name.startswith(_METRIC)}
    metrics = {name.removeprefix(_METRIC): value for name, value in arrays.items() if name.startswith(_METRIC)}
    nothing = {f.name: None for f in fields(Trajectories) if f.name in ("x", "final_x", "reached", "stopped")}
    return Trajectories(**nothing | own, metrics=metrics)  # pyright: ignore[reportArgumentType]


def picked(done: Trajectories, at: Ints) -> Trajectories:
    """Some of the runs, by their places, or all in another order."""
    if len(at) == len(done.status) and np.array_equal(at, np.arange(len(at))):
        return done
    return from_arrays({name: np.ascontiguousarray(array[..., at]) for name, array in as_arrays(done).items()})


def merged(parts: Sequence[tuple[Ints, Trajectories]]) -> Trajectories:
    """The trajectories of a sweep, from parts with the places of their runs in it."""
    joined = Trajectories.joined([done for _, done in parts])
    if joined.log:
        return joined
    return picked(replace(joined, log=""), np.argsort(np.concatenate([at for at, _ in parts])))
