"""Implementations and shape rules for the table of operations that NumPy does not have in the needed form.

The implementation of an elementwise operation takes `out` as its last argument. An implementation of kind "batched"
works on the last axes of its arrays and accepts any number of axes before them, like NumPy's linear algebra.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from optlab.engine.nodes import Shape, Type, Var

# ---- entry by entry -------------------------------------------------------------------------------------------------


def where(c: Any, a: Any, b: Any) -> Any:
    return np.where(c, a, b)


_SHORT_CUTS: Mapping[float, np.ufunc] = {2.0: np.square, 0.5: np.sqrt, -1.0: np.reciprocal}


def power(x: Any, p: Any, out: Any = None) -> Any:
    """np.power, always with the short cuts that NumPy itself takes only if all exponents are equal."""
    if x.dtype != p.dtype or p.dtype.kind != "f":
        return np.power(x, p, out=out)
    if p.ndim == 0:
        short_cut = _SHORT_CUTS.get(p.item())
        return np.power(x, p, out=out) if short_cut is None else short_cut(x, out=out)
    result = np.power(x, p, out=out)
    for exponent, short_cut in _SHORT_CUTS.items():
        short_cut(x, out=result, where=p == exponent)
    return result


def clip(x: Any, low: Any, high: Any, out: Any = None) -> Any:
    return np.clip(x, low, high, out=out)


def relu(x: Any, out: Any = None) -> Any:
    return np.maximum(x, x.dtype.type(0), out=out)


def sigmoid(x: Any, out: Any = None) -> Any:
    """1 / (1 + exp(-x)). It is exact for large negative x too, since exp overflows to infinity and 1/inf is 0."""
    y = np.exp(np.negative(x, out=out), out=out)
    return np.divide(1, np.add(y, 1, out=out), out=out)


def slope_of_sigmoid(y: Any, x: Any) -> Any:
    return y * sigmoid(-x)


def one_minus_square(x: Any) -> Any:
    """1 - x^2, exact next to 1."""
    return (1 - x) * (1 + x)


def over_cosh_square(a: Any, c: Any, x: Any) -> Any:
    """a / c^2, where c = cosh(x)."""
    return a / np.square(c)


def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0."""
    y = np.multiply(x, x.dtype.type(np.pi))
    return np.divide(np.sin(y), y, out=np.ones_like(y), where=y != 0)


def gap(a: Any, b: Any) -> Any:
    """a - b, and 0 where both are the same infinity."""
    difference = np.subtract(a, b)
    return difference if np.isfinite(b).all() else np.where(a == b, difference.dtype.type(0), difference)


def positive_zero(x: Any, out: Any = None) -> Any:
    """x, with 0 in place of -0."""
    return np.add(x, x.dtype.type(0), out=out)


def first(x: Any, *others: Any) -> Any:
    """x, broadcast against all other arguments."""
    return np.broadcast_arrays(x, *others)[0]


def zeros(x: Any, *others: Any) -> Any:
    """Zeros in the common broadcast shape of all arguments."""
    return np.zeros_like(first(x, *others))


def astype(x: Any, out: Any = None, *, dtype: Any) -> Any:
    return x.astype(dtype) if out is None else np.copyto(out, x, casting="unsafe")


def elementwise_type(run: Callable[..., Any]) -> Callable[..., Type]:
    """The type rule of an elementwise operation: shapes broadcast, and dtypes promote as in the implementation."""

    @functools.cache
    def dtype_for(*dtypes: np.dtype[Any]) -> np.dtype[Any]:
        if isinstance(run, np.ufunc):
            return run.resolve_dtypes((*dtypes, None))[-1]
        return run(*(np.empty(0, dtype) for dtype in dtypes)).dtype

    def infer(*inputs: Var) -> Type:
        shapes = {v.shape for v in inputs}
        shape = shapes.pop() if len(shapes) == 1 else np.broadcast_shapes(*(v.shape for v in inputs))
        return shape, dtype_for(*(v.dtype for v in inputs))

    return infer


def writing(run: Callable[..., Any], count: int) -> Callable[..., Any]:
    """A function of `count` arrays, extended by an optional last argument: the array for its result."""
    if isinstance(run, np.ufunc) or "out" in inspect.signature(run).parameters:
        return run

    def written(*values: Any) -> Any:
        result = run(*values[:count])
        if len(values) > count:
            np.copyto(values[count], result)
        return result

    return written


# ---- reductions -----------------------------------------------------------------------------------------------------


def reduction(ufunc: np.ufunc) -> Callable[..., Any]:
    def run(a: Any, axis: tuple[int, ...], keepdims: bool, out: Any = None) -> Any:
        return ufunc.reduce(a, axis=axis, keepdims=keepdims, out=out)

    return run


def reduced_type(a: Var, *, axis: tuple[int, ...], keepdims: bool) -> Type:
    kept = (1 if i in axis else n for i, n in enumerate(a.shape) if keepdims or i not in axis)
    return tuple(kept), a.dtype


def summed_type(a: Var, *, axis: tuple[int, ...], keepdims: bool) -> Type:
    dtype = np.add.reduce(np.empty(0, a.dtype)).dtype  # NumPy sums small integers in a wider type
    return reduced_type(a, axis=axis, keepdims=keepdims)[0], dtype


# ---- shapes and indices ---------------------------------------------------------------------------------------------


def reshaped_type(a: Var, *, shape: Shape) -> Type:
    if np.prod(a.shape, dtype=int) != np.prod(shape, dtype=int) or min(shape, default=0) < 0:
        raise ValueError(f"cannot reshape an array of shape {a.shape} into {shape}")
    return shape, a.dtype


