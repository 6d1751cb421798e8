"""Functions that pick entries: by index, by mask, by order, by diagonal."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine.functions.base import apply, array, axis_of, is_traced
from optlab.engine.functions.shapes import moveaxis, ravel, reshape
from optlab.engine.mistakes import cannot
from optlab.errors import TraceError


def getitem(x: Any, index: Any) -> Any:
    """`x[index]`: integers, slices, newaxis and ... are a view; arrays of integers or booleans pick entries."""
    parts = index if isinstance(index, tuple) else (index,)
    if any(is_traced(p) for p in parts):
        raise cannot("indexing by a traced value", "use np.where(condition, a, b), or np.take_along_axis")
    try:
        if any(isinstance(p, list | np.ndarray | bool | np.bool_) for p in parts):
            entries = np.arange(x.size).reshape(x.shape)[index]
            return apply("take", reshape(x, -1), entries)
        return apply("getitem", x, index=_spelled_out(parts, x.ndim))
    except (IndexError, TypeError) as error:
        if isinstance(error, TraceError):
            raise
        raise cannot(f"x[...] of an array of shape {x.shape}: {error}", "index within its shape") from None


def _spelled_out(parts: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    """A basic index with one entry per axis and no ellipsis, so that a run axis may follow."""
    parts = tuple(operator.index(p) if not isinstance(p, slice | type(None) | type(...)) else p for p in parts)
    missing = (slice(None),) * (ndim - sum(p is not None and p is not ... for p in parts))
    if ... in parts:
        at = parts.index(...)
        return parts[:at] + missing + parts[at + 1 :]
    return parts + missing


def rows(a: Any, index: Any) -> Any:
    """`a[index]` for a plain array and an integer index that may be traced: how minibatches are gathered.

    NumPy does not dispatch on indices, so there is no NumPy spelling of this.
    """
    return apply("take", a, index)


def take(a: Any, indices: Any, axis: int | None = None) -> Any:
    if is_traced(indices):
        raise cannot("np.take at traced indices", "use np.take_along_axis, or np.where(condition, a, b)")
    if axis is None:
        return getitem(ravel(a), np.asarray(indices))
    return getitem(a, (slice(None),) * axis_of(axis, a.shape) + (np.asarray(indices),))


def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    """The entries at which a condition that is known now holds."""
    if is_traced(condition):
        raise cannot("np.compress by a traced condition", "use np.where(condition, a, b)")
    return take(a, np.flatnonzero(condition), axis)


# ---- by order -------------------------------------------------------------------------------------------------------


def _along(axis: int | None, a: Any, function: Callable[[Any], Any]) -> Any:
    """A function of the last axis, applied to another one, or to all entries in a row."""
    if axis is None:
        return function(ravel(a))
    at = axis_of(axis, a.shape)
    return moveaxis(function(moveaxis(a, at, -1)), -1, at)


def argsort(a: Any, axis: int | None = -1) -> Any:
    return _along(axis, array(a), lambda x: apply("argsort", x))


def sort(a: Any, axis: int | None = -1) -> Any:
    """Entries in order. Those that tie keep their order, and each its own derivative."""
    return _along(axis, array(a), lambda x: apply("take_along", x, apply("argsort", x)))


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    arr, indices = array(arr), array(indices)
    if axis is None:
        return apply("take_along", ravel(arr), indices)
    at = axis_of(axis, arr.shape)
    last, index = moveaxis(arr, at, -1), moveaxis(indices, at, -1)
    stack = np.broadcast_shapes(last.shape[:-1], index.shape[:-1])
    last, index = (np.broadcast_to(v, stack + v.shape[-1:]) for v in (last, index))
    return moveaxis(apply("take_along", last, index), -1, at)


def argmax(a: Any, axis: int | None = None) -> Any:
    """The first of the largest entries: to look at, or for np.take_along_axis. It has no derivative."""
    return argmin(-array(a), axis)


def argmin(a: Any, axis: int | None = None) -> Any:
    x = ravel(a) if axis is None else moveaxis(a, axis_of(axis, a.shape), -1)
    if not x.shape[-1]:
        raise cannot(f"the smallest or largest of no entries, of an array of shape {x.shape},", "give it an entry")
    return apply("argsort", x)[..., 0]


# ---- diagonals ------------------------------------------------------------------------------------------------------


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    last = moveaxis(a, (axis1, axis2), (-2, -1))
    entries = np.arange(last.shape[-2] * last.shape[-1]).reshape(last.shape[-2:]).diagonal(offset)
    return getitem(reshape(last, (*last.shape[:-2], -1)), (..., entries))


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1)


def diag(v: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix that has a vector as its diagonal."""
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise cannot(f"np.diag of an array of shape {v.shape}", "give it a vector or a matrix")
    n = len(v) + abs(k)
    entries = np.arange(n * n).reshape(n, n).diagonal(k).copy()
    return reshape(apply("add_at", v, entries, shape=(n * n,)), (n, n))


def tril(m: Any, k: int = 0) -> Any:
    return np.where(_below(m, k), m, np.zeros((), m.dtype))


def triu(m: Any, k: int = 0) -> Any:
    return np.where(_below(m, k - 1), np.zeros((), m.dtype), m)


def _below(m: Any, k: int) -> Any:
    """True on and below the k-th diagonal."""
    return np.tri(m.shape[-2], m.shape[-1], k, dtype=bool)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The choice of the first condition that holds."""
    if len(condlist) != len(choicelist):
        raise cannot(f"np.select of {len(condlist)} conditions and {len(choicelist)} choices", "give as many of both")
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        default = apply("where", array(condition), choice, default)
    return default
