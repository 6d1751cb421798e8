"""Graph -> rolled expressions: the computation of one run, in which an array is one expression, and later a loop.

Arrays are lists of pieces (see `pieces.py`). Those of several axes are their entries in order: what has no answer in
pieces of that is not supported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph, Node, Var
from optlab.engine.native.expressions import (
    FOLDS,
    Expressions,
    Unsupported,
    check_operation,
    check_type,
    fuse,
)
from optlab.engine.native.pieces import Pieces, PieceWriter, Read

MOST = 2_000
"""Expressions, needed or not, beyond this number are no loops any more."""

WITH_ENDS = 2
"""Entries that a sum may have more than the middle of x, to be cut such that one loop computes both."""

LARGEST = 1_000_000
"""Numbers in x and the state of a run: more take too much memory in each thread."""


@dataclass(frozen=True)
class Rolled(Expressions):
    """Expressions of numbers and of arrays.

    Besides those of `Expressions` there are "load", entries of an array in memory as `reads` tells, or one of them,
    and the folds, which make a number of an array and a number to begin with. `tables` are arrays of data. `outputs`
    has the pieces of each.
    """

    reads: dict[int, Read]
    tables: list[NDArray[np.float64]]
    outputs: tuple[Pieces, ...]


def rolled_up(graph: Graph, counter: int | None, carried: Sequence[int], most: int = MOST) -> Rolled:
    """The graph as rolled expressions, of which there are not to be more than `most`; see `written_out` for the rest.

    A sum over some entries more than x has in its middle is cut such that one loop computes both.

    Raises:
        Unsupported: the graph has an operation, a type or a shape without a rule.
    """
    found = _Writer(graph, counter, carried, most).rolled()
    middle = max((n for pieces in found.outputs[1:] for n, _ in pieces), default=1)
    longest = max((found.lengths[i] for i in found.needed if found.ops[i] in FOLDS), default=0)
    if middle < longest <= middle + WITH_ENDS:
        cuts = [(first, middle) for first in range(longest - middle + 1)]
        found = min((_Writer(graph, counter, carried, most, cut).rolled() for cut in cuts), key=lambda r: r.work)
    return found


class _Writer(PieceWriter):
    """From Vars to pieces. `cut`: folds are cut here, the number of entries before the middle, and of the middle."""

    def __init__(
        self,
        graph: Graph,
        counter: int | None,
        carried: Sequence[int],
        most: int,
        cut: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(graph)
        self.most, self.cut = most, cut
        self.pieces: dict[Var, Pieces] = {}
        if sum(math.prod(graph.inputs[n].shape) for n in carried) > LARGEST:
            raise Unsupported(f"x and its state are more than {LARGEST:,} numbers")
        for position, var in enumerate(graph.inputs):
            check_type(var)
            if position in carried:
                size = math.prod(var.shape)
                if not size:
                    raise Unsupported("an empty array has no loop")
                self.pieces[var] = [(size, self.load(Read("input", position, 0, 1), size))]
            elif var.shape:
                raise Unsupported("it takes data that change from step to step")
            else:
                number = self.new("input", (), position != counter)
                self.inputs[number] = (position, 0)
                self.pieces[var] = [(1, number)]
                self.counter = number if position == counter else self.counter

    def rolled(self) -> Rolled:
        for var, value in self.graph.constants.items():
            self.pieces[var] = self.data(value)
        for node in self.graph.nodes:
            check_operation(node)
            check_type(node.output)
            self.pieces[node.output] = self._of(node)
            if len(self.ops) > self.most:
                raise Unsupported("its entries are computed one by one")
        outputs = tuple(self.pieces[v] for v in self.graph.outputs)
        wanted = [i for pieces in outputs for _, i in pieces]
        fuse(self, wanted)
        return Rolled(
            *(self.ops, self.args, self.values, self.inputs, frozenset(self.conditions), self.lengths, wanted),
            *(self.reads, self.tables, outputs),
        )

    def _stretched(self, var: Var, size: int) -> Pieces:
        """An array as one of so many entries."""
        pieces, own = self.pieces[var], math.prod(var.shape)
        if own == size:
            return pieces
        if own == 1:
            return [(size, pieces[0][1])]
        raise Unsupported(f"arrays of {own:,} and {size:,} entries have no common loop")

    def _of(self, node: Node) -> Pieces:
        kind, name = node.op.kind, node.op.name
        if not math.prod(node.output.shape):
            return []
        if kind == "elementwise":
            return self._elementwise(node)
        if kind == "view":
            return self._view(node)
        if kind == "reduce":
            return self._reduce(node)
        if kind == "place":
            return self._place(node)
        if kind == "matmul":
            return self._matmul(node)
        raise Unsupported(f"{name} has no {'loop' if kind in ('take', 'add_at') else 'native rule'}")

    def _elementwise(self, node: Node) -> Pieces:
        return self._of_entries(node, self.entry_of(node))

    def _of_entries(self, node: Node, entry: Callable[..., int]) -> Pieces:
        size = math.prod(node.output.shape)
        together = self.together([self._stretched(v, size) for v in node.inputs])
        return self.joined((n, entry(*ids)) for n, ids in together)

    def _product(self, a: int, b: int) -> int:
        return self.apply("multiply", self.number(a), self.number(b))

    def _view(self, node: Node) -> Pieces:
        (var,), size = node.inputs, math.prod(node.output.shape)
        own = math.prod(var.shape)
        if own == 1:
            return self._stretched(var, size)
        where = node.op.run(np.arange(own).reshape(var.shape), **node.params)
        return self.joined(self.slice(self.pieces[var], *_progression(where, node)))

    def _reduce(self, node: Node) -> Pieces:
        (var,) = node.inputs
        if math.prod(node.output.shape) != 1:
            if math.prod(var.shape) == math.prod(node.output.shape):
                return [(n, self.number(i)) for n, i in self.pieces[var]]
            raise Unsupported(f"a {node.op.name} along one of several axes has no loop")
        return [(1, self._folded(node.op.name, self.pieces[var]))]

    def _folded(self, fold: str, pieces: Pieces) -> int:
        total: int | None = None
        for n, i in self._cut(pieces):
            i = self.number(i)
            if n > 1 and (self.is_array(i) or fold == "sum"):
                total = self.fold(fold, n, i, total)
            else:
                total = i if total is None else self.apply(FOLDS[fold], total, i)
        return self.constant(0.0) if total is None else total

    def _cut(self, pieces: Pieces) -> Pieces:
        """The same pieces, with those cut that are a little longer than the middle of x."""
        if self.cut is None:
            return pieces
        first, middle = self.cut
        found: Pieces = []
        for n, i in pieces:
            if not self.is_array(i) or not middle < n <= middle + WITH_ENDS:
                found.append((n, i))
                continue
            begin = min(first, n - middle)
            for at, end in ((0, begin), (begin, begin + middle), (begin + middle, n)):
                found += self.slice([(n, i)], at, 1, end - at)
        return found

    def _place(self, node: Node) -> Pieces:
        shape = node.params["shape"]
        size = math.prod(shape)
        whole: Pieces = [(size, self.constant(0.0))]
        for var, index in zip(node.inputs, node.params["indices"], strict=True):
            where = np.arange(size).reshape(shape)[index]
            if not where.size:
                continue
            first, step, count = _progression(where, node)
            piece = self._stretched(var, count)
            if step == -1:
                piece, first = self.slice(piece, count - 1, -1, count), first - count + 1
            elif step != 1:
                raise Unsupported("the reverse of a slice with a step has no loop")
            there = self.together([self.slice(whole, first, 1, count), piece])
            added = [(n, self.apply("add", *map(self.number, ids))) for n, ids in there]
            after = first + count
            whole = [*self.slice(whole, 0, 1, first), *added, *self.slice(whole, after, 1, size - after)]
        return self.joined(whole)

    def _matmul(self, node: Node) -> Pieces:
        a, b = node.inputs
        size, inner = math.prod(node.output.shape), a.shape[-1]
        if size == 1 and inner:
            together = self.together([self.pieces[a], self.pieces[b]])
            return [(1, self._folded("sum", [(n, self._product(*ids)) for n, ids in together]))]
        if inner == 1 and {math.prod(v.shape) for v in (a, b)} <= {1, size}:
            return self._of_entries(node, self._product)
        raise Unsupported("a product of matrices has no loop")


def _progression(where: NDArray[Any], node: Node) -> tuple[int, int, int]:
    """Positions as the first, the distance to the next and their count."""
    flat = where.ravel()
    if flat.size < 2:
        return (int(flat[0]) if flat.size else 0), 1, flat.size
    step = int(flat[1] - flat[0])
    if not step or (np.diff(flat) != step).any():
        raise Unsupported(f"{node.op.name} of an array of several axes has no loop")
    return int(flat[0]), step, flat.size
