"""A loop over the entries of arrays, and the values that are available in its body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from optlab.engine.native.array_ir import Rolled
from optlab.engine.native.hoisting import Values
from optlab.engine.native.ir import FOLDS
from optlab.engine.native.llvm_builder import LINE, Body
from optlab.engine.native.llvm_rules import ONE, RULES, ZERO, compare, select
from optlab.engine.native.loop_fusion import Stages, Store


class LoopMemory(Protocol):
    """What a loop uses of the code that it is part of (`looped.Looped`)."""

    body: Body
    rolled: Rolled
    stages: Stages

    def now(self, n: int) -> str: ...
    def next(self, n: int) -> str: ...
    def row(self, pointer: str, entry: str) -> str: ...
    def number_of(self, position: int) -> int: ...


class Entries:
    """A loop of `length` iterations, which computes arrays and folds from `values` and from arrays in memory."""

    def __init__(self, form: LoopMemory, length: int, values: Values) -> None:
        self.form, self.length, self.values = form, length, values
        self.body, self.rolled, self.kept = form.body, form.rolled, set(form.stages.kept)
        self.here: dict[int, str] = {}

    def write(self, members: Sequence[int], stores: Sequence[Store]) -> None:
        """Write the loop with its arrays and folds in order. Each iteration ends with the stores to the next state."""
        body, rolled = self.body, self.rolled
        folds = [i for i in members if rolled.ops[i] in FOLDS]
        for i in folds:
            start = rolled.args[i][-1]
            body.store(self.values[start][0], f"%fold{i}", align=LINE)
        self._find_memory(members, stores)
        with body.loop(self.length) as self.entry:
            for i in members:
                if rolled.ops[i] in FOLDS:
                    self._accumulate(i)
                else:
                    self.here[i] = RULES[rolled.ops[i]](body, *map(self._value, rolled.args[i]))
                    if i in self.kept:
                        self._keep(i)
            values = [self._value(store.value) for store in stores]  # read all of them before any is overwritten
            for store, value in zip(stores, values, strict=True):
                there = self.form.row(self.next[store.carried], body.add(self.entry, store.first))
                body.store(value, there, align=body.bytes)
        for i in folds:
            self.values[i] = [body.load(f"%fold{i}", align=LINE)]

    def _find_memory(self, members: Sequence[int], stores: Sequence[Store]) -> None:
        """Set the pointers to the carried arrays that the loop reads or writes; they are loaded before the loop."""
        used = [a for i in members for a in self.rolled.args[i]] + [store.value for store in stores]
        read = {self.rolled.inputs[a][0] for a in used if a in self.rolled.reads and a in self.rolled.inputs}
        self.now = {position: self.form.now(self.form.number_of(position)) for position in sorted(read)}
        self.next = {n: self.form.next(n) for n in sorted({store.carried for store in stores})}

    def _accumulate(self, i: int) -> None:
        """Add the current entry to a fold."""
        body, op = self.body, self.rolled.ops[i]
        so_far, entries = body.load(f"%fold{i}", align=LINE), map(self._value, self.rolled.args[i][:-1])
        operands = (*entries, so_far) if op == "dot" else (so_far, *entries)
        body.store(RULES[FOLDS[op]](body, *operands), f"%fold{i}", align=LINE)

    def _value(self, i: int) -> str:
        """A number, or the current entry of an array: computed in this iteration, or loaded from memory."""
        if i in self.here:
            return self.here[i]
        if not self.rolled.is_array(i):
            return self.values[i][0]
        self.here[i] = self._read(i) if i in self.rolled.reads else self._kept(i)
        return self.here[i]

    def _read(self, i: int) -> str:
        body, read = self.body, self.rolled.reads[i]
        entry = self.entry if read.step == 1 else body.times(self.entry, read.step)
        entry = body.add(entry, read.first)
        if read.source == "table":
            return body.spread_from(body.at(f"@table{read.number}", entry))
        return body.load(self.form.row(self.now[read.number], entry), align=body.bytes)

    def _kept(self, i: int) -> str:
        value = self.body.load(self.form.row(f"%kept{i}", self.entry), align=self.body.bytes)
        return compare(self.body, "une", value, ZERO) if i in self.rolled.conditions else value

    def _keep(self, i: int) -> None:
        value = self.here[i]
        if i in self.rolled.conditions:
            value = select(self.body, value, ONE, ZERO)
        self.body.store(value, self.form.row(f"%kept{i}", self.entry), align=self.body.bytes)
