"""Random programs: one list of instructions that NumPy (plain or traced) and torch both follow.

A program starts from a few inputs and applies 5 to 30 operations, each to values computed before (so there is fan-out,
and there are shared subexpressions), and ends by adding up everything that nothing else used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import optlab

SHAPES = [(), (1,), (3,), (4,), (2, 3), (3, 2), (1, 3), (4, 1), (2, 1, 3), (2, 3, 2)]


def _numpy() -> SimpleNamespace:
    names = "sin cos tan tanh exp expm1 log log1p sqrt square abs reciprocal power maximum minimum where sign"
    return SimpleNamespace(
        **{name: getattr(np, name) for name in names.split()},
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
    )


def _torch() -> SimpleNamespace:
    torch = pytest.importorskip("torch")
    names = "sin cos tan tanh exp expm1 log log1p sqrt square abs reciprocal maximum minimum where sign"
    return SimpleNamespace(
        **{name: getattr(torch, name) for name in names.split()},
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
    )


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
    "masked": lambda xp, a, b: xp.where((a > 0.0) & (b < 1.0), a, xp.sin(b)),
}


@dataclass(frozen=True)
class RandomProgram:
    """Instructions: a function of (namespace, *operands), and the positions of its operands."""

    inputs: tuple[np.ndarray, ...]
    steps: tuple[tuple[Callable[..., Any], tuple[int, ...]], ...]
    loose: tuple[int, ...]

    def values(self, xp: SimpleNamespace, inputs: Any) -> list[Any]:
        values = list(inputs)
        for function, operands in self.steps:
            values.append(function(xp, *(values[i] for i in operands)))
        return values

    def every(self, *inputs: Any) -> list[Any]:
        """The inputs and all that is computed from them, in NumPy."""
        return self.values(_numpy(), inputs)

    def numpy(self, *inputs: Any) -> Any:
        """One number, in NumPy."""
        values = self.every(*inputs)
        return sum((values[i] if np.shape(values[i]) == () else values[i].mean()) for i in self.loose)

    def torch(self, *inputs: Any) -> Any:
        """The same number, in torch."""
        values = self.values(_torch(), inputs)
        return sum(values[i].mean() for i in self.loose)

    def several(self, *inputs: Any) -> tuple[Any, ...]:
        """All the values that nothing else uses, in NumPy."""
        values = self.every(*inputs)
        return tuple(values[i] for i in self.loose)


def random_program(rng: np.random.Generator, shapes: Any = None, length: int | None = None) -> RandomProgram:
    """A program over inputs of these shapes (or of random ones)."""
    if shapes is None:
        shapes = [SHAPES[i] for i in rng.integers(len(SHAPES), size=rng.integers(1, 4))]
    inputs = tuple(np.asarray(rng.normal(size=shape)) for shape in shapes)
    values, steps, used = list(inputs), [], set()
    for _ in range(length or rng.integers(5, 31)):
        function, operands = _instruction(rng, [v.shape for v in values])
        with np.errstate(all="ignore"):
            value = np.asarray(function(_numpy(), *(values[i] for i in operands)))
        if not np.isfinite(value).all() or value.size > 200 or np.abs(value).max(initial=0) > 20:
            continue
        used.update(operands)
        values.append(value)
        steps.append((function, operands))
    loose = tuple(i for i in range(len(inputs), len(values)) if i not in used) or (0,)
    return RandomProgram(inputs, tuple(steps), loose)


def _instruction(rng: np.random.Generator, shapes: list[Any]) -> tuple[Callable[..., Any], tuple[int, ...]]:
    """A random operation that fits to values of these shapes."""
    i = (
        int(rng.integers(max(0, len(shapes) - 6), len(shapes)))
        if rng.random() < 0.7
        else int(rng.integers(len(shapes)))
    )
    shape = shapes[i]
    kind = rng.choice(
        ["unary", "binary", "reduce", "shape", "index", "join", "matmul"], p=[0.3, 0.3, 0.1, 0.1, 0.1, 0.05, 0.05]
    )
    if kind == "binary":
        partners = [j for j, other in enumerate(shapes) if _broadcast(shape, other)]
        return BINARY[rng.choice(list(BINARY))], (i, int(rng.choice(partners)))
    if kind == "reduce" and shape:
        name, keepdims = rng.choice(["sum", "mean", "max", "min", "logsumexp"]), bool(rng.random() < 0.5)
        count = int(rng.integers(1, len(shape) + 1))
        axis = tuple(sorted(int(a) for a in rng.choice(len(shape), size=count, replace=False)))
        return (lambda xp, a: getattr(xp, name)(a, axis, keepdims)), (i,)
    if kind == "shape":
        return _reshaping(rng, shape), (i,)
    if kind == "index" and shape and shape[0]:
        return _indexing(rng, shape), (i,)
    if kind == "join" and shape:
        return _joining(rng, shape), (i, int(rng.choice([j for j, other in enumerate(shapes) if other == shape])))
    if kind == "matmul" and shape:
        rows = shape[-1]
        fits = [j for j, o in enumerate(shapes) if o and o[-2 if len(o) > 1 else -1] == rows]
        fits = [j for j in fits if _broadcast(shape[:-2], shapes[j][:-2])]
        if fits:
            return (lambda xp, a, b: xp.tanh(xp.matmul(a, b))), (i, int(rng.choice(fits)))
    return UNARY[rng.choice(list(UNARY))], (i,)


def _broadcast(a: Any, b: Any) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a[::-1], b[::-1], strict=False))


def _reshaping(rng: np.random.Generator, shape: Any) -> Callable[..., Any]:
    kind = rng.integers(4)
    if kind == 0:
        return lambda xp, a: xp.reshape(a, (-1,))
    if kind == 1:
        axes = tuple(int(i) for i in rng.permutation(len(shape)))
        return lambda xp, a: xp.transpose(a, axes)
    if kind == 2:
        stretched = (int(rng.integers(1, 3)), *(n if n > 1 else int(rng.integers(1, 4)) for n in shape))
        return lambda xp, a: xp.broadcast_to(a, stretched)
    turned = shape[::-1]
    return lambda xp, a: xp.reshape(a, turned)


def _indexing(rng: np.random.Generator, shape: Any) -> Callable[..., Any]:
    n = shape[0]
    kind = rng.integers(6)
    if kind == 0:
        at = int(rng.integers(-n, n))
        return lambda xp, a: a[at]
    if kind == 1:
        begin = int(rng.integers(n))
        return lambda xp, a: a[begin:]
    if kind == 2:
        return lambda xp, a: a[..., None, :1]
    if kind == 3:
        entries = [int(e) for e in rng.integers(n, size=rng.integers(1, 4))]
        return lambda xp, a: xp.pick(a, entries)
    if kind == 4 and n > 1:
        return lambda xp, a: a[1:] * a[:-1]
    return lambda xp, a: xp.reverse(a)


def _joining(rng: np.random.Generator, shape: Any) -> Callable[..., Any]:
    if rng.random() < 0.5:
        axis = int(rng.integers(len(shape)))
        return lambda xp, a, b: xp.concatenate([a, b, xp.sin(a)], axis)
    axis = int(rng.integers(len(shape) + 1))
    return lambda xp, a, b: xp.stack([xp.cos(a), b], axis)


@pytest.fixture(name="random_program")
def _random_program() -> Callable[..., RandomProgram]:
    return random_program
