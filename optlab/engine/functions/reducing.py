"""Functions that make fewer numbers of many: sums, products, extrema, averages, and what runs along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine.functions.base import Axis, apply, array, axes_of, axis_of, floating
from optlab.engine.functions.indexing import sort
from optlab.engine.functions.shapes import concatenate, moveaxis, reshape
from optlab.engine.mistakes import cannot


def reduce(name: str, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Reduce over one, several or (None) all axes."""
    x = array(x)
    axes = axes_of(axis, x.shape)
    if 0 in (x.shape[a] for a in axes) and name in ("max", "min"):
        raise cannot(f"the {name} of no entries, of an array of shape {x.shape},", "give it an entry")
    return apply(name, x, axis=axes, keepdims=bool(keepdims)) if axes else x


def sum_(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return reduce("sum", a, axis, keepdims)


def max_(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return reduce("max", a, axis, keepdims)


def min_(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return reduce("min", a, axis, keepdims)


def ptp(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return max_(a, axis, keepdims) - min_(a, axis, keepdims)


def any_(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return reduce("sum", array(a).astype(bool).astype(int), axis, keepdims) > 0


def all_(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.logical_not(any_(np.logical_not(array(a).astype(bool)), axis, keepdims))


def prod(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product, by halves: so its derivative at a zero is the product of the others, and never 0 / 0."""
    x = array(a)
    for at in axes_of(axis, x.shape):
        x = moveaxis(_product_of_first(moveaxis(x, at, 0)), 0, at)
    return x if keepdims else reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes_of(axis, x.shape)))


def _product_of_first(x: Any) -> Any:
    """The product over the first axis, which stays, at length one."""
    if not len(x):
        return np.ones((1, *x.shape[1:]), x.dtype)
    while len(x) > 1:
        half = len(x) // 2
        paired = x[:half] * x[half : 2 * half]
        x = paired if len(x) == 2 * half else concatenate([paired, x[2 * half :]])
    return x


def cumsum(a: Any, axis: int | None = None) -> Any:
    return _running(lambda early, late: early + late, a, axis)


def cumprod(a: Any, axis: int | None = None) -> Any:
    return _running(lambda early, late: early * late, a, axis)


def _running(combine: Callable[[Any, Any], Any], a: Any, axis: int | None) -> Any:
    """An associative operation on all entries up to each one, in log2(n) strokes (Hillis and Steele, 1986)."""
    x = reshape(array(a), -1) if axis is None or not array(a).ndim else array(a)
    at = 0 if axis is None else axis_of(axis, x.shape)
    x, reach = moveaxis(x, at, 0), 1
    while reach < len(x):
        x = concatenate([x[:reach], combine(x[:-reach], x[reach:])])
        reach *= 2
    return moveaxis(x, 0, at)


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """The differences of neighbours, n times over."""
    x = moveaxis(a, axis_of(axis, a.shape), 0)
    for _ in range(n):
        x = x[1:] - x[:-1]
    return moveaxis(x, 0, axis_of(axis, a.shape))


def mean(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    total = reduce("sum", a, axis, keepdims)
    return total / (array(a).size / max(total.size, 1))


def average(a: Any, axis: Axis = None, weights: Any = None, keepdims: bool = False) -> Any:
    """The mean, with weights of the shape of `a` or of its one axis."""
    if weights is None:
        return mean(a, axis, keepdims)
    a, weights = array(a), array(weights)
    if weights.shape != a.shape:
        at = axes_of(axis, a.shape)
        if axis is None or weights.shape != tuple(a.shape[i] for i in at):
            raise cannot(f"np.average of shape {a.shape} with weights of shape {weights.shape}", "give one per entry")
        weights = weights.reshape(tuple(n if i in at else 1 for i, n in enumerate(a.shape)))
    total = reduce("sum", weights * np.ones(a.shape), axis, keepdims)
    return reduce("sum", a * weights, axis, keepdims) / total


def median(a: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The middle entry, or the mean of the two in the middle."""
    x = reshape(array(a), -1) if axis is None else moveaxis(a, axis_of(axis, a.shape), -1)
    ordered, half = sort(floating(x)), x.shape[-1] // 2
    middle = ordered[..., half : half + 1] if x.shape[-1] % 2 else ordered[..., half - 1 : half + 1]
    middle = mean(middle, axis=-1)
    if not keepdims:
        return middle
    return reshape(
        middle, tuple(1 if axis is None or i == axis_of(axis, a.shape) else n for i, n in enumerate(a.shape))
    )


def var(a: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The mean square distance from the mean."""
    squares = np.square(a - mean(a, axis, keepdims=True))
    total = reduce("sum", squares, axis, keepdims)
    return total / (a.size / max(total.size, 1) - ddof)


def std(a: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The standard deviation. Of entries that are all the same its derivative is taken as 0."""
    return root(var(a, axis, ddof, keepdims))


def root(x: Any) -> Any:
    """The square root, with derivative 0 at 0."""
    return np.where(x == 0, 0.0, np.sqrt(np.where(x == 0, 1.0, x)))
