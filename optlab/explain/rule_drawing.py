"""The graph of an update rule: one step for a vector of two parameters, independent of the objective."""

from __future__ import annotations

from optlab.engine.draw.circuit import draw
from optlab.engine.graph import Graph
from optlab.engine.passes import prune
from optlab.execution.rule import Rule
from optlab.explain.rule_graph import initial_graph, rule_of, traced
from optlab.markup.svg import Drawing
from optlab.plugins.optimizers.base import Optimizer

DIM = 2


def rule_graph(rule: Optimizer | Rule) -> Graph:
    """The graph (x, g, *state, *requested arguments such as t, *hyperparameters) -> (next x, *next state).

    The choices of an optimizer without a `Rule` have their defaults. Losses, gradients and Hessian products at points
    that the rule chooses are operations without an implementation.

    >>> from optlab.plugins.optimizers.gd import gd
    >>> print(rule_graph(gd))
    graph(x: f64[2], g: f64[2], lr: f64[])
      a: f64[2] = multiply(lr, g)
      b: f64[2] = subtract(x, a)
      return b
    """
    return _of(rule_of(rule))[0]


def draw_rule(rule: Optimizer | Rule) -> Drawing:
    """Draw an update rule: its inputs x, gradient g, states and hyperparameters, and its outputs x and states."""
    rule = rule_of(rule)
    graph, outputs = _of(rule)
    return draw(graph, outputs=tuple(outputs), title=rule.optimizer.name)


def _of(rule: Rule) -> tuple[Graph, list[str]]:
    """The graph of a rule with the names of its outputs. Unused inputs are removed, except x and the states."""
    graph, names = traced(rule, initial_graph(rule, (DIM,)), (DIM,))
    graph = prune(graph)
    used = {v for node in graph.nodes for v in node.inputs} | set(graph.outputs)
    inputs = tuple(v for v in graph.inputs if v in used or v.name in names)
    return Graph(inputs, graph.nodes, graph.outputs, graph.constants), names
