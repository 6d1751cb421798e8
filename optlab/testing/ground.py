"""The test functions for rules, and direct calls of a rule on them, with plain NumPy."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from optlab.errors import counted
from optlab.execution.records import Case, FixedPoint
from optlab.execution.rule import Rule, initial_states
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.problems.base import problem
from optlab.testing.landscapes import Array, Bowl, Objective, Plane
from optlab.testing.wrapped_descent import WrappedDescent

DIM, RUNS, STEPS = 4, 7, 6
BUDGET = 200
"""The number of steps of the longest runs."""


class Failed(AssertionError):
    """An optimizer fails a check."""


class Advised(Failed):
    """A possible improvement of an optimizer that may be right. It is a failure only in a strict suite."""


class Skipped(Exception):
    """A check cannot be made, or does not apply. The text is the reason."""


class ByDesign(Skipped):
    """A check would fail, but the rule is right. The text is the reason."""


def by_design(name: str) -> str:
    """The end of the hint of a check that a correct rule may fail."""
    return f' (a rule that does this by design declares exempt={{"{name}": "why"}})'


def failed(optimizer: Optimizer, observed: str, expected: str, hint: str) -> Failed:
    """The error of a check: what was observed, what was expected, and a hint."""
    return Failed(f"{optimizer.name} {observed}\n  expected: {expected}\n  hint: {hint}")


def advised(optimizer: Optimizer, observed: str, expected: str, hint: str) -> Advised:
    """The same as `failed`, as advice."""
    return Advised(*failed(optimizer, observed, expected, hint).args)


@dataclass(frozen=True)
class OneTensor(Case):
    """A case whose x is one tensor, such as the weights of a layer."""

    shape: tuple[int, ...] = ()

    @property
    def tensors(self) -> tuple[tuple[int, ...], ...]:
        return (self.shape,)


@dataclass(frozen=True)
class Ground:
    """A test function for a rule: a bowl, and a start in the shape of x."""

    bowl: Bowl
    start: Array

    @staticmethod
    def of(shape: tuple[int, ...], dtype: Any = np.float64) -> Ground:
        bowl = Bowl.of(shape, dtype)
        return Ground(bowl, bowl.centre + np.resize(np.array([3.0, -2.0, 1.5, -2.5], dtype), shape))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.start.shape

    @property
    def flat(self) -> Plane:
        """A constant function of the same x: all gradients are zero."""
        return Plane(np.zeros(self.shape))

    @functools.cached_property
    def case(self) -> Case:
        """The bowl as a case for the engine, with a flat x."""
        flat_bowl = self.bowl.reshaped((-1,))

        @problem(start=self.start.reshape(-1))
        def bowl(x: Any) -> Any:
            """The bowl, as a problem for the engine."""
            return flat_bowl.loss(x)

        precision = str(self.start.dtype)
        return OneTensor(
            bowl, self.start.size, FixedPoint(self.start.reshape(-1)), precision=precision, shape=self.shape
        )


SHAPES = ((DIM,), (2, 3))
GROUNDS = {dtype: tuple(Ground.of(shape, dtype) for shape in SHAPES) for dtype in ("float64", "float32")}
VECTOR, MATRIX = GROUNDS["float64"]
BOWL, START = VECTOR.bowl, VECTOR.start


def grounds(optimizer: Optimizer, dtype: str = "float64") -> tuple[Ground, ...]:
    """The test functions for a rule: of a vector, and for rules for tensors also of a matrix."""
    return GROUNDS[dtype] if optimizer.per == "tensor" else GROUNDS[dtype][:1]


def initial(optimizer: Optimizer, x: Array, options: Mapping[str, Any] = MappingProxyType({})) -> list[Array]:
    """[x, *state] before the first step. Floats have the dtype of x, as in a sweep."""
    values = [x.copy()]
    choices = {name: options.get(name, default) for name, default in optimizer.signature.choices.items()}
    for first in initial_states(Rule(optimizer, choices), (x.shape,), x.copy()).values():
        value = np.array(first)
        values.append(value.astype(x.dtype) if value.dtype.kind == "f" else value)
    return values


def call(
    optimizer: Optimizer, ground: Objective, values: Sequence[Any], g: Any, t: Any, /, **numbers: Any
) -> list[Any]:
    """Call the rule on [x, *state], with the supplied arguments of its signature. Returns the next [x, *state]."""
    x = values[0]
    offer = {
        "t": t,
        "steps": float(BUDGET),
        "f": ground.loss(x),
        "grad": ground.grad,
        "loss": ground.loss,
        "hvp": lambda v: ground.hvp(x, v),
        "rng": noise(t),
    }
    supplied = {name: offer[name] for name in optimizer.signature.supplied}
    try:
        result = optimizer(x, g, *values[1:], **supplied, **numbers)
    except np.linalg.LinAlgError:  # a traced inverse or root that does not exist is NaN
        return [np.full_like(value, np.nan) for value in values]
    result = list(result) if isinstance(result, tuple | list) else [result]
    if len(result) != len(values) or any(value is None for value in result):
        found = counted(len(result), "value")
        found = "None" if any(value is None for value in result) else found
        wanted = ", ".join(returned_names(optimizer))
        hint = "return x and all states, in the order of the signature"
        if not optimizer.signature.options:
            hint = f"arguments before a * are states: is the * missing, as in (x, g, *, {names(optimizer)[-1]}=...)?"
        raise failed(optimizer, f"returns {found}", f"return {wanted}", hint)
    return result


def noise(t: Any) -> np.random.Generator:
    """A random generator that depends on the step only, so that a repeated step draws the same numbers."""
    return np.random.Generator(np.random.Philox(key=int(t)))


def update(optimizer: Optimizer, ground: Objective, values: Sequence[Any], t: int, /, **numbers: Any) -> list[Any]:
    """One step, on copies, so that a rule that writes into its arguments fails one check instead of all."""
    copies = [np.array(value) for value in values]
    return call(optimizer, ground, copies, ground.grad(copies[0]), np.float64(t), **numbers)


def history(
    optimizer: Optimizer, ground: Objective, start: Array, steps: int = STEPS, /, **numbers: Any
) -> list[list[Array]]:
    """[x, *state] before the first step and after each step."""
    states = [initial(optimizer, start, numbers)]
    for t in range(1, steps + 1):
        states.append([np.array(value) for value in update(optimizer, ground, states[-1], t, **numbers)])
    return states


def without_decay(optimizer: Optimizer) -> dict[str, float]:
    """Weight decay and similar hyperparameters, set to 0 where their range allows it."""
    signature = optimizer.signature
    decays = [name for name in signature.numbers if "decay" in name]
    return {name: 0.0 for name in decays if not signature.out_of_range(optimizer.name, name, 0.0)}


def bases(optimizer: Optimizer) -> Iterator[dict[str, Any]]:
    """Options that make states and hyperparameters have an effect.

    They are the defaults; nonzero values for all that are 0; an lr that makes x oscillate; each boolean inverted.
    """
    signature = optimizer.signature
    yield {}
    yield {
        name: 0.1
        for name, default in signature.numbers.items()
        if default == 0 and not signature.out_of_range(optimizer.name, name, 0.1)
    }
    if "lr" in signature.numbers:
        yield {"lr": 1000 * signature.numbers["lr"]}
    for name, default in signature.choices.items():
        if isinstance(default, bool):
            yield {name: not default}


def returned_names(optimizer: Optimizer) -> list[str]:
    """The names of the values that the function of a rule, a transform or a schedule returns."""
    first = optimizer.returns if isinstance(optimizer, WrappedDescent) else "x"
    return [first, *optimizer.signature.state]


def names(optimizer: Optimizer) -> list[str]:
    return ["x", *optimizer.signature.state]


def same(a: Any, b: Any) -> bool:
    """Whether two arrays are equal; any two NaN are equal."""
    return np.array_equal(a, b, equal_nan=True)
