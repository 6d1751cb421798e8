"""The runs of a sweep as rows of numbers. Equal rows in sweeps with the same identity have equal results."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from optlab.execution.records import Ints, ProblemDraw, Sweep
from optlab.execution.rule import Key
from optlab.execution.starts import drawn

Rows = NDArray[np.uint64]
"""One row per run: the bits of its seed, its numbers, its target, and the hash of the start that its problem drew."""


def rows_of(sweep: Sweep, numbers: Sequence[Key]) -> Rows:
    """The rows of a sweep's runs, with the numbers in this order."""
    columns = [_bits(sweep.seed), *(_bits(sweep.numbers[key]) for key in numbers)]
    columns += [_bits(sweep.target)] if sweep.target is not None else []
    columns += list(_drawn_starts(sweep).T) if isinstance(sweep.case.start, ProblemDraw) else []
    return np.stack(columns, axis=1)


def _bits(column: NDArray[np.float64] | Ints) -> Rows:
    """The bits of numbers. -0.0 and 0.0 differ, as do their results."""
    return np.ascontiguousarray(column).view(np.uint64)


def _drawn_starts(sweep: Sweep) -> Rows:
    """The hashes of the starts that a problem draws, two numbers each. Its code is not traced, so it is executed."""
    seeds, of_run = np.unique(sweep.seed, return_inverse=True)
    starts = (drawn(sweep.case, sweep.root_seed, int(seed)) for seed in seeds)
    hashes = b"".join(hashlib.blake2b(x.tobytes(), digest_size=16).digest() for x in starts)
    return np.frombuffer(hashes, np.uint64).reshape(-1, 2)[of_run]


def places(wanted: Rows, held: Rows) -> Ints:
    """The place of each wanted row among those that are held, or -1.

    >>> places(np.array([[1, 2], [3, 4]], np.uint64), np.array([[3, 4], [5, 6]], np.uint64)).tolist()
    [-1, 0]
    """
    if wanted.shape[1] != held.shape[1] or not len(held):
        return np.full(len(wanted), -1)
    if wanted.shape == held.shape and np.array_equal(wanted, held):
        return np.arange(len(wanted))
    mixed = _mixed(held)
    order = np.argsort(mixed)
    found = order[np.minimum(np.searchsorted(mixed, _mixed(wanted), sorter=order), len(held) - 1)]
    return np.where((held[found] == wanted).all(axis=1), found, -1)


def _mixed(rows: Rows) -> NDArray[np.uint64]:
    """A number for each row. Equal rows have equal numbers. Different rows seldom have; `places` compares them too."""
    mixed = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(32)
    return mixed
