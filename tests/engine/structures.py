"""One row per operation on shapes, indices and matrices, and per reduction: a case from a random number generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine.vjp_rules import emit
from tests.engine import oracles
from tests.engine.oracles import torch


@dataclass(frozen=True)
class Case:
    """`exact` is for arrays of mpmath's numbers. `scales` gives for every input what its Jacobian's errors are relative
    to: the sum of the absolute values of what is added up. None stands for the entries themselves."""

    numpy: Callable[..., Any]
    torch: Callable[..., Any]
    exact: Callable[..., Any]
    inputs: list[Any]
    scales: list[Any] | None = None


Maker = Callable[[np.random.Generator], Case]


def shape_of(rng: np.random.Generator, lowest: int = 1, smallest: int = 0) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(smallest, 4, size=rng.integers(lowest, 4)))


def wide(rng: np.random.Generator, shape: Any, digits: float = 100) -> Any:
    """Numbers of all orders of magnitude, or of one order."""
    digits = digits * (rng.random() < 0.5)
    return np.asarray(
        rng.choice([-1, 1], shape) * 10.0 ** rng.uniform(-digits, digits, shape) * rng.uniform(1, 2, shape)
    )


def tamed(x: Any) -> Any:
    """Other numbers with the same signs, all of order one, if these are ill-scaled."""
    return np.sign(x) * (1.5 + np.arctan(np.log(np.abs(x)))) if np.max(np.abs(x), initial=0) > 10 else x


def same(f: Callable[..., Any], in_torch: Any, *inputs: Any) -> Case:
    return Case(f, in_torch, f, list(inputs))


def some_axes(rng: np.random.Generator, rank: int) -> tuple[int, ...]:
    return tuple(int(a) for a in rng.choice(rank, size=rng.integers(1, rank + 1), replace=False))


def reduction(numpy: Any, in_torch: Any, smallest: int = 1) -> Maker:
    def case(rng: np.random.Generator) -> Case:
        shape, keep = shape_of(rng, smallest=smallest), bool(rng.random() < 0.5)
        axis = some_axes(rng, len(shape))

        def exact(x: Any) -> Any:
            if numpy is np.sum:
                return np.sum(x, axis=axis, keepdims=keep)
            chosen = oracles.real(x) == numpy(oracles.real(x), axis=axis, keepdims=True)
            return np.sum(x * chosen, axis=axis, keepdims=keep)

        f = lambda x: numpy(x, axis=axis, keepdims=keep)  # noqa: E731
        return Case(f, lambda x: in_torch(x, axis, keep), exact, [wide(rng, shape)])

    return case


def reshaping(rng: np.random.Generator) -> Case:
    shape = shape_of(rng, 0)
    to = (int(np.prod(shape)),) if 0 in shape else (-1, *(n for n in shape if rng.random() < 0.5))
    return same(lambda x: np.reshape(x, to), lambda x: x.reshape(to), wide(rng, shape))


def transposing(rng: np.random.Generator) -> Case:
    shape = shape_of(rng, 0)
    axes = tuple(int(i) for i in rng.permutation(len(shape)))
    return same(lambda x: np.transpose(x, axes), lambda x: x.permute(axes), wide(rng, shape))


def stretching(rng: np.random.Generator) -> Case:
    shape = shape_of(rng, 0)[-2:]
    to = (*shape_of(rng, 0)[:2], *(n if n != 1 else int(rng.integers(0, 4)) for n in shape))
    return same(lambda x: np.broadcast_to(x, to), lambda x: x.broadcast_to(to), wide(rng, shape))


def indexing(rng: np.random.Generator) -> Case:
    shape = shape_of(rng, smallest=1)
    options: list[Any] = [slice(None), slice(1, None), slice(None, -1), slice(None, None, 2), None, ...]
    index: Any = [*options, int(rng.integers(-shape[0], shape[0]))][rng.integers(7)]
    if rng.random() < 0.5:
        index = (index, ...) if index is not ... else (..., 0)
    return same(lambda x: x[index], lambda x: x[index], wide(rng, shape))


def joining(rng: np.random.Generator) -> Case:
    shape = shape_of(rng)
    axis = int(rng.integers(len(shape)))
    other = (*shape[:axis], int(rng.integers(0, 4)), *shape[axis + 1 :])
    return same(
        lambda a, b: np.concatenate([a, b, a], axis=axis),
        lambda a, b: torch.cat([a, b, a], axis),
        wide(rng, shape),
        wide(rng, other),
    )


def picking(rng: np.random.Generator) -> Case:
    shape = shape_of(rng, smallest=1)
    index = np.asarray(rng.integers(-shape[0], shape[0], size=shape_of(rng, 0)[:2]))
    return same(lambda x: x[index], lambda x: x[torch.tensor(index)], wide(rng, shape))


def adding_at(rng: np.random.Generator) -> Case:
    shape = shape_of(rng)
    index = np.asarray(rng.integers(4, size=shape[0]))

    def in_torch(g: Any) -> Any:
        return torch.zeros(4, *shape[1:], dtype=g.dtype).index_add(0, torch.tensor(index), g)

    def exact(g: Any) -> Any:
        return np.stack([g[index == i].sum(0) for i in range(4)])

    return Case(lambda g: emit("add_at", g, index, shape=(4, *shape[1:])), in_torch, exact, [wide(rng, shape)])


def picking_along(rng: np.random.Generator) -> Case:
    shape = shape_of(rng, smallest=1)
    index = np.asarray(rng.integers(shape[-1], size=(*shape[:-1], rng.integers(0, 4))))
    return same(
        lambda x: np.take_along_axis(x, index, -1),
        lambda x: torch.gather(x, -1, torch.tensor(index)),
        wide(rng, shape),
    )


def adding_along(rng: np.random.Generator) -> Case:
    shape = shape_of(rng)
    index = np.asarray(rng.integers(4, size=shape))
    one_hot = index[..., None] == np.arange(4)

    def in_torch(g: Any) -> Any:
        return torch.zeros(*shape[:-1], 4, dtype=g.dtype).scatter_add(-1, torch.tensor(index), g)

    return Case(
        lambda g: emit("add_along", g, index, length=4),
        in_torch,
        lambda g: np.sum(g[..., None] * one_hot, axis=-2),
        [wide(rng, shape)],
    )


def sorting(rng: np.random.Generator) -> Case:
    def exact(x: Any) -> Any:
        return np.take_along_axis(x, np.argsort(oracles.real(x), axis=-1), -1)

    x = wide(rng, shape_of(rng, smallest=1))
    return Case(np.sort, lambda x: torch.sort(x, stable=True)[0], exact, [x])


def multiplying(rng: np.random.Generator) -> Case:
    n, k, m, batch = (int(i) for i in rng.integers(0, 4, size=4))
    left = [(k,), (n, k), (batch, n, k), (1, n, k)][rng.integers(4)]
    right = [(k,), (k, m), (batch, k, m)][rng.integers(3)]

    def exact(a: Any, b: Any) -> Any:
        rows, columns = a if a.ndim > 1 else a[None], b if b.ndim > 1 else b[:, None]
        product = np.sum(rows[..., :, :, None] * columns[..., None, :, :], axis=-2)
        product = product if a.ndim > 1 else product[..., 0, :]
        return product if b.ndim > 1 else product[..., 0]

    return Case(lambda a, b: a @ b, lambda a, b: a @ b, exact, [wide(rng, left), wide(rng, right)])


# ---- matrices of entries of one order of magnitude, far from singular ones ------------------------------------------


def stack_of(rng: np.random.Generator) -> tuple[int, ...]:
    return ((), (), (2,), (1,), (2, 2))[rng.integers(5)]


def regular(rng: np.random.Generator, stack: Any, n: int) -> Any:
    return rng.uniform(-1, 1, (*stack, n, n)) + 2.5 * np.eye(n)


def solving(rng: np.random.Generator) -> Case:
    """Stacks broadcast as in NumPy. The errors of a system are relative to |inv(a)| |a| |inv(a)| |b|."""
    n, m = int(rng.integers(0, 4)), int(rng.integers(0, 3))
    stacks = [((), ()), ((2,), (2,)), ((2,), ()), ((), (2,)), ((1,), (2,))][rng.integers(5)]
    a, b = regular(rng, stacks[0], n), wide(rng, (*stacks[1], n, m))
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])

    def in_torch(a: Any, b: Any) -> Any:
        """Without the stack, torch would treat a matrix b as a stack of vectors."""
        return torch.linalg.solve(a, b.expand(*stack, *b.shape[-2:]))

    return Case(np.linalg.solve, in_torch, oracles.solution, [a, b], [*_sensitivity(a, b)])


def _sensitivity(a: Any, b: Any) -> tuple[Any, Any]:
    """The sensitivity of all entries of a, and of a column of b."""
    inverse = np.abs(np.linalg.inv(a))
    spread = float(np.max(inverse @ np.abs(a) @ inverse, initial=0))
    columns = np.sum(np.abs(b), axis=-2, keepdims=True) * np.ones((*a.shape[:-1], 1))
    return spread * columns.reshape(columns.shape + (1,) * a.ndim), spread


def determinant(rng: np.random.Generator) -> Case:
    a = regular(rng, stack_of(rng), int(rng.integers(0, 5)))
    size = _permanent_of_the_rest(a)
    return Case(np.linalg.det, torch.linalg.det, oracles.determinant, [a], [size])


def ill_scaled_determinant(rng: np.random.Generator) -> Case:
    """Rows of all orders of magnitude: errors are relative to the products of those of the other rows."""
    a = regular(rng, (), 3)
    rows = 10.0 ** rng.uniform(-30, 30, (3, 1))
    size = _permanent_of_the_rest(a) * np.prod(rows) / rows
    return Case(np.linalg.det, torch.linalg.det, oracles.determinant, [a * rows], [size])


def _permanent_of_the_rest(a: Any) -> Any:
    """The sum of the absolute values of all products of n - 1 entries, at most."""
    return float(np.prod(np.abs(a).sum(-1), axis=-1).max(initial=1)) if a.shape[-1] else 1.0


def cofactors(rng: np.random.Generator) -> Case:
    a = regular(rng, stack_of(rng), int(rng.integers(1, 4)))

    def in_torch(a: Any) -> Any:
        return torch.linalg.det(a)[..., None, None] * torch.linalg.inv(a).mT

    return Case(lambda a: emit("cofactors", a), in_torch, oracles.cofactors, [a], [_permanent_of_the_rest(a)])


def cholesky(rng: np.random.Generator) -> Case:
    n = int(rng.integers(0, 4))
    half = rng.uniform(-1, 1, (*stack_of(rng), n, n))
    a = half @ np.swapaxes(half, -1, -2) + np.eye(n)
    return Case(
        np.linalg.cholesky,
        lambda a: torch.linalg.cholesky((a + a.mT) / 2),
        oracles.cholesky,
        [a],
        [1.0],
    )


STRUCTURED: dict[str, Maker] = {
    "sum": reduction(np.sum, torch.sum, smallest=0),
    "max": reduction(np.max, torch.amax),
    "min": reduction(np.min, torch.amin),
    "reshape": reshaping,
    "transpose": transposing,
    "broadcast_to": stretching,
    "getitem": indexing,
    "place": joining,
    "take": picking,
    "add_at": adding_at,
    "take_along": picking_along,
    "take_along, sort": sorting,
    "add_along": adding_along,
    "matmul": multiplying,
    "solve": solving,
    "det": determinant,
    "det, ill-scaled rows": ill_scaled_determinant,
    "cofactors": cofactors,
    "cholesky": cholesky,
}
