"""The arguments of a function to differentiate: select them by position, convert them, and check their form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine import pytree
from optlab.engine.trace import names_of
from optlab.engine.tracer import Tracer
from optlab.errors import UserError


def position(f: Callable[..., Any], argument: int, count: int) -> int:
    """The position of an argument as a number from 0, where negative positions count from the end."""
    try:
        return range(count)[argument]
    except IndexError:
        raise UserError(f"{names_of(f)} is called with {count} arguments; position {argument} does not exist") from None


def floats(value: Any) -> Any:
    """An argument to differentiate with respect to, with integers converted to floats."""
    return pytree.rebuilt(value, iter([as_float(leaf) for _, leaf in pytree.leaves(value)]))


def arrays(value: Any) -> Any:
    """An argument that is held fixed, with lists of numbers converted to arrays."""
    keep = (Tracer, bool, int, float)
    return pytree.rebuilt(value, iter([v if isinstance(v, keep) else np.asarray(v) for _, v in pytree.leaves(value)]))


def as_float(value: Any) -> Any:
    """A number or an array as floats; integers become double precision."""
    array = value if isinstance(value, Tracer) else np.asarray(value)
    if array.dtype.kind not in "fiub":
        what = "complex numbers" if array.dtype.kind == "c" else f"values of type {array.dtype}"
        raise UserError(f"derivatives are taken with respect to real numbers, not {what}")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def like(model: Any, vector: Any, name: str, of: str) -> list[Any]:
    """The leaves of a vector as floats, after a check that it has the same form as `model`."""
    wanted = [np.shape(leaf) for _, leaf in pytree.leaves(model)]
    parts = [as_float(leaf) for _, leaf in pytree.leaves(vector)]
    found = [np.shape(part) for part in parts]
    if found != wanted:
        has, should = (", ".join(map(str, shapes)) for shapes in (found, wanted))
        raise UserError(f"{name} has the shape {has}, but {of} has {should}; give both the same form")
    return parts
