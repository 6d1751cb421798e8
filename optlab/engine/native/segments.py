"""Arrays as pieces: slicing, joining and combining them.

An array is a list of pieces. A piece is a number of entries and an expression, which is either an array of this many
entries or a number that all entries are equal to. Slicing is pushed down to the arrays in memory: a slice of a sum is
the sum of the slices. So each array is computed entry by entry from arrays in memory at a constant offset and step. An
end that is computed differently from the middle becomes a separate number.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph
from optlab.engine.native.ir import CONDITIONS, ExpressionBuilder, Unsupported
from optlab.engine.ops import OPS

MOST_DATA = 20_000
"""The most numbers in one array of data, which becomes a part of the code."""

MOST_PIECES = 64
"""The most pieces or rows, each of which becomes a separate loop."""

_IDENTITY = {"sum": -0.0, "max": -math.inf, "min": math.inf}
"""The start value of each fold, which changes no bit of the first entry."""

Pieces = list[tuple[int, int]]


class Read(NamedTuple):
    """A slice of an array in memory, an input or a table: the first entry, and the distance to the next."""

    source: str
    number: int
    first: int
    step: int


class PieceWriter(ExpressionBuilder):
    """A builder of expressions of numbers and of arrays; see `Rolled`."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.reads: dict[int, Read] = {}
        self.tables: list[NDArray[np.float64]] = []

    def new(self, op: str, args: tuple[int, ...], settled: bool) -> int:
        made = super().new(op, args, settled)
        lengths = {self.lengths[a] for a in args if self.is_array(a)}
        if lengths:
            (self.lengths[made],) = lengths
        return made

    def computed(self, op: str, args: tuple[int, ...]) -> int | None:
        """Constant folding: of numbers to a constant, and of data to new data."""
        if not any(map(self.is_array, args)):
            return super().computed(op, args)
        known = [self._known(a) for a in args]
        if op in CONDITIONS or any(value is None for value in known):
            return None
        with np.errstate(all="ignore"):
            ((_, made),) = self.data(np.asarray(OPS[op].run(*known)))
        return made

    def _known(self, i: int) -> NDArray[np.float64] | None:
        if i in self.values and i not in self.conditions:
            return np.asarray(self.values[i])
        read = self.reads.get(i)
        if read is None or read.source != "table":
            return None
        return self.tables[read.number][read.first + read.step * np.arange(self.lengths[i])]

    def data(self, value: NDArray[Any]) -> Pieces:
        """A constant array."""
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
            self.seen[key] = self.load(Read("table", len(self.tables) - 1, 0, 1), data.size)
        return [(data.size, self.seen[key])]

    def load(self, read: Read, count: int) -> int:
        """The expression of `count` entries of an array in memory."""
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

    def fold(self, fold: str, length: int, i: int, start: int | None) -> int:
        """A sum, maximum or minimum of `length` entries, continued from the value `start` of the entries before."""
        start = self.constant(_IDENTITY[fold]) if start is None else start
        key = (fold, length, i, start)
        if key not in self.seen:
            self.seen[key] = made = self.new(fold, (i, start), self.settled[i] and self.settled[start])
            self.lengths[made] = length
        return self.seen[key]

    # ---- pieces ----------------------------------------------------------------------------------------------------

    def part(self, i: int, first: int, step: int, count: int) -> int:
        """A slice of an expression: the same expression of sliced arrays."""
        if not self.is_array(i) or (first, step, count) == (0, 1, self.lengths[i]):
            return i
        for a in self._not_yet_sliced(i, first, step, count):
            if a in self.reads:
                read = self.reads[a]
                there = read._replace(first=read.first + first * read.step, step=read.step * step)
                part = self.load(there, count)
            else:
                part = self.apply(self.ops[a], *(self.seen.get((b, first, step, count), b) for b in self.args[a]))
            self.seen[a, first, step, count] = part
        return self.seen[i, first, step, count]

    def _not_yet_sliced(self, i: int, first: int, step: int, count: int) -> list[int]:
        """The arrays that an expression depends on and that have no such slice yet, in order."""
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

    def slice(self, pieces: Pieces, first: int, step: int, count: int) -> Pieces:
        """`count` entries of an array, at the positions first, first + step, first + 2 step, ..."""
        begins = [0, *accumulate(n for n, _ in pieces)]
        found: Pieces = []
        while count:
            at = bisect_right(begins, first) - 1
            length, i = pieces[at]
            inside = first - begins[at]
            following = (length - 1 - inside) // step if step > 0 else inside // -step
            taken = min(count, following + 1)
            found.append((taken, self.part(i, inside, step, taken)))
            first, count = first + taken * step, count - taken
        return found

    def picked(self, pieces: Pieces, where: NDArray[Any]) -> Pieces:
        """The entries of an array at these positions."""
        found: Pieces = []
        for first, step, count in runs(where):
            if step:
                found += self.slice(pieces, first, step, count)
            else:
                found.append((count, self.slice(pieces, first, 1, 1)[0][1]))
        return self.joined(found)

    def together(self, arrays: Sequence[Pieces]) -> Iterator[tuple[int, list[int]]]:
        """Several arrays of one size, split wherever any of them has a boundary between pieces."""
        todo = [iter(pieces) for pieces in arrays]
        current = [next(pieces) for pieces in todo]
        inside = [0] * len(arrays)
        while True:
            n = min(length - at for (length, _), at in zip(current, inside, strict=True))
            yield n, [self.part(i, at, 1, n) for (_, i), at in zip(current, inside, strict=True)]
            for k, (length, _) in enumerate(current):
                inside[k] += n
                if inside[k] == length:
                    following = next(todo[k], None)
                    if following is None:
                        return
                    current[k], inside[k] = following, 0

    def joined(self, pieces: Iterable[tuple[int, int]]) -> Pieces:
        """Merge adjacent pieces that are the same number."""
        found: Pieces = []
        for n, i in pieces:
            if found and found[-1][1] == i and not self.is_array(i):
                found[-1] = (found[-1][0] + n, i)
            else:
                found.append((n, i))
        return found


def runs(where: NDArray[Any]) -> list[tuple[int, int, int]]:
    """Split positions into arithmetic progressions, each as (first, step, count)."""
    flat = where.ravel()
    steps = np.diff(flat)
    changes = [*(np.flatnonzero(np.diff(steps)) + 1).tolist(), steps.size]
    found, at = [], 0
    while at < flat.size:
        end = changes[bisect_right(changes, at)] if at < steps.size else at
        found.append((int(flat[at]), int(steps[at]) if end > at else 1, end - at + 1))
        at = end + 1
        if len(found) > MOST_PIECES:
            raise Unsupported(f"an array falls into more than {MOST_PIECES} pieces")
    return found
