"""The form with loops over the entries. x, the state and kept arrays are in memory, one vector of runs per entry."""

from __future__ import annotations

from collections.abc import Sequence

from optlab.engine.native.array_ir import Rolled
from optlab.engine.native.codegen import Form
from optlab.engine.native.hoisting import STEP, StepProgram, Values
from optlab.engine.native.ir import FOLDS
from optlab.engine.native.llvm_builder import LINE, Body
from optlab.engine.native.llvm_rules import NAN, both, digits, is_finite, select, truth
from optlab.engine.native.loop_body import Entries
from optlab.engine.native.loop_fusion import Stages


class Looped(Form):
    """A program with arrays and loops; see `Form`."""

    def __init__(self, program: StepProgram, body: Body) -> None:
        super().__init__(program, body)
        assert isinstance(program.expressions, Rolled)
        self.rolled = program.expressions
        self.stages = Stages(self.rolled, program.level, self.layout.carried, self.layout.trail)
        self.swapped = self.stages.swapped

    # ---- memory ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        self._tables()
        self._memory()
        body = self.body
        for n in sorted(self.swapped):
            for name in ("now", "next"):
                body.put(f"%the.{name}{n} = alloca ptr, align 8")
                body.store(f"%{name}{n}", f"%the.{name}{n}", "ptr")
        for i in self.rolled.needed:
            if self.rolled.ops[i] in FOLDS:
                body.put(f"%fold{i} = alloca {body.numbers}, align {LINE}")
        body.put(f"%right = alloca {body.conditions}, align 8")

    def _tables(self) -> None:
        """Write the arrays of data as constants of the module."""
        for n, table in enumerate(self.rolled.tables):
            numbers = ", ".join(f"double {digits(value)}" for value in table.tolist())
            text = f"@table{n} = private constant [{len(table)} x double] [{numbers}]"
            self.body.declarations[f"table{n}"] = text

    def _memory(self) -> None:
        """Allocate x and the state, a second copy of those that are double-buffered, and arrays kept for other loops.

        All of them are in one allocation, which is aligned to a cache line.
        """
        body, carried = self.body, self.layout.carried
        sizes = {f"%now{n}": size for n, (_, size) in enumerate(carried)}
        sizes |= {f"%next{n}": carried[n][1] for n in sorted(self.swapped)}
        sizes |= {f"%kept{i}": self.rolled.lengths[i] for i in self.stages.kept}
        body.declarations |= {"malloc": "declare ptr @malloc(i64)", "free": "declare void @free(ptr)"}
        body.put(f"%memory = call ptr @malloc(i64 {sum(sizes.values()) * body.bytes + LINE})")
        body.put("%memory.number = ptrtoint ptr %memory to i64")
        offset = body.line(f"and i64 {body.line('sub i64 0, %memory.number')}, {LINE - 1}")
        for name, size in sizes.items():
            body.put(f"{name} = getelementptr i8, ptr %memory, i64 {offset}")
            offset = body.add(offset, size * body.bytes)

    def end(self) -> None:
        self.body.put("call void @free(ptr %memory)")

    def now(self, n: int) -> str:
        """The address of the present value of the carried array number n."""
        return self.body.load(f"%the.now{n}", "ptr") if n in self.swapped else f"%now{n}"

    def next(self, n: int) -> str:
        """The address for the next value of the carried array number n."""
        return self.body.load(f"%the.next{n}", "ptr") if n in self.swapped else f"%now{n}"

    def row(self, pointer: str, entry: str) -> str:
        return self.body.at(pointer, entry, self.body.numbers)

    def move(self, save: bool) -> None:
        first = 0
        for n, (_, size) in enumerate(self.layout.carried):
            now = self.now(n)
            with self.body.loop(size) as entry:
                there = self.body.at("%state", self.lane(0, self.body.add(entry, first)))
                self.body.move(self.row(now, entry), there, save, self.body.bytes)
            first += size

    def record(self, finite: Sequence[str], place: str) -> None:
        body, dim = self.body, self.layout.carried[0][1]
        now, first = self.now(0), body.times(place, dim)
        with body.loop(dim) as entry:
            value = select(body, finite[0], body.load(self.row(now, entry), align=body.bytes), NAN)
            body.store(value, body.at("%trail", self.lane(0, body.add(first, entry))))

    def is_finite(self, copy: int) -> str:
        del copy  # loops have one vector of runs
        body, now = self.body, self.now(0)
        body.store(truth(True), "%right", body.conditions)
        with body.loop(self.layout.carried[0][1]) as entry:
            right = is_finite(body, body.load(self.row(now, entry), align=body.bytes))
            body.store(both(body, body.load("%right", body.conditions), right), "%right", body.conditions)
        return body.load("%right", body.conditions)

    # ---- a step ----------------------------------------------------------------------------------------------------

    def present(self, values: Values) -> None:
        """Does nothing: loops load x and the state where they need them."""

    def compute(self, values: Values, level: int, among: Sequence[int] | None = None) -> None:
        chosen = set(self.rolled.needed if among is None else among)
        whole = level == STEP and among is None
        for stage in self.stages.stages(level):
            for i in self.stages.numbers[level, stage]:
                if i in chosen and i not in values:
                    self._number(values, i)
            for loop in self.stages.loops(level, stage):
                members = [i for i in self.stages.members[loop] if i in chosen]
                if members or whole:
                    stores = self.stages.stores[loop] if whole else []
                    Entries(self, loop.length, values).write(members, stores)
        if whole:
            for n, first, i in self.stages.single:
                self.body.store(values[i][0], self.row(self.next(n), str(first)), align=self.body.bytes)

    def _number(self, values: Values, i: int) -> None:
        if i in self.rolled.reads:
            position, entry = self.rolled.inputs[i]
            there = self.row(self.now(self.number_of(position)), str(entry))
            values[i] = [self.body.load(there, align=self.body.bytes)]
        else:
            self.program.write(self.body, values, i, 1)

    def number_of(self, position: int) -> int:
        return [p for p, _ in self.layout.carried].index(position)

    def advance(self, values: Values) -> None:
        for n in sorted(self.swapped):
            now, after = self.now(n), self.next(n)
            self.body.store(after, f"%the.now{n}", "ptr")
            self.body.store(now, f"%the.next{n}", "ptr")
