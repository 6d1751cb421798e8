"""Reductions (sums, products, extrema, averages), and functions along an axis (cumulative sums, differences)."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine.functions.base import Axis, apply, array, axes_of, axis_of, floating, without
from optlab.engine.functions.indexing import sort
from optlab.engine.functions.shapes import concatenate, moveaxis, reshape
from optlab.engine.trace_errors import cannot


def reduce(name: str, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Reduce over one, several or (None) all axes."""
    x = array(x)
    axes = tuple(sorted(axes_of(axis, x.shape)))
    if name in ("max", "min") and 0 in (x.shape[a] for a in axes):
        raise cannot(f"the {name} of no entries, of an array of shape {x.shape}", "pass at least one entry")
    if name == "sum":
        x = _widened(x)
    return apply(name, x, axis=axes, keepdims=bool(keepdims)) if axes else x


def _widened(x: Any) -> Any:
    """Small integers and booleans as the larger integers in which NumPy adds and multiplies them."""
    return x if x.dtype.kind == "f" else x.astype(np.add.reduce(np.empty(0, x.dtype)).dtype)


def sum_(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return reduce("sum", a, axis, keepdims)


def max_(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return reduce("max", a, axis, keepdims)


def min_(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return reduce("min", a, axis, keepdims)


def ptp(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return reduce("max", a, axis, keepdims) - reduce("min", a, axis, keepdims)


def any_(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return reduce("sum", array(a).astype(bool), axis, keepdims) > 0


def all_(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return ~any_(~array(a).astype(bool), axis, keepdims=keepdims)


def prod(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The product, computed by halving. So the derivative at a zero is the product of the other entries, not 0 / 0."""
    x = _widened(array(a))
    axes = axes_of(axis, x.shape)
    for at in axes:
        x = moveaxis(_product_of_first(moveaxis(x, at, 0)), 0, at)
    return x if keepdims else reshape(x, without(axes, x.shape))


def _product_of_first(x: Any) -> Any:
    """The product over the first axis, which is kept with length one."""
    if not len(x):
        return np.ones((1, *x.shape[1:]), x.dtype)
    while len(x) > 1:
        half = len(x) // 2
        paired = x[:half] * x[half : 2 * half]
        x = paired if len(x) == 2 * half else concatenate([paired, x[2 * half :]])
    return x


# ---- averages -------------------------------------------------------------------------------------------------------


def mean(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    total = reduce("sum", a, axis, keepdims)
    return total / _count(array(a), axis)


def _count(a: Any, axis: Axis) -> float:
    """The number of entries that are summed."""
    return float(np.prod([a.shape[i] for i in axes_of(axis, a.shape)]))


def average(a: Any, axis: Axis = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    """The weighted mean. The weights have the shape of `a`, or the lengths of the averaged axes."""
    if weights is None:
        return mean(a, axis, keepdims=keepdims)
    a, weights = array(a), array(weights)
    if weights.shape != a.shape:
        axes = axes_of(axis, a.shape)
        if axis is None or weights.shape != tuple(a.shape[i] for i in axes):
            what = f"np.average of shape {a.shape} with weights of shape {weights.shape}"
            raise cannot(what, "pass one weight per entry")
        weights = np.transpose(weights, tuple(np.argsort(axes).tolist()))
        weights = reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))
    product = a * weights
    return reduce("sum", product, axis, keepdims) / reduce("sum", weights.astype(product.dtype), axis, keepdims)


def median(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The middle entry, or the mean of the two middle entries, which get half of the derivative each."""
    axes = axes_of(axis, a.shape)
    last = moveaxis(floating(a), axes, range(-len(axes), 0))
    kept = without(axes, a.shape)
    x = reshape(last, (*kept, int(_count(a, axis))))
    half = x.shape[-1] // 2
    middle = sort(x)[..., half if x.shape[-1] % 2 else max(half - 1, 0) : half + 1]
    spoilt = any_(x != x, axis=-1)
    middle = np.where(spoilt, np.nan, mean(middle, axis=-1)) if x.size else mean(middle, axis=-1)
    return np.expand_dims(middle, tuple(sorted(axes))) if keepdims and axes else middle


def var(a: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """The variance: the mean square distance from the mean."""
    squares = np.square(a - mean(a, axis, keepdims=True))
    return reduce("sum", squares, axis, keepdims) / max(_count(a, axis) - ddof, 0.0)


def std(a: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """The standard deviation. If all entries are equal, the derivative is defined as 0."""
    return root(var(a, axis, ddof=ddof, keepdims=keepdims))


def root(x: Any, p: float = 0.5) -> Any:
    """x ** p of nonnegative numbers. At 0 the derivative is defined as 0, and there is no second derivative."""
    return np.where(x == 0, apply("undefined_curvature", x), np.where(x == 0, 1.0, x) ** p)


# ---- along an axis --------------------------------------------------------------------------------------------------


def cumsum(a: Any, axis: int | None = None) -> Any:
    return _running(lambda early, late: early + late, a, axis)


def cumprod(a: Any, axis: int | None = None) -> Any:
    return _running(lambda early, late: early * late, a, axis)


def _running(combine: Callable[[Any, Any], Any], a: Any, axis: int | None) -> Any:
    """A cumulative associative operation along an axis, in log2(n) passes (Hillis and Steele, 1986)."""
    x = _widened(array(a))
    if axis is None or not x.ndim:
        x = reshape(x, x.size)
    at = 0 if axis is None else axis_of(axis, x.shape)
    x, reach = moveaxis(x, at, 0), 1
    while reach < len(x):
        x = concatenate([x[:reach], combine(x[:-reach], x[reach:])])
        reach *= 2
    return moveaxis(x, 0, at)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """The differences of adjacent entries, repeated n times."""
    at = axis_of(axis, a.shape)
    if operator.index(n) < 0:
        raise cannot(f"np.diff {n} times", "n must be 0 or more")
    x = moveaxis(a, at, 0)
    for _ in range(n):
        x = x[1:] != x[:-1] if x.dtype == bool else x[1:] - x[:-1]
    return moveaxis(x, 0, at)
