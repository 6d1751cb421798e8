"""Random programs: one list of instructions, executed by NumPy (plain or traced) and by torch.

A program starts from a few inputs and applies 5 to 40 operations, each to values computed before (so there is fan-out,
and there are shared subexpressions), and ends with the sum of all values that no other operation used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.engine.vocabulary import ALONG, BINARY, OF_MATRICES, UNARY, in_numpy, in_torch

KINDS = {"unary": 0.28, "binary": 0.27, "reduce": 0.1, "along": 0.08, "shape": 0.08, "index": 0.08, "join": 0.04}
KINDS |= {"matmul": 0.04, "matrix": 0.03}
REDUCTIONS = ["sum", "mean", "max", "min", "logsumexp", "var", "prod"]
SHAPES = [(), (1,), (3,), (4,), (2, 3), (3, 2), (1, 3), (4, 1), (2, 1, 3), (2, 3, 2)]


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
        """The inputs and all intermediate values, in NumPy."""
        return self.values(in_numpy(), inputs)

    def numpy(self, *inputs: Any) -> Any:
        """The result, a number, in NumPy."""
        values = self.every(*inputs)
        return sum((values[i] if np.shape(values[i]) == () else values[i].mean()) for i in self.loose)

    def torch(self, *inputs: Any) -> Any:
        """The same result in torch."""
        values = self.values(in_torch(), inputs)
        return sum(values[i].mean() for i in self.loose)

    def several(self, *inputs: Any) -> tuple[Any, ...]:
        """All values that no other instruction uses, in NumPy."""
        values = self.every(*inputs)
        return tuple(values[i] for i in self.loose)


def random_program(rng: np.random.Generator, shapes: Any = None, length: int | None = None) -> RandomProgram:
    """A program over inputs of these shapes (or of random ones)."""
    if shapes is None:
        shapes = [SHAPES[i] for i in rng.integers(len(SHAPES), size=rng.integers(1, 4))]
    inputs = tuple(np.asarray(rng.normal(size=shape)) for shape in shapes)
    values, steps, used = list(inputs), [], set()
    for _ in range(length or rng.integers(5, 41)):
        function, operands = _instruction(rng, [v.shape for v in values])
        with np.errstate(all="ignore"):
            value = np.asarray(function(in_numpy(), *(values[i] for i in operands)))
        if not np.isfinite(value).all() or value.size > 200 or np.abs(value).max(initial=0) > 20:
            continue
        used.update(operands)
        values.append(value)
        steps.append((function, operands))
    loose = tuple(i for i in range(len(inputs), len(values)) if i not in used) or (0,)
    return RandomProgram(inputs, tuple(steps), loose)


def _instruction(rng: np.random.Generator, shapes: list[Any]) -> tuple[Callable[..., Any], tuple[int, ...]]:
    """A random operation for values of these shapes."""
    i = (
        int(rng.integers(max(0, len(shapes) - 6), len(shapes)))
        if rng.random() < 0.7
        else int(rng.integers(len(shapes)))
    )
    shape = shapes[i]
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    if kind == "binary":
        partners = [j for j, other in enumerate(shapes) if _broadcast(shape, other)]
        return BINARY[rng.choice(list(BINARY))], (i, int(rng.choice(partners)))
    if kind == "reduce" and shape:
        name, keepdims = rng.choice(REDUCTIONS), bool(rng.random() < 0.5)
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
    if kind == "along" and shape:
        axis, function = int(rng.integers(len(shape))), ALONG[rng.choice(list(ALONG))]
        return (lambda xp, a: function(xp, a, axis)), (i,)
    if kind == "matrix" and shape:
        return OF_MATRICES[rng.choice(list(OF_MATRICES))], (i,)
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
