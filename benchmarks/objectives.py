"""The objectives of `gradients`: every built-in test function, and networks of eight sizes on random data."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from optlab.plugins import registry
from optlab.plugins.problems import functions as test_functions
from optlab.plugins.problems.base import Problem

POINTS, RUNS, DIM = 1000, 32, 10
"""Points of a function and runs of a network that are evaluated together; a second dimension besides the default."""

NETWORKS = (
    ((2, 2, 2), "tanh", 1),
    ((2, 16, 2), "relu", 8),
    ((4, 16, 3), "tanh", 32),
    ((64, 32, 10), "relu", 64),
    ((64, 64, 64, 10), "tanh", 32),
    ((128, 64, 10), "relu", 256),
    ((256, 128, 10), "tanh", 128),
    ((784, 512, 10), "relu", 256),
)
"""Units from the inputs to the outputs, the activation and the batch size."""

Array = np.ndarray[Any, Any]
Namespace = ModuleType | SimpleNamespace


@dataclass(frozen=True)
class Objective:
    """A function of one point in plain NumPy, which optlab traces, and the same function for other libraries.

    `points` is of shape (points, dim). `write(namespace)` is the function in a namespace that has NumPy's names: of a
    point x of shape (dim,), or of many where the namespace has been made for that; they then lie in the shape (dim,
    points), or (points, dim) if `points_first`.
    """

    name: str
    kind: str
    function: Callable[[Any], Any]
    points: Array
    write: Callable[[Namespace], Callable[[Any], Any]]
    points_first: bool = False

    def laid_out(self, many: bool) -> Array:
        """The first point, or all of them, as the function takes them."""
        chosen = self.points if many else self.points[0]
        return np.ascontiguousarray(chosen if self.points_first else chosen.T)


def functions(points: int = POINTS) -> Iterator[Objective]:
    """Every test function at its default dimension, and in ten dimensions if the dimension is free.

    The functions of suites are left out: they call functions of other modules, which are not written for the peers.
    """
    for name, problem in sorted(registry.load(()).problems.items()):
        if problem.function.__module__.startswith(f"{test_functions.__name__}."):
            for dim in dict.fromkeys((problem.default_dim, problem.dim or DIM)):
                yield _of(problem, f"{name}, {dim}", dim, points)


def _of(problem: Problem, name: str, dim: int, points: int) -> Objective:
    low, high = problem.bounds(dim)
    drawn = np.random.default_rng(0).uniform(low, high, (points, dim))
    return Objective(name, "function", problem.function, drawn, functools.partial(rewritten, problem.function, dim))


def rewritten(function: Callable[..., Any], dim: int, namespace: Namespace) -> Callable[..., Any]:
    """The function from its own source, with another `np`, and with a number for `x.size`, which has another
    meaning in PyTorch."""
    tree = _Sized(dim).visit(ast.parse(textwrap.dedent(inspect.getsource(function))))
    tree.body[0].decorator_list.clear()
    known = {**function.__globals__, "np": namespace}
    exec(compile(ast.fix_missing_locations(tree), function.__code__.co_filename, "exec"), known)
    return known[function.__name__]


class _Sized(ast.NodeTransformer):
    """Writes a number for `x.size`."""

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return ast.Constant(self.dim) if ast.unparse(node) == "x.size" else self.generic_visit(node)


def networks(runs: int = RUNS) -> Iterator[Objective]:
    """The built-in mlp, cross entropy, with one set of parameters per run and the same random examples for all."""
    mlp = registry.load(()).problems["mlp"].function
    for units, activation, batch in NETWORKS:
        rng = np.random.default_rng(0)
        data = dict(inputs=rng.normal(size=(batch, units[0])), targets=np.eye(units[-1])[np.arange(batch) % units[-1]])
        count = sum((m + 1) * n for m, n in pairwise(units))
        yield Objective(
            name=f"{'-'.join(map(str, units))}, {activation}, batch {batch}",
            kind="network",
            function=functools.partial(mlp, hidden=units[1:-1], activation=activation, **data),
            points=rng.normal(size=(runs, count)) / np.sqrt(units[0]),
            write=functools.partial(_network, units, activation, data),
            points_first=True,
        )


def _network(units: tuple[int, ...], activation: str, data: dict[str, Array], xp: Namespace) -> Callable[[Any], Any]:
    """The same network for parameters of shape (dim,) or (runs, dim)."""
    inputs, targets = (xp.array(data[name]) for name in ("inputs", "targets"))
    act = xp.tanh if activation == "tanh" else xp.relu

    def loss(x: Any) -> Any:
        z, at, runs = inputs, 0, tuple(x.shape[:-1])
        for layer, (m, n) in enumerate(pairwise(units)):
            weights = x[..., at : at + m * n].reshape((*runs, m, n))
            biases = x[..., at + m * n : at + (m + 1) * n].reshape((*runs, 1, n))
            z = (act(z) if layer else z) @ weights + biases
            at += (m + 1) * n
        return (xp.logsumexp(z) - (targets * z).sum(-1)).mean(-1)

    return loss
