"""numpy.linalg, for small matrices and stacks of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from optlab.engine.functions.base import Axis, apply, array, axes_of, floating
from optlab.engine.functions.reducing import reduce, root
from optlab.engine.functions.shapes import reshape
from optlab.engine.mistakes import cannot


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The norm of a vector (any order) or a matrix (Frobenius, 1, infinity).

    At 0 the derivative of the Euclidean norm is taken as 0 (it has a kink there).
    """
    x = array(x)
    axes = axes_of(axis, x.shape)
    if ord is None or (ord == "fro" and len(axes) == 2) or (ord == 2 and len(axes) == 1):
        return root(reduce("sum", np.square(x), axis, keepdims))
    if len(axes) == 1 and isinstance(ord, int | float):
        return _vector_norm(np.abs(x), ord, axes, keepdims)
    if len(axes) == 2 and ord in (1, -1, math.inf, -math.inf):
        along, across = (axes[0], axes[1]) if abs(ord) == 1 else (axes[1], axes[0])
        sums = reduce("sum", np.abs(x), along, keepdims=True)
        extreme = reduce("max" if ord > 0 else "min", sums, across, keepdims=True)
        return extreme if keepdims else reshape(extreme, tuple(n for i, n in enumerate(x.shape) if i not in axes))
    raise cannot(
        f"np.linalg.norm of {len(axes)} axes with ord={ord!r}",
        "vectors may have any number as ord, matrices None, 'fro', 1, -1, inf or -inf",
    )


def _vector_norm(size: Any, ord: float, axes: Any, keepdims: bool) -> Any:
    if ord in (math.inf, -math.inf):
        return reduce("max" if ord > 0 else "min", size, axes, keepdims)
    if ord == 0:
        return reduce("sum", (size != 0).astype(size.dtype), axes, keepdims)
    if ord == 1:
        return reduce("sum", size, axes, keepdims)
    return reduce("sum", size**ord, axes, keepdims) ** (1.0 / ord)


def solve(a: Any, b: Any) -> Any:
    """x with a x = b; a vector if b is one."""
    a, b = floating(a), floating(b)
    if b.ndim == 1:
        return apply("solve", a, b[:, None])[..., 0]
    return apply("solve", a, b)


def inv(a: Any) -> Any:
    a = floating(a)
    return apply("solve", a, np.eye(a.shape[-1] if a.ndim else 0, dtype=a.dtype))


def det(a: Any) -> Any:
    return apply("det", floating(a))


def cholesky(a: Any) -> Any:
    """The lower triangle L with a = L L'. `a` is taken to be symmetric, and so is its cotangent."""
    return apply("cholesky", floating(a))
