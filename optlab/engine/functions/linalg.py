"""numpy.linalg, for small matrices and stacks of them."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from optlab.engine.functions.base import Axis, apply, axes_of, floating, without
from optlab.engine.functions.reducing import reduce, root
from optlab.engine.functions.shapes import reshape
from optlab.engine.trace_errors import cannot


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The norm of a vector (any order) or a matrix (Frobenius, 1, infinity).

    A norm of positive order has a kink at 0; its derivative there is defined as 0.
    """
    x = floating(x)
    axes = axes_of(axis, x.shape)
    if _is_euclidean(ord, len(axes)) or (ord is None and axis is None):
        return root(reduce("sum", np.square(x), axes, keepdims))
    if len(axes) == 1 and isinstance(ord, Real):
        return _vector_norm(np.abs(x), float(ord), axes, keepdims)
    if len(axes) == 2 and ord in (1, -1, math.inf, -math.inf):
        return _matrix_norm(np.abs(x), ord, axes, keepdims)
    raise cannot(
        f"np.linalg.norm over {len(axes)} axes with ord={ord!r}",
        "ord may be any number for vectors, and None, 'fro', 1, -1, inf or -inf for matrices",
    )


def _is_euclidean(ord: Any, rank: int) -> bool:
    """Whether the norm is the root of the sum of squares, of vectors (rank 1) or matrices (rank 2)."""
    return (rank == 1 and ord in (None, 2)) or (rank == 2 and ord in (None, "fro"))


def _vector_norm(size: Any, ord: float, axes: tuple[int, ...], keepdims: bool) -> Any:
    if math.isinf(ord):
        return reduce("max" if ord > 0 else "min", size, axes, keepdims)
    if ord == 0:
        return reduce("sum", (size != 0).astype(size.dtype), axes, keepdims)
    if ord == 1:
        return reduce("sum", size, axes, keepdims)
    total = reduce("sum", root(size, ord) if 0 < ord < 1 else size**ord, axes, keepdims)
    return root(total, 1 / ord) if ord > 0 else total ** (1 / ord)


def _matrix_norm(size: Any, ord: float, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The largest or smallest sum of a column (1, -1) or of a row (inf, -inf)."""
    along, across = axes if abs(ord) == 1 else axes[::-1]
    sums = reduce("sum", size, along, keepdims=True)
    extreme = reduce("max" if ord > 0 else "min", sums, across, keepdims=True)
    return extreme if keepdims else reshape(extreme, without(axes, size.shape))


def solve(a: Any, b: Any) -> Any:
    """The solution x of a x = b, a vector if b is a vector. NaN where `a` has no inverse."""
    a, b = floating(a), floating(b)
    if not b.ndim:
        raise cannot("np.linalg.solve for a single number", "pass a vector or a matrix")
    columns = b if b.ndim > 1 else b[:, None]
    rank = max(a.ndim, columns.ndim)
    x = apply("solve", *(reshape(v, (1,) * (rank - v.ndim) + v.shape) for v in (a, columns)))
    return x if b.ndim > 1 else x[..., 0]


def inv(a: Any) -> Any:
    """The inverse; NaN where `a` has no inverse."""
    a = floating(a)
    return apply("solve", a, np.eye(a.shape[-1] if a.ndim else 0, dtype=a.dtype))


def det(a: Any) -> Any:
    return apply("det", floating(a))


def cholesky(a: Any, /) -> Any:
    """The lower triangular L with a = L L'; NaN where `a` is not positive definite.

    `a` is assumed to be symmetric, and so is its cotangent.
    """
    return apply("cholesky", floating(a))
