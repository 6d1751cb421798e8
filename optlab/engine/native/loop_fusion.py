"""Rolled expressions -> loops: the loop in which each array is computed, and the arrays that are kept in memory.

A loop iterates over the entries of arrays of one length. An expression that uses a sum can be computed only after the
loop of the sum. So there are stages: each has first numbers, then one loop per length. Arrays are computed as late as
possible, if possible in the loop that uses them. Arrays that are used by another loop are kept in memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from optlab.engine.native.array_ir import Rolled
from optlab.engine.native.hoisting import STEP
from optlab.engine.native.ir import FOLDS
from optlab.engine.native.segments import Read


class Loop(NamedTuple):
    """The loop that computes all arrays of one level, stage and length."""

    level: int
    stage: int
    length: int


class Store(NamedTuple):
    """Entries of the next x or state, from `first` on: the number of the carried input, and the expression."""

    carried: int
    first: int
    value: int


class Stages:
    """The loops of a program.

    `numbers` has, by level and stage, the numbers that are computed before the loops of that stage. `members` has the
    arrays and folds of each loop, in order. `kept` are the arrays that are written to memory. `stores` are the entries
    of the next x and state that a loop computes; `single` are those that are numbers. `swapped` are the carried inputs
    that are double-buffered: the loop that computes the next value must not overwrite the present one, as a later loop
    reads it.
    """

    def __init__(self, rolled: Rolled, level: dict[int, int], carried: Sequence[tuple[int, int]], trail: bool) -> None:
        self.rolled, self.level, self.carried = rolled, level, carried
        self.users: dict[int, list[int]] = defaultdict(list)
        for i in rolled.needed:
            for a in rolled.args[i]:
                self.users[a].append(i)
        self.earliest: dict[int, int] = {}
        self._forward()
        self.stores: dict[Loop, list[Store]] = defaultdict(list)
        self.single: list[Store] = []
        self.stored: dict[int, list[Loop]] = defaultdict(list)
        self._outputs()
        self.loop = self._backward()
        self.numbers: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.members: dict[Loop, list[int]] = defaultdict(list)
        for i in rolled.needed:
            if i in self.loop:
                self.members[self.loop[i]].append(i)
            elif i not in rolled.lengths:
                self.numbers[level[i], self.earliest[i]].append(i)
        self.kept = [i for i in self.loop if rolled.is_array(i) and self._loops_with(i) != {self.loop[i]}]
        self.swapped = {n for n in range(len(carried)) if not self._may_be_overwritten(n)}
        if trail and not self._unchanged(0):  # x is recorded after the next one is computed
            self.swapped.add(0)

    def loops(self, level: int, stage: int) -> list[Loop]:
        """The loops of a stage. They are independent, so any order is right."""
        return sorted({loop for loop in (*self.members, *self.stores) if loop[:2] == (level, stage)})

    def stages(self, level: int) -> range:
        """All stages of a level."""
        found = [key[1] for key in (*self.numbers, *self.members, *self.stores) if key[0] == level]
        return range(max(found, default=-1) + 1)

    def _after(self, i: int) -> int:
        """The first stage in which expression i may be used."""
        return self.earliest[i] + (self.rolled.ops[i] in FOLDS)

    def _forward(self) -> None:
        """Find the earliest stage of each expression."""
        for i in self.rolled.needed:
            same = [a for a in self.rolled.args[i] if self.level[a] == self.level[i]]
            self.earliest[i] = max(map(self._after, same), default=0)

    def _outputs(self) -> None:
        """Find the loops in which the next x and state are written."""
        for n, pieces in enumerate(self.rolled.outputs[1:]):
            if self._unchanged(n):
                continue
            for first, (length, i) in zip([0, *accumulate(k for k, _ in pieces)], pieces, strict=False):
                store = Store(n, first, i)
                if length == 1:
                    self.single.append(store)
                    continue
                stage = self._after(i) if self.level[i] == STEP else 0
                loop = Loop(STEP, stage, length)
                self.stores[loop].append(store)
                self.stored[i].append(loop)

    def _unchanged(self, n: int) -> bool:
        """Whether the step leaves the carried input number n unchanged."""
        position, size = self.carried[n]
        pieces = self.rolled.outputs[1 + n]
        return (
            len(pieces) == 1
            and pieces[0][0] == size
            and self.rolled.reads.get(pieces[0][1]) == Read("input", position, 0, 1)
        )

    def _backward(self) -> dict[int, Loop]:
        """The loop that computes each array, in the first stage that uses it."""
        rolled = self.rolled
        stage: dict[int, int] = {}
        for i in reversed(rolled.needed):
            if rolled.ops[i] in FOLDS:
                stage[i] = self.earliest[i]
            elif rolled.is_array(i) and i not in rolled.reads:
                same = [stage[u] for u in self.users[i] if self.level[u] == self.level[i]]
                elsewhere = len(same) < len(self.users[i]) or i in self.stored
                stage[i] = self.earliest[i] if elsewhere else min(same)
        return {i: Loop(self.level[i], stage[i], rolled.lengths[i]) for i in sorted(stage)}

    def _loops_with(self, i: int) -> set[Loop]:
        """The loops in which an array is computed, used or stored."""
        own = {self.loop[i]} if i in self.loop else set()
        return own | {self.loop[u] for u in self.users[i]} | set(self.stored[i])

    def _may_be_overwritten(self, n: int) -> bool:
        """Whether each loop that reads the carried input n ends before it is overwritten, or writes the entry it reads.

        Single entries are read before all loops, and written after all loops.
        """
        if self._unchanged(n):
            return True
        writing = {loop: {s.first for s in stores if s.carried == n} for loop, stores in self.stores.items()}
        begin = min((loop.stage for loop, firsts in writing.items() if firsts), default=0)
        for i in self.rolled.needed:
            read = self.rolled.reads.get(i)
            if read is None or read[:2] != ("input", self.carried[n][0]) or i not in self.rolled.lengths:
                continue
            for loop in self._loops_with(i):
                in_place = read.step == 1 and read.first in writing.get(loop, ())
                if loop.stage >= begin and not in_place:
                    return False
        return True
