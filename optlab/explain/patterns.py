"""Graph -> Graph: replaces the primitives that NumPy functions were traced into by the function: norms, means, cubes.

The new operations are not primitives of the engine: they can be computed and written, but not differentiated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.nodes import Node, Op, Var
from optlab.engine.passes import prune
from optlab.plugins.scaling import limits


def _as_first(a: Var, *_: Var) -> tuple[Any, Any]:
    return a.shape, a.dtype


def _idiom(name: str, run: Callable[..., Any]) -> Op:
    return Op(name, "idiom", run, _as_first)


NORM = _idiom("norm", lambda a: np.sqrt(np.sum(np.square(a))))
ROOT = _idiom("sqrt", np.sqrt)
MEAN = _idiom("mean", np.mean)
INNER = _idiom("inner", np.dot)
PRODUCT = _idiom("matmul", np.matmul)
CUBE = _idiom("cube", lambda a: a**3)
FOURTH = _idiom("fourth", lambda a: a**4)
CONDITION = _idiom("condition", lambda a: a.astype(float))
SAME = _idiom("same", lambda a: a)


def idioms(graph: Graph) -> Graph:
    """The same function, with each idiom replaced by one node."""
    found = _PatternFinder(graph)
    same: dict[Var, Var] = {}
    nodes = []
    for node in graph.nodes:
        op, inputs = found.idiom(node) or (node.op, node.inputs)
        params = node.params if op is node.op else {}
        inputs = tuple(same.get(v, v) for v in inputs)
        if op is SAME:
            same[node.output] = inputs[0]
        else:
            nodes.append(Node(op, inputs, params, node.output))
    return prune(Graph(graph.inputs, tuple(nodes), tuple(same.get(v, v) for v in graph.outputs), graph.constants))


class _PatternFinder:
    """Matches a node and its producers against the idioms: `_sum` finds those that end in a sum, and so on."""

    def __init__(self, graph: Graph) -> None:
        self.makers: Mapping[Var, Node] = graph.producers()
        self.constants = graph.constants

    def idiom(self, node: Node) -> tuple[Op, tuple[Var, ...]] | None:
        look = getattr(self, f"_{node.op.name}", None)
        return look(node) if look else None

    def made(self, var: Var, name: str) -> tuple[Var, ...] | None:
        """The inputs of the operation that produces a value, if the operation has this name."""
        maker = self.makers.get(var)
        return maker.inputs if maker is not None and maker.op.name == name else None

    def value(self, var: Var) -> float | None:
        """The value of a constant that is a single number."""
        array = self.constants.get(var)
        return array.item() if array is not None and array.size == 1 else None

    def is_power(self, var: Var) -> bool:
        """Whether a value is the power of two of `optlab.plugins.scaling.scaled`, which has no effect but on
        rounding."""
        chosen = self.made(var, "where")
        compared = chosen and self.made(chosen[0], "greater")
        middle, shift = limits(var.dtype) if compared else (0.0, 0.0)
        return bool(chosen and compared and (self.value(compared[1]), self.value(chosen[1])) == (middle, 1 / shift))

    def _where(self, node: Node) -> Any:
        """where(s == 0, 0, sqrt(where(s == 0, 1, s))): a square root whose derivative at 0 is 0."""
        condition, zero, root = node.inputs
        compared = self.made(condition, "equal")
        under = self.made(root, "sqrt")
        inner = under and self.made(under[0], "where")
        if not (compared and inner and self.value(zero) == 0 and self.value(compared[1]) == 0):
            return None
        s = compared[0]
        if inner[0] is not condition or self.value(inner[1]) != 1 or inner[2] is not s:
            return None
        summed = self.made(s, "sum")
        squared = summed and self.made(summed[0], "square")
        if squared and len(self.makers[s].params["axis"]) == len(squared[0].shape):
            return NORM, squared
        return ROOT, (s,)

    def _divide(self, node: Node) -> Any:
        """A sum of all entries, divided by their number: a mean."""
        if self.is_power(node.inputs[1]):
            return SAME, node.inputs[:1]
        summed = self.made(node.inputs[0], "sum")
        if summed and len(self.makers[node.inputs[0]].params["axis"]) == len(summed[0].shape):
            size = np.prod(summed[0].shape, dtype=int)
            return (MEAN, summed) if size > 1 and self.value(node.inputs[1]) == size else None
        return None

    def _sum(self, node: Node) -> Any:
        return (SAME, node.inputs) if node.inputs[0].shape and np.prod(node.inputs[0].shape, dtype=int) == 1 else None

    def _multiply(self, node: Node) -> Any:
        a, b = node.inputs
        if self.is_power(a) or self.is_power(b):
            return SAME, (b if self.is_power(a) else a,)
        squared = self.made(a, "square")
        return (CUBE, (b,)) if squared and squared[0] is b else None

    def _square(self, node: Node) -> Any:
        squared = self.made(node.inputs[0], "square")
        return (FOURTH, squared) if squared else None

    def _astype(self, node: Node) -> Any:
        kinds = node.inputs[0].dtype.kind + np.dtype(node.params["dtype"]).kind
        return {"bf": (CONDITION, node.inputs), "bi": (CONDITION, node.inputs), "if": (SAME, node.inputs)}.get(kinds)

    def _positive_zero(self, node: Node) -> Any:
        return SAME, node.inputs

    def _reshape(self, node: Node) -> Any:
        """A matrix product of vectors, which the engine represents by matrices with one row or column."""
        a = node.inputs[0]
        if np.prod(a.shape, dtype=int) == 1:
            return SAME, node.inputs
        factors = self.made(a, "matmul")
        if factors and _without_ones(a) == _without_ones(node.output):
            return PRODUCT, tuple(map(self.vector, factors))
        return None

    def _place(self, node: Node) -> Any:
        """One piece that fills a whole array: the trace of np.stack for a single array."""
        if len(node.inputs) != 1 or node.inputs[0].shape != node.output.shape:
            return None
        is_in_place = all(isinstance(part, slice) and part.step in (None, 1) for part in node.params["indices"][0])
        return (SAME, node.inputs) if is_in_place else None

    def _matmul(self, node: Node) -> Any:
        a, b = map(self.vector, node.inputs)
        if len(a.shape) == len(b.shape) == 1:
            return INNER, (a, b)
        return (PRODUCT, (a, b)) if (a, b) != node.inputs else None

    def vector(self, factor: Var) -> Var:
        """A factor of a matrix product, without the reshape that made a matrix of a vector."""
        before = self.made(factor, "reshape")
        return before[0] if before and before[0].shape == _without_ones(factor) else factor


def _without_ones(var: Var) -> tuple[int, ...]:
    return tuple(n for n in var.shape if n != 1)
