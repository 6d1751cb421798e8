"""The arguments of a function that is differentiated, as they are given: which of them, as what, in which form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine import trees
from optlab.engine.trace import names_of
from optlab.engine.tracer import Tracer
from optlab.errors import UserError


def position(f: Callable[..., Any], argument: int, count: int) -> int:
    """Which argument is meant, counted from the front."""
    try:
        return range(count)[argument]
    except IndexError:
        raise UserError(f"{names_of(f)} is called with {count} arguments, and none is at position {argument}") from None


def floats(value: Any) -> Any:
    """An argument to differentiate with respect to: its whole numbers become floats."""
    return trees.rebuilt(value, iter([as_float(leaf) for _, leaf in trees.leaves(value)]))


def arrays(value: Any) -> Any:
    """Another argument: numbers and lists of them as arrays."""
    keep = (Tracer, bool, int, float)
    return trees.rebuilt(value, iter([v if isinstance(v, keep) else np.asarray(v) for _, v in trees.leaves(value)]))


def as_float(value: Any) -> Any:
    """A number or an array as floats, whole numbers in double precision."""
    array = value if isinstance(value, Tracer) else np.asarray(value)
    if array.dtype.kind not in "fiub":
        what = "complex numbers" if array.dtype.kind == "c" else f"values of type {array.dtype}"
        raise UserError(f"derivatives are taken with respect to real numbers, not {what}")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def like(model: Any, vector: Any, name: str, of: str) -> list[Any]:
    """The leaves of a vector, which must have the form of a model."""
    wanted = [np.shape(leaf) for _, leaf in trees.leaves(model)]
    parts = [as_float(leaf) for _, leaf in trees.leaves(vector)]
    found = [np.shape(part) for part in parts]
    if found != wanted:
        has, should = (", ".join(map(str, shapes)) for shapes in (found, wanted))
        raise UserError(f"{name} has the shape {has}, and {of} has {should}; give it the same form")
    return parts
