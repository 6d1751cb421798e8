"""Which of two forms a graph gets: written out entry by entry, or rolled up into loops over the entries.

The graph alone decides: the last bits differ, and a run's numbers must not depend on its company.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from optlab.engine.graph import Graph
from optlab.engine.native.expressions import Expressions, Unsupported
from optlab.engine.native.rolled import MOST, rolled_up
from optlab.engine.native.scalars import LIMIT, written_out

LONG = 500
"""Operations on single numbers from which it pays to have loops."""

SHORTER = 4
"""So many times fewer expressions there are to be in loops."""


def lowered(graph: Graph, counter: int | None, carried: Sequence[int]) -> Expressions:
    """A graph as expressions.

    Args:
        graph: the computation of one run, optimised.
        counter: the position of the input that is the number of the step, 1, 2, 3, ..., if there is one.
        carried: the positions of the inputs that change between steps otherwise.

    Raises:
        Unsupported: the graph is too large, or has an operation or a type without a rule.
    """
    size, why = _operations(graph), "its slices overlap"
    if size > LONG:
        try:
            rolled = rolled_up(graph, counter, carried, min(MOST, size // 2))
            if len(rolled.needed) * SHORTER < size and rolled.work < 2 * size:
                return rolled
        except Unsupported as reason:
            why = str(reason)
    if size > 2 * LIMIT:
        raise Unsupported(f"it has more than {LIMIT:,} operations on single numbers, and {why}")
    return written_out(graph, counter, carried)


def _operations(graph: Graph) -> int:
    """Operations on single numbers, were they written out."""
    sizes = {"elementwise": lambda node: node.output, "reduce": lambda node: node.inputs[0]}
    return sum(math.prod(sizes[node.op.kind](node).shape) for node in graph.nodes if node.op.kind in sizes)
