"""What an optimizer is: a named update rule, seen by the lab through its signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from optlab import signature
from optlab.signature import Signature

SUPPLIES = ("t", "steps", "f", "grad", "loss", "hvp")
"""What an update rule may ask the lab for: `t` the 1-based step, `steps` the horizon, `f` the loss at x,
`grad(p)` and `loss(p)` the same minibatch's gradient and loss at another point p, `hvp(v)` the Hessian at x
times v."""

RESERVED = ("name", "label", "schedule", "x", "g", *SUPPLIES)


@dataclass(frozen=True, eq=False)
class Optimizer:
    """An update rule and what its signature says. Calling it calls the rule, with plain numbers or arrays.

    >>> @optimizer
    ... def momentum(x, g, b=0.0, *, lr=0.01, beta=0.9):
    ...     '''Heavy ball (Polyak, 1964).'''
    ...     b = beta * b + g
    ...     return x - lr * b, b
    >>> momentum(1.0, 2.0, 0.0, lr=0.1, beta=0.9)
    (0.8, 2.0)
    >>> momentum.name, dict(momentum.signature.state), dict(momentum.signature.options)
    ('momentum', {'b': 0.0}, {'lr': 0.01, 'beta': 0.9})
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    signature: Signature = field(repr=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def optimizer(function: Callable[..., Any]) -> Optimizer:
    """Declare an update rule: `x, g` and the state in, `x` and the state out (see `optlab.signature`).

    Raises `PluginError` where the signature does not fit the grammar.
    """
    return Optimizer(
        name=function.__name__,
        function=function,
        signature=signature.read(
            function,
            kind="optimizer",
            given=("x", "g"),
            supplies=SUPPLIES,
            may_hold_state=True,
            reserved=RESERVED,
        ),
    )
