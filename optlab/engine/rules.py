"""Derivative rules that are longer than a line of the table, written in NumPy on traced values.

Each gets the cotangent `g` of the output, the output `y` and the inputs, and returns the cotangent of one input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.engine.graph import Shape


def is_traced(value: Any) -> bool:
    """Whether a value is a Tracer: something that knows the builder of its graph."""
    return hasattr(type(value), "builder")


def emit(op: Any, *values: Any, **params: Any) -> Any:
    """Apply an operation, or the primitive of that name, to values of which at least one is traced."""
    return next(v.builder for v in values if is_traced(v)).emit(op, values, params)


# ---- entry by entry -------------------------------------------------------------------------------------------------


def share_of_tie(g: Any, x: Any, y: Any) -> Any:
    """Where x is the one that was chosen the whole cotangent, where both tie half of it."""
    return np.where(x == y, 0.5 * g, np.where(x > y, g, 0.0))


def power_base(g: Any, y: Any, x: Any, p: Any) -> Any:
    """p x^(p - 1); none of x^0, not even where 1/x is infinite."""
    slope = np.power(x, p - 1)
    return g * np.where(np.logical_and(p == 0, np.isinf(slope)), 0.0, p * slope)


def power_exponent(g: Any, y: Any, x: Any, p: Any) -> Any:
    """x^p log x; none of 0^p."""
    return g * (y * np.log(np.where(x == 0, 1.0, x)))


def cosine(g: Any, side: Any, hypotenuse: Any) -> Any:
    """The share of one side; none where both are 0."""
    return g * (side / np.where(hypotenuse == 0, 1.0, hypotenuse))


def turning(g: Any, side: Any, a: Any, b: Any) -> Any:
    """side / (a^2 + b^2), of the angle's derivative; 0 at the origin, where there is no angle. Nothing overflows."""
    r = np.hypot(a, b)
    r = np.where(r == 0, 1.0, r)
    return g * (side / r) / r


def softmax_of_two(g: Any, a: Any, b: Any) -> Any:
    """exp(a) / (exp(a) + exp(b)); half where both are the same infinity, whose difference is none."""
    same = np.logical_and(a == b, np.isinf(a))
    return g * emit("sigmoid", np.where(same, 0.0, a - b))


# ---- reductions -----------------------------------------------------------------------------------------------------


def keep(value: Any, x: Any, axis: tuple[int, ...]) -> Any:
    """A reduced value, with the reduced axes back as axes of length one."""
    return value.reshape(tuple(1 if i in axis else n for i, n in enumerate(x.shape)))


def spread_over(value: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    """A reduced value, for every entry of x that went into it."""
    return np.broadcast_to(keep(value, x, axis), x.shape)


def ties(y: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    """The entries that are the largest, or the smallest."""
    return x == keep(y, x, axis)


def extremum(g: Any, y: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    """Shared equally among all entries that tie."""
    tied = ties(y, x, axis=axis, keepdims=keepdims)
    count = np.sum(tied.astype(x.dtype), axis=axis, keepdims=True)
    return np.where(tied, keep(g, x, axis) / count, 0.0)


# ---- indices and matrices -------------------------------------------------------------------------------------------


def place(position: int, g: Any, y: Any, *pieces: Any, shape: Shape, indices: tuple[Any, ...]) -> Any:
    return emit("getitem", g, index=indices[position])


def swap(a: Any) -> Any:
    """The transpose of the last two axes."""
    return np.transpose(a, (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2))


def solve_matrix(g: Any, y: Any, a: Any, b: Any) -> Any:
    """a y = b: da y + a dy = 0."""
    return -emit("matmul", emit("solve", swap(a), g), swap(y))


def cofactors(g: Any, y: Any, a: Any) -> Any:
    """y = det(a) inv(a)'. For matrices that have an inverse; NaN for those that have none."""
    inverse = emit("solve", a, np.eye(a.shape[-1], dtype=a.dtype))
    along = np.sum(g * y, axis=(-2, -1), keepdims=True)
    return along * swap(inverse) - swap(inverse) @ swap(g) @ y


def cholesky(g: Any, y: Any, a: Any) -> Any:
    """Murray (2016), "Differentiation of the Cholesky decomposition". Of a symmetric matrix, so symmetric itself."""
    lower = np.tril(np.ones(a.shape[-2:], a.dtype)) - 0.5 * np.eye(a.shape[-1], dtype=a.dtype)
    middle = (swap(y) @ g) * lower
    outer = emit("solve", swap(y), swap(emit("solve", swap(y), middle)))  # inv(y)' middle' inv(y)
    return 0.5 * (outer + swap(outer))
