"""The ground on which rules are tried: a quadratic with everything known in closed form, the rule called directly as
plain NumPy, and the rule as the lab runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.composition import memory
from optlab.engine.replay import compile
from optlab.optimizers.base import Optimizer
from optlab.problems.base import problem
from optlab.records import Case
from optlab.step import Rule, build

Array = NDArray[Any]

DIM, RUNS, STEPS = 4, 7, 6
BUDGET = 200
"""Steps of the longest trials."""


class Failed(AssertionError):
    """An optimizer fails a check."""


def failed(optimizer: Optimizer, observed: str, expected: str, hint: str) -> Failed:
    """The error of a check: what was observed, what was expected, and a hint."""
    return Failed(f"{optimizer.name} {observed}\n  expected: {expected}\n  hint: {hint}")


@dataclass(frozen=True)
class Bowl:
    """The quadratic f(p) = 1/2 sum a (p - c)^2, with everything the lab supplies in closed form.

    The curvatures are powers of two, so that the gradient is exact to the bit in whatever order it is multiplied.
    """

    curvature: Array
    centre: Array

    @staticmethod
    def of(dim: int, dtype: Any = np.float64) -> Bowl:
        return Bowl(
            curvature=np.resize(np.array([1.0, 4.0, 0.5, 2.0], dtype), dim),
            centre=np.resize(np.array([3.0, -3.0, 1.5, 6.0], dtype), dim),
        )

    @staticmethod
    def flat(dim: int) -> Bowl:
        """No slope anywhere."""
        return Bowl(np.zeros(dim), np.zeros(dim))

    def loss(self, p: Any) -> Any:
        return np.sum(0.5 * self.curvature * (p - self.centre) ** 2)

    def grad(self, p: Any) -> Any:
        return self.curvature * (p - self.centre)

    def hvp(self, v: Any) -> Any:
        return self.curvature * v


BOWL = Bowl.of(DIM)
START = BOWL.centre + np.array([3.0, -2.0, 1.5, -2.5])


@problem(start=START)
def _bowl(x: Any) -> Any:
    """The bowl, as a problem for the engine."""
    return BOWL.loss(x)


def initial(optimizer: Optimizer, x: Array) -> list[Array]:
    """[x, *state] before the first step; floats in the dtype of x, as the lab will have them."""
    values = [x.copy()]
    for first in memory(Rule(optimizer, optimizer.signature.choices), (x.shape,), x.copy()).values():
        value = np.array(first)
        values.append(value.astype(x.dtype) if value.dtype.kind == "f" else value)
    return values


def call(optimizer: Optimizer, bowl: Bowl, values: Sequence[Any], g: Any, t: Any, **numbers: Any) -> list[Any]:
    """Call the rule on [x, *state] with everything it asks for: the next [x, *state]."""
    x = values[0]
    steps = float(BUDGET)
    offer = {"t": t, "steps": steps, "f": bowl.loss(x), "grad": bowl.grad, "loss": bowl.loss, "hvp": bowl.hvp}
    supplied = {name: offer[name] for name in optimizer.signature.supplied}
    result = optimizer(x, g, *values[1:], **supplied, **numbers)
    result = list(result) if isinstance(result, tuple | list) else [result]
    if len(result) != len(values) or any(value is None for value in result):
        found = "None" if result == [None] else f"{len(result)} values"
        wanted = ", ".join(names(optimizer))
        raise failed(optimizer, f"returns {found}", f"return {wanted}", "the state comes back in its order")
    return result


def update(optimizer: Optimizer, bowl: Bowl, values: Sequence[Any], t: int, **numbers: Any) -> list[Any]:
    """One step, on copies, so that a rule that writes into its arguments fails one check instead of all."""
    copies = [np.array(value) for value in values]
    return call(optimizer, bowl, copies, bowl.grad(copies[0]), np.float64(t), **numbers)


def names(optimizer: Optimizer) -> list[str]:
    return ["x", *optimizer.signature.state]


def same(a: Any, b: Any) -> bool:
    """Equal to the bit, but for the many kinds of NaN."""
    return np.array_equal(a, b, equal_nan=True)


def seven_runs(optimizer: Optimizer) -> tuple[Array, dict[str, Array]]:
    """Starts and hyperparameters that differ between runs, the latter from the default downwards."""
    x = START[:, None] + np.random.default_rng(0).normal(size=(DIM, RUNS))
    shrink = 1 - np.arange(RUNS) / 16
    return x, {name: default * shrink for name, default in optimizer.signature.numbers.items()}


def traced(optimizer: Optimizer, x: Array, numbers: Mapping[str, Array]) -> Iterator[list[Array]]:
    """[x, *state] of the traced rule before the first step and after each of `STEPS`; arrays end in the run axis."""
    graph = build(Case(_bowl, DIM, START), Rule(optimizer, {}), BUDGET)
    columns = [numbers[name] for _, name in graph.numbers]
    program = compile(graph.graph, graph.inputs([bool((c == c[0]).all()) for c in columns]), x.shape[1])
    count = 1 + len(optimizer.signature.state)
    values, t, settings = program.inputs[:count], program.inputs[count], program.inputs[count + 1 :]
    for buffer, column in zip(settings, columns, strict=True):
        buffer[...] = column if buffer.shape else column[0]
    runs = [initial(optimizer, start) for start in x.T]
    for buffer, first in zip(values, zip(*runs, strict=True), strict=True):
        buffer[...] = np.stack(first, axis=-1)
    program.prepare()
    yield [value.copy() for value in values]
    for step in range(1, STEPS + 1):
        t[...] = step
        program.step()
        yield [value.copy() for value in values]
