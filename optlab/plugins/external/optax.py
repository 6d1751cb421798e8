"""Optimizers of optax, on the parameter tensors of a problem.

An update is compiled once for all learning rates, and again if any other option changes.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax

from optlab.plugins.external import jax_callbacks
from optlab.plugins.external.base import Arguments, Array, Foreign, Look, Shapes, Step, described, options
from optlab.plugins.signature import Signature
from optlab.plugins.tensors import split

WHAT = "optax:NAME is a function of optax that takes a learning rate and returns an optimizer"
NOT_OFFERED = ("learning_rate", "mask", "weight_decay_mask", "trust_ratio_mask", "key", "seed")
RATE = 1e-3
"""The default learning rate, since optax has none."""
RATES = {"lbfgs": 1.0}
"""Other default learning rates: here, the first step size of the line search."""
KEYED = ("noisy_sgd",)
"""Optimizers that need a random key. They get the key that is optax's default."""
INSTEAD = {"optimistic_adam": "it is deprecated in optax; write optax:optimistic_adam_v2"}
"""Optimizers that are not available, and what to write instead."""


def names() -> list[str]:
    """The public optimizers of this version of optax."""
    return [name for name, value in vars(optax).items() if _is_optimizer(name, value) and name not in INSTEAD]


def _is_optimizer(name: str, value: Any) -> bool:
    if not inspect.isfunction(value) or name.startswith(("_", "scale_by")):
        return False
    return "learning_rate" in inspect.signature(value).parameters


def searches(name: str) -> bool:
    """Whether an optimizer has a line search, which needs more losses and gradients within an update."""
    return "linesearch" in inspect.signature(getattr(optax, name)).parameters


def optimizer(name: str) -> Foreign:
    """An optimizer by its name in optax. Its learning rate is called lr, as in all rules of optlab."""
    read = options(inspect.signature(getattr(optax, name)).parameters.values(), NOT_OFFERED)
    read = Signature(read.state, {"lr": RATES.get(name, RATE), **read.numbers}, read.choices, read.supplied)
    return described("optax", name, read, ("optax", "jax"), begin=functools.partial(_begin, name))


def _begin(name: str, start: Array, tensors: Shapes, arguments: Arguments) -> Step:
    rate, others = arguments["lr"], tuple((key, value) for key, value in arguments.items() if key != "lr")
    with jax.enable_x64(True):
        make, update = _compiled(name, others)
        x = tuple(map(jax.numpy.asarray, split(start, tensors)))
        state = make(rate).init(x)

    def flat() -> Array:
        return np.concatenate([np.asarray(part).reshape(-1) for part in x])

    def step(look: Look, factor: float) -> Array:
        nonlocal x, state
        loss, g = look(flat())
        with jax.enable_x64(True):
            gradient = tuple(split(g, tensors))
            if not searches(name):
                x, state = update(rate * factor, gradient, state, x, loss, 0)
            else:
                with jax_callbacks.given_by(look) as ticket:
                    x, state = jax.block_until_ready(update(rate * factor, gradient, state, x, loss, ticket))
        return flat()

    return step


@functools.lru_cache(256)
def _compiled(name: str, others: tuple[tuple[str, Any], ...]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two functions: from a learning rate to the optimizer, and one compiled update of x and the state."""

    key = {"key": 0} if name in KEYED else {}

    def make(rate: Any) -> Any:
        return optax.with_extra_args_support(getattr(optax, name)(learning_rate=rate, **key, **dict(others)))

    @jax.jit
    def update(rate: Any, g: Any, state: Any, x: Any, loss: Any, ticket: Any) -> Any:
        more = {"value_fn": jax_callbacks.value_function(ticket)} if searches(name) else {}
        updates, state = make(rate).update(g, state, x, value=loss, grad=g, **more)
        return optax.apply_updates(x, updates), state

    return make, update
