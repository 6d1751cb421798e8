"""Where a cotangent of 0 may become NaN on its way back, so that a mask has to go with it.

A choice (`where`, `maximum`, an index) sends a cotangent of 0 to what it does not take. The rules further back multiply
it by slopes, and 0 times an infinite slope is NaN. `vjp.py` prevents that with masks, which cost operations. So they
are carried only where something further back is not safe:

    steep    a slope may be infinite or NaN at operands of usual size: log, sqrt, a quotient, exp(800)
    large    a slope is infinite only where an operand is: x * y, sin(x)
    kinked   all slopes are finite, but there is no second derivative at a kink: abs, maximum

Values that are not taken can be large, so a choice between values guards both. An index takes the same entries
whatever the values are, and guards what is steep. A product of matrices ends what is large: guards would cost as much
as the product. An operation that is not named here counts as steep.

What is only kinked, or what an index leaves of what is large, gets a light mask: it is heeded by second derivatives
alone, and costs nothing where there are none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optlab.engine.graph import Graph, Node, Var

_MOVING_KINDS = frozenset(["view", "place", "take", "add_at", "reduce"])
_MOVING = frozenset(
    [
        *("add", "subtract", "negative", "astype", "take_along", "add_along"),
        *("gap", "positive_zero", "detach", "corner"),
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

_KINKED = frozenset(["absolute", "hypot", "maximum", "minimum", "max", "min", "corner"])
"""Their rules have no derivative of their own at a kink."""

_PICKING = frozenset(["getitem", "take", "take_along"])
"""Choices of entries by their place."""


@dataclass(frozen=True)
class Hazards:
    """The values that depend on something steep, on something large, or on something kinked, and the nodes whose rules
    turn a cotangent of 0 into 0 whatever the values of their inputs are."""

    steep: frozenset[Var]
    large: frozenset[Var]
    kinked: frozenset[Var]
    harmless: frozenset[Node]

    @staticmethod
    def of(graph: Graph) -> Hazards:
        steep, large, kinked, harmless = set[Var](), set[Var](), set[Var](), set[Node]()
        for node in graph.nodes:
            if node.output.dtype.kind == "f":
                kind = _kind(node, graph)
                if kind == "harmless":
                    harmless.add(node)
                if kind == "steep" or not steep.isdisjoint(node.inputs):
                    steep.add(node.output)
                if kind == "large" or not (is_matrix_product(node) or large.isdisjoint(node.inputs)):
                    large.add(node.output)
                if node.op.name in _KINKED or not kinked.isdisjoint(node.inputs):
                    kinked.add(node.output)
        return Hazards(frozenset(steep), frozenset(large), frozenset(kinked), frozenset(harmless))

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
        return node.op.name in _PICKING and (var in self.steep or var in self.kinked)

    def need_light_mask(self, node: Node, var: Var) -> bool:
        """Whether the mask that a choice makes is for second derivatives alone."""
        return not (self.infinite(var) if node.op.taken else var in self.steep)

    def are_silent(self, node: Node) -> bool:
        """Whether a rule turns a cotangent of 0 into 0, and in the second derivative too."""
        return node in self.harmless and node.op.name not in _KINKED


def _kind(node: Node, graph: Graph) -> str:
    name = node.op.name
    if node.op.kind in _MOVING_KINDS or name in _MOVING or is_matrix_product(node):
        return "" if is_matrix_product(node) else "harmless"
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
