"""An update rule on its own, as a graph: one step for a vector of two parameters, whatever the objective."""

from __future__ import annotations

from typing import Any

import numpy as np

from optlab.drawing import Drawing
from optlab.engine.draw import draw
from optlab.engine.graph import Graph
from optlab.engine.trace import trace
from optlab.engine.tracer import Builder, Tracer
from optlab.optimizers.base import Optimizer
from optlab.step import initial_state

DIM = 2


def rule_graph(optimizer: Optimizer) -> Graph:
    """(x, g, *state, what the rule asks for, *hyperparameters) -> (next x, *next state); choices have their defaults.

    Losses, gradients and Hessian products that the rule asks for at points of its own are inputs too.

    >>> from optlab.optimizers.gd import gd
    >>> print(rule_graph(gd))
    graph(x: f64[2], g: f64[2], lr: f64[])
      a: f64[2] = multiply(lr, g)
      b: f64[2] = subtract(x, a)
      return b
    """
    builder = Builder()

    def vector(name: str) -> Tracer:
        return builder.input((DIM,), np.float64, name)

    def single(name: str) -> Tracer:
        return builder.input((), np.float64, name)

    read = optimizer.signature
    x, g = vector("x"), vector("g")
    initial = trace(lambda x: initial_state(optimizer, x, {}), np.empty(DIM))
    state = [builder.input(v.shape, v.dtype, name) for v, name in zip(initial.outputs, read.state, strict=True)]
    asked: dict[str, Any] = {
        "grad": lambda p: vector("grad(p)"),
        "loss": lambda p: single("loss(p)"),
        "hvp": lambda v: vector("hvp(v)"),
    }
    supplied = {name: asked.get(name) or single(name) for name in read.supplied}
    numbers = {name: single(name) for name in read.numbers}
    result = optimizer.function(x, g, *state, **supplied, **numbers, **read.choices)
    return builder.finish(result if isinstance(result, tuple | list) else [result])


def draw_rule(optimizer: Optimizer) -> Drawing:
    """The picture of an update rule: x, the gradient g, states and hyperparameters in, x and states out."""
    outputs = ("x", *optimizer.signature.state)
    return draw(rule_graph(optimizer), outputs=outputs, title=optimizer.name)
