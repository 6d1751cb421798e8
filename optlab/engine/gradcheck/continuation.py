"""The continuation of real functions into the complex plane, near the real axis.

NumPy's complex operation is the continuation where the operation is analytic. A choice, like `maximum`, continues the
operand that it selected. If the selection depends on the direction of an infinitely small step, there is no derivative,
and `Unavailable` is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Unavailable(Exception):
    """The function has no continuation at this point."""


ENTIRE = {"add", "subtract", "multiply", "divide", "negative", "positive", "square", "reciprocal"}
ENTIRE |= {"exp", "exp2", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsinh", "arctan"}
ENTIRE |= {"matmul", "matvec"}
"""Ufuncs whose branch cuts do not touch the real axis. A pole gives infinity or NaN."""

EDGES: dict[str, Callable[[Any], Any]] = {
    "sqrt": lambda x: x,
    "log": lambda x: x,
    "log2": lambda x: x,
    "log10": lambda x: x,
    "log1p": lambda x: 1 + x,
    "arcsin": lambda x: 1 - np.abs(x),
    "arccos": lambda x: 1 - np.abs(x),
    "arctanh": lambda x: 1 - np.abs(x),
    "arccosh": lambda x: x - 1,
}
"""Ufuncs with a branch cut on the real axis, each with the distance of a number from the edge of its real domain."""

CHOICES = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
PREDICATES = {"isfinite", "isnan", "isinf"}

FUNCTIONS = {
    "sum",
    "mean",
    "prod",
    "dot",
    "inner",
    "outer",
    "einsum",
    "tensordot",
    "cumsum",
    "cumprod",
    "trace",
    "kron",
}
FUNCTIONS |= {
    "diff",
    "convolve",
    "cross",
    "polyval",
    "solve",
    "inv",
    "det",
    "matrix_power",
    "multi_dot",
    "sinc",
    "average",
}
FUNCTIONS |= {"reshape", "ravel", "transpose", "swapaxes", "moveaxis", "squeeze", "expand_dims", "broadcast_to"}
FUNCTIONS |= {"concatenate", "stack", "hstack", "vstack", "column_stack", "append", "where", "take", "roll", "flip"}
FUNCTIONS |= {"diag", "diagonal", "tile", "repeat", "triu", "tril", "atleast_1d", "atleast_2d", "copy", "delete"}
FUNCTIONS |= {"split", "array_split", "rot90", "fliplr", "flipud", "select", "pad"}
"""NumPy functions that are analytic, or only move entries."""

ORDERING = {"max", "min", "amax", "amin", "sort", "median"}
"""Functions that choose by order. NumPy orders complex numbers by their real parts first."""


def check_ufunc(ufunc: np.ufunc, method: str, inputs: Sequence[Any]) -> None:
    """Raise `Unavailable` unless NumPy's operation on complex numbers is the continuation of the real ufunc."""
    name = ufunc.__name__
    if name in PREDICATES or (name in ENTIRE and (method == "__call__" or name in ("add", "multiply"))):
        return
    if method != "__call__":
        raise Unavailable(f"{name}.{method} has no continuation")
    if name in CHOICES:
        _distinct(*inputs)
    elif name in EDGES:
        inside = EDGES[name](inputs[0].real)
        _refuse_if(np.any((inside < 0) | ((inside == 0) & (inputs[0].imag != 0))), name)
    elif name in ("power", "float_power"):
        pair: Any = np.broadcast_arrays(*inputs)
        base, exponent = pair
        whole = (exponent.imag == 0) & (exponent.real == np.rint(exponent.real))
        _refuse_if(np.any(~whole & ((base.real < 0) | ((base.real == 0) & (base.imag != 0)))), name)
        _refuse_if(np.any((base == 0) & (exponent.imag != 0)), name)
    else:
        raise Unavailable(f"{name} has no continuation")


def check_function(name: str, args: Sequence[Any]) -> None:
    """Raise `Unavailable` unless NumPy's function on complex numbers is the continuation of the real function."""
    if name in ORDERING:
        entries: Any = np.asarray(args[0]).reshape(-1)
        entries = entries[np.argsort(entries.real, kind="stable")]
        _distinct(entries[1:], entries[:-1])
    elif name not in FUNCTIONS:
        raise Unavailable(f"{name} has no continuation")


