"""How the inputs of a graph are fed, and the kind of every value that follows from it.

SHARED    independent of the runs: the step number, data. Computed once per step.
UNIFORM   the same for all runs of this sweep, but not in general: a hyperparameter that is not swept. Computed once
          per step too, except that reductions and products are computed per run. So a run's numbers do not depend on
          the other runs, not even in the last bit.
RUN       differs between runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Var

SHARED, UNIFORM, RUN = range(3)


@dataclass(frozen=True)
class Input:
    """How an input of the graph is fed: its kind, whether it changes between steps, and, if it is carried, the number
    of the output that is its value in the next step."""

    kind: int = RUN
    changes: bool = True
    carry: int | None = None


def kinds(graph: Graph, inputs: tuple[Input, ...]) -> tuple[dict[Var, int], dict[Var, bool]]:
    """The kind of every value, and whether it changes between steps."""
    found = dict.fromkeys(graph.constants, SHARED)
    changes = dict.fromkeys(graph.constants, False)
    for var, given in zip(graph.inputs, inputs, strict=True):
        found[var], changes[var] = given.kind, given.changes
    for node in graph.nodes:
        kind = max((found[v] for v in node.inputs), default=SHARED)
        per_run = node.op.kind in ("reduce", "matmul", "add_at") and kind == UNIFORM
        found[node.output] = RUN if per_run else kind
        changes[node.output] = any(changes[v] for v in node.inputs)
    return found, changes


def gathers(node: Node, kinds: Mapping[Var, int]) -> bool:
    """Whether a node takes rows by an index that differs between runs."""
    return node.op.kind == "take" and kinds[node.inputs[1]] == RUN
