"""Second derivatives of `relu`, `clip` and `sort` at ties, computed for one smooth piece of the function.

At a point where `relu(x)` has x = 0, several smooth pieces of the function meet. The first derivative is 0 there by
convention. If the second derivative used this convention for each entry separately, `(relu(x) + relu(-x))**2` would
combine two choices that never occur together at a neighbouring point, and its second derivative would be 0 instead
of 2.

So when a gradient is differentiated again, all choices are made as at x + t d, for a small t > 0 and one fixed
direction d. A number that ties with its bound counts as the larger one if its derivative along d is positive. If this
derivative is 0, the second derivative along d decides. These choices belong to one piece of the function. Where the
function is twice differentiable, the second derivatives of all pieces agree, so the result is right. Elsewhere, the
result is the second derivative of this piece.

The rules in `ops.py` mark the operands of their comparisons with `tie_mark`, and `decided` replaces the marks. A graph
without marks is not a derivative and is returned unchanged. So is a network in which each pre-activation has its own
bias: if the biases were slightly smaller, all ties would be on the side that the first derivative takes. So the
convention already belongs to one piece, and needs no further operations.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Var
from optlab.engine.passes import optimise, prune
from optlab.engine.tracer import Builder, Tracer
from optlab.engine.vjp import jvp
from optlab.engine.vjp_rules import emit

_GOLDEN = (math.sqrt(5) - 1) / 2


def decided(graph: Graph, wrt: Sequence[int]) -> Graph:
    """The same function with all ties decided, for differentiation with respect to these inputs."""
    marked = any(node.op.name == "tie_mark" for node in graph.nodes)
    if not marked or _have_biases_of_their_own(graph, wrt):
        return graph
    return _Decision(graph, wrt).graph()


class _Decision:
    """Records a graph again, from its inputs, and decides each tie."""

    def __init__(self, graph: Graph, wrt: Sequence[int]) -> None:
        self.old, self.builder = graph, Builder()
        self.inputs = [self.builder.input(v.shape, v.dtype, v.name) for v in graph.inputs]
        self.wrt = set(wrt)
        self.known: dict[Any, Any] = {}

    def graph(self) -> Graph:
        here = dict(zip(self.old.inputs, self.inputs, strict=True))
        here.update({v: self.builder.constant(value) for v, value in self.old.constants.items()})
        for node in self.old.nodes:
            here[node.output] = self._written(node, [here[v] for v in node.inputs])
        return self.builder.finish([here[v] for v in self.old.outputs])

    def _written(self, node: Node, values: list[Any]) -> Any:
        x = values[0] if values else None
        if x is not None and x.dtype.kind == "f":
            if node.op.name == "tie_mark":
                return self._moved_off_tie(*values)
            if node.op.name == "relu":
                return np.where(self._moved_off_tie(x, *self._numbers(x, 0.0, 1.0)) <= 0, 0.0, x)
            if node.op.name == "clip":
                return self._clipped(node, *values)
            if node.op.name == "argsort":
                return self._order(x)
        return self.builder.emit(node.op, values, dict(node.params))

    def _clipped(self, node: Node, x: Any, low: Any, high: Any) -> Any:
        below = self._moved_off_tie(x, low, *self._numbers(x, 1.0)) < low
        above = self._moved_off_tie(x, high, *self._numbers(x, -1.0)) > high
        usual = self.builder.emit(node.op, [x, low, high], {})
        return np.where(low <= high, np.where(below, low, np.where(above, high, x)), usual).astype(usual.dtype)

    def _numbers(self, x: Any, *numbers: float) -> list[Any]:
        return [self.builder.constant(x.dtype.type(number)) for number in numbers]

    def _moved_off_tie(self, x: Any, y: Any, otherwise: Any) -> Any:
        """x, where an entry that ties with y is replaced by a number on the side to which it moves along d."""
        key = tuple(map(self._identity, (x, y, otherwise)))
        if key not in self.known:
            derivatives = self._derivatives(emit("gap", x, y))
            if derivatives:
                ahead = np.sign(_first_not_zero(derivatives))
                ahead = np.where(np.isnan(ahead), otherwise, ahead)
                x = np.where(x == y, y + ahead * (1.0 + np.abs(y)), x)
            self.known[key] = x
        return self.known[key]

    def _identity(self, value: Tracer) -> Any:
        """A key for a value. Constants with equal entries have the same key."""
        known = self.builder.constants.get(value.stands_for)
        return value.stands_for if known is None else (known.tobytes(), known.shape)

    def _order(self, x: Any) -> Any:
        """The sorting order of the entries. Entries that tie are sorted by their derivatives along the direction."""
        order = None
        for key in (*reversed(self._derivatives(x)), x):
            sorted_so_far = key if order is None else emit("take_along", key, order)
            further = emit("argsort", sorted_so_far)
            order = further if order is None else emit("take_along", order, further)
        return order

    def _derivatives(self, value: Tracer) -> list[Any]:
        """First and second derivative along the direction: for moves of the inputs in `wrt`, then of all inputs."""
        inputs = tuple(v.stands_for for v in self.inputs)
        graph = optimise(Graph(inputs, tuple(self.builder.nodes), (value.stands_for,), dict(self.builder.constants)))
        given = [i for i, v in enumerate(graph.inputs) if v.dtype.kind == "f" and _is_used(graph, v)]
        own = [i for i in given if i in self.wrt]
        found = []
        for moving in (own, given) if own != given else (own,):
            if moving:
                first = _along(graph, moving)
                found += [self.builder.inline(g, self.inputs)[0] for g in (first, _along(first, moving))]
        return found


def _first_not_zero(values: Sequence[Any]) -> Any:
    found = values[-1]
    for value in reversed(values[:-1]):
        found = np.where(value != 0, value, found)
    return found


def _is_used(graph: Graph, var: Var) -> bool:
    return var in graph.outputs or any(var in node.inputs for node in graph.nodes)


def _along(graph: Graph, moving: Sequence[int]) -> Graph:
    """The derivative along the direction, as a function of the same inputs."""
    pushed = jvp(graph, moving)
    n = len(graph.inputs)
    tangents = pushed.inputs[n:]
    directions = {v: _direction(v, 1 + i) for i, v in zip(moving, tangents, strict=True)}
    return optimise(Graph(pushed.inputs[:n], pushed.nodes, pushed.outputs, {**pushed.constants, **directions}))


def _direction(var: Var, number: int) -> Any:
    """Components between -2 and -1 without simple relations: fractional parts of multiples of the golden ratio.

    They are negative because the first derivative of `relu(x)` at 0 is the slope of the piece with x < 0.
    """
    steps = np.arange(1, math.prod(var.shape) + 1).reshape(var.shape) + math.sqrt(number) / math.pi
    return (-1 - (steps * _GOLDEN) % 1).astype(var.dtype)


# ---- biases ---------------------------------------------------------------------------------------------------------

_VIEWS = ("getitem", "reshape", "broadcast_to", "transpose")


def _have_biases_of_their_own(graph: Graph, wrt: Sequence[int]) -> bool:
    """Whether all ties come from relu, and each operand of relu is a sum with a term of parameters used only there.

    Only the operands of relu count as uses. Other values may depend on the same parameters.
    """
    if any(node.op.name in ("clip", "argsort") for node in graph.nodes):
        return False
    operands = {node.inputs[0] for node in graph.nodes if node.op.name in ("relu", "tie_mark")}
    upstream = prune(Graph(graph.inputs, graph.nodes, tuple(operands), graph.constants))
    uses = Counter(v for node in upstream.nodes for v in node.inputs)
    makers = upstream.producers()
    parameters = {graph.inputs[i] for i in wrt}
    entries = {p: _uses_of_entries(p, upstream.nodes) for p in parameters}
    sums = [makers[z].inputs for z in operands if z in makers and makers[z].op.name == "add"]
    return len(sums) == len(operands) and all(any(_is_own(v, makers, uses, entries) for v in both) for both in sums)


def _uses_of_entries(var: Var, nodes: Iterable[Node]) -> Any:
    """The number of uses of each entry of an input."""
    places = np.arange(math.prod(var.shape)).reshape(var.shape)
    counts = np.zeros(places.size, int)
    for node in nodes:
        for v in node.inputs:
            if v is var:
                used = places[node.params["index"]] if node.op.name == "getitem" else places
                np.add.at(counts, used.ravel(), 1)
    return counts


def _is_own(var: Var, makers: dict[Var, Node], uses: Counter[Var], entries: dict[Var, Any]) -> bool:
    """Whether a value is a view of parameters that are used only once."""
    while var not in entries:
        if uses[var] != 1 or var not in makers or makers[var].op.name not in _VIEWS:
            return False
        node = makers[var]
        var = node.inputs[0]
        if var in entries and node.op.name == "getitem":
            places = np.arange(math.prod(var.shape)).reshape(var.shape)
            return bool((entries[var][places[node.params["index"]].ravel()] == 1).all())
    return bool((entries[var] == 1).all())
