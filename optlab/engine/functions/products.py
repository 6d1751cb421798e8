"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from optlab.engine.functions.base import apply, array, axes_of
from optlab.engine.functions.shapes import ravel, reshape, transpose
from optlab.engine.trace_errors import cannot


def matmul(a: Any, b: Any) -> Any:
    """The matrix product, with NumPy's rules for vectors and stacks of matrices."""
    a, b = array(a), array(b)
    if not a.ndim or not b.ndim:
        raise cannot("matmul of a single number", "use * to multiply by a number")
    rows = a if a.ndim > 1 else a.reshape((1, *a.shape))
    columns = b if b.ndim > 1 else b.reshape((*b.shape, 1))
    rank = max(rows.ndim, columns.ndim)
    rows, columns = (v.reshape((1,) * (rank - v.ndim) + v.shape) for v in (rows, columns))
    if rows.shape[-1] != columns.shape[-2]:
        what = f"the matrix product of shapes {a.shape} and {b.shape}"
        raise cannot(what, "the first must have as many columns as the second has rows")
    product = apply("matmul", rows, columns)
    shape = product.shape[: rank - 2] + product.shape[-2:][a.ndim == 1 : 1 if b.ndim == 1 else 2]
    return product.reshape(shape)


def dot(a: Any, b: Any) -> Any:
    a, b = array(a), array(b)
    if b.ndim > 2:
        raise cannot(f"np.dot of shapes {a.shape} and {b.shape}", "use @ (np.matmul)")
    return a * b if 0 in (a.ndim, b.ndim) else matmul(a, b)


def vdot(a: Any, b: Any, /) -> Any:
    return matmul(ravel(a), ravel(b))


def vecdot(x1: Any, x2: Any) -> Any:
    x1, x2 = array(x1), array(x2)
    if x1.shape[-1:] != x2.shape[-1:] or not x1.ndim:
        raise cannot(f"np.vecdot of shapes {x1.shape} and {x2.shape}", "the last axes must have the same length")
    return np.sum(x1 * x2, axis=-1).astype(np.result_type(x1.dtype, x2.dtype))


def matvec(x1: Any, x2: Any) -> Any:
    x1, x2 = array(x1), array(x2)
    if x1.ndim < 2 or not x2.ndim:
        raise cannot(f"np.matvec of shapes {x1.shape} and {x2.shape}", "pass matrices and vectors")
    return matmul(x1, x2[..., None])[..., 0]


def outer(a: Any, b: Any) -> Any:
    return ravel(a)[:, None] * ravel(b)


def inner(a: Any, b: Any, /) -> Any:
    a, b = array(a), array(b)
    return a * b if 0 in (a.ndim, b.ndim) else tensordot(a, b, (-1, -1))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum over pairs of axes, as one matrix product."""
    a, b = array(a), array(b)
    left, right = _paired_axes(a, b, axes)
    summed = [a.shape[i] for i in left]
    if summed != [b.shape[i] for i in right]:
        what = f"np.tensordot of shapes {a.shape} and {b.shape} over axes {axes}"
        raise cannot(what, "paired axes must have the same length")
    kept_left, kept_right = ([i for i in range(v.ndim) if i not in drop] for v, drop in ((a, left), (b, right)))
    rows, columns = [a.shape[i] for i in kept_left], [b.shape[i] for i in kept_right]
    first = reshape(transpose(a, (*kept_left, *left)), (math.prod(rows), math.prod(summed)))
    second = reshape(transpose(b, (*right, *kept_right)), (math.prod(summed), math.prod(columns)))
    return reshape(matmul(first, second), (*rows, *columns))


def _paired_axes(a: Any, b: Any, axes: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The summed axes of `a` and of `b`. A number n means the last n axes of `a` and the first n axes of `b`."""
    if not isinstance(axes, tuple | list | np.ndarray):
        count = operator.index(axes)
        if not 0 <= count <= min(a.ndim, b.ndim):
            what = f"np.tensordot of shapes {a.shape} and {b.shape} over {count} axes"
            raise cannot(what, "use a number from 0 to the smaller number of axes")
        axes = (range(a.ndim - count, a.ndim), range(count))
    if len(axes) != 2:
        raise cannot(f"np.tensordot over axes {axes}", "pass a number, or a pair: the axes of a and the axes of b")
    left, right = axes
    return axes_of(left, a.shape), axes_of(right, b.shape)
