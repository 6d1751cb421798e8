"""Expressions as a program: the level at which each expression is computed, and its LLVM text.

Each expression is computed at the outermost possible level:

    ONCE    the same for all runs and steps
    ROW     depends on the step number only: computed before the steps by `table`, one row per step
    BLOCK   differs between runs, but not between steps
    STEP    everything else

The order of operations on one run does not depend on its lane, block and thread, nor on whether a number is the same
for all runs. So a run's numbers are the same to the bit whatever the other runs are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optlab.engine.native.ir import Expressions
from optlab.engine.native.llvm_builder import Body
from optlab.engine.native.llvm_rules import RULES, literal, truth
from optlab.engine.native.machine import Machine

ONCE, ROW, BLOCK, STEP = range(4)

Values = dict[int, list[str]]
"""The text of each computed expression, one per vector of runs."""


@dataclass(frozen=True)
class StepLayout:
    """The layout of the inputs of a graph (x, *state, numbers...) -> (loss, next x, *next state).

    `carried` has, for each carried input, its position and its number of entries. `uniform` are the positions of the
    numbers that are the same for all runs, `columns` of those that differ, and `counter` of the step number. `copies`
    vectors of runs are computed together. Every `check_every` steps x is checked to be finite, as an objective may
    hide a NaN. `trail`: x is recorded. `targets`: the first step that reaches a target is recorded.
    `stops`: a run stops if its loss or an extra output is at most a limit.
    """

    carried: tuple[tuple[int, int], ...]
    uniform: tuple[int, ...]
    columns: tuple[int, ...]
    counter: int | None
    copies: int
    check_every: int
    trail: bool
    targets: bool
    stops: bool = False


class StepProgram:
    """Expressions with their levels. `module.py` writes the module, and `kernel.py` calls it."""

    def __init__(self, expressions: Expressions, layout: StepLayout, machine: Machine) -> None:
        self.expressions, self.layout, self.machine = expressions, layout, machine
        self.needed = expressions.needed
        self.level = self._levels()
        self.loss = expressions.loss
        for_loss = expressions.needed_for([self.loss])
        self.loss_changes = any(self.level[i] == ROW or expressions.ops[i] == "running" for i in for_loss)
        """Whether the loss depends on the number of the step, so that the last loss needs a row of its own."""
        used_in_steps = {a for i in self.needed if self.level[i] == STEP for a in expressions.args[i]}
        used_in_steps.update(expressions.wanted, expressions.extra)
        self.row = [i for i in self.needed if self.level[i] == ROW and i in used_in_steps]
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
        """Write the missing expressions of a level: all of them, or those in `among`."""
        for i in self.needed if among is None else among:
            if i not in values and self.level[i] == level:
                self.write(body, values, i, copies)

    def write(self, body: Body, values: Values, i: int, copies: int) -> None:
        """Write one expression, whose arguments are already in `values`."""
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
        """The numbers that are the same for all runs, and the expressions that depend on them alone."""
        values: Values = {}
        place = {position: n for n, position in enumerate(self.layout.uniform)}
        for i in self.needed:
            if self.expressions.ops[i] == "input" and self.level[i] == ONCE:
                number = body.at("%uniform", str(place[self.expressions.inputs[i][0]]))
                values[i] = [body.spread_from(number)] * copies
        self.compute(body, values, ONCE, copies)
        return values
