"""Shared by all functions on traced values: applying a primitive, reading axes, and errors for wrong calls."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine.nodes import Op, Shape
from optlab.engine.ops import OPS
from optlab.engine.trace_errors import cannot
from optlab.engine.vjp_rules import emit, is_traced
from optlab.errors import TraceError

Axis = int | tuple[int, ...] | None


def apply(op: str | Op, *values: Any, **params: Any) -> Any:
    """Apply an operation, or the primitive of that name.

    If any operand is traced, a node is added to the graph. Otherwise the result is computed immediately.
    """
    if any(map(is_traced, values)):
        return emit(op, *(np.asarray(v) if isinstance(v, tuple | list) else v for v in values), **params)
    return (OPS[op] if isinstance(op, str) else op).run(*(np.asarray(v) for v in values), **params)


def array(x: Any) -> Any:
    """A traced value unchanged, anything else as an array."""
    return x if is_traced(x) else np.asarray(x)


def floating(x: Any) -> Any:
    """The same numbers as floats, if they are integers or conditions."""
    x = array(x)
    return x if x.dtype.kind == "f" else x * 1.0


def several(value: Any) -> tuple[Any, ...]:
    """One or several integers (of a shape, of axes), as a tuple."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    return tuple(value) if isinstance(value, tuple | list | range) else (value,)


def axis_of(axis: Any, shape: Any) -> int:
    """An axis of an array of this shape, as a nonnegative number."""
    try:
        return range(len(shape))[operator.index(axis)]
    except IndexError:
        raise cannot(f"axis {axis} of an array of shape {tuple(shape)}", "its axes are counted from 0") from None


def axes_of(axis: Any, shape: Any) -> tuple[int, ...]:
    """One, several or (None) all axes, as nonnegative numbers in the given order."""
    axes = tuple(range(len(shape))) if axis is None else tuple(axis_of(a, shape) for a in several(axis))
    if len(set(axes)) < len(axes):
        raise cannot(f"axes {axis} of an array of shape {tuple(shape)}", "name each axis only once")
    return axes


def without(axes: tuple[int, ...], shape: Shape) -> Shape:
    """The lengths of all other axes."""
    return tuple(n for i, n in enumerate(shape) if i not in axes)


# ---- calling a row of the table -------------------------------------------------------------------------------------


def call(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], skip: int = 0) -> Any:
    """`function(*args, **kwargs)`, where the error for a wrong call lists the parameters of the function.

    The first `skip` parameters are left out of this list, as the array of a method.
    """
    try:
        return function(*args, **kwargs)
    except TraceError:
        raise
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        takes = parameters_of(function, skip) or "no argument"
        raise cannot(f"{name}: {_misfit(function, args, kwargs) or error}", f"it takes {takes}") from None


def parameters_of(function: Callable[..., Any], skip: int = 0) -> str:
    """The parameters of a function as in its definition: `a, axis=None, *, keepdims=False`."""
    parameters = list(inspect.signature(function).parameters.values())[skip:]
    bare = [p.replace(annotation=p.empty, kind=_KINDS.get(p.kind, p.kind)) for p in parameters]
    return str(inspect.Signature(bare))[1:-1]


_KINDS = {inspect.Parameter.POSITIONAL_ONLY: inspect.Parameter.POSITIONAL_OR_KEYWORD}


def _misfit(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The message about a missing or unexpected argument, or "" if the arguments fit."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        return str(error)
    return ""
