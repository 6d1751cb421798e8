"""The ground on which rules are tried: functions with everything known in closed form, the rule called directly as
plain NumPy, and the rule as the lab runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from optlab.composition import memory
from optlab.engine.replay import compile
from optlab.optimizers.base import Optimizer
from optlab.problems.base import problem
from optlab.records import Case
from optlab.schedules.base import Schedule
from optlab.step import Rule, StepGraph, build

Array = NDArray[Any]

DIM, RUNS, STEPS = 4, 7, 6
BUDGET = 200
"""Steps of the longest trials."""


class Failed(AssertionError):
    """An optimizer fails a check."""


class Skipped(Exception):
    """A check cannot be made, or has nothing to look at; the text says why."""


def failed(optimizer: Optimizer, observed: str, expected: str, hint: str) -> Failed:
    """The error of a check: what was observed, what was expected, and a hint."""
    return Failed(f"{optimizer.name} {observed}\n  expected: {expected}\n  hint: {hint}")


class Landscape(Protocol):
    """A function with everything the lab supplies: the loss, the gradient, the Hessian at p times v."""

    def loss(self, p: Any) -> Any: ...
    def grad(self, p: Any) -> Any: ...
    def hvp(self, p: Any, v: Any) -> Any: ...


@dataclass(frozen=True)
class Bowl:
    """The quadratic f(p) = 1/2 sum a (p - c)^2, in closed form.

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

    def loss(self, p: Any) -> Any:
        return np.sum(0.5 * self.curvature * (p - self.centre) ** 2)

    def grad(self, p: Any) -> Any:
        return self.curvature * (p - self.centre)

    def hvp(self, p: Any, v: Any) -> Any:
        return self.curvature * v


@dataclass(frozen=True)
class Slope:
    """The plane f(p) = s p: the same gradient everywhere. s = 0 is flat ground."""

    slope: Array

    def loss(self, p: Any) -> Any:
        return np.sum(self.slope * p)

    def grad(self, p: Any) -> Any:
        return np.broadcast_to(self.slope, np.shape(p)).copy()

    def hvp(self, p: Any, v: Any) -> Any:
        return 0.0 * v


class Valley:
    """Rosenbrock's valley (1960) in two dimensions, f(p) = 100 (p_2 - p_1^2)^2 + (1 - p_1)^2."""

    def loss(self, p: Any) -> Any:
        return 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2

    def grad(self, p: Any) -> Any:
        off = p[1] - p[0] ** 2
        return np.array([-400 * p[0] * off - 2 * (1 - p[0]), 200 * off])

    def hvp(self, p: Any, v: Any) -> Any:
        across = 1200 * p[0] ** 2 - 400 * p[1] + 2
        return np.array([across * v[0] - 400 * p[0] * v[1], -400 * p[0] * v[0] + 200 * v[1]])


BOWL = Bowl.of(DIM)
START = BOWL.centre + np.array([3.0, -2.0, 1.5, -2.5])


@problem(start=START)
def bowl(x: Any) -> Any:
    """The bowl, as a problem for the engine."""
    return BOWL.loss(x)


def initial(optimizer: Optimizer, x: Array) -> list[Array]:
    """[x, *state] before the first step; floats in the dtype of x, as the lab will have them."""
    values = [x.copy()]
    for first in memory(Rule(optimizer, optimizer.signature.choices), (x.shape,), x.copy()).values():
        value = np.array(first)
        values.append(value.astype(x.dtype) if value.dtype.kind == "f" else value)
    return values


def call(
    optimizer: Optimizer, ground: Landscape, values: Sequence[Any], g: Any, t: Any, /, **numbers: Any
) -> list[Any]:
    """Call the rule on [x, *state] with everything it asks for: the next [x, *state]."""
    x = values[0]
    offer = {
        "t": t,
        "steps": float(BUDGET),
        "f": ground.loss(x),
        "grad": ground.grad,
        "loss": ground.loss,
        "hvp": lambda v: ground.hvp(x, v),
        "rng": _noise(t),
    }
    supplied = {name: offer[name] for name in optimizer.signature.supplied}
    result = optimizer(x, g, *values[1:], **supplied, **numbers)
    result = list(result) if isinstance(result, tuple | list) else [result]
    if len(result) != len(values) or any(value is None for value in result):
        found = "None" if any(value is None for value in result) else f"{len(result)} values"
        wanted = ", ".join(names(optimizer))
        raise failed(optimizer, f"returns {found}", f"return {wanted}", "the state comes back in its order")
    return result


def _noise(t: Any) -> np.random.Generator:
    """The same numbers whenever a step is repeated."""
    return np.random.Generator(np.random.Philox(key=int(t)))


def update(optimizer: Optimizer, ground: Landscape, values: Sequence[Any], t: int, /, **numbers: Any) -> list[Any]:
    """One step, on copies, so that a rule that writes into its arguments fails one check instead of all."""
    copies = [np.array(value) for value in values]
    return call(optimizer, ground, copies, ground.grad(copies[0]), np.float64(t), **numbers)


def history(
    optimizer: Optimizer, ground: Landscape, start: Array, steps: int = STEPS, /, **numbers: Any
) -> list[list[Array]]:
    """[x, *state] before the first of some steps and after each."""
    states = [initial(optimizer, start)]
    for t in range(1, steps + 1):
        states.append([np.array(value) for value in update(optimizer, ground, states[-1], t, **numbers)])
    return states


def without_decay(optimizer: Optimizer) -> dict[str, float]:
    """The hyperparameters that let x decay where there is no slope, turned off."""
    signature = optimizer.signature
    decays = [name for name in signature.numbers if "decay" in name]
    return {name: 0.0 for name in decays if not signature.out_of_range(optimizer.name, name, 0.0)}


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


def step_graph(optimizer: Optimizer, schedule: Schedule | None = None) -> StepGraph:
    """One step of a rule on the bowl, as the lab traces it."""
    return build(Case(bowl, DIM, START), Rule(optimizer, {}, schedule, {}), BUDGET)


def traced(
    optimizer: Optimizer, x: Array, numbers: Mapping[str, Array], schedule: Schedule | None = None
) -> Iterator[list[Array]]:
    """[x, *state] of the traced rule before the first step and after each of `STEPS`; arrays end in the run axis."""
    graph = step_graph(optimizer, schedule)
    columns = [numbers[name] for _, name in graph.numbers]
    program = compile(graph.graph, graph.inputs([bool((c == c[0]).all()) for c in columns]), x.shape[1])
    count = 1 + len(optimizer.signature.state)
    values, t = program.inputs[:count], program.inputs[count]
    settings = program.inputs[graph.first_number :][: len(columns)]
    drawn = program.inputs[len(program.inputs) - len(graph.draws) :]
    for buffer, column in zip(settings, columns, strict=True):
        buffer[...] = column if buffer.shape else column[0]
    runs = [initial(optimizer, start) for start in x.T]
    for buffer, first in zip(values, zip(*runs, strict=True), strict=True):
        buffer[...] = np.stack(first, axis=-1)
    program.prepare()
    yield [value.copy() for value in values]
    for step in range(1, STEPS + 1):
        t[...] = step
        noise = _noise(step)
        for draw, buffer in zip(graph.draws, drawn, strict=True):
            buffer[...] = np.asarray(getattr(noise, draw.kind)(draw.shape))[..., None]
        program.step()
        yield [value.copy() for value in values]
