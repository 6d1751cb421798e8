"""Graph -> rolled expressions: the computation of one run, in which an array is one expression, and later a loop.

An array is a list of pieces, each a number of entries and an expression: that of an array of so many entries, or that
of a number, which all its entries are. Joining puts pieces side by side, slicing takes parts of them: a slice of a sum
is the sum of slices, and so on until what is sliced lies in memory. So every array is computed entry by entry from
arrays in memory at the same distance, and an end that is computed otherwise than the middle is a number of its own.

Arrays of several axes are their entries in order: what has no answer in pieces of that is not supported.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph, Node, Var
from optlab.engine.native.expressions import (
    CONDITIONS,
    FOLDS,
    Expressions,
    Unsupported,
    Writer,
    check_operation,
    check_type,
    fuse,
)
from optlab.engine.ops import OPS

MOST = 2_000
"""Expressions, needed or not, beyond this number are no loops any more."""

WITH_ENDS = 2
"""Entries that a sum may have more than the middle of x, to be cut such that one loop computes both."""

MOST_DATA = 20_000

_IDENTITY = {"sum": -0.0, "max": -math.inf, "min": math.inf}
"""What a fold begins with: it changes no bit of the first entry."""

Pieces = list[tuple[int, int]]


class Read(NamedTuple):
    """Entries of an array in memory, an input's or a table's: the first, and the distance to the next."""

    source: str
    number: int
    first: int
    step: int


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


class _Writer(Writer):
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
        self.reads: dict[int, Read] = {}
        self.tables: list[NDArray[np.float64]] = []
        self.pieces: dict[Var, Pieces] = {}
        for position, var in enumerate(graph.inputs):
            check_type(var)
            if position in carried:
                size = math.prod(var.shape)
                if not size:
                    raise Unsupported("an empty array has no loop")
                self.pieces[var] = [(size, self._load(Read("input", position, 0, 1), size))]
            elif var.shape:
                raise Unsupported("it takes data that change from step to step")
            else:
                number = self.new("input", (), position != counter)
                self.inputs[number] = (position, 0)
                self.pieces[var] = [(1, number)]
                self.counter = number if position == counter else self.counter

    def rolled(self) -> Rolled:
        for var, value in self.graph.constants.items():
            self.pieces[var] = self._constant(value)
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

    # ---- expressions -----------------------------------------------------------------------------------------------

    def new(self, op: str, args: tuple[int, ...], settled: bool) -> int:
        made = super().new(op, args, settled)
        lengths = {self.lengths[a] for a in args if self.is_array(a)}
        if lengths:
            (self.lengths[made],) = lengths
        return made

    def computed(self, op: str, args: tuple[int, ...]) -> int | None:
        """The value of an expression of constants, or of data, which becomes data again."""
        if not any(map(self.is_array, args)):
            return super().computed(op, args)
        known = [self._data(a) for a in args]
        if op in CONDITIONS or any(value is None for value in known):
            return None
        with np.errstate(all="ignore"):
            ((_, made),) = self._constant(np.asarray(OPS[op].run(*known)))
        return made

    def _data(self, i: int) -> NDArray[np.float64] | None:
        if i in self.values and i not in self.conditions:
            return np.asarray(self.values[i])
        read = self.reads.get(i)
        return _read(self.tables[read.number], read, self.lengths[i]) if read and read.source == "table" else None

    def _constant(self, value: NDArray[Any]) -> Pieces:
        if not value.size:
            return []
        if (value == value.flat[0]).all():
            return [(value.size, self.constant(value.flat[0].item()))]
        if value.size > MOST_DATA:
            raise Unsupported(f"it has data of {value.size:,} numbers")
        data = np.ascontiguousarray(value, dtype=np.float64).ravel()
        key = ("data", data.tobytes())
        if key not in self.seen:
            self.tables.append(data)
            self.seen[key] = self._load(Read("table", len(self.tables) - 1, 0, 1), data.size)
        return [(data.size, self.seen[key])]

    def _load(self, read: Read, count: int) -> int:
        if count == 1:
            read = read._replace(step=1)
            if read.source == "table":
                return self.constant(float(self.tables[read.number][read.first]))
        key = ("load", read, count)
        if key not in self.seen:
            self.seen[key] = made = self.new("load", (), read.source == "table")
            self.reads[made] = read
            if read.source == "input":
                self.inputs[made] = (read.number, read.first)
            if count > 1:
                self.lengths[made] = count
        return self.seen[key]

    def _fold(self, fold: str, length: int, i: int, start: int | None) -> int:
        start = self.constant(_IDENTITY[fold]) if start is None else start
        key = (fold, length, i, start)
        if key not in self.seen:
            self.seen[key] = made = self.new(fold, (i, start), self.settled[i] and self.settled[start])
            self.lengths[made] = length
        return self.seen[key]

    # ---- pieces ----------------------------------------------------------------------------------------------------

    def _part(self, i: int, first: int, step: int, count: int) -> int:
        """Entries of an expression: all that it is made of is sliced in its place."""
        if not self.is_array(i) or (first, step, count) == (0, 1, self.lengths[i]):
            return i
        for a in self._not_yet_sliced(i, first, step, count):
            if a in self.reads:
                read = self.reads[a]
                there = read._replace(first=read.first + first * read.step, step=read.step * step)
                part = self._load(there, count)
            else:
                part = self.apply(self.ops[a], *(self.seen.get((b, first, step, count), b) for b in self.args[a]))
            self.seen[a, first, step, count] = part
        return self.seen[i, first, step, count]

    def _not_yet_sliced(self, i: int, first: int, step: int, count: int) -> list[int]:
        found, stack = {i}, [i]
        while stack:
            a = stack.pop()
            if (a, first, step, count) in self.seen:
                found.discard(a)
                continue
            fresh = [b for b in self.args[a] if self.is_array(b) and b not in found]
            found.update(fresh)
            stack.extend(fresh)
        return sorted(found)

    def _slice(self, pieces: Pieces, first: int, step: int, count: int) -> Pieces:
        begins = [0, *accumulate(n for n, _ in pieces)]
        found: Pieces = []
        while count:
            at = bisect_right(begins, first) - 1
            length, i = pieces[at]
            inside = first - begins[at]
            room = (length - 1 - inside) // step if step > 0 else inside // -step
            taken = min(count, room + 1)
            found.append((taken, self._part(i, inside, step, taken)))
            first, count = first + taken * step, count - taken
        return found

    def _together(self, arrays: Sequence[Pieces]) -> Iterator[tuple[int, list[int]]]:
        """Several arrays of one size, cut where any of them is."""
        todo = [iter(pieces) for pieces in arrays]
        current = [next(pieces) for pieces in todo]
        inside = [0] * len(arrays)
        while True:
            n = min(length - at for (length, _), at in zip(current, inside, strict=True))
            yield n, [self._part(i, at, 1, n) for (_, i), at in zip(current, inside, strict=True)]
            for k, (length, _) in enumerate(current):
                inside[k] += n
                if inside[k] == length:
                    following = next(todo[k], None)
                    if following is None:
                        return
                    current[k], inside[k] = following, 0

    def _joined(self, pieces: Iterable[tuple[int, int]]) -> Pieces:
        """Neighbours that are the same number are one piece."""
        found: Pieces = []
        for n, i in pieces:
            if found and found[-1][1] == i and not self.is_array(i):
                found[-1] = (found[-1][0] + n, i)
            else:
                found.append((n, i))
        return found

    def _stretched(self, var: Var, size: int) -> Pieces:
        """An array as one of so many entries."""
        pieces, own = self.pieces[var], math.prod(var.shape)
        if own == size:
            return pieces
        if own == 1:
            return [(size, pieces[0][1])]
        raise Unsupported(f"arrays of {own:,} and {size:,} entries have no common loop")

    # ---- nodes -----------------------------------------------------------------------------------------------------

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
        together = self._together([self._stretched(v, size) for v in node.inputs])
        return self._joined((n, entry(*ids)) for n, ids in together)

    def _product(self, a: int, b: int) -> int:
        return self.apply("multiply", self.number(a), self.number(b))

    def _view(self, node: Node) -> Pieces:
        (var,), size = node.inputs, math.prod(node.output.shape)
        own = math.prod(var.shape)
        if own == 1:
            return self._stretched(var, size)
        where = node.op.run(np.arange(own).reshape(var.shape), **node.params)
        return self._joined(self._slice(self.pieces[var], *_progression(where, node)))

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
                total = self._fold(fold, n, i, total)
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
                found += self._slice([(n, i)], at, 1, end - at)
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
                piece, first = self._slice(piece, count - 1, -1, count), first - count + 1
            elif step != 1:
                raise Unsupported("the reverse of a slice with a step has no loop")
            there = self._together([self._slice(whole, first, 1, count), piece])
            added = [(n, self.apply("add", *map(self.number, ids))) for n, ids in there]
            after = first + count
            whole = [*self._slice(whole, 0, 1, first), *added, *self._slice(whole, after, 1, size - after)]
        return self._joined(whole)

    def _matmul(self, node: Node) -> Pieces:
        a, b = node.inputs
        size, inner = math.prod(node.output.shape), a.shape[-1]
        if size == 1 and inner:
            together = self._together([self.pieces[a], self.pieces[b]])
            return [(1, self._folded("sum", [(n, self._product(*ids)) for n, ids in together]))]
        if inner == 1 and {math.prod(v.shape) for v in (a, b)} <= {1, size}:
            return self._of_entries(node, self._product)
        raise Unsupported("a product of matrices has no loop")


def _read(table: NDArray[np.float64], read: Read, count: int) -> NDArray[np.float64]:
    return table[read.first + read.step * np.arange(count)]


def _progression(where: NDArray[Any], node: Node) -> tuple[int, int, int]:
    """Positions as the first, the distance to the next and their count."""
    flat = where.ravel()
    if flat.size < 2:
        return (int(flat[0]) if flat.size else 0), 1, flat.size
    step = int(flat[1] - flat[0])
    if not step or (np.diff(flat) != step).any():
        raise Unsupported(f"{node.op.name} of an array of several axes has no loop")
    return int(flat[0]), step, flat.size
