"""Arrays that are looked up by a number: data of a function that differ between runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine.functions.base import apply
from optlab.engine.nodes import Op, Shape, Type, Var
from optlab.errors import UserError


def lookup(table: Callable[[float], Any], value: Any, shape: Shape = ()) -> Any:
    """The array `table(value)`, for a plain or traced number. It has no derivative by the number.

    An objective uses it for data that depend on one of its options, such as the rotation of an instance. Each run of a
    sweep then has its own data. `table` is called once per sweep and distinct value, not at every step.

    Args:
        table: a function of one number that returns an array, or a number. It is not traced, and may use any code. Two
            traces of an objective must pass the same function, or a `functools.partial` of it.
        value: a number, such as an option.
        shape: the shape of the array.

    Raises:
        UserError: the array has another shape.

    >>> def corners(number):
    ...     return [number, -number]
    >>> lookup(corners, 3.0, shape=(2,)).tolist()
    [3.0, -3.0]
    """
    return apply(LOOKUP, value, table=table, shape=tuple(shape))


def _found(values: Any, *, table: Callable[[float], Any], shape: Shape) -> Any:
    """The arrays for several numbers, shape (*values.shape, *shape)."""
    values = np.asarray(values, dtype=None if np.asarray(values).dtype.kind == "f" else float)
    distinct, position = np.unique(values.reshape(-1), return_inverse=True)
    arrays = [np.asarray(table(float(number)), values.dtype) for number in distinct]
    for number, array in zip(distinct, arrays, strict=True):
        if array.shape != shape:
            raise UserError(f"lookup of {number:g} gives an array of shape {array.shape}, not {shape}")
    return np.stack(arrays)[position].reshape(values.shape + shape)


def _type(value: Var, *, table: Callable[[float], Any], shape: Shape) -> Type:
    if value.shape:
        raise ValueError("arrays are looked up by a single number")
    return shape, value.dtype if value.dtype.kind == "f" else np.dtype(float)


LOOKUP = Op("lookup", "batched", _found, _type, (None,))
