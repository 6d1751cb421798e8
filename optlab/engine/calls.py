"""A call of a function, traced: the graph of its value, and the graphs of its forward and reverse derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from optlab.engine import pytree
from optlab.engine import vjp as reverse
from optlab.engine.arguments import arrays, floats, position
from optlab.engine.graph import Graph
from optlab.engine.passes import optimise
from optlab.engine.ties import decided
from optlab.engine.trace import defined_at, names_of, record
from optlab.engine.tracer import Tracer
from optlab.errors import TraceError

Function = Callable[..., Any]
Argument = int | tuple[int, ...]


@dataclass(frozen=True)
class Call:
    """A traced call of a function, and the arguments to differentiate with respect to.

    `values` are the inputs of the graph. `chosen` is the requested argument, or a tuple of arguments, and `wrt` holds
    the positions of its leaves among the inputs of the graph. `result` has the form of the value.
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
        counts = [len(list(pytree.leaves(a))) for a in args]
        wrt = tuple(sum(counts[:i]) + j for i in positions for j in range(counts[i]))
        chosen = tuple(args[i] for i in positions) if several else args[positions[0]]
        values = [leaf for a in args for _, leaf in pytree.leaves(a)]
        return Call(f, recording.graph, [*values, *recording.captured], wrt, chosen, recording.result)

    def must_be_a_number(self) -> None:
        """Raise `TraceError` if the value is not a single number, because only then a gradient exists."""
        if pytree.is_tree(self.result) or self.graph.outputs[0].shape != ():
            several = pytree.is_tree(self.result)
            found = "several values" if several else f"an array of shape {self.graph.outputs[0].shape}"
            what = "a gradient needs a single number (np.sum adds them up)"
            raise TraceError(f"{defined_at(self.function)}: {names_of(self.function)} returns {found}; {what}")

    def pullback(self) -> Graph:
        """The graph of (*values, w) -> w' J."""
        return reverse.pullback(self._decided(), self.wrt)

    def pushforward(self) -> Graph:
        """The graph of (*values, v) -> J v."""
        return reverse.jvp(self._decided(), self.wrt)

    def _decided(self) -> Graph:
        return decided(optimise(self.graph), self.wrt)


def evaluate(graph: Graph, values: list[Any]) -> list[Any]:
    """The outputs of a graph for these values. If a value is traced, the graph is inlined into the innermost trace."""
    traced = [v for v in values if isinstance(v, Tracer)]
    if traced:
        return max((t.builder for t in traced), key=lambda b: b.age).inline(graph, values)
    return [out.copy()[()] for out in graph(*values)]  # the copy protects inputs and constants
