"""How a graph is fed, and what follows from it for everything that is computed.

SHARED    no run has a part in it: the step number, data. Computed once per step.
UNIFORM   belongs to the runs, and happens to be the same for all: a hyperparameter that is not swept. Computed
          once per step too, except that reductions and products are done per run, so that a run's numbers
          do not depend, not even in the last bit, on the company it is in.
RUN       differs between runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from optlab.engine.graph import Graph, Node, Var

SHARED, UNIFORM, RUN = range(3)


@dataclass(frozen=True)
class Input:
    """How an input of the graph is fed: its kind, whether it changes between steps, and the output that becomes it
    in the next step, if any."""

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
