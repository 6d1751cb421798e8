"""Find where a cotangent of 0 may become NaN in the backward pass, so that it needs a mask.

A choice (`where`, `maximum`, an index) passes a cotangent of 0 to values that it does not take. Later rules of the
backward pass multiply this cotangent by slopes, and 0 times an infinite slope is NaN. `vjp.py` prevents this with
masks. Masks cost operations, so a cotangent carries a mask only if the value depends on an operation of these kinds:

    steep    a slope may be infinite or NaN at operands of usual size: log, sqrt, a quotient, exp(800)
    large    a slope is infinite only where an operand is infinite: x * y, sin(x)
    kinked   all slopes are finite, but there is no second derivative at a kink: abs, maximum

Values that are not taken can be large, so a choice between values needs masks for steep and large. An index takes the
same entries for all values. It needs masks for steep, and for large only if the entries were computed separately and
joined, as by `np.stack`, or sorted. An operation that is not named here counts as steep.

A matrix product with weights (an input, a part of an input, or a constant) does not count as large. In networks, the
operand of an activation like relu depends only on such products, and masks would cost as much as the network. So two
cases can still give NaN: such a product of a matrix that is infinite, although it was computed by sums and such
products only; and an index into an array that was computed as a whole and has large entries that are not taken:
`(x**4)[1:]`.

Values that are only kinked, and large values under an index, get a light mask. Only second derivatives use a light
mask, and without second derivatives it costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Var

_REARRANGING_KINDS = frozenset(["view", "place", "take"])
_MOVING_KINDS = _REARRANGING_KINDS | {"add_at", "reduce"}
_MOVING = frozenset(
    [
        *("add", "subtract", "negative", "astype", "take_along", "add_along"),
        *("gap", "positive_zero", "detach", "tie_mark", "undefined_curvature", "zero_slope"),
        *("relu", "maximum", "minimum", "clip", "where"),
    ]
)
"""Operations whose rules move, share or select the cotangent without a multiplication."""

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
"""Operations whose derivatives are finite wherever the operands are finite."""

_KINKED = frozenset(["absolute", "hypot", "maximum", "minimum", "max", "min", "undefined_curvature", "zero_slope"])
"""Operations whose rules are not differentiable at a kink."""

_PICKING = frozenset(["getitem", "take", "take_along"])
"""Operations that select entries by position."""


@dataclass(frozen=True)
class Hazards:
    """The values that depend on steep, large or kinked operations, and the values that were joined from parts or
    sorted. `harmless` holds the nodes whose rules map a cotangent of 0 to 0 for all values of their inputs."""

    steep: frozenset[Var]
    large: frozenset[Var]
    kinked: frozenset[Var]
    joined: frozenset[Var]
    harmless: frozenset[Node]

    @staticmethod
    def of(graph: Graph) -> Hazards:
        steep, large, kinked, joined, harmless = set[Var](), set[Var](), set[Var](), set[Var](), set[Node]()
        given = {*graph.inputs, *graph.constants}  # extended by rearrangements of these
        for node in graph.nodes:
            if node.op.name == "lookup":  # data, without a derivative
                given.add(node.output)
                continue
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
        """Whether the cotangent of a value must keep its mask."""
        return var in self.kinked or self.infinite(var)

    def infinite(self, var: Var) -> bool:
        """Whether a slope of the operations that compute this value may be infinite."""
        return var in self.steep or var in self.large

    def need_mask(self, node: Node, var: Var) -> bool:
        """Whether a node is a choice that must create a mask for one of its inputs."""
        if node.op.taken:
            return self.reach(var)
        return node.op.name in _PICKING and (var in self.kinked or self._spoils_neighbours(var))

    def need_light_mask(self, node: Node, var: Var) -> bool:
        """Whether the mask that a choice creates is used by second derivatives only."""
        return not (self.infinite(var) if node.op.taken else self._spoils_neighbours(var))

    def _spoils_neighbours(self, var: Var) -> bool:
        """Whether an entry that an index does not take may have an infinite slope."""
        return var in self.steep or (var in self.large and var in self.joined)

    def are_silent(self, node: Node) -> bool:
        """Whether a rule maps a cotangent of 0 to 0, also in the second derivative."""
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
    """Whether a value is a constant whose entries are all finite and not 0."""
    return var in graph.constants and bool((np.isfinite(graph.constants[var]) & (graph.constants[var] != 0)).all())


def is_matrix_product(node: Node) -> bool:
    """Whether a node is a matrix product, and not only the dot product of two vectors."""
    return node.op.name == "matmul" and node.output.shape[-2:] != (1, 1)
