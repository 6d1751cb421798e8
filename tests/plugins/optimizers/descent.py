"""Rules called directly as plain NumPy functions, on objectives with gradients by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import rosen, rosen_der, rosen_hess

from optlab.execution.rule import Rule, initial_states


@dataclass(frozen=True)
class Objective:
    """A function with its gradient and Hessian."""

    f: Callable[[Any], Any]
    grad: Callable[[Any], Any]
    hessian: Callable[[Any], Any]


ROSENBROCK = Objective(rosen, rosen_der, rosen_hess)
VALLEY = np.array([-1.2, 1.0])
"""The usual start of these tests."""


def quadratic(dim: int, condition: float, seed: int = 0) -> tuple[Objective, Any]:
    """1/2 (x - c)' A (x - c) with eigenvalues from 1 to `condition`, in a random rotation; and c."""
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    matrix = rotation * np.geomspace(1.0, condition, dim) @ rotation.T
    centre = rng.normal(size=dim)
    return (
        Objective(
            lambda x: (x - centre) @ matrix @ (x - centre) / 2, lambda x: matrix @ (x - centre), lambda x: matrix
        ),
        centre,
    )


def descend(rule: Any, objective: Objective, x: Any, steps: int, **options: Any) -> list[list[Any]]:
    """[x, *state] before the first step and after each."""
    choices = {**rule.signature.choices, **{k: v for k, v in options.items() if k in rule.signature.choices}}
    values = [np.array(x, dtype=float)]
    values += initial_states(Rule(rule, choices), (values[0].shape,), values[0]).values()
    history = [values]
    for t in range(1, steps + 1):
        x = values[0]
        offer = {
            "t": np.float64(t),
            "f": objective.f(x),
            "grad": objective.grad,
            "loss": objective.f,
            "hvp": lambda v, x=x: objective.hessian(x) @ v,
        }
        supplied = {name: offer[name] for name in rule.signature.supplied}
        result = rule(x, objective.grad(x), *values[1:], **supplied, **options)
        values = list(result) if isinstance(result, tuple) else [result]
        history.append(values)
    return history


def path(*args: Any, **options: Any) -> Any:
    """x before the first step and after each; see `descend`."""
    return np.array([values[0] for values in descend(*args, **options)])


def steps_until(reached: float, *args: Any, **options: Any) -> int:
    """The number of steps until the loss is at most a value; see `descend`. Raises if it never is."""
    objective = args[1]
    return next(t for t, x in enumerate(path(*args, **options)) if objective.f(x) <= reached)


def optax_path(transformation: Any, objective: Objective, x: Any, steps: int, **extra: Any) -> Any:
    """x before the first step and after each as optax has it, in float64. `extra` maps names to functions of x."""
    import jax
    import optax

    with jax.enable_x64(True):
        state, points = transformation.init(jax.numpy.asarray(x)), [np.asarray(x)]
        for _ in range(steps):
            given = {name: function(points[-1]) for name, function in extra.items()}
            x, g = jax.numpy.asarray(points[-1]), jax.numpy.asarray(objective.grad(points[-1]))
            updates, state = transformation.update(g, state, x, **given)
            points.append(np.asarray(optax.apply_updates(x, updates)))
    return np.array(points)
