"""Expressions as a program: where each is computed, and how.

Everything is computed at the outermost place where it can be:

    ONCE    the same for all runs and steps
    ROW     changes with the number of the step only: computed beforehand by `table`, one row per step
    BLOCK   belongs to the run, and does not change
    STEP    all else

The order of operations on one run is the same in any lane, block and thread, and whether a number is the same for all
runs or not. So a run's numbers are the same to the bit in any company.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optlab.engine.native.body import Body
from optlab.engine.native.expressions import Expressions, Unsupported
from optlab.engine.native.machine import Machine
from optlab.engine.native.rules import RULES, literal, truth

ONCE, ROW, BLOCK, STEP = range(4)

Values = dict[int, list[str]]
"""The text of expressions that are computed, for each of the vectors side by side."""


@dataclass(frozen=True)
class Layout:
    """Where things are, for a graph (x, *state, numbers...) -> (loss, next x, *next state).

    `carried` has, for each carried input, its position and its number of entries; `uniform` and `columns` are the
    positions of the numbers that are the same for all runs and of those that are not; `counter` that of the number of
    the step. `copies` vectors of runs are computed side by side. Every `check_every` steps x is looked at, in case an
    objective hides a NaN. `trail` says that x is recorded, `targets` that the first step at a target is asked for.
    """

    carried: tuple[tuple[int, int], ...]
    uniform: tuple[int, ...]
    columns: tuple[int, ...]
    counter: int | None
    copies: int
    check_every: int
    trail: bool
    targets: bool


class Program:
    """What a module is made from; its text is in `emit.py`, and how to call it in `trajectories.py`."""

    def __init__(self, expressions: Expressions, layout: Layout, machine: Machine) -> None:
        self.expressions, self.layout, self.machine = expressions, layout, machine
        self.needed = expressions.needed
        self.level = self._levels()
        self.loss = expressions.loss
        for_loss = expressions.needed_for([self.loss])
        if any(self.level[i] == ROW or expressions.ops[i] == "running" for i in for_loss):
            raise Unsupported("its loss depends on the number of the step")
        asked_in_steps = {a for i in self.needed if self.level[i] == STEP for a in expressions.args[i]}
        asked_in_steps.update(expressions.wanted)
        self.row = [i for i in self.needed if self.level[i] == ROW and i in asked_in_steps]
        running = [i for i in self.needed if expressions.ops[i] == "running"]
        self.shared_running = [i for i in running if self.level[i] == ROW]
        self.own_running = [i for i in running if self.level[i] == STEP]

    def _levels(self) -> dict[int, int]:
        kinds = {position: STEP for position, _ in self.layout.carried}
        kinds |= dict.fromkeys(self.layout.uniform, ONCE) | dict.fromkeys(self.layout.columns, BLOCK)
        kinds |= {} if self.layout.counter is None else {self.layout.counter: ROW}
        level: dict[int, int] = {}
        for i in self.needed:
            if i in self.expressions.inputs:
                level[i] = kinds[self.expressions.inputs[i][0]]
                continue
            found = {level[a] for a in self.expressions.args[i]}
            found |= {ROW} if self.expressions.ops[i] == "running" else set()
            found |= {BLOCK} if i in self.expressions.lengths else set()  # arrays are in a block's memory
            level[i] = STEP if {ROW, BLOCK} <= found else max(found, default=ONCE)
        return level

    def compute(self, body: Body, values: Values, level: int, copies: int, among: Sequence[int] | None = None) -> None:
        """Write down the expressions of a level, all or some, that are not there yet."""
        for i in self.needed if among is None else among:
            if i not in values and self.level[i] == level:
                self.write(body, values, i, copies)

    def write(self, body: Body, values: Values, i: int, copies: int) -> None:
        """Write down an expression of those that are there."""
        expressions = self.expressions
        op, args = expressions.ops[i], expressions.args[i]
        if op == "constant":
            value = expressions.values[i]
            values[i] = [truth(bool(value)) if i in expressions.conditions else literal(value)] * copies
        elif op not in ("input", "running"):
            rule = RULES[op]
            columns = list(zip(*(values[a] for a in args), strict=True))
            alike = len(set(columns)) == 1
            made = [rule(body, *operands) for operands in (columns[:1] if alike else columns)]
            values[i] = made * copies if alike else made

    def once(self, body: Body, copies: int) -> Values:
        """The numbers that are the same for all runs, and what depends on them alone."""
        values: Values = {}
        place = {position: n for n, position in enumerate(self.layout.uniform)}
        for i in self.needed:
            if self.expressions.ops[i] == "input" and self.level[i] == ONCE:
                number = body.at("%uniform", str(place[self.expressions.inputs[i][0]]))
                values[i] = [body.spread_from(number)] * copies
        self.compute(body, values, ONCE, copies)
        return values
