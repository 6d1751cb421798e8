"""What all functions on traced values share: applying a primitive, and reading an axis."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from optlab.engine.graph import Op
from optlab.engine.mistakes import cannot
from optlab.engine.ops import OPS
from optlab.engine.rules import emit, is_traced

Axis = int | tuple[int, ...] | None


def apply(op: str | Op, *values: Any, **params: Any) -> Any:
    """Apply an operation, or the primitive of that name: written down if any operand is traced, computed at once
    otherwise."""
    if any(map(is_traced, values)):
        return emit(op, *values, **params)
    return (OPS[op] if isinstance(op, str) else op).run(*(np.asarray(v) for v in values), **params)


def array(x: Any) -> Any:
    """A traced value as it is, anything else as an array."""
    return x if is_traced(x) else np.asarray(x)


def floating(x: Any) -> Any:
    """The same numbers as floats, if they are whole ones."""
    x = array(x)
    return x if x.dtype.kind == "f" else x * 1.0


def axis_of(axis: Any, shape: Any) -> int:
    """An axis of an array of this shape, counted from the front."""
    try:
        return range(len(shape))[operator.index(axis)]
    except IndexError:
        raise cannot(f"axis {axis} of an array of shape {tuple(shape)}", "its axes are counted from 0") from None


def axes_of(axis: Axis | list[int], shape: Any) -> tuple[int, ...]:
    """One, several or (None) all axes, counted from the front, in order."""
    several = range(len(shape)) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    return tuple(sorted({axis_of(a, shape) for a in several}))


def plain_integer(value: Any, what: str) -> int:
    """A whole number that is known while tracing."""
    if is_traced(value):
        raise cannot(f"{what} is a traced value", "give it a plain number, or an option with an integer default")
    return operator.index(value)