def stretched(a: Any, shape: Shape, tail: Shape = ()) -> Any:
    return np.broadcast_to(a.reshape((1,) * (len(shape) + len(tail) - a.ndim) + a.shape), shape + tail)


def stretched_type(a: Var, *, shape: Shape) -> Type:
    if np.broadcast_shapes(a.shape, shape) != shape:
        raise ValueError(f"cannot broadcast an array of shape {a.shape} to {shape}")
    return shape, a.dtype


def indexed_type(a: Var, *, index: Any) -> Type:
    return np.broadcast_to(np.empty(()), a.shape)[index].shape, a.dtype


def place(*pieces: Any, shape: Shape, indices: tuple[Any, ...]) -> Any:
    """Zeros of a shape, with each piece added at its basic index."""
    out = np.zeros(shape, np.result_type(*pieces))
    overlap = bool((coverage(shape, indices) > 1).any())
    for piece, index in zip(pieces, indices, strict=True):
        out[index] = out[index] + piece if overlap else piece
    return out


def coverage(shape: Shape, indices: tuple[Any, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """For each entry of an array of this shape, the number of indices that select it."""
    count = np.zeros(shape, dtype=np.int64)
    for index in indices:
        count[index] += 1
    return count


def add_at(g: Any, index: Any, shape: Shape) -> Any:
    out = np.zeros(shape, g.dtype)
    np.add.at(out, index, g)
    return out


# ---- batched: along the last axis, or of matrices -------------------------------------------------------------------


def argsort(a: Any) -> Any:
    return np.argsort(a, axis=-1, kind="stable")


def take_along(a: Any, index: Any) -> Any:
    return np.take_along_axis(*_same_stack(a, index, core=1), axis=-1)


def add_along(g: Any, index: Any, length: int) -> Any:
    """Zeros of this length along the last axis, with the entries of `g` added at an index of the same shape."""
    g, index = _same_stack(g, index, core=1)
    out = np.zeros((*g.shape[:-1], length), g.dtype)
    stack = np.ogrid[tuple(slice(n) for n in g.shape)][:-1]
    np.add.at(out, (*stack, index), g)
    return out


def _same_stack(a: Any, b: Any, core: int) -> tuple[Any, Any]:
    """Two arrays, broadcast against each other along all axes except the last `core`."""
    stack = np.broadcast_shapes(a.shape[: a.ndim - core], b.shape[: b.ndim - core])
    return tuple(np.broadcast_to(v, stack + v.shape[v.ndim - core :]) for v in (a, b))  # pyright: ignore


def along_type(a: Var, index: Var) -> Type:
    if a.shape[:-1] != index.shape[:-1]:
        raise ValueError(f"an index of shape {index.shape} does not fit an array of shape {a.shape}")
    return index.shape, a.dtype


def of_each_matrix(run: Callable[..., Any]) -> Callable[..., Any]:
    """A function of (stacks of) matrices that returns NaN for each matrix without a result, where NumPy would raise."""

    def guarded(a: Any, *others: Any) -> Any:
        try:
            return run(a, *others)
        except np.linalg.LinAlgError:
            shapes = [v.shape for v in (a, *others)]
            stack = np.broadcast_shapes(*(shape[:-2] for shape in shapes))
            if not stack:
                return np.full(shapes[-1], np.nan, np.result_type(a, *others, np.float32))
            stacks = [np.broadcast_to(v, stack + v.shape[-2:]) for v in (a, *others)]
            return np.stack([guarded(*matrices) for matrices in zip(*stacks, strict=True)])

    return guarded


def cofactors(a: Any) -> Any:
    """The derivative of the determinant, det(a) inv(a)', also for singular matrices.

    With the singular value decomposition a = u diag(s) v', it is det(u) det(v) u diag(products of all other s) v'. Rows
    and columns are scaled first, since the errors of u, s and v are relative to the largest entry of the matrix.
    """
    rows = _largest(a, axis=-1)
    columns = _largest(a / rows, axis=-2)
    u, s, vt = np.linalg.svd(a / rows / columns)
    sign = np.linalg.det(u) * np.linalg.det(vt)
    scaled = (u * _product_of_others(s)[..., None, :]) @ vt * sign[..., None, None]
    others = _product_of_others(rows[..., 0])[..., None], _product_of_others(columns[..., 0, :])[..., None, :]
    return (scaled * others[0] * others[1]).astype(a.dtype)


def _largest(a: Any, axis: int) -> Any:
    size = np.max(np.abs(a), axis=axis, keepdims=True, initial=0)
    return np.where(size == 0, 1, size)


def _product_of_others(v: Any) -> Any:
    """For each entry along the last axis, the product of all other entries."""
    return np.where(np.eye(v.shape[-1], dtype=bool), 1, v[..., None, :]).prod(axis=-1)


def matrix_type(a: Var) -> Type:
    _square(a)
    return a.shape, np.result_type(a.dtype, np.float32 if a.dtype == np.float32 else np.float64)


def determinant_type(a: Var) -> Type:
    _square(a)
    return a.shape[:-2], matrix_type(a)[1]


def solution_type(a: Var, b: Var) -> Type:
    _square(a)
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"{a.shape[-1]} unknowns and {b.shape[-2]} right-hand sides do not fit")
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return (*stack, *b.shape[-2:]), np.result_type(matrix_type(a)[1], b.dtype)


def _square(a: Var) -> None:
    if len(a.shape) < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError("a square matrix is needed")


def product_type(a: Var, b: Var) -> Type:
    """The type of a matrix product."""
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit: {a.shape[-1]} columns, {b.shape[-2]} rows")
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return (*batch, a.shape[-2], b.shape[-1]), np.result_type(a.dtype, b.dtype)