def _refuse_if(wrong: Any, name: str) -> None:
    if wrong:
        raise Unavailable(f"{name} is at the edge of its domain")


def _distinct(a: Any, b: Any) -> None:
    """Raise `Unavailable` where real parts tie and imaginary parts differ, since the step would decide the order."""
    if np.any((a.real == b.real) & (a.imag != b.imag)):
        raise Unavailable("a tie")


def _absolute(x: Any) -> Any:
    return np.where(x < 0, -x, x)


def _larger(a: Any, b: Any) -> Any:
    return np.where(a > b, a, b)


def _smaller(a: Any, b: Any) -> Any:
    return np.where(a < b, a, b)


def _clip(x: Any, low: Any = None, high: Any = None) -> Any:
    x = x if low is None else _larger(x, low)
    return x if high is None else _smaller(x, high)


def _steps(ufunc: np.ufunc, jumps: float = 0.0) -> Callable[[Any], Any]:
    """The continuation of a function that is constant between jumps at n + `jumps`, for all integers n."""

    def at(x: Any) -> Any:
        whole = x.value.real - jumps
        _refuse_if(np.any((whole == np.rint(whole)) & (x.value.imag != 0)), ufunc.__name__)
        return ufunc(x.value.real)

    return at


def _sign(x: Any) -> Any:
    return np.where(x > 0, 1.0, np.where(x < 0, -1.0, 0.0))


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord not in (None, 2) or (ord == 2 and axis is None and x.ndim > 1):
        raise Unavailable("a norm without a continuation")
    largest = np.max(np.abs(x.value.real), initial=0.0) or 1.0
    return largest * np.sqrt(np.sum((x / largest) ** 2, axis=axis, keepdims=keepdims))


def _hypot(a: Any, b: Any) -> Any:
    a, b = _absolute(a), _absolute(b)
    is_first = a.value.real > b.value.real
    longer, shorter = np.where(is_first, a, b), np.where(is_first, b, a)
    return longer * np.sqrt(1 + (shorter / longer) ** 2)


def _var(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    if dtype is not None or out is not None:
        raise Unavailable("a variance without a continuation")
    deviation = x - np.mean(x, axis=axis, keepdims=True)
    total = np.sum(deviation * deviation, axis=axis, keepdims=keepdims)
    return total / (x.size / total.size - ddof)


def _sigmoid(x: Any) -> Any:
    return np.where(x.value.real > 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


def _logaddexp(a: Any, b: Any) -> Any:
    top = np.where(a.value.real > b.value.real, a, b)
    return top + np.log(np.exp(a - top) + np.exp(b - top))


def _cbrt(x: Any) -> Any:
    return _sign(x) * np.exp(np.log(_absolute(x)) / 3)


OTHERWISE: dict[str, Callable[..., Any]] = {
    "absolute": _absolute,
    "fabs": _absolute,
    "maximum": _larger,
    "minimum": _smaller,
    "fmax": _larger,
    "fmin": _smaller,
    "clip": _clip,
    "sign": _sign,
    "floor": _steps(np.floor),
    "ceil": _steps(np.ceil),
    "rint": _steps(np.rint, 0.5),
    "trunc": _steps(np.trunc),
    "norm": _norm,
    "var": _var,
    "std": lambda *args, **kwargs: np.sqrt(_var(*args, **kwargs)),
    "hypot": _hypot,
    "logaddexp": _logaddexp,
    "cbrt": _cbrt,
    "remainder": lambda a, b: a - b * _steps(np.floor)(a / b),
    "floor_divide": lambda a, b: _steps(np.floor)(a / b),
}
"""Continuations of functions that NumPy defines differently for complex numbers, or not at all."""


PRIMITIVES: dict[str, Callable[..., Any]] = {
    "sigmoid": _sigmoid,
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "detach": lambda x: x,
    "gap": lambda a, b: np.where(a.value == b.value, 0.0, a - b),
    "sum": np.sum,
    "max": np.max,
    "min": np.min,
}
"""Continuations of optlab's own primitives, from their value and not from their derivative rule."""
