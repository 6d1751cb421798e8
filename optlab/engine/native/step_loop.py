"""The function `run`: for one block of runs after the other all steps, with one run per lane of a vector.

A `Form` stores x and the state and computes a step. This module has the loops over blocks and steps, the recording,
the best losses and the check for divergence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from optlab.engine.native.codegen import Form
from optlab.engine.native.hoisting import BLOCK, STEP, StepProgram, Values
from optlab.engine.native.llvm_builder import Body
from optlab.engine.native.llvm_rules import NAN, ZERO, both, compare, is_finite, opposite, select, truth


class Run:
    """A builder of the function."""

    def __init__(
        self, program: StepProgram, form: Callable[[StepProgram, Body], Form], declarations: dict[str, str]
    ) -> None:
        self.program, self.layout, self.expressions = program, program.layout, program.expressions
        self.copies = program.layout.copies
        self.body = Body(program.machine, declarations)
        self.form = form(program, self.body)
        self.kept = {"best": "%best", **({"hit": "%reached"} if self.layout.targets else {})}

    def lines(self) -> list[str]:
        body = self.body
        self._variables()
        self.once = self.program.once(body, self.copies)
        self._blocks()
        self._steps()
        self._check("check", self.form.is_finite, "%to", NAN)
        self._after_chunk()
        self._finish()
        self._save()
        return [f"define void @run({_ARGUMENTS}) #0 {{", "entry:", *body.lines, "}"]

    def _products(self) -> Iterator[tuple[int, int, str]]:
        """The running products of each run: number, copy and variable."""
        count = len(self.program.own_running)
        return ((n, copy, f"%p{n}.{copy}") for n in range(count) for copy in range(self.copies))

    def _finite(self) -> list[str]:
        return [self.body.load(f"%finite.{copy}", self.body.conditions) for copy in range(self.copies)]

    def _variables(self) -> None:
        body = self.body
        self.form.begin()
        for _, _, name in self._products():
            body.put(f"{name} = alloca {body.numbers}, align 64")
        for copy in range(self.copies):
            for what in self.kept:
                body.put(f"%{what}.{copy} = alloca {body.numbers}, align 64")
            body.put(f"%finite.{copy} = alloca {body.conditions}, align 8")
        body.put("%place = alloca i64, align 8")

    def _memory(self, save: bool) -> None:
        """Load a block's variables from memory, or save them to memory."""
        body, lane = self.body, self.form.lane
        self.form.move(save)
        for n, copy, name in self._products():
            body.move(name, body.at("%products", lane(copy, n)), save)
        for copy in range(self.copies):
            for what, pointer in self.kept.items():
                body.move(f"%{what}.{copy}", body.at(pointer, lane(copy)), save)
            pointer, bytes_ = body.at("%finite", lane(copy), "i8"), f"<{body.width} x i8>"
            if save:
                finite = body.load(f"%finite.{copy}", body.conditions)
                body.store(body.line(f"zext {body.conditions} {finite} to {bytes_}"), pointer, bytes_, 1)
            else:
                finite = body.line(f"icmp ne {bytes_} {body.load(pointer, bytes_, 1)}, zeroinitializer")
                body.store(finite, f"%finite.{copy}", body.conditions)

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
            if self.expressions.ops[i] == "input" and program.level[i] == BLOCK:
                n = place[self.expressions.inputs[i][0]]
                columns = [self.form.lane(copy, n) for copy in range(self.copies)]
                self.block[i] = [body.load(body.at("%columns", column)) for column in columns]
        self.form.compute(self.block, BLOCK)
        body.put("br label %block.ready")
        body.label("block.ready")
        body.put("br label %chunks")
        body.label("chunks")
        body.put("%from = phi i64 [ %begin, %block.ready ], [ %to, %chunk.end ]")
        body.put("%chunk.more = icmp slt i64 %from, %end")
        body.put("br i1 %chunk.more, label %chunk, label %finish")
        body.label("chunk")
        body.put(f"%to.full = add i64 %from, {self.layout.check_every}")
        body.put("%to.cut = icmp slt i64 %to.full, %end")
        body.put("%to = select i1 %to.cut, i64 %to.full, i64 %end")
        body.put("br label %step")

    def _steps(self) -> None:
        body, program = self.body, self.program
        body.label("step")
        body.put("%i = phi i64 [ %from, %chunk ], [ %i.next, %step.end ]")
        values = dict(self.block)
        self.form.present(values)
        self._of_the_step(values, "%i")
        self.form.compute(values, STEP)
        self._record("%i", values[program.loss], "step")
        self._check("lost", lambda copy: is_finite(body, values[program.loss][copy]), "%i", values[program.loss])
        self._improve("%i", values[program.loss])
        if self.layout.stops:
            watched = [values[i] for i in (program.loss, *self.expressions.extra)]
            self._check("stop", lambda copy: self._is_above(copy, watched), "%i", values[program.loss])
        self.form.advance(values)
        body.put("br label %step.end")
        body.label("step.end")
        body.put("%i.next = add i64 %i, 1")
        body.put("%i.more = icmp slt i64 %i.next, %to")
        body.put("br i1 %i.more, label %step, label %steps.end")
        body.label("steps.end")

    def _of_the_step(self, values: Values, step: str) -> None:
        """Add the row of the table for this step, and the running products that differ between runs."""
        body, program = self.body, self.program
        offset = body.times(body.line(f"sub i64 {step}, %begin"), len(program.row))
        for n, i in enumerate(program.row):
            value = body.spread_from(body.at("%rows", body.add(offset, n)))
            value = compare(body, "une", value, ZERO) if i in self.expressions.conditions else value
            values[i] = [value] * self.copies
        for n, i in enumerate(program.own_running):
            base = values[self.expressions.args[i][0]]
            values[i] = []
            for copy in range(self.copies):
                before = body.load(f"%p{n}.{copy}", align=64)
                values[i].append(body.line(f"fmul {body.numbers} {before}, {base[copy]}"))
                body.store(values[i][-1], f"%p{n}.{copy}", align=64)

    def _record(self, step: str, loss: list[str], name: str) -> None:
        """Record the loss, and x if requested, if this is the next step to record."""
        body = self.body
        place = body.load("%place", "i64")
        due = body.load(body.at("%recorded", place, "i64"), "i64")
        is_due = body.line(f"icmp eq i64 {due}, {step}")
        body.put(f"br i1 {is_due}, label %{name}.record, label %{name}.recorded")
        body.label(f"{name}.record")
        finite = self._finite()
        for copy in range(self.copies):
            value = select(body, finite[copy], loss[copy], NAN)
            body.store(value, body.at("%loss", self.form.lane(copy, place)))
        if self.layout.trail:
            self.form.record(finite, place)
        body.store(body.add(place, 1), "%place", "i64")
        body.put(f"br label %{name}.recorded")
        body.label(f"{name}.recorded")

    def _check(self, name: str, is_right: Callable[[int], str], step: str, loss: str | list[str]) -> None:
        """End the runs for which something is not right, with this loss at this step. The branch is rarely taken."""
        body = self.body
        finite = self._finite()
        right = [is_right(copy) for copy in range(self.copies)]
        newly = [both(body, before, opposite(body, now)) for before, now in zip(finite, right, strict=True)]
        body.put(f"br i1 {body.any(newly)}, label %{name}.some, label %{name}.none")
        body.label(f"{name}.some")
        wide = f"<{body.width} x i64>"
        steps = body.spread_whole(step)
        for copy in range(self.copies):
            value = loss if isinstance(loss, str) else loss[copy]
            pointer = body.at("%final", self.form.lane(copy))
            body.store(select(body, newly[copy], value, body.load(pointer)), pointer)
            pointer = body.at("%steps", self.form.lane(copy), "i64")
            chosen = f"select {body.conditions} {newly[copy]}, {wide} {steps}, {wide} {body.load(pointer, wide)}"
            body.store(body.line(chosen), pointer, wide)
            body.store(both(body, finite[copy], right[copy]), f"%finite.{copy}", body.conditions)
        body.put(f"br label %{name}.none")
        body.label(f"{name}.none")

    def _is_above(self, copy: int, watched: list[list[str]]) -> str:
        """Whether each of these values is above its limit. A NaN counts as above."""
        body, above = self.body, truth(True)
        for n, value in enumerate(watched):
            limit = body.spread_from(body.at("%limits", str(n)))
            above = both(body, above, compare(body, "ugt", value[copy], limit))
        return above

    def _improve(self, step: str, loss: list[str]) -> None:
        """Update the best loss, and the first step that reaches the target."""
        body = self.body
        for copy, finite in enumerate(self._finite()):
            best = body.load(f"%best.{copy}", align=64)
            better = both(body, finite, compare(body, "olt", loss[copy], best))
            body.store(select(body, better, loss[copy], best), f"%best.{copy}", align=64)
            if self.layout.targets:
                target = body.load(body.at("%target", self.form.lane(copy)))
                hit = body.load(f"%hit.{copy}", align=64)
                newly = both(body, finite, compare(body, "ole", loss[copy], target))
                newly = both(body, newly, compare(body, "olt", hit, ZERO))
                now = body.spread(body.line(f"sitofp i64 {step} to double"))
                body.store(select(body, newly, now, hit), f"%hit.{copy}", align=64)

    def _after_chunk(self) -> None:
        """Continue while any run is finite."""
        body = self.body
        body.put(f"br i1 {body.any(self._finite())}, label %chunk.end, label %save")
        body.label("chunk.end")
        body.put("br label %chunks")

    def _finish(self) -> None:
        """Compute the loss after the last update."""
        body, program = self.body, self.program
        body.label("finish")
        body.put("%is.last = icmp eq i64 %end, %horizon")
        body.put("br i1 %is.last, label %last.step, label %save")
        body.label("last.step")
        values = dict(self.block)
        self.form.present(values)
        if program.loss_changes:
            self._of_the_step(values, "%horizon")
        self.form.compute(values, STEP, self.expressions.needed_for([program.loss]))
        loss = values[program.loss]
        self._record("%horizon", loss, "last")
        self._check("end", lambda copy: is_finite(body, loss[copy]), "%horizon", loss)
        self._improve("%horizon", loss)
        for copy, finite in enumerate(self._finite()):
            pointer = body.at("%final", self.form.lane(copy))
            body.store(select(body, finite, loss[copy], body.load(pointer)), pointer)
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
        self.form.end()
        body.put("ret void")


_INPUTS = ("rows", "uniform", "columns", "state", "products")
_NUMBERS = ("stride", "first", "last", "begin", "end", "horizon", "start")
_OUTPUTS = ("recorded", "loss", "trail", "final", "best", "steps", "finite", "target", "reached", "limits")
_ARGUMENTS = ", ".join(
    [f"ptr noalias %{name}" for name in _INPUTS]
    + [f"i64 %{name}" for name in _NUMBERS]
    + [f"ptr noalias %{name}" for name in _OUTPUTS]
)
