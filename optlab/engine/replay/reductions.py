"""Reductions over short axes, rewritten as fewer calls on longer arrays. NumPy would loop entry by entry.

The shape of one run's part does not depend on the number of runs, so its result is always the same to the bit.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LONG = 64
"""Maxima over an axis longer than this are left to NumPy."""


def short_cut(
    name: str, array: Array, out: Array, *, axis: tuple[int, ...], keepdims: bool, runs_first: bool
) -> list[Callable[[], Any]]:
    """The calls that reduce `array` into `out`, or none where NumPy's own reduction is as fast.

    The last axis of both arrays is the run axis, which may be first in memory. `axis` refers to the axes of one run.
    """
    if array.dtype != out.dtype or array.dtype.kind != "f" or not array.size:
        return []
    if array.size == out.size:
        return _of_single_entries(name, array.reshape(out.shape), array, out)
    return _over_one_of_the_last_two(name, array, out, axis, keepdims) if runs_first else []


def _of_single_entries(name: str, same: Array, array: Array, out: Array) -> list[Callable[[], Any]]:
    """The calls for axes of length one. A sum turns -0 into 0, so 0 is added."""
    if not np.may_share_memory(same, array):
        return []
    is_sum = name == "sum"
    return [
        functools.partial(np.add, same, np.zeros((), out.dtype), out)
        if is_sum
        else functools.partial(np.copyto, out, same)
    ]


def _over_one_of_the_last_two(
    name: str, array: Array, out: Array, axis: tuple[int, ...], keepdims: bool
) -> list[Callable[[], Any]]:
    rank = array.ndim - 1
    if len(axis) != 1 or rank < 2:
        return []
    runs = np.moveaxis(array, -1, 0)
    result = np.moveaxis(out, -1, 0)
    result = result if keepdims else np.expand_dims(result, axis[0] + 1)
    length = array.shape[axis[0]]
    if name == "sum" and axis[0] == rank - 1:
        return [functools.partial(np.matmul, runs, np.ones((length, 1), array.dtype), result)]
    if name == "sum" and axis[0] == rank - 2:
        return [functools.partial(np.matmul, np.ones((1, length), array.dtype), runs, result)]
    if name == "max" and axis[0] == rank - 1 and length <= LONG:
        return _maximum(runs.reshape(-1, length), result.reshape(-1), runs, result)
    return []


def _maximum(rows: Array, maxima: Array, runs: Array, result: Array) -> list[Callable[[], Any]]:
    """Row maxima as the maximum of a few long columns."""
    if not (np.may_share_memory(rows, runs) and np.may_share_memory(maxima, result)):
        return []
    columns = np.empty(rows.shape[::-1], rows.dtype)
    return [
        functools.partial(np.copyto, columns, rows.T),
        functools.partial(np.maximum.reduce, columns, axis=0, out=maxima),
    ]
