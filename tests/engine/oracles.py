"""References for derivatives: torch, complex steps in 400 digits, and inputs of every memory layout.

A case is a function in NumPy, and the same in torch and as an analytic formula for arrays of mpmath's numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

import optlab
from optlab.engine.passes import optimise
from optlab.engine.trace import trace
from optlab.engine.vjp import vjp

torch = pytest.importorskip("torch")

TINY = float(np.finfo(np.float64).tiny)
"""Below this a double has fewer digits, so errors are relative to this size at least."""

mpmath.mp.dps = 400
_STEP = mpmath.mpf(10) ** -100


# ---- Jacobians: one array of shape (output, input) for every input ---------------------------------------------------


def jacobians(f: Callable[..., Any], inputs: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Value and Jacobians from the engine: a pullback of every unit cotangent."""
    pullback = optimise(vjp(trace(f, *inputs), range(len(inputs))))
    shape, dtype = pullback.inputs[-1].shape, pullback.inputs[-1].dtype
    size = int(np.prod(shape))
    units = np.eye(size, dtype=dtype).reshape(size, *shape)
    value = pullback(*inputs, np.zeros(shape, dtype))[0]
    rows = [pullback(*inputs, unit)[1:] for unit in units]
    return value, [_stacked([row[i] for row in rows], shape, np.shape(x), x.dtype) for i, x in enumerate(inputs)]


def torch_jacobians(f: Callable[..., Any], inputs: Sequence[Any]) -> tuple[Any, list[Any]]:
    """The same from torch."""
    leaves = [torch.tensor(np.ascontiguousarray(x).reshape(np.shape(x)), requires_grad=True) for x in inputs]
    y = f(*leaves)
    rows = [
        torch.autograd.grad(entry, leaves, retain_graph=True, allow_unused=True, materialize_grads=True)
        for entry in y.reshape(-1)
        if entry.requires_grad
    ]
    shape = tuple(y.shape)
    stacks = [_stacked([row[i].numpy() for row in rows], shape, np.shape(x)) for i, x in enumerate(inputs)]
    return y.detach().numpy(), stacks


def _stacked(rows: list[Any], output: Any, shape: Any, dtype: Any = np.float64) -> Any:
    return np.reshape(np.stack(rows) if rows else np.zeros((0, *shape), dtype), (*output, *shape))


def exact_jacobians(f: Callable[..., Any], inputs: Sequence[Any]) -> list[Any]:
    """The same by complex steps, of a formula that is analytic, in 400 digits."""
    return [_exact_columns(f, inputs, i) for i in range(len(inputs))]


def _exact_columns(f: Callable[..., Any], inputs: Sequence[Any], position: int) -> Any:
    exact = [precise(x) for x in inputs]
    columns = []
    for entry in np.ndindex(exact[position].shape):
        shifted = [x.copy() for x in exact]
        step = _STEP * (abs(shifted[position][entry]) or 1)
        shifted[position][entry] += mpmath.mpc(0, step)
        columns.append(np.asarray(_SLOPE(np.asarray(f(*shifted), dtype=object), step), dtype=float))
    shape = exact[position].shape
    if not columns:
        return np.zeros((*np.shape(f(*exact)), *shape))
    return np.stack(columns, axis=-1).reshape(columns[0].shape + shape)


def slope(f: Callable[..., Any], values: Sequence[float], position: int) -> float:
    """One partial derivative of a function of a few numbers, by a complex step."""
    exact = [mpmath.mpf(float(v)) for v in values]
    step = _STEP * (abs(exact[position]) or 1)
    exact[position] = mpmath.mpc(exact[position], step)
    return float(_imaginary(f(*exact), step))


def real(x: Any) -> Any:
    """The real parts of an array of mpmath's numbers, rounded to double precision."""
    return np.asarray(_REAL(x), dtype=float)


def _imaginary(y: Any, step: Any) -> Any:
    return y.imag / step if isinstance(y, mpmath.mpc) else mpmath.nan if mpmath.isnan(y) else mpmath.mpf(0)


_SLOPE = np.frompyfunc(_imaginary, 2, 1)
_REAL = np.frompyfunc(lambda v: float(v.real), 1, 1)
_PRECISE = np.frompyfunc(lambda v: mpmath.mpf(float(v)), 1, 1)


def precise(x: Any) -> Any:
    """An array of mpmath's numbers."""
    out = np.empty(np.shape(x), dtype=object)
    out[...] = _PRECISE(x)
    return out


# ---- analytic formulas for matrices of mpmath's numbers, as they are in textbooks ------------------------------------


