"""Derivative rules that are longer than a line of the table, written in NumPy on traced values.

Each gets the cotangent `g` of the output, the output `y` and the inputs, and returns the cotangent of one input.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optlab.engine.nodes import Shape


def is_traced(value: Any) -> bool:
    """Whether a value is a Tracer or has the same interface: a `builder` attribute."""
    return hasattr(type(value), "builder")


def emit(op: Any, *values: Any, **params: Any) -> Any:
    """Apply an operation, or the primitive of that name, to values. At least one of them must be traced."""
    return next(v.builder for v in values if is_traced(v)).emit(op, values, params)


# ---- entry by entry -------------------------------------------------------------------------------------------------


def kink(g: Any, at: Any) -> Any:
    """NaN where there is no derivative."""
    return np.where(at, g * np.nan, 0.0)


_UP, _DOWN = 1.0, -1.0
"""The side of a number that ties with its bound, if ties.py cannot decide it."""


def in_order(index: Any) -> Any:
    """An index into entries, marked for ties.py, which decides ties if the index is a sorting order."""
    return emit("tie_mark", index, _UP, _DOWN)


def on(x: Any) -> Any:
    """Where relu takes its operand."""
    return emit("tie_mark", x, 0.0, _UP) > 0


def inside(y: Any, x: Any, low: Any, high: Any) -> Any:
    """Where clip takes its first operand: between the bounds, and at the bounds."""
    return (emit("tie_mark", x, low, _UP) >= low) & (emit("tie_mark", x, high, _DOWN) <= high)


def below(y: Any, x: Any, low: Any, high: Any) -> Any:
    """Where clip takes its lower bound."""
    return (emit("tie_mark", x, low, _UP) < low) & (low <= high)


def above(y: Any, x: Any, low: Any, high: Any) -> Any:
    """Where clip takes its upper bound."""
    return (emit("tie_mark", x, high, _DOWN) > high) | (low > high)


def zero_slope(g: Any, y: Any, c: Any, x: Any) -> Any:
    """The rule for c: "zero_slope" is linear in c, so its derivative is "zero_slope" of the cotangent."""
    return emit("zero_slope", g, x)


def share_of_tie(g: Any, x: Any, y: Any) -> Any:
    """The whole cotangent where x was chosen, half of it at a tie, and NaN as the second derivative at a tie."""
    half = emit("nan_slope", 0.5, x - y, np.True_) * g
    return np.where(x == y, half, np.where(x > y, g, 0.0))


def power_base(g: Any, y: Any, x: Any, p: Any) -> Any:
    """p x^(p - 1), and 0 for x^0, also where 1/x is infinite."""
    slope = np.power(x, p - 1)
    return g * np.where(np.logical_and(p == 0, np.isinf(slope)), 0.0, p * slope)


def power_exponent(g: Any, y: Any, x: Any, p: Any) -> Any:
    """x^p log x, and 0 for 0^p."""
    return g * (y * np.log(np.where(x == 0, 1.0, x)))


def cosine(g: Any, side: Any, hypotenuse: Any) -> Any:
    """side / hypotenuse, and 0 where both are 0."""
    return g * (side / _not_zero(hypotenuse))


def turning(g: Any, side: Any, a: Any, b: Any) -> Any:
    """side / (a^2 + b^2), the slope of the angle, without overflow; 0 at the origin, where the angle is undefined."""
    r = _not_zero(np.hypot(a, b))
    return g * (side / r) / r


def _not_zero(length: Any) -> Any:
    """A length for use as a divisor: 0 is replaced by 1, without a derivative there."""
    return np.where(length == 0, emit("nan_slope", 1.0, length, np.True_), length)


def softmax_of_two(g: Any, a: Any, b: Any) -> Any:
    """exp(a) / (exp(a) + exp(b)), and 1/2 where both are the same infinity."""
    return g * emit("sigmoid", emit("gap", a, b))


_SINC_TERMS = 12
"""Number of terms of the power series of the slope of sin(t) / t: enough for |t| < 1 and four more derivatives."""


def sinc(g: Any, y: Any, x: Any) -> Any:
    """(cos(t) - sin(t) / t) / t with t = pi x. Its terms cancel near 0, so the power series is used there."""
    t = np.pi * x
    near = np.abs(t) < 1
    away = np.where(near, 1.0, t)
    close = np.where(near, x, 0.0)
    square = np.square(np.pi * close)
    series = np.zeros((), x.dtype)
    for n in range(_SINC_TERMS, 0, -1):
        series = series * square + (-1) ** n * 2 * n / math.factorial(2 * n + 1)
    far = np.pi * ((np.cos(away) - np.sin(away) / away) / away)
    return g * np.where(near, np.pi**2 * (close * series), far)


# ---- reductions -----------------------------------------------------------------------------------------------------


def keep(value: Any, x: Any, axis: tuple[int, ...]) -> Any:
    """A reduced value, with the reduced axes inserted again as axes of length one."""
    return value.reshape(tuple(1 if i in axis else n for i, n in enumerate(x.shape)))


def spread_over(value: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    """A reduced value, broadcast to all entries of x that were reduced to it."""
    return np.broadcast_to(keep(value, x, axis), x.shape)


def ties(y: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    """The entries that are equal to the maximum or minimum y."""
    return x == keep(y, x, axis)


def extremum(g: Any, y: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    """The cotangent, shared equally among all entries that tie, with NaN as their second derivative."""
    tied = ties(y, x, axis=axis, keepdims=keepdims)
    count = np.sum(tied.astype(x.dtype), axis=axis, keepdims=True)
    count = emit("nan_slope", count, keep(y, x, axis), count > 1)
    return np.where(tied, keep(g, x, axis) / count, 0.0)


# ---- indices and matrices -------------------------------------------------------------------------------------------


def place(position: int, g: Any, y: Any, *pieces: Any, shape: Shape, indices: tuple[Any, ...]) -> Any:
    return emit("getitem", g, index=indices[position])


def swap(a: Any) -> Any:
    """The transpose of the last two axes."""
    return np.transpose(a, (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2))


def solve_matrix(g: Any, y: Any, a: Any, b: Any) -> Any:
    """The cotangent of a in a y = b, from da y + a dy = 0."""
    return -emit("matmul", emit("solve", swap(a), g), swap(y))


def cofactors(g: Any, y: Any, a: Any) -> Any:
    """The cotangent of a in y = det(a) inv(a)', for regular matrices; NaN for singular ones."""
    inverse = emit("solve", a, np.eye(a.shape[-1], dtype=a.dtype))
    along = np.sum(g * y, axis=(-2, -1), keepdims=True)
    return along * swap(inverse) - swap(inverse) @ swap(g) @ y


def cholesky(g: Any, y: Any, a: Any) -> Any:
    """The cotangent of a symmetric matrix, itself symmetric: Murray (2016), "Differentiation of the Cholesky
    decomposition"."""
    lower = np.tril(np.ones(a.shape[-2:], a.dtype)) - 0.5 * np.eye(a.shape[-1], dtype=a.dtype)
    middle = (swap(y) @ g) * lower
    outer = emit("solve", swap(y), swap(emit("solve", swap(y), middle)))  # inv(y)' middle' inv(y)
    return 0.5 * (outer + swap(outer))
