"""Where a cotangent of 0 may become NaN on its way back, so that a mask has to go with it.

A choice (`where`, `maximum`, an index) sends a cotangent of 0 to what it does not take. The rules further back multiply
it by slopes, and 0 times an infinite slope is NaN. `vjp.py` prevents that with masks, which cost operations. So they
are carried only where something further back is not safe:

    steep    a slope may be infinite or NaN at operands of usual size: log, sqrt, a quotient, exp(800)
    large    a slope is infinite only where an operand is: x * y, sin(x)
    kinked   all slopes are finite, but there is no second derivative at a kink: abs, maximum

Values that are not taken can be large, so a choice between values guards both. An index takes the same entries
whatever the values are, and guards what is steep, and what is large if its entries were computed one by one and joined,
as by `np.stack`, or sorted. An operation that is not named here counts as steep.

The product of a matrix with weights, which are an input or part of one, or are constant, does not count as large: in
networks such products alone lie behind an activation like relu, and guards would cost as much as the network. So two
leaks are left: such a product of a matrix that is infinite, though only sums and such products led to it; and an index
into an array that was computed as a whole, beside entries that are large: `(x**4)[1:]`.

What is only kinked, or what an index leaves of what is large, gets a light mask: it is heeded by second derivatives
alone, and costs nothing where there are none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optlab.engine.graph import Graph, Node, Var

_REARRANGING_KINDS = frozenset(["view", "place", "take"])
_MOVING_KINDS = _REARRANGING_KINDS | {"add_at", "reduce"}
_MOVING = frozenset(
    [
        *("add", "subtract", "negative", "astype", "take_along", "add_along"),
        *("gap", "positive_zero", "detach", "beside", "corner", "still"),
        *("relu", "maximum", "minimum", "clip", "where"),
    ]
)
"""Their rules move, share or select the cotangent, and multiply it by nothing."""

_LARGE = frozenset(
    [
        *(
            "matmul",
            "multiply",
            "square",
            "absolute",
            "hypot",
            "logaddexp",
            "sigmoid",
            "sinc",
            "sin",
            "cos",
            "tan",
            "tanh",
        ),
        *("arctan", "arcsinh", "slope_of_sigmoid", "one_minus_square", "over_cosh_square"),
    ]
)
"""All derivatives are finite wherever the operands are."""

_KINKED = frozenset(["absolute", "hypot", "maximum", "minimum", "max", "min", "corner", "still"])
"""Their rules have no derivative of their own at a kink."""

_PICKING = frozenset(["getitem", "take", "take_along"])
"""Choices of entries by their place."""


@dataclass(frozen=True)
class Hazards:
    """The values that depend on something steep, on something large, or on something kinked, those that are joined of
    parts or sorted, and the nodes whose rules turn a cotangent of 0 into 0 whatever the values of their inputs are."""

    steep: frozenset[Var]
    large: frozenset[Var]
    kinked: frozenset[Var]
    joined: frozenset[Var]
    harmless: frozenset[Node]

    @staticmethod
    def of(graph: Graph) -> Hazards:
        steep, large, kinked, joined, harmless = set[Var](), set[Var](), set[Var](), set[Var](), set[Node]()
        given = {*graph.inputs, *graph.constants}  # and what is merely rearranged of these
        for node in graph.nodes:
            if node.op.kind in _REARRANGING_KINDS and given.issuperset(node.inputs):
                given.add(node.output)
            moved = node.op.kind in ("view", "take") and not joined.isdisjoint(node.inputs)
            if node.op.kind == "place" or node.op.name == "take_along" or moved:
                joined.add(node.output)
            if node.output.dtype.kind == "f":
                kind = _kind(node, graph, given)
                if kind == "harmless":
                    harmless.add(node)
                if kind == "steep" or not steep.isdisjoint(node.inputs):
                    steep.add(node.output)
                if kind == "large" or not large.isdisjoint(node.inputs):
                    large.add(node.output)
                if node.op.name in _KINKED or not kinked.isdisjoint(node.inputs):
                    kinked.add(node.output)
        return Hazards(frozenset(steep), frozenset(large), frozenset(kinked), frozenset(joined), frozenset(harmless))

    def reach(self, var: Var) -> bool:
        """Whether a mask has to go with the cotangent of a value, where there is one."""
        return var in self.kinked or self.infinite(var)

    def infinite(self, var: Var) -> bool:
        """Whether a slope further back may be infinite."""
        return var in self.steep or var in self.large

    def need_mask(self, node: Node, var: Var) -> bool:
        """Whether a node is a choice that has to make a mask for one of its inputs."""
        if node.op.taken:
            return self.reach(var)
        return node.op.name in _PICKING and (var in self.kinked or self._spoils_neighbours(var))

    def need_light_mask(self, node: Node, var: Var) -> bool:
        """Whether the mask that a choice makes is for second derivatives alone."""
        return not (self.infinite(var) if node.op.taken else self._spoils_neighbours(var))

    def _spoils_neighbours(self, var: Var) -> bool:
        """Whether an entry that an index leaves may have an infinite slope."""
        return var in self.steep or (var in self.large and var in self.joined)

    def are_silent(self, node: Node) -> bool:
        """Whether a rule turns a cotangent of 0 into 0, and in the second derivative too."""
        return node in self.harmless and node.op.name not in _KINKED


def _kind(node: Node, graph: Graph, given: set[Var]) -> str:
    name = node.op.name
    if is_matrix_product(node):
        return "large" if given.isdisjoint(node.inputs) else ""
    if node.op.kind in _MOVING_KINDS or name in _MOVING:
        return "harmless"
    if name in ("multiply", "divide") and any(_is_number(v, graph) for v in node.inputs[name == "divide" :]):
        return "harmless"
    if name == "power" and node.inputs[1] in graph.constants:
        exponents = graph.constants[node.inputs[1]]
        return "large" if ((exponents >= 0) & (exponents == np.rint(exponents))).all() else "steep"
    return "large" if name in _LARGE else "steep"


def _is_number(var: Var, graph: Graph) -> bool:
    """Whether a value is a constant, and finite; as a divisor it is not 0."""
    return var in graph.constants and bool((np.isfinite(graph.constants[var]) & (graph.constants[var] != 0)).all())


def is_matrix_product(node: Node) -> bool:
    """Whether a node makes more of two matrices than the dot product of two vectors."""
    return node.op.name == "matmul" and node.output.shape[-2:] != (1, 1)
