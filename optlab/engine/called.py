"""A function at some arguments, as graphs: its value, and what is carried back and forward through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine import trees
from optlab.engine import vjp as reverse
from optlab.engine.arguments import arrays, floats, position
from optlab.engine.graph import Graph
from optlab.engine.passes import optimise
from optlab.engine.trace import defined_at, names_of, record
from optlab.engine.tracer import Tracer
from optlab.errors import TraceError

Function = Callable[..., Any]
Argument = int | tuple[int, ...]


@dataclass(frozen=True)
class Call:
    """A function at some arguments: its graph, and what of it is differentiated.

    `values` feed the graph. `chosen` is the argument that was asked for, or a tuple of them, and `wrt` has the
    positions of its leaves among the graph's inputs. `result` has the form of the value.
    """

    function: Function
    graph: Graph
    values: list[Any]
    wrt: tuple[int, ...]
    chosen: Any
    result: Any

    @staticmethod
    def of(f: Function, argument: Argument, args: Sequence[Any], kwargs: dict[str, Any]) -> Call:
        several = isinstance(argument, tuple)
        positions = [position(f, i, len(args)) for i in (argument if several else (argument,))]
        args = [floats(a) if i in positions else arrays(a) for i, a in enumerate(args)]
        recording = record(f, args, kwargs)
        counts = [len(list(trees.leaves(a))) for a in args]
        wrt = tuple(sum(counts[:i]) + j for i in positions for j in range(counts[i]))
        chosen = tuple(args[i] for i in positions) if several else args[positions[0]]
        values = [leaf for a in args for _, leaf in trees.leaves(a)]
        return Call(f, recording.graph, [*values, *recording.captured], wrt, chosen, recording.result)

    def must_be_a_number(self) -> None:
        """Refuse a function that has no gradient, since its value is not a single number."""
        if trees.is_tree(self.result) or self.graph.outputs[0].shape != ():
            several = trees.is_tree(self.result)
            found = "several values" if several else f"an array of shape {self.graph.outputs[0].shape}"
            what = "a gradient is of a single number (np.sum adds them up)"
            raise TraceError(f"{defined_at(self.function)}: {names_of(self.function)} returns {found}; {what}")

    def pullback(self) -> Graph:
        """(*values, w) -> w' J."""
        graph = reverse.vjp(optimise(self.graph), self.wrt)
        return optimise(_only(graph, graph.outputs[len(self.graph.outputs) :]))

    def pushforward(self) -> Graph:
        """(*values, v) -> J v."""
        back = self.pullback()
        first = len(self.graph.inputs)
        graph = reverse.vjp(back, range(first, len(back.inputs)))
        w = graph.inputs[first : len(back.inputs)]  # the product is linear in w: any w will do
        zeros = {var: np.zeros(var.shape, var.dtype) for var in w}
        inputs = graph.inputs[:first] + graph.inputs[len(back.inputs) :]
        products = graph.outputs[len(back.outputs) :]
        return optimise(Graph(inputs, graph.nodes, products, {**graph.constants, **zeros}))


def _only(graph: Graph, outputs: Any) -> Graph:
    return Graph(graph.inputs, graph.nodes, tuple(outputs), graph.constants)


def evaluate(graph: Graph, values: list[Any]) -> list[Any]:
    """Apply a graph to values, of which any may be traced."""
    traced = [v for v in values if isinstance(v, Tracer)]
    if traced:
        return max((t.builder for t in traced), key=lambda b: b.age).inline(graph, values)
    return [out.copy()[()] for out in graph(*values)]  # an output may be an input, or a constant
