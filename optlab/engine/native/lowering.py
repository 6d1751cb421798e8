"""Which of two forms a graph gets: written out entry by entry, or rolled up into loops over the entries.

The graph alone decides: the last bits differ, and a run's numbers must not depend on its company.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from optlab.engine.graph import Graph, Node
from optlab.engine.native.expressions import Expressions, Unsupported
from optlab.engine.native.ordering import BY_ORDER, EACH
from optlab.engine.native.rolled import MOST, rolled_up
from optlab.engine.native.scalars import LIMIT, TooLong, written_out

LONG = 500
"""Operations on single numbers from which it pays to have loops."""

SHORTER = 4
"""So many times fewer expressions there are to be in loops."""

OVERLAP = 2
"""So many times the operations may be done in loops, where slices of the same are computed more than once."""

MARGIN = 1.5
"""A graph of so many times the operations that can be written out is not tried: few of them are simplified away."""


def lowered(graph: Graph, counter: int | None, carried: Sequence[int]) -> Expressions:
    """A graph as expressions.

    Args:
        graph: the computation of one run, optimised.
        counter: the position of the input that is the number of the step, 1, 2, 3, ..., if there is one.
        carried: the positions of the inputs that change between steps otherwise.

    Raises:
        Unsupported: the graph is too large, or has an operation or a type without a rule.
    """
    size, why = sum(map(_operations, graph.nodes)), ""
    if size > LONG:
        try:
            rolled = rolled_up(graph, counter, carried, min(MOST, size // 2))
            if len(rolled.needed) * SHORTER < size and rolled.work < OVERLAP * size:
                return rolled
            why = "loops would do more than that"
        except Unsupported as reason:
            why = str(reason)
    if size < MARGIN * LIMIT:
        try:
            return written_out(graph, counter, carried)
        except TooLong:
            pass
    raise Unsupported(f"it has more than {LIMIT:,} operations on single numbers, and {why}")


def _operations(node: Node) -> int:
    """Operations on single numbers that a node is, about."""
    if node.op.kind == "matmul":
        return math.prod(node.output.shape) * node.inputs[0].shape[-1]
    if node.op.name in BY_ORDER:
        return EACH * math.prod(node.inputs[-1].shape) * node.inputs[0].shape[-1]
    if node.op.kind in ("elementwise", "reduce"):
        return math.prod((node.output if node.op.kind == "elementwise" else node.inputs[0]).shape)
    return 0
