"""Functions that select entries: by index, by mask, by order, by diagonal."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine.functions.base import apply, array, axis_of, is_traced
from optlab.engine.functions.shapes import broadcast_to, moveaxis, ravel, reshape
from optlab.engine.trace_errors import cannot
from optlab.errors import TraceError


def getitem(x: Any, index: Any) -> Any:
    """`x[index]`: integers, slices, newaxis and ... make a view; arrays of integers or booleans select entries."""
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
        raise cannot(f"x[...] of an array of shape {x.shape}: {error}", "use an index within its shape") from None


def _spelled_out(parts: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    """A basic index with one entry per axis and no ellipsis, so that a run axis may follow."""
    parts = tuple(operator.index(p) if not isinstance(p, slice | type(None) | type(...)) else p for p in parts)
    missing = (slice(None),) * (ndim - sum(p is not None and p is not ... for p in parts))
    if ... in parts:
        at = parts.index(...)
        return parts[:at] + missing + parts[at + 1 :]
    return parts + missing


def rows(a: Any, index: Any) -> Any:
    """`a[index]` for a plain array and an integer index that may be traced. Minibatches are gathered with it.

    NumPy does not dispatch on the type of an index, so this cannot be written as `a[index]`.
    """
    return apply("take", a, index)


def take(a: Any, indices: Any, axis: int | None = None) -> Any:
    if is_traced(indices):
        raise cannot("np.take at traced indices", "use np.take_along_axis, or np.where(condition, a, b)")
    entries = np.asarray(indices).astype(np.intp, casting="safe")
    if axis is None:
        return getitem(ravel(a), entries)
    return getitem(a, (slice(None),) * axis_of(axis, a.shape) + (entries,))


def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    """The entries at which a condition holds. The condition must not be traced."""
    if is_traced(condition):
        raise cannot("np.compress by a traced condition", "use np.where(condition, a, b)")
    if np.ndim(condition) != 1:
        raise cannot("np.compress by a condition that is not a vector", "pass a vector with one truth value per entry")
    return take(a, np.flatnonzero(condition), axis)


def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    arr, indices = array(arr), array(indices)
    if axis is None:
        arr, axis = ravel(arr), 0
    at = axis_of(axis, arr.shape)
    if indices.ndim != arr.ndim or indices.dtype.kind not in "iu":
        what = f"np.take_along_axis of shape {arr.shape} at indices of shape {indices.shape} and type {indices.dtype}"
        raise cannot(what, "pass an array of integers with as many axes as the first array")
    if not is_traced(indices):
        _check_range(indices, arr.shape[at])
    last, index = moveaxis(arr, at, -1), moveaxis(indices, at, -1)
    stack = np.broadcast_shapes(last.shape[:-1], index.shape[:-1])
    last, index = (broadcast_to(v, stack + v.shape[-1:]) for v in (last, index))
    return moveaxis(apply("take_along", last, index), -1, at)


def _check_range(indices: Any, length: int) -> None:
    outside = indices[(indices < -length) | (indices >= length)]
    if outside.size:
        what = f"index {outside[0]} is out of bounds for an axis of length {length}"
        raise cannot(what, "use an index within the shape")


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The choice of the first condition that holds."""
    conditions, choices = list(condlist), [*choicelist, default]
    if not conditions or len(conditions) != len(choices) - 1:
        what = f"np.select of {len(conditions)} conditions and {len(choices) - 1} choices"
        raise cannot(what, "pass one choice per condition, and at least one condition")
    if any(array(c).dtype.kind != "b" for c in conditions):
        raise cannot("np.select by numbers", "pass comparisons, such as x > 0")
    dtype = np.result_type(*(v if type(v) in (int, float) else array(v).dtype for v in choices))
    *choices, result = (np.asarray(v, dtype) if type(v) in (int, float) else v for v in choices)
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        result = apply("where", condition, choice, result)
    return result


# ---- by order -------------------------------------------------------------------------------------------------------


def _along(axis: int | None, a: Any, function: Callable[[Any], Any]) -> Any:
    """Apply a function of the last axis to another axis, or to the flat array."""
    if axis is None:
        return function(ravel(a))
    at = axis_of(axis, a.shape)
    return moveaxis(function(moveaxis(a, at, -1)), -1, at)


def argsort(a: Any, axis: int | None = -1) -> Any:
    """The indices that sort the entries. The sort is stable. The result has no derivative."""
    return _along(axis, array(a), lambda x: apply("argsort", x))


def sort(a: Any, axis: int | None = -1) -> Any:
    """The sorted entries. The sort is stable, so each of several equal entries keeps its own derivative."""
    return _along(axis, array(a), lambda x: apply("take_along", x, apply("argsort", x)))


def argmax(a: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """The index of the first largest entry, for example for np.take_along_axis. It has no derivative."""
    return _first("max", a, axis, keepdims)


def argmin(a: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """The index of the first smallest entry. It has no derivative."""
    return _first("min", a, axis, keepdims)


def _first(extremum: str, a: Any, axis: int | None, keepdims: bool) -> Any:
    """The index of the first extremum, or of the first NaN."""
    x = ravel(a) if axis is None or not a.ndim else moveaxis(a, axis_of(axis, a.shape), -1)
    if not x.shape[-1]:
        raise cannot(f"the arg{extremum} of no entries, of an array of shape {a.shape}", "pass at least one entry")
    reached = (x == apply(extremum, x, axis=(x.ndim - 1,), keepdims=True)) | (x != x)
    last = x.shape[-1] - 1
    first = apply("min", apply("where", reached, np.arange(last + 1), last), axis=(x.ndim - 1,), keepdims=False)
    if not keepdims:
        return first
    return reshape(first, (1,) * a.ndim) if axis is None else np.expand_dims(first, axis)


# ---- diagonals ------------------------------------------------------------------------------------------------------


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    last = moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = last.shape[-2:]
    entries = np.arange(rows * columns).reshape(rows, columns).diagonal(offset)
    return getitem(reshape(last, (*last.shape[:-2], rows * columns)), (..., entries))


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.sum(diagonal(a, offset, axis1, axis2), axis=-1)


def diag(v: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the diagonal matrix of a vector."""
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise cannot(f"np.diag of an array of shape {v.shape}", "pass a vector or a matrix")
    n = len(v) + abs(operator.index(k))
    entries = np.arange(n * n).reshape(n, n).diagonal(k).copy()
    return reshape(apply("add_at", v, entries, shape=(n * n,)), (n, n))


def tril(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*m.shape[-2:], k=k, dtype=bool), m, np.zeros((), m.dtype))


def triu(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*m.shape[-2:], k=k - 1, dtype=bool), np.zeros((), m.dtype), m)
