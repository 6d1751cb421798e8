"""The operations of random programs: NumPy and torch with the same names, and functions of these names."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import optlab

_SHARED = (
    "sin cos tan sinh cosh tanh arcsin arccos arctan arctan2 arcsinh arccosh arctanh exp exp2 expm1 log log2 log10"
)
_SHARED += " log1p logaddexp sqrt square abs reciprocal hypot fmod remainder trunc maximum minimum where sign"
"""Names that NumPy and torch have in common."""


def in_numpy() -> SimpleNamespace:
    return SimpleNamespace(
        **{name: getattr(np, name) for name in _SHARED.split()},
        power=np.power,
        cbrt=np.cbrt,
        sigmoid=optlab.sigmoid,
        relu=optlab.relu,
        clip=np.clip,
        sum=lambda a, axis, keepdims: np.sum(a, axis=axis, keepdims=keepdims),
        mean=lambda a, axis, keepdims: np.mean(a, axis=axis, keepdims=keepdims),
        max=lambda a, axis, keepdims: np.max(a, axis=axis, keepdims=keepdims),
        min=lambda a, axis, keepdims: np.min(a, axis=axis, keepdims=keepdims),
        logsumexp=lambda a, axis, keepdims: optlab.logsumexp(a, axis=axis, keepdims=keepdims),
        reshape=np.reshape,
        transpose=np.transpose,
        broadcast_to=np.broadcast_to,
        concatenate=lambda pieces, axis: np.concatenate(pieces, axis=axis),
        stack=lambda pieces, axis: np.stack(pieces, axis=axis),
        pick=lambda a, entries: a[np.array(entries)],
        reverse=lambda a: a[::-1],
        matmul=lambda a, b: a @ b,
        var=lambda a, axis, keepdims: np.var(a, axis=axis, keepdims=keepdims),
        prod=lambda a, axis, keepdims: np.prod(a, axis=axis, keepdims=keepdims),
        cumsum=np.cumsum,
        cumprod=np.cumprod,
        sort=lambda a, axis: np.sort(a, axis=axis),
        median=lambda a, axis: np.median(a, axis=axis),
        flip=np.flip,
        roll=np.roll,
        norm=lambda a, order, axis: np.linalg.norm(a, order, axis=axis),
        einsum=np.einsum,
        solve=np.linalg.solve,
        det=np.linalg.det,
        cholesky=np.linalg.cholesky,
        eye=np.eye,
    )


def in_torch() -> SimpleNamespace:
    torch = pytest.importorskip("torch")
    return SimpleNamespace(
        **{name: getattr(torch, name) for name in _SHARED.split()},
        cbrt=lambda a: torch.sign(a) * torch.abs(a) ** (1 / 3),
        power=torch.pow,
        sigmoid=torch.sigmoid,
        relu=torch.relu,
        clip=torch.clamp,
        sum=lambda a, axis, keepdims: torch.sum(a, axis, keepdims),
        mean=lambda a, axis, keepdims: torch.mean(a, axis, keepdims),
        max=lambda a, axis, keepdims: torch.amax(a, axis, keepdims),
        min=lambda a, axis, keepdims: torch.amin(a, axis, keepdims),
        logsumexp=lambda a, axis, keepdims: torch.logsumexp(a, axis, keepdims),
        reshape=torch.reshape,
        transpose=torch.permute,
        broadcast_to=torch.broadcast_to,
        concatenate=torch.cat,
        stack=torch.stack,
        pick=lambda a, entries: a[torch.tensor(entries)],
        reverse=lambda a: torch.flip(a, (0,)),
        matmul=torch.matmul,
        var=lambda a, axis, keepdims: torch.var(a, axis, correction=0, keepdim=keepdims),
        prod=_product,
        cumsum=torch.cumsum,
        cumprod=torch.cumprod,
        sort=lambda a, axis: torch.sort(a, dim=axis, stable=True)[0],
        median=_median,
        flip=lambda a, axis: torch.flip(a, (axis,)),
        roll=torch.roll,
        norm=lambda a, order, axis: torch.linalg.vector_norm(a, order, dim=axis),
        einsum=torch.einsum,
        solve=torch.linalg.solve,
        det=torch.linalg.det,
        cholesky=torch.linalg.cholesky,
        eye=lambda n: torch.eye(n, dtype=torch.float64),
    )


def _product(a: Any, axis: Any, keepdims: bool) -> Any:
    """The product over several axes; torch takes one axis at a time."""
    for at in sorted(axis, reverse=True):
        a = a.prod(at, keepdim=keepdims)
    return a


def _median(a: Any, axis: int) -> Any:
    """NumPy takes the mean of the two in the middle, torch the lower one."""
    ordered, half = a.sort(dim=axis, stable=True)[0], a.shape[axis] // 2
    middle = range(half, half + 1) if a.shape[axis] % 2 else range(half - 1, half + 1)
    return ordered.movedim(axis, -1)[..., list(middle)].mean(-1)


UNARY: dict[str, Callable[[Any, Any], Any]] = {
    "sin": lambda xp, a: xp.sin(a),
    "cos": lambda xp, a: xp.cos(a),
    "tan": lambda xp, a: xp.tan(0.7 * xp.sin(a)),
    "tanh": lambda xp, a: xp.tanh(a),
    "sigmoid": lambda xp, a: xp.sigmoid(a),
    "relu": lambda xp, a: xp.relu(a),
    "exp": lambda xp, a: xp.exp(-xp.square(a)),
    "expm1": lambda xp, a: xp.expm1(xp.sin(a)),
    "log": lambda xp, a: xp.log(1.5 + xp.sin(a)),
    "log1p": lambda xp, a: xp.log1p(a * a),
    "sqrt": lambda xp, a: xp.sqrt(1.0 + a**2),
    "abs": lambda xp, a: abs(a),
    "negative": lambda xp, a: -a,
    "reciprocal": lambda xp, a: 1.0 / (1.0 + a**2),
    "cube": lambda xp, a: 0.1 * a**3,
    "power": lambda xp, a: (1.0 + xp.abs(a)) ** 1.3,
    "clip": lambda xp, a: xp.clip(a, -0.7, 0.9),
    "sign": lambda xp, a: xp.sign(a) * a,
    "sinh": lambda xp, a: xp.sinh(xp.sin(a)),
    "cosh": lambda xp, a: xp.cosh(xp.cos(a)),
    "arcsin": lambda xp, a: xp.arcsin(0.9 * xp.sin(a)),
    "arccos": lambda xp, a: xp.arccos(0.9 * xp.cos(a)),
    "arctan": lambda xp, a: xp.arctan(a),
    "arcsinh": lambda xp, a: xp.arcsinh(a),
    "arccosh": lambda xp, a: xp.arccosh(1.5 + a * a),
    "arctanh": lambda xp, a: xp.arctanh(0.8 * xp.sin(a)),
    "cbrt": lambda xp, a: xp.cbrt(1.0 + a * a),
    "exp2": lambda xp, a: xp.exp2(xp.sin(a)),
    "log2": lambda xp, a: xp.log2(1.0 + a * a) + xp.log10(2.0 + xp.cos(a)),
    "rint": lambda xp, a: a - xp.trunc(a) * 0.5,
}

BINARY: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add": lambda xp, a, b: a + b,
    "subtract": lambda xp, a, b: a - b,
    "multiply": lambda xp, a, b: a * b,
    "divide": lambda xp, a, b: a / (1.5 + xp.cos(b)),
    "power of both": lambda xp, a, b: xp.power(1.0 + a * a, xp.sin(b)),
    "maximum": lambda xp, a, b: xp.maximum(a, b),
    "minimum": lambda xp, a, b: xp.minimum(a, b),
    "where": lambda xp, a, b: xp.where(a > 0.1, a * b, b),
    "logaddexp": lambda xp, a, b: xp.logaddexp(a, b),
    "arctan2": lambda xp, a, b: xp.arctan2(a, 1.5 + xp.cos(b)),
    "hypot": lambda xp, a, b: xp.hypot(a, 1.0 + b * b),
    "fmod": lambda xp, a, b: xp.fmod(a, 1.5 + xp.cos(b)),
    "remainder": lambda xp, a, b: xp.remainder(a, 1.5 + xp.cos(b)),
    "masked": lambda xp, a, b: xp.where((a > 0.0) & (b < 1.0), a, xp.sin(b)),
}


ALONG: dict[str, Callable[[Any, Any, int], Any]] = {
    "cumsum": lambda xp, a, axis: xp.cumsum(a, axis),
    "cumprod": lambda xp, a, axis: xp.cumprod(xp.sin(a), axis),
    "sort": lambda xp, a, axis: xp.sort(a, axis),
    "median": lambda xp, a, axis: xp.median(a, axis),
    "flip": lambda xp, a, axis: xp.flip(a, axis),
    "roll": lambda xp, a, axis: xp.roll(a, 2, axis),
    "norm of order 1": lambda xp, a, axis: xp.norm(a, 1, axis),
    "norm of order 3": lambda xp, a, axis: xp.norm(1.0 + a * a, 3, axis),
    "largest": lambda xp, a, axis: xp.norm(a, float("inf"), axis),
    "norm": lambda xp, a, axis: xp.norm(1.0 + a * a, 2, axis),
}
"""Functions along one axis."""


def _gram(xp: Any, a: Any) -> Any:
    """A positive definite matrix, from an array of any shape: the products of its rows, plus 1."""
    rows = xp.reshape(xp.sin(a), (a.shape[0], -1))
    return xp.einsum("ik,jk->ij", rows, rows) + xp.eye(a.shape[0])


OF_MATRICES: dict[str, Callable[[Any, Any], Any]] = {
    "solve": lambda xp, a: xp.solve(_gram(xp, a), xp.reshape(a, (a.shape[0], -1))),
    "det": lambda xp, a: xp.det(_gram(xp, a)),
    "cholesky": lambda xp, a: xp.cholesky(_gram(xp, a)),
    "einsum": lambda xp, a: xp.einsum("ij,kj->ki", xp.reshape(a, (a.shape[0], -1)), xp.cos(_columns(xp, a))),
}
"""Functions of matrices that are built from an array."""


def _columns(xp: Any, a: Any) -> Any:
    return xp.reshape(a, (-1, int(np.prod(a.shape)) // a.shape[0]))