def of_each(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of matrices, extended to stacks of matrices that broadcast."""

    def of_stacks(*values: Any) -> Any:
        stack = np.broadcast_shapes(*(v.shape[:-2] for v in values))
        full = [np.broadcast_to(v, stack + v.shape[-2:]) for v in values]
        results = [np.asarray(f(*(v[at] for v in full)), dtype=object) for at in np.ndindex(stack)]
        core = results[0].shape if results else values[-1].shape[-2:]
        out = np.empty(stack + core, dtype=object)
        for at, result in zip(np.ndindex(stack), results, strict=True):
            out[at] = result[()]
        return out

    return of_stacks


@of_each
def determinant(a: Any) -> Any:
    return _leibniz(a)


def _leibniz(a: Any) -> Any:
    """The sum over all permutations."""
    total = mpmath.mpf(0)
    for p in itertools.permutations(range(len(a))):
        inversions = sum(i > j for i, j in itertools.combinations(p, 2))
        total += (-1) ** inversions * mpmath.fprod(a[i, j] for i, j in enumerate(p))
    return total


@of_each
def cofactors(a: Any) -> Any:
    """(-1)^(i + j) times the determinant without row i and column j."""
    out = np.empty(a.shape, dtype=object)
    for i, j in np.ndindex(a.shape):
        out[i, j] = (-1) ** (i + j) * _leibniz(np.delete(np.delete(a, i, 0), j, 1))
    return out


@of_each
def solution(a: Any, b: Any) -> Any:
    """Cramer's rule."""
    out = np.empty(b.shape, dtype=object)
    for i, j in np.ndindex(b.shape):
        replaced = a.copy()
        replaced[:, i] = b[:, j]
        out[i, j] = _leibniz(replaced) / _leibniz(a)
    return out


@of_each
def cholesky(a: Any) -> Any:
    """The factor of the symmetric part, column by column."""
    a, out = (a + a.T) / 2, np.full(a.shape, mpmath.mpf(0), dtype=object)
    for j in range(len(a)):
        for i in range(j, len(a)):
            rest = a[i, j] - sum((out[i, k] * out[j, k] for k in range(j)), mpmath.mpf(0))
            out[i, j] = mpmath.sqrt(rest) if i == j else rest / out[j, j]
    return out


# ---- gradients and second derivatives --------------------------------------------------------------------------------


def torch_gradients(f: Callable[..., Any], inputs: Sequence[Any], w: Any) -> list[Any]:
    leaves = [torch.tensor(np.array(x), requires_grad=True) for x in inputs]
    found = torch.autograd.grad(f(*leaves), leaves, torch.tensor(w), allow_unused=True, materialize_grads=True)
    return [g.numpy() for g in found]


def curvatures(f: Callable[..., Any], inputs: Sequence[Any], w: Any, directions: Sequence[Any]) -> list[Any]:
    """grad(sum(grad(sum(w f)) v)) for every pair of arguments."""
    found = []
    for i, j in itertools.product(range(len(inputs)), repeat=2):
        first = optlab.grad(lambda *x: np.sum(w * f(*x)), i)
        second = optlab.grad(lambda *x, first=first, v=directions[i]: np.sum(first(*x) * v), j)
        found.append(second(*inputs))
    return found


def torch_curvatures(f: Callable[..., Any], inputs: Sequence[Any], w: Any, directions: Sequence[Any]) -> list[Any]:
    """The same from torch."""
    found = []
    for i, j in itertools.product(range(len(inputs)), repeat=2):
        leaves = [torch.tensor(np.array(x), requires_grad=True) for x in inputs]
        y = torch.sum(torch.tensor(w) * f(*leaves))
        (first,) = torch.autograd.grad(y, leaves[i], create_graph=True, allow_unused=True, materialize_grads=True)
        directional = torch.sum(first * torch.tensor(directions[i])) + 0 * leaves[j].sum()
        found.append(torch.autograd.grad(directional, leaves[j])[0].numpy())
    return found


# ---- inputs and comparisons ------------------------------------------------------------------------------------------


def laid_out(x: Any, rng: np.random.Generator) -> Any:
    """The same numbers in a memory layout of some kind."""
    kind = rng.integers(5)
    if kind == 0 or not np.ndim(x):
        return x
    if kind == 1:
        return np.asfortranarray(x)
    if kind == 2:  # negative strides
        backwards = (slice(None, None, -1),) * x.ndim
        return np.ascontiguousarray(x[backwards])[backwards]
    if kind == 3:  # every second entry of something larger
        gaps = np.full(tuple(2 * n for n in x.shape), np.nan)
        gaps[(slice(None, None, 2),) * x.ndim] = x
        return gaps[(slice(None, None, 2),) * x.ndim]
    fixed = x.copy()
    fixed.flags.writeable = False
    return fixed


def sum_to(values: Any, shape: Any) -> Any:
    """Undo broadcasting, independently of the engine: fold axis by axis."""
    while values.ndim > len(shape):
        values = values.sum(0)
    for i, n in enumerate(shape):
        if n == 1:
            values = values.sum(i, keepdims=True)
    return values


def assert_close(ours: Any, expected: Any, tolerance: float, scale: Any = None, note: Any = "") -> None:
    """Compare elementwise, relative to the expected value or a scale; NaN and infinities at the same positions."""
    ours, expected = np.asarray(ours), np.asarray(expected)
    assert ours.shape == expected.shape, (ours.shape, expected.shape, note)
    special = ~np.isfinite(expected)
    assert np.array_equal(ours[special], expected[special], equal_nan=True), (ours, expected, note)
    size = np.maximum(np.abs(expected) if scale is None else np.broadcast_to(scale, expected.shape), TINY)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.where(special, 0.0, np.abs(ours - np.where(special, 0.0, expected)) / np.where(special, 1.0, size))
    assert (error <= tolerance).all(), f"{note} off by {np.max(error, initial=0):.1e}\n{ours}\n{expected}"
