"""Which nodes are computed together: arithmetic on entries of one shape, entry after entry in one loop nest."""

from __future__ import annotations

from collections.abc import Sequence

from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Shape, Var

Group = tuple[Node, ...]


def grouped(graph: Graph) -> list[Group]:
    """The nodes in an order in which they can be computed: groups of arithmetic of one shape, and single other nodes.

    A group is open for further nodes until a node outside it needs one of its values. So open groups do not depend on
    each other.
    """
    done: list[Group] = []
    open_groups: dict[Shape, list[Node]] = {}
    place: dict[Var, Shape] = {}

    def close(shape: Shape) -> None:
        nodes = open_groups.pop(shape)
        for node in nodes:
            del place[node.output]
        done.append(tuple(nodes))

    for node in graph.nodes:
        shape, joins = node.output.shape, is_arithmetic(node)
        for var in node.inputs:
            if var in place and not (joins and place[var] == shape):
                close(place[var])
        if joins:
            open_groups.setdefault(shape, []).append(node)
            place[node.output] = shape
        else:
            done.append((node,))
    for shape in list(open_groups):
        close(shape)
    return done


def is_arithmetic(node: Node) -> bool:
    """Whether a node computes each entry from one entry of each input. A change of the type is no computation."""
    return node.op.kind == "elementwise" and node.op.name != "astype"


def from_outside(group: Sequence[Node]) -> list[Var]:
    """The values that a group reads, each once."""
    inside = {node.output for node in group}
    return list(dict.fromkeys(var for node in group for var in node.inputs if var not in inside))


def used_outside(group: Sequence[Node], graph: Graph) -> list[Var]:
    """The values of a group that other nodes or the caller need."""
    inside = set(group)
    needed = {var for node in graph.nodes if node not in inside for var in node.inputs} | set(graph.outputs)
    return [node.output for node in group if node.output in needed]
