"""Graph -> rolled expressions: the computation of one run, in which an array is one expression, and later a loop.

Arrays are lists of pieces (see `segments.py`). An array of several axes is flattened. It is not supported if the flat
array has too many pieces.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph
from optlab.engine.native.ir import FOLDS, Expressions, Unsupported, check_operation, check_type, fuse
from optlab.engine.native.segments import MOST_PIECES, Pieces, PieceWriter, Read, runs
from optlab.engine.nodes import Node, Shape, Var

MOST = 2_000
"""The most expressions, needed or not. A graph with more of them would gain nothing from loops."""

WITH_ENDS = 2
"""A sum with at most this many entries more than the middle of x is split, so that one loop computes both."""

LARGEST = 1_000_000
"""The most numbers in x and the state of a run. More would need too much memory in each thread."""


@dataclass(frozen=True)
class Rolled(Expressions):
    """Expressions of numbers and of arrays.

    In addition to the operations of `Expressions` there are "load" (one or more entries of an array in memory, see
    `reads`) and the folds, which reduce an array and a start value to a number. `tables` are arrays of data. `outputs`
    has the pieces of each output.
    """

    reads: dict[int, Read]
    tables: list[NDArray[np.float64]]
    outputs: tuple[Pieces, ...]


def rolled_up(graph: Graph, counter: int | None, carried: Sequence[int], most: int = MOST) -> Rolled:
    """The graph as at most `most` rolled expressions. For the other arguments see `written_out`.

    A sum with a few entries more than the middle of x is split, so that one loop computes both.

    Raises:
        Unsupported: the graph has an operation, a type or a shape without a rule.
    """
    found = _ArrayBuilder(graph, counter, carried, most).rolled()
    middle = max((n for pieces in found.outputs[1:2] for n, _ in pieces), default=1)
    longest = max((found.lengths[i] for i in found.needed if found.ops[i] in FOLDS), default=0)
    if middle < longest <= middle + WITH_ENDS:
        cuts = [(first, middle) for first in range(longest - middle + 1)]
        found = min((_ArrayBuilder(graph, counter, carried, most, cut).rolled() for cut in cuts), key=lambda r: r.work)
    return found


class _ArrayBuilder(PieceWriter):
    """From Vars to pieces. `cut` splits folds: the number of entries before the middle, and in the middle."""

    def __init__(
        self,
        graph: Graph,
        counter: int | None,
        carried: Sequence[int],
        most: int,
        cut: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(graph)
        self.most, self.cut, self.count = most, cut, 1 + len(carried)
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
        outputs = tuple([(n, self.number(i)) for n, i in self.pieces[v]] for v in self.graph.outputs)
        wanted = [i for pieces in outputs[: self.count] for _, i in pieces]
        extra = [i for pieces in outputs[self.count :] for _, i in pieces]
        fuse(self, wanted)
        return Rolled(
            *(self.ops, self.args, self.values, self.inputs, frozenset(self.conditions), self.lengths, wanted, extra),
            *(self.reads, self.tables, outputs[: self.count]),
        )

    def _stretched(self, var: Var, shape: Shape) -> Pieces:
        """An array broadcast to another shape."""
        pieces, own = self.pieces[var], math.prod(var.shape)
        if own == math.prod(shape):
            return pieces
        if own == 1:
            return [(math.prod(shape), pieces[0][1])]
        return self.picked(pieces, np.broadcast_to(np.arange(own).reshape(var.shape), shape))

    def _of(self, node: Node) -> Pieces:
        kind, name = node.op.kind, node.op.name
        if not math.prod(node.output.shape):
            return []
        if kind == "elementwise":
            return self._of_entries(node, self.entry_of(node))
        if kind == "view":
            return self._rearranged(node.inputs[0], functools.partial(node.op.run, **node.params))
        if kind == "reduce":
            return self._reduce(node)
        if kind == "place":
            return self._placed(node, node.params["indices"])
        if kind == "matmul":
            return self._matmul(node)
        if kind in ("take", "add_at") and node.inputs[1] in self.graph.constants:
            index = self.graph.constants[node.inputs[1]]
            if kind == "add_at":
                return self._placed(node, [index])
            return self._rearranged(node.inputs[0], node.op.run, index)
        raise Unsupported(f"{name} has no native rule")

    def _of_entries(self, node: Node, entry: Callable[..., int]) -> Pieces:
        together = self.together([self._stretched(v, node.output.shape) for v in node.inputs])
        return self.joined((n, entry(*ids)) for n, ids in together)

    def _product(self, a: int, b: int) -> int:
        return self.apply("multiply", self.number(a), self.number(b))

    def _rearranged(self, var: Var, run: Callable[..., NDArray[Any]], *given: NDArray[Any]) -> Pieces:
        """The result of a function that only moves entries: it is applied to their positions."""
        return self.picked(self.pieces[var], run(np.arange(math.prod(var.shape)).reshape(var.shape), *given))

    def _reduce(self, node: Node) -> Pieces:
        """A fold of each row, or, along an axis that is not the last one, an elementwise fold of the rows."""
        (var,), fold, shape = node.inputs, node.op.name, node.inputs[0].shape
        pieces, axes = self.pieces[var], [a for a in node.params["axis"] if shape[a] != 1]
        if not axes:
            return [(n, self.number(i)) for n, i in pieces]
        first, last = min(axes), max(axes) + 1
        outer, length, inner = (math.prod(part) for part in (shape[:first], shape[first:last], shape[last:]))
        if any(shape[a] != 1 for a in range(first, last) if a not in axes):
            raise Unsupported(f"a {fold} along axes with others between them has no loop")
        if outer * (length if inner > 1 else 1) > MOST_PIECES:
            raise Unsupported(f"a {fold} of more than {MOST_PIECES} rows has no loop")
        if inner == 1:
            rows = [self.slice(pieces, k * length, 1, length) for k in range(outer)]
            return self.joined((1, self._folded(fold, row)) for row in rows)
        found: Pieces = []
        for k in range(0, outer * length, length):
            rows = [self.slice(pieces, row * inner, 1, inner) for row in range(k, k + length)]
            found += [(n, self._folded(fold, [(1, i) for i in ids])) for n, ids in self.together(rows)]
        return self.joined(found)

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
        """The same pieces, where those slightly longer than the middle of x are split."""
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

    def _placed(self, node: Node, indices: Sequence[Any]) -> Pieces:
        """Zeros, with arrays added at indices."""
        shape = node.params["shape"]
        size = math.prod(shape)
        whole: Pieces = [(size, self.constant(0.0))]
        for var, index in zip(node.inputs, indices, strict=False):
            where, at = np.arange(size).reshape(shape)[index], 0
            piece = self._stretched(var, where.shape)
            for first, step, count in _side_by_side(where):
                begin, first = (at, first) if step == 1 else (at + count - 1, first - count + 1)
                whole = self._added(whole, first, self.slice(piece, begin, step, count), count)
                at += count
        return self.joined(whole)

    def _added(self, whole: Pieces, first: int, part: Pieces, count: int) -> Pieces:
        after = first + count
        there = self.together([self.slice(whole, first, 1, count), part])
        added = [(n, self.apply("add", *map(self.number, ids))) for n, ids in there]
        rest = sum(n for n, _ in whole) - after
        return [*self.slice(whole, 0, 1, first), *added, *self.slice(whole, after, 1, rest)]

    def _matmul(self, node: Node) -> Pieces:
        """A matrix product as one sum per entry of the result, if the result is small."""
        a, b = node.inputs
        shape, inner = node.output.shape, a.shape[-1]
        if inner == 1:
            return self._of_entries(node, self._product)
        if len(shape) > 2 or math.prod(shape) > MOST_PIECES:
            raise Unsupported(f"a product of matrices with more than {MOST_PIECES} entries has no loop")
        found = []
        for row, column in np.ndindex(*shape):
            left = self.slice(self.pieces[a], row * inner, 1, inner)
            right = self.slice(self.pieces[b], column, b.shape[-1], inner)
            products = [(n, self._product(*ids)) for n, ids in self.together([left, right])] if inner else []
            found.append((1, self._folded("sum", products)))
        return self.joined(found)


def _side_by_side(where: NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """Split positions into contiguous ranges, each forwards or backwards, as (first, step, count)."""
    for first, step, count in runs(where):
        if abs(step) == 1:
            yield first, step, count
        elif count <= MOST_PIECES:
            yield from ((first + k * step, 1, 1) for k in range(count))
        else:
            raise Unsupported("the reverse of a slice with a step has no loop")
