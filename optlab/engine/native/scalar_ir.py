"""Graph -> scalars: the computation of one run, written out entry by entry.

The result is a list of operations on single numbers, in order of execution, without shapes, views and indices. While it
is made, each array of the graph is an array of indices of expressions. It is used for functions of few entries; for
many entries see `array_ir.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph
from optlab.engine.native.ir import ExpressionBuilder, Expressions, Unsupported, check_operation, check_type, fuse
from optlab.engine.native.sorting import BY_ORDER, EACH
from optlab.engine.nodes import Node, Var
from optlab.engine.numpy_kernels import coverage

LIMIT = 20_000
"""The most expressions. Compiling more of them takes longer than it saves."""

Ids = NDArray[np.intp]


class TooLong(Unsupported):
    """More expressions than `LIMIT`."""


@dataclass(frozen=True)
class Scalars(Expressions):
    """Expressions of single numbers. `outputs` has, for each output, the expressions of its entries."""

    outputs: tuple[Ids, ...]


def written_out(graph: Graph, counter: int | None, carried: Sequence[int]) -> Scalars:
    """The graph as scalars.

    Args:
        graph: the computation of one run, optimised.
        counter: the position of the input that is the number of the step, 1, 2, 3, ..., if there is one.
        carried: the positions of x and the state.

    Raises:
        TooLong: the graph has too many operations.
        Unsupported: it has much data or large matrices, or has an operation or a type without a rule.
    """
    return _ScalarBuilder(graph, counter, carried).scalars()


class _ScalarBuilder(ExpressionBuilder):
    """From Vars to arrays of expressions."""

    def __init__(self, graph: Graph, counter: int | None, carried: Sequence[int]) -> None:
        super().__init__(graph)
        self.count = 1 + len(carried)
        self.entries: dict[Var, Ids] = {}
        for position, var in enumerate(graph.inputs):
            check_type(var)
            first = len(self.ops)
            for entry in range(math.prod(var.shape)):
                self.inputs[self.new("input", (), position not in (counter, *carried))] = (position, entry)
            self.entries[var] = np.arange(first, len(self.ops)).reshape(var.shape)
        if counter is not None:
            self.counter = int(self.entries[graph.inputs[counter]])

    def scalars(self) -> Scalars:
        for var, value in self.graph.constants.items():
            if value.size > LIMIT:
                raise Unsupported(f"it has data of {value.size:,} numbers")
            self.entries[var] = _array([self.constant(v) for v in value.ravel().tolist()], var.shape)
        for node in self.graph.nodes:
            check_operation(node)
            check_type(node.output)
            self.entries[node.output] = self._of(node)
            if len(self.ops) > LIMIT:
                raise TooLong(f"it has more than {LIMIT:,} operations on single numbers")
        outputs = tuple(_each(self.number, self.entries[v].ravel()) for v in self.graph.outputs)
        wanted = [int(i) for output in outputs[: self.count] for i in output]
        extra = [int(i) for output in outputs[self.count :] for i in output]
        fuse(self, wanted)
        conditions = frozenset(self.conditions)
        return Scalars(self.ops, self.args, self.values, self.inputs, conditions, self.lengths, wanted, extra, outputs)

    def _of(self, node: Node) -> Ids:
        inputs = [self.entries[v] for v in node.inputs]
        kind, name = node.op.kind, node.op.name
        if kind == "elementwise":
            return self._elementwise(node, inputs)
        if kind == "view":
            return np.asarray(node.op.run(*inputs, **node.params))
        if kind == "reduce":
            return self._reduce(node, inputs[0])
        if kind == "place":
            return self._place(node, inputs)
        if kind == "matmul":
            return self._matmul(node, inputs)
        if name in BY_ORDER:
            if EACH * inputs[-1].size * node.params.get("length", inputs[0].shape[-1]) > LIMIT:
                raise TooLong(f"{name} of {inputs[-1].size:,} entries is more than {LIMIT:,} operations")
            return BY_ORDER[name](self, *inputs, **node.params)
        if kind in ("take", "add_at") and node.inputs[1] in self.graph.constants:
            index = self.graph.constants[node.inputs[1]]
            return np.asarray(inputs[0][index]) if kind == "take" else self._add_at(node, inputs[0], index)
        raise Unsupported(f"{name} has no native rule")

    def _elementwise(self, node: Node, inputs: list[Ids]) -> Ids:
        entry = self.entry_of(node)
        together = np.broadcast_arrays(*inputs, np.empty(node.output.shape, bool))[:-1]
        return _array([entry(*args) for args in zip(*map(_listed, together), strict=True)], node.output.shape)

    def _reduce(self, node: Node, ids: Ids) -> Ids:
        axis, op = node.params["axis"], {"sum": "add", "max": "maximum", "min": "minimum"}[node.op.name]
        ids = np.moveaxis(ids, axis, range(len(axis)))
        length = math.prod(ids.shape[: len(axis)])
        if not length:
            return np.full(node.output.shape, self.constant(0.0))
        columns = _each(self.number, ids).reshape(length, -1).T.tolist()
        return _array([self._folded(op, column) for column in columns], node.output.shape)

    def _folded(self, op: str, ids: Sequence[int]) -> int:
        total = ids[0]
        for i in ids[1:]:
            total = self.apply(op, total, i)
        return total

    def _place(self, node: Node, pieces: list[Ids]) -> Ids:
        shape, indices = node.params["shape"], node.params["indices"]
        whole = np.full(shape, self.constant(0.0))
        overlap = bool((coverage(shape, indices) > 1).any())
        for piece, index in zip(pieces, indices, strict=True):
            piece = np.broadcast_to(piece, whole[index].shape)
            if overlap:
                piece = self._added(np.asarray(whole[index]), piece)
            whole[index] = piece
        return whole

    def _add_at(self, node: Node, pieces: Ids, index: Any) -> Ids:
        whole = np.full(node.params["shape"], self.constant(0.0))
        for place, piece in zip(index.ravel().tolist(), pieces.reshape(index.size, -1), strict=True):
            whole[place] = self._added(np.asarray(whole[place]), piece)
        return whole

    def _added(self, a: Ids, b: Ids) -> Ids:
        return _array([self.apply("add", *pair) for pair in zip(_listed(a), _listed(b), strict=True)], a.shape)

    def _matmul(self, node: Node, inputs: list[Ids]) -> Ids:
        a, b = inputs
        stack, (rows, columns) = node.output.shape[:-2], node.output.shape[-2:]
        if math.prod(node.output.shape) * a.shape[-1] > LIMIT:
            raise Unsupported("its matrix products are large")
        a, b = np.broadcast_to(a, stack + a.shape[-2:]), np.broadcast_to(b, stack + b.shape[-2:])
        made = [
            self._inner(a[(*at, i)], b[(*at, slice(None), j)])
            for at in np.ndindex(*stack)
            for i in range(rows)
            for j in range(columns)
        ]
        return _array(made, node.output.shape)

    def _inner(self, a: Ids, b: Ids) -> int:
        products = [self.apply("multiply", *pair) for pair in zip(_listed(a), _listed(b), strict=True)]
        return self._folded("add", products) if products else self.constant(0.0)


def _listed(ids: Ids) -> list[int]:
    return ids.ravel().tolist()


def _each(change: Callable[[int], int], ids: Ids) -> Ids:
    return _array([change(i) for i in _listed(ids)], ids.shape)


def _array(ids: Sequence[int], shape: Any) -> Ids:
    return np.array(ids, dtype=np.intp).reshape(shape)
