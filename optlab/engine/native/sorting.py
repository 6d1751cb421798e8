"""Sorting, and indexing with a computed index, as selects over all entries. Only suitable for few entries."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.native.ir import ExpressionBuilder, Unsupported, needed_for

Ids = NDArray[np.intp]

EACH = 6
"""The approximate number of expressions per pair of entries."""


def argsort(writer: ExpressionBuilder, keys: Ids) -> Ids:
    """The indices that sort the entries along the last axis. The sort is stable, and NaN come last."""
    found = np.empty_like(keys)
    for row in np.ndindex(keys.shape[:-1]):
        found[row] = _order(writer, keys[row].tolist())
    return found


def _order(w: ExpressionBuilder, keys: Sequence[int]) -> list[int]:
    """The indices that sort one row. The rank of an entry is the number of entries before it; ranks are inverted."""
    keys = [w.number(key) for key in keys]
    zero, one = w.constant(0.0), w.constant(1.0)
    ranks = [zero] * len(keys)
    for i, j in itertools.combinations(range(len(keys)), 2):
        turned = _is_before(w, keys[j], keys[i])
        ranks[i] = w.apply("add", ranks[i], w.apply("where", turned, one, zero))
        ranks[j] = w.apply("add", ranks[j], w.apply("where", turned, zero, one))
    indices = [w.constant(float(i)) for i in range(len(keys))]
    return [_chosen(w, ranks, place, indices) for place in indices]


def _is_before(w: ExpressionBuilder, a: int, b: int) -> int:
    """Whether a is less than b, or b alone is NaN."""
    is_number, not_after = w.apply("equal", a, a), w.apply("less_equal", b, a)
    return w.apply("logical_and", is_number, w.apply("logical_not", not_after))


def _chosen(w: ExpressionBuilder, labels: Sequence[int], wanted: int, entries: Sequence[int]) -> int:
    """The entry whose label equals `wanted`. Exactly one label does."""
    result = entries[0]
    for label, entry in zip(labels[1:], entries[1:], strict=True):
        result = w.apply("where", w.apply("equal", label, wanted), entry, result)
    return result


def take_along(w: ExpressionBuilder, array: Ids, index: Ids) -> Ids:
    """np.take_along_axis along the last axis."""
    length, found = array.shape[-1], np.empty_like(index)
    places = [w.constant(float(i)) for i in range(length)]
    for at in np.ndindex(index.shape):
        entries = [w.number(i) for i in array[at[:-1]].tolist()]
        found[at] = _chosen(w, places, _within(w, int(index[at]), length), entries)
    return found


def add_along(w: ExpressionBuilder, pieces: Ids, index: Ids, length: int) -> Ids:
    """Zeros, with entries added at an index in each row: the transpose of `take_along`."""
    zero = w.constant(0.0)
    found = np.full((*index.shape[:-1], length), zero)
    for at in np.ndindex(index.shape):
        place = _within(w, int(index[at]), length)
        for i in range(length):
            here = w.apply("where", w.apply("equal", place, w.constant(float(i))), w.number(int(pieces[at])), zero)
            found[(*at[:-1], i)] = w.apply("add", int(found[(*at[:-1], i)]), here)
    return found


def _within(w: ExpressionBuilder, index: int, length: int) -> int:
    """A nonnegative index. Compiled code cannot raise IndexError, so an index that may be out of range is refused."""
    low, high = _bounds(w, index)
    if not -length <= low <= high < length:
        raise Unsupported("an index that is computed may be out of range")
    if low >= 0:
        return index
    turned = w.apply("add", index, w.constant(float(length)))
    return w.apply("where", w.apply("less", index, w.constant(0.0)), turned, index)


def _bounds(w: ExpressionBuilder, wanted: int) -> tuple[float, float]:
    """Bounds on the value of an expression, derived from constants, minimum, maximum, clip and where."""
    found: dict[int, tuple[float, float]] = {}
    for i in needed_for(w.args, [wanted]):
        known = [found[a] for a in w.args[i]]
        if i in w.values:
            found[i] = (w.values[i], w.values[i])
        elif w.ops[i] in _BOUNDS:
            found[i] = _BOUNDS[w.ops[i]](*known)
        else:
            found[i] = (-math.inf, math.inf)
    return found[wanted]


def _extremum(pick: Callable[..., float]) -> Callable[..., tuple[float, float]]:
    return lambda a, b: (pick(a[0], b[0]), pick(a[1], b[1]))


_BOUNDS: Mapping[str, Callable[..., tuple[float, float]]] = {
    "minimum": _extremum(min),
    "maximum": _extremum(max),
    "clip": lambda x, low, high: _extremum(min)(_extremum(max)(x, low), high),
    "where": lambda c, a, b: (min(a[0], b[0]), max(a[1], b[1])),
}

BY_ORDER: Mapping[str, Callable[..., Any]] = {"argsort": argsort, "take_along": take_along, "add_along": add_along}
"""The operations of this module, by name."""
