"""An update rule with its schedule and transforms as one graph. Losses and gradients are operations without an
implementation, so that the graph does not depend on an objective."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.nodes import Op
from optlab.engine.trace import trace
from optlab.engine.tracer import Builder, Tracer, unwrapped
from optlab.engine.vjp_rules import is_traced
from optlab.errors import PluginError
from optlab.execution.rule import Advance, Point, Rule, initial_states
from optlab.execution.traced_generator import TracedGenerator
from optlab.plugins import registry
from optlab.plugins.code_location import location
from optlab.plugins.optimizers.base import Optimizer


def rule_of(rule: Optimizer | Rule | str) -> Rule:
    """Convert an optimizer, or the name of one such as "adam", to a rule. Its choices have their defaults."""
    if isinstance(rule, str):
        rule = registry.load().rule(rule)
    return rule if isinstance(rule, Rule) else Rule(rule, rule.signature.choices)


def plain_names(names: Sequence[str]) -> dict[str, str]:
    """Shorten names such as `lookahead.slow` to their last part, if no other name has the same last part.

    >>> plain_names(["m", "lookahead.slow", "ema.fast", "average.fast"])
    {'m': 'm', 'lookahead.slow': 'slow', 'ema.fast': 'ema_fast', 'average.fast': 'average_fast'}
    """
    last = {name: name.rpartition(".")[2] for name in names}
    count = Counter(last.values())
    return {name: last[name] if count[last[name]] == 1 else name.replace(".", "_") for name in names}


def initial_graph(rule: Rule, shape: tuple[int, ...]) -> Graph:
    """The graph x -> state before the first step."""
    return trace(lambda x: list(initial_states(rule, (shape,), x).values()), np.empty(shape))


def traced(rule: Rule, initial: Graph, shape: tuple[int, ...]) -> tuple[Graph, list[str]]:
    """The graph (x, g, *state, t, steps, *numbers, *draws) -> (x, *state), and the names of its outputs."""
    builder = Builder()
    x, g = (builder.input(shape, np.float64, name) for name in ("x", "g"))
    states = list(initial_states(rule, (shape,), np.empty(shape)))
    numbers = [name for _, name in rule.numbers]
    shown = plain_names([*states, *numbers])
    state = [builder.input(v.shape, v.dtype, shown[n]) for v, n in zip(initial.outputs, states, strict=True)]
    t, steps = (builder.input((), np.float64, name) for name in ("t", "steps"))
    values = {key: builder.input((), np.float64, shown[key[1]]) for key in rule.numbers}
    loss, gradient, curvature = (
        _unknown(rule, x, name, result)
        for name, result in (("loss_at", ()), ("gradient_at", shape), ("hessian_times", shape))
    )

    def look(p: Any) -> Point:
        return Point(loss(p), g if p is x else gradient(p), curvature)

    offer = {"t": t, "steps": steps, "grad": gradient, "loss": loss, "rng": TracedGenerator(builder, x.dtype, [])}
    with unwrapped():
        result = Advance(rule, (shape,), state, values, look, offer)(x)
    return builder.finish(result), ["x", *(shown[name] for name in states)]


def _unknown(rule: Rule, x: Tracer, name: str, shape: tuple[int, ...]) -> Callable[[Any], Tracer]:
    """A function of points of the shape of x that only records an operation with this name."""
    op = Op(name, "unknown", lambda *_: None, lambda p: (shape, x.dtype))

    def of(p: Any) -> Tracer:
        if np.shape(p) != x.shape:
            where = f"{location(rule.optimizer.function)}: optimizer '{rule.optimizer.name}'"
            raise PluginError(
                f"{where} calls grad, loss or hvp with an array of shape {np.shape(p)}; "
                f"pass an array of the shape of x, {x.shape}"
            )
        return x.builder.emit(op, [p if is_traced(p) else p + 0.0 * x], {})

    return of
