"""Elementwise functions that are not primitives, and functions that depend on the shape only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine.functions import products
from optlab.engine.functions.base import apply, array, axis_of, floating, is_traced
from optlab.engine.trace_errors import cannot


def power(x: Any, p: Any) -> Any:
    """`x ** p`. Small integer exponents that are not traced become products, which are many times faster than pow."""
    if not isinstance(p, int | float | np.number) or not is_traced(x) or np.result_type(x.dtype, p) != x.dtype:
        return apply("power", x, p)
    if x.dtype.kind in "iu" and p < 0:
        raise cannot("an integer to a negative power", "convert it to a float first: x * 1.0")
    if p == 0:
        return np.ones(x.shape, x.dtype)
    if p == 2:
        return apply("square", x)
    if p == 1:
        return x
    if p == 0.5:
        return apply("sqrt", x)
    if p == -1:
        return apply("reciprocal", x)
    if p in (3, 4):
        square = apply("square", x)
        return square * x if p == 3 else apply("square", square)
    return apply("power", x, p)


def float_power(x: Any, p: Any) -> Any:
    return power(astype(x, float), p)


def _logical(name: str) -> Callable[..., Any]:
    """The operator & | ~ or ^ of conditions. On numbers these are bitwise operations, which are not supported."""

    def of_conditions(*values: Any) -> Any:
        if any(array(v).dtype.kind != "b" for v in values):
            raise cannot("& | ~ or ^ of numbers", "put comparisons in parentheses: (a > 0) & (b > 0)")
        return apply(name, *values)

    return of_conditions


_LN2 = float(np.log(2.0))

UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    np.power: power,
    np.float_power: float_power,
    np.positive: lambda x: x,
    np.fabs: lambda x: np.abs(floating(x)),
    np.logaddexp2: lambda a, b: np.logaddexp(_LN2 * a, _LN2 * b) / _LN2,
    np.deg2rad: lambda x: x * (np.pi / 180),
    np.radians: lambda x: x * (np.pi / 180),
    np.rad2deg: lambda x: x * (180 / np.pi),
    np.degrees: lambda x: x * (180 / np.pi),
    np.bitwise_and: _logical("logical_and"),
    np.bitwise_or: _logical("logical_or"),
    np.bitwise_xor: _logical("logical_xor"),
    np.invert: _logical("logical_not"),
    np.matmul: products.matmul,
    np.vecdot: products.vecdot,
    np.matvec: products.matvec,
}
"""Ufuncs that are not primitives. Primitives need no row."""


def where(condition: Any, x: Any, y: Any, /) -> Any:
    return apply("where", astype(condition, bool), x, y)


def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """Clip to two bounds. The derivative is 1 between the bounds and on them, and 0 outside."""
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise cannot("np.clip with the same bound twice", "give a_min and a_max, or min and max")
    low, high = (b if a is None else a for a, b in ((min, a_min), (max, a_max)))
    a = array(a)
    lowest, highest = _limits(a.dtype)
    return apply("clip", a, lowest if low is None else low, highest if high is None else high)


def _limits(dtype: Any) -> tuple[Any, Any]:
    """The smallest and the largest value of a type."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    return (False, True) if dtype.kind == "b" else (-np.inf, np.inf)


def round_(a: Any, decimals: int = 0) -> Any:
    a, scale = array(a), 10.0 ** abs(decimals)
    if a.dtype.kind != "f":
        return a if decimals >= 0 else (apply("rint", a / scale) * scale).astype(a.dtype)
    if decimals == 0:
        return apply("rint", a)
    return apply("rint", a * scale) / scale if decimals > 0 else apply("rint", a / scale) * scale


def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0."""
    return apply("sinc", floating(x))


def polyval(p: Any, x: Any) -> Any:
    """p[0] x^(n-1) + ... + p[n-1], by Horner's rule."""
    p, x = array(p), array(x)
    value = np.zeros_like(x)
    for i in range(len(p)):
        value = value * x + p[i] if i else value + p[i]
    return value


def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    x, dtype = array(x), np.dtype(dtype)
    if dtype.kind not in "fiub":
        raise cannot(f"numbers as {dtype}", "use float, int or bool")
    return x if x.dtype == dtype else apply("astype", x, dtype=dtype)


# ---- functions of the shape only ------------------------------------------------------------------------------------


def full_like(a: Any, fill_value: Any, dtype: Any = None) -> Any:
    return np.full(a.shape, fill_value, dtype or a.dtype)


def zeros_like(a: Any, dtype: Any = None) -> Any:
    return np.zeros(a.shape, dtype or a.dtype)


def ones_like(a: Any, dtype: Any = None) -> Any:
    return np.ones(a.shape, dtype or a.dtype)


def size(a: Any, axis: int | None = None) -> int:
    return a.size if axis is None else a.shape[axis_of(axis, a.shape)]
