"""Chooses the form of a graph: one expression per entry, or loops over the entries.

The choice depends on the graph alone. The last bits of the two forms differ, and a run's numbers must not depend on the
other runs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from optlab.engine.graph import Graph
from optlab.engine.native.array_ir import MOST, rolled_up
from optlab.engine.native.ir import Expressions, Unsupported
from optlab.engine.native.scalar_ir import LIMIT, TooLong, written_out
from optlab.engine.native.sorting import BY_ORDER, EACH
from optlab.engine.nodes import Node
from optlab.engine.passes import prune

LONG = 500
"""Loops are considered for more operations on single numbers than this."""

SHORTER = 4
"""Loops are used only if they have fewer expressions than written-out code by this factor."""

OVERLAP = 2
"""The largest accepted factor of additional operations in loops, which may compute overlapping slices several times."""

MARGIN = 1.5
"""A graph with more than MARGIN * LIMIT operations is not written out: simplification would not remove enough."""


def lowered(graph: Graph, counter: int | None, carried: Sequence[int]) -> Expressions:
    """A graph (loss, *carried, *extra) as expressions. Extra outputs, single numbers, change no bit of the others.

    Args:
        graph: the computation of one run, optimised.
        counter: the position of the input that is the number of the step, 1, 2, 3, ..., if there is one.
        carried: the positions of the inputs that change between steps otherwise.

    Raises:
        Unsupported: the graph is too large, or has an operation or a type without a rule.
    """
    own = prune(replace(graph, outputs=graph.outputs[: 1 + len(carried)]))
    size, why = sum(map(_operations, own.nodes)), ""
    if size > LONG:
        try:
            rolled = rolled_up(graph, counter, carried, min(MOST, size // 2))
            if len(rolled.needed) * SHORTER < size and rolled.work < OVERLAP * size:
                return rolled
            why = "loops would do more operations than that"
        except Unsupported as reason:
            why = str(reason)
    if size < MARGIN * LIMIT:
        try:
            return written_out(graph, counter, carried)
        except TooLong:
            pass
    raise Unsupported(f"it has more than {LIMIT:,} operations on single numbers, and {why}")


def _operations(node: Node) -> int:
    """The approximate number of operations on single numbers of a node."""
    if node.op.kind == "matmul":
        return math.prod(node.output.shape) * node.inputs[0].shape[-1]
    if node.op.name in BY_ORDER:
        return EACH * math.prod(node.inputs[-1].shape) * node.inputs[0].shape[-1]
    if node.op.kind in ("elementwise", "reduce"):
        return math.prod((node.output if node.op.kind == "elementwise" else node.inputs[0]).shape)
    return 0
