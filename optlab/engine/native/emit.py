"""Scalars -> LLVM: one function that runs whole trajectories, a block of runs at a time, a vector of runs in each lane.

Everything is computed at the outermost place where it can be:

    ONCE    the same for all runs and steps
    ROW     changes with the number of the step only: computed beforehand by `table`, one row per step
    BLOCK   belongs to the run, and does not change
    STEP    all else

The order of operations on one run is the same in any lane, block and thread, and whether a number is the same for all
runs or not. So a run's numbers are the same to the bit in any company.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from optlab.engine.native.body import ATTRIBUTES, Body
from optlab.engine.native.expressions import Unsupported
from optlab.engine.native.machine import Machine, operands_of
from optlab.engine.native.rules import (
    NAN,
    ONE,
    RULES,
    ZERO,
    both,
    compare,
    is_finite,
    literal,
    opposite,
    select,
    truth,
)
from optlab.engine.native.scalars import Scalars

ONCE, ROW, BLOCK, STEP = range(4)


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


Values = dict[int, list[str]]


class Program:
    """The text of a module with two functions, `table` and `run`; how to call them is in `trajectories.py`."""

    def __init__(self, scalars: Scalars, layout: Layout, machine: Machine) -> None:
        self.scalars, self.layout, self.machine = scalars, layout, machine
        self.declarations: dict[str, str] = {}
        wanted = [int(i) for output in scalars.outputs for i in output]
        self.needed = scalars.needed
        self.level = self._levels()
        self.loss = int(scalars.outputs[0][0])
        if any(self.level[i] == ROW or scalars.ops[i] == "running" for i in scalars.needed_for([self.loss])):
            raise Unsupported("its loss depends on the number of the step")
        self.next = [int(i) for output in scalars.outputs[1:] for i in output]
        asked_in_steps = {a for i in self.needed if self.level[i] == STEP for a in scalars.args[i]} | set(wanted)
        self.row = [i for i in self.needed if self.level[i] == ROW and i in asked_in_steps]
        running = [i for i in self.needed if scalars.ops[i] == "running"]
        self.shared_running = [i for i in running if self.level[i] == ROW]
        self.own_running = [i for i in running if self.level[i] == STEP]
        functions = [*self._table(), *self._run()]
        names = {symbol: name for name, symbol in machine.vectors.items()}
        self.vector_functions = [names[symbol] for symbol in self.declarations if symbol in names]
        checks = [line for name in self.vector_functions for line in self._check(name)]
        self.text = "\n".join([*functions, *checks, *self.declarations.values(), ATTRIBUTES])

    def _levels(self) -> dict[int, int]:
        kinds = {position: STEP for position, _ in self.layout.carried}
        kinds |= dict.fromkeys(self.layout.uniform, ONCE) | dict.fromkeys(self.layout.columns, BLOCK)
        kinds |= {} if self.layout.counter is None else {self.layout.counter: ROW}
        level: dict[int, int] = {}
        for i in self.needed:
            op = self.scalars.ops[i]
            if op == "input":
                level[i] = kinds[self.scalars.inputs[i][0]]
                continue
            found = {level[a] for a in self.scalars.args[i]} | ({ROW} if op == "running" else set())
            level[i] = STEP if {ROW, BLOCK} <= found else max(found, default=ONCE)
        return level

    # ---- values ----------------------------------------------------------------------------------------------

    def _compute(self, body: Body, values: Values, level: int, copies: int, among: Sequence[int] | None = None) -> None:
        """Write down the expressions of a level, all or some, that are not there yet."""
        scalars = self.scalars
        for i in self.needed if among is None else among:
            if i in values or self.level[i] != level:
                continue
            op, args = scalars.ops[i], scalars.args[i]
            if op == "constant":
                value = scalars.values[i]
                values[i] = [truth(bool(value)) if i in scalars.conditions else literal(value)] * copies
            elif op not in ("input", "running"):
                rule = RULES[op]
                columns = list(zip(*(values[a] for a in args), strict=True))
                alike = len(set(columns)) == 1
                made = [rule(body, *operands) for operands in (columns[:1] if alike else columns)]
                values[i] = made * copies if alike else made

    def _once(self, body: Body, copies: int) -> Values:
        """The numbers that are the same for all runs, and what depends on them alone."""
        values: Values = {}
        place = {position: n for n, position in enumerate(self.layout.uniform)}
        for i in self.needed:
            if self.scalars.ops[i] == "input" and self.level[i] == ONCE:
                values[i] = [body.spread_from(body.at("%uniform", str(place[self.scalars.inputs[i][0]])))] * copies
        self._compute(body, values, ONCE, copies)
        return values

    # ---- the rows of all steps -------------------------------------------------------------------------------

    def _table(self) -> list[str]:
        """table(rows, uniform, running, begin, end): what changes with the number of the step only."""
        body = Body(self.machine, self.declarations)
        once = self._once(body, 1)
        for n in range(len(self.shared_running)):
            body.put(f"%p{n} = alloca {body.numbers}, align 64")
            body.store(body.spread_from(body.at("%running", str(n))), f"%p{n}", align=64)
        body.put("br label %loop")
        body.label("loop")
        body.put("%i = phi i64 [ %begin, %entry ], [ %after, %step ]")
        body.put("%more = icmp slt i64 %i, %end")
        body.put("br i1 %more, label %step, label %done")
        body.label("step")
        values = dict(once)
        body.put("%after = add i64 %i, 1")
        for i in self.needed:
            if self.scalars.ops[i] == "input" and self.level[i] == ROW:
                values[i] = [body.spread(body.line("sitofp i64 %after to double"))]
        for n, i in enumerate(self.shared_running):
            (base,) = values[self.scalars.args[i][0]]
            product = body.line(f"fmul {body.numbers} {body.load(f'%p{n}', align=64)}, {base}")
            body.store(product, f"%p{n}", align=64)
            values[i] = [product]
        self._compute(body, values, ROW, 1)
        offset = body.times(body.line("sub i64 %i, %begin"), len(self.row))
        for n, i in enumerate(self.row):
            (value,) = values[i]
            value = select(body, value, ONE, ZERO) if i in self.scalars.conditions else value
            first = body.line(f"extractelement {body.numbers} {value}, i32 0")
            body.store(first, body.at("%rows", body.add(offset, n)), "double")
        body.put("br label %loop")
        body.label("done")
        for n in range(len(self.shared_running)):
            first = body.line(f"extractelement {body.numbers} {body.load(f'%p{n}', align=64)}, i32 0")
            body.store(first, body.at("%running", str(n)), "double")
        body.put("ret void")
        arguments = "ptr noalias %rows, ptr noalias %uniform, ptr noalias %running, i64 %begin, i64 %end"
        return [f"define void @table({arguments}) #0 {{", "entry:", *body.lines, "}"]

    def _check(self, name: str) -> list[str]:
        """check_NAME(inputs, outputs): a function of the vector library by itself, to be tried out."""
        body = Body(self.machine, self.declarations)
        operands = [body.load(body.at("%inputs", str(n * body.width))) for n in range(operands_of(name))]
        body.store(body.mathematics(name, *operands), "%outputs")
        return [f"define void @check_{name}(ptr %inputs, ptr %outputs) #0 {{", *body.lines, "  ret void", "}"]

    # ---- trajectories ----------------------------------------------------------------------------------------

    def _run(self) -> list[str]:
        return _Run(self).lines()


class _Run:
    """The function `run`: for each block of runs all steps, the state in variables that become registers."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.layout, self.scalars = program.layout, program.scalars
        self.copies = program.layout.copies
        self.body = Body(program.machine, program.declarations)
        self.states = sum(size for _, size in self.layout.carried)
        self.dim = self.layout.carried[0][1]
        self.kept = {"best": "%best", **({"hit": "%reached"} if self.layout.targets else {})}

    def lines(self) -> list[str]:
        body = self.body
        self._variables()
        self.once = self.program._once(body, self.copies)
        self._blocks()
        self._steps()
        self._check("check", self._x_is_finite, "%to", NAN)
        self._after_chunk()
        self._finish()
        self._save()
        return [f"define void @run({_RUN_ARGUMENTS}) #0 {{", "entry:", *body.lines, "}"]

    def _each(self, count: int, prefix: str) -> Iterable[tuple[int, int, str]]:
        return ((n, copy, f"%{prefix}{n}.{copy}") for n in range(count) for copy in range(self.copies))

    def _lane(self, copy: int, row: int | str = 0) -> str:
        """The index of a block's runs in a row of an array of runs."""
        lane = self.body.add("%lane", copy * self.body.width)
        return lane if row == 0 else self.body.add(self.body.times("%stride", row), lane)

    def _variables(self) -> None:
        body = self.body
        for count, prefix in ((self.states, "s"), (len(self.program.own_running), "p")):
            for _, _, name in self._each(count, prefix):
                body.put(f"{name} = alloca {body.numbers}, align 64")
        for copy in range(self.copies):
            for what in self.kept:
                body.put(f"%{what}.{copy} = alloca {body.numbers}, align 64")
            body.put(f"%living.{copy} = alloca {body.conditions}, align 8")
        body.put("%place = alloca i64, align 8")

    def _memory(self, save: bool) -> None:
        """Bring a block's variables from memory, or back."""
        body = self.body

        def move(variable: str, pointer: str) -> None:
            if save:
                body.store(body.load(variable, align=64), pointer)
            else:
                body.store(body.load(pointer), variable, align=64)

        for n, copy, name in self._each(self.states, "s"):
            move(name, body.at("%state", self._lane(copy, n)))
        for n, copy, name in self._each(len(self.program.own_running), "p"):
            move(name, body.at("%products", self._lane(copy, n)))
        for copy in range(self.copies):
            for what, pointer in self.kept.items():
                move(f"%{what}.{copy}", body.at(pointer, self._lane(copy)))
            pointer, bytes_ = body.at("%alive", self._lane(copy), "i8"), f"<{body.width} x i8>"
            if save:
                living = body.load(f"%living.{copy}", body.conditions)
                body.store(body.line(f"zext {body.conditions} {living} to {bytes_}"), pointer, bytes_, 1)
            else:
                living = body.line(f"icmp ne {bytes_} {body.load(pointer, bytes_, 1)}, zeroinitializer")
                body.store(living, f"%living.{copy}", body.conditions)

    def _blocks(self) -> None:
        body, program = self.body, self.program
        body.put("br label %blocks")
        body.label("blocks")
        body.put("%lane = phi i64 [ %first, %entry ], [ %lane.next, %block.end ]")
        body.put("%lane.more = icmp slt i64 %lane, %last")
        body.put("br i1 %lane.more, label %block, label %exit")
        body.label("block")
        self._memory(save=False)
        body.store("%start", "%place", "i64")
        self.block = dict(self.once)
        place = {position: n for n, position in enumerate(self.layout.columns)}
        for i in program.needed:
            if self.scalars.ops[i] == "input" and program.level[i] == BLOCK:
                n = place[self.scalars.inputs[i][0]]
                self.block[i] = [body.load(body.at("%columns", self._lane(copy, n))) for copy in range(self.copies)]
        program._compute(body, self.block, BLOCK, self.copies)
        body.put("br label %chunks")
        body.label("chunks")
        body.put("%from = phi i64 [ %begin, %block ], [ %to, %chunk.end ]")
        body.put("%chunk.more = icmp slt i64 %from, %end")
        body.put("br i1 %chunk.more, label %chunk, label %finish")
        body.label("chunk")
        body.put(f"%to.full = add i64 %from, {self.layout.check_every}")
        body.put("%to.cut = icmp slt i64 %to.full, %end")
        body.put("%to = select i1 %to.cut, i64 %to.full, i64 %end")
        body.put("br label %step")

    def _present(self) -> Values:
        """The values at hand at x: those from outside the steps, and what is carried."""
        values = dict(self.block)
        numbers = self._carried_numbers()
        for i in self.program.needed:
            if self.scalars.ops[i] == "input" and self.program.level[i] == STEP:
                n = numbers[self.scalars.inputs[i]]
                values[i] = [self.body.load(f"%s{n}.{copy}", align=64) for copy in range(self.copies)]
        return values

    def _carried_numbers(self) -> Mapping[tuple[int, int], int]:
        pairs = [(position, entry) for position, size in self.layout.carried for entry in range(size)]
        return {pair: n for n, pair in enumerate(pairs)}

    def _steps(self) -> None:
        body, program = self.body, self.program
        body.label("step")
        body.put("%i = phi i64 [ %from, %chunk ], [ %i.next, %step.end ]")
        values = self._present()
        offset = body.times(body.line("sub i64 %i, %begin"), len(program.row))
        for n, i in enumerate(program.row):
            value = body.spread_from(body.at("%rows", body.add(offset, n)))
            value = compare(body, "une", value, ZERO) if i in self.scalars.conditions else value
            values[i] = [value] * self.copies
        for n, i in enumerate(program.own_running):
            base = values[self.scalars.args[i][0]]
            values[i] = []
            for copy in range(self.copies):
                before = body.load(f"%p{n}.{copy}", align=64)
                values[i].append(body.line(f"fmul {body.numbers} {before}, {base[copy]}"))
                body.store(values[i][-1], f"%p{n}.{copy}", align=64)
        program._compute(body, values, STEP, self.copies)
        self._record("%i", values[program.loss], "step")
        self._check("lost", lambda copy: is_finite(body, values[program.loss][copy]), "%i", values[program.loss])
        self._improve("%i", values[program.loss])
        for n, i in enumerate(program.next):
            for copy in range(self.copies):
                body.store(values[i][copy], f"%s{n}.{copy}", align=64)
        body.put("br label %step.end")
        body.label("step.end")
        body.put("%i.next = add i64 %i, 1")
        body.put("%i.more = icmp slt i64 %i.next, %to")
        body.put("br i1 %i.more, label %step, label %steps.end")
        body.label("steps.end")

    def _record(self, step: str, loss: list[str], name: str) -> None:
        """Write down the loss, and x where it is asked for, if this is the next recorded step."""
        body = self.body
        place = body.load("%place", "i64")
        due = body.load(body.at("%recorded", place, "i64"), "i64")
        is_due = body.line(f"icmp eq i64 {due}, {step}")
        body.put(f"br i1 {is_due}, label %{name}.record, label %{name}.recorded")
        body.label(f"{name}.record")
        living = [body.load(f"%living.{copy}", body.conditions) for copy in range(self.copies)]
        for copy in range(self.copies):
            body.store(select(body, living[copy], loss[copy], NAN), body.at("%loss", self._lane(copy, place)))
        if self.layout.trail:
            first = body.times(place, self.dim)
            for n, copy, variable in self._each(self.dim, "s"):
                value = select(body, living[copy], body.load(variable, align=64), NAN)
                body.store(value, body.at("%trail", self._lane(copy, body.add(first, n))))
        body.store(body.add(place, 1), "%place", "i64")
        body.put(f"br label %{name}.recorded")
        body.label(f"{name}.recorded")

    def _check(self, name: str, is_right: Callable[[int], str], step: str, loss: str | list[str]) -> None:
        """End the living runs that are not right any more, with this loss at this step. Rare: the branch is cold."""
        body = self.body
        living = [body.load(f"%living.{copy}", body.conditions) for copy in range(self.copies)]
        right = [is_right(copy) for copy in range(self.copies)]
        newly = [both(body, alive, opposite(body, r)) for alive, r in zip(living, right, strict=True)]
        body.put(f"br i1 {body.any(newly)}, label %{name}.some, label %{name}.none")
        body.label(f"{name}.some")
        wide = f"<{body.width} x i64>"
        steps = body.spread_whole(step)
        for copy in range(self.copies):
            value = loss if isinstance(loss, str) else loss[copy]
            pointer = body.at("%final", self._lane(copy))
            body.store(select(body, newly[copy], value, body.load(pointer)), pointer)
            pointer = body.at("%steps", self._lane(copy), "i64")
            chosen = f"select {body.conditions} {newly[copy]}, {wide} {steps}, {wide} {body.load(pointer, wide)}"
            body.store(body.line(chosen), pointer, wide)
            body.store(both(body, living[copy], right[copy]), f"%living.{copy}", body.conditions)
        body.put(f"br label %{name}.none")
        body.label(f"{name}.none")

    def _improve(self, step: str, loss: list[str]) -> None:
        """The best loss so far, and whether the target is reached."""
        body = self.body
        for copy in range(self.copies):
            living = body.load(f"%living.{copy}", body.conditions)
            best = body.load(f"%best.{copy}", align=64)
            better = both(body, living, compare(body, "olt", loss[copy], best))
            body.store(select(body, better, loss[copy], best), f"%best.{copy}", align=64)
            if self.layout.targets:
                target = body.load(body.at("%target", self._lane(copy)))
                hit = body.load(f"%hit.{copy}", align=64)
                newly = both(body, living, compare(body, "ole", loss[copy], target))
                newly = both(body, newly, compare(body, "olt", hit, ZERO))
                now = body.spread(body.line(f"sitofp i64 {step} to double"))
                body.store(select(body, newly, now, hit), f"%hit.{copy}", align=64)

    def _x_is_finite(self, copy: int) -> str:
        body = self.body
        right = truth(True)
        for n in range(self.dim):
            right = both(body, right, is_finite(body, body.load(f"%s{n}.{copy}", align=64)))
        return right

    def _after_chunk(self) -> None:
        """Go on while somebody lives."""
        body = self.body
        living = [body.load(f"%living.{copy}", body.conditions) for copy in range(self.copies)]
        body.put(f"br i1 {body.any(living)}, label %chunk.end, label %save")
        body.label("chunk.end")
        body.put("br label %chunks")

    def _finish(self) -> None:
        """The last step has no update after it: only its loss is left to compute."""
        body, program = self.body, self.program
        body.label("finish")
        body.put("%is.last = icmp eq i64 %end, %horizon")
        body.put("br i1 %is.last, label %last.step, label %save")
        body.label("last.step")
        values = self._present()
        program._compute(body, values, STEP, self.copies, self.scalars.needed_for([program.loss]))
        loss = values[program.loss]
        self._record("%horizon", loss, "last")
        self._check("end", lambda copy: is_finite(body, loss[copy]), "%horizon", loss)
        self._improve("%horizon", loss)
        for copy in range(self.copies):
            pointer = body.at("%final", self._lane(copy))
            living = body.load(f"%living.{copy}", body.conditions)
            body.store(select(body, living, loss[copy], body.load(pointer)), pointer)
        body.put("br label %save")

    def _save(self) -> None:
        body = self.body
        body.label("save")
        self._memory(save=True)
        body.put("br label %block.end")
        body.label("block.end")
        body.put(f"%lane.next = add i64 %lane, {body.width * self.copies}")
        body.put("br label %blocks")
        body.label("exit")
        body.put("ret void")


_INPUTS = ("rows", "uniform", "columns", "state", "products")
_NUMBERS = ("stride", "first", "last", "begin", "end", "horizon", "start")
_OUTPUTS = ("recorded", "loss", "trail", "final", "best", "steps", "alive", "target", "reached")
_RUN_ARGUMENTS = ", ".join(
    [f"ptr noalias %{name}" for name in _INPUTS]
    + [f"i64 %{name}" for name in _NUMBERS]
    + [f"ptr noalias %{name}" for name in _OUTPUTS]
)
