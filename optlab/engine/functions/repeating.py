"""Functions that reverse, shift, repeat and pad."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np

from optlab.engine.functions.base import Axis, apply, axes_of, axis_of, is_traced, several
from optlab.engine.functions.shapes import broadcast_to, concatenate, ravel, reshape
from optlab.engine.trace_errors import cannot


def flip(m: Any, axis: Axis = None) -> Any:
    axes = axes_of(axis, m.shape)
    return m[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(m.ndim))] if axes else m


def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return reshape(roll(ravel(a), shift, 0), a.shape)
    shifts, axes = several(shift), several(axis)
    if len(shifts) != len(axes) and 1 not in (len(shifts), len(axes)):
        raise cannot(f"np.roll by {len(shifts)} shifts along {len(axes)} axes", "pass one shift, or one per axis")
    count = max(len(shifts), len(axes)) if shifts and axes else 0
    for steps, at in itertools.islice(zip(itertools.cycle(shifts), itertools.cycle(axes), strict=False), count):
        a = _rolled(a, operator.index(steps), axis_of(at, a.shape))
    return a


def _rolled(a: Any, steps: int, at: int) -> Any:
    cut, before = -steps % max(a.shape[at], 1), (slice(None),) * at
    return concatenate([a[(*before, slice(cut, None))], a[(*before, slice(None, cut))]], at) if cut else a


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each entry repeated `repeats` times."""
    if is_traced(repeats):
        raise cannot("np.repeat by a traced value", "pass plain numbers")
    a = ravel(a) if axis is None else a
    at = 0 if axis is None else axis_of(axis, a.shape)
    return a[(slice(None),) * at + (np.repeat(np.arange(a.shape[at]), repeats),)]


def tile(A: Any, reps: Any) -> Any:
    reps = tuple(operator.index(r) for r in several(reps))
    rank = max(len(reps), A.ndim)
    reps = (1,) * (rank - len(reps)) + reps
    shape = (1,) * (rank - A.ndim) + A.shape
    alone = reshape(A, tuple(m for n in shape for m in (1, n)))
    many = broadcast_to(alone, tuple(m for pair in zip(reps, shape, strict=True) for m in pair))
    return reshape(many, tuple(r * n for r, n in zip(reps, shape, strict=True)))


def pad(array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Any:
    """np.pad in the modes that repeat entries ("edge", "reflect", "symmetric", "wrap"), and "constant"."""
    if mode == "constant":
        return _framed(array, pad_width, constant_values)
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise cannot(f"np.pad with mode={mode!r}", "use constant, edge, reflect, symmetric or wrap")
    entries = np.arange(array.size).reshape(array.shape)
    return apply("take", ravel(array), np.pad(entries, pad_width, mode=mode))  # pyright: ignore


def _framed(array: Any, pad_width: Any, constant_values: Any) -> Any:
    """The array padded with zeros, plus a constant frame that is zero inside and is made by NumPy."""
    frame = np.pad(np.zeros(array.shape, array.dtype), pad_width, constant_values=constant_values)
    widths = np.broadcast_to(np.asarray(pad_width), (array.ndim, 2)).tolist()
    inside = tuple(slice(low, low + n) for n, (low, _) in zip(array.shape, widths, strict=True))
    padded = apply("place", array, shape=frame.shape, indices=(inside,))
    return padded + frame if frame.any() else padded
