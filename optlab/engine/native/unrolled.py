"""The form without loops over the entries. Each entry of x and the state is a variable, which becomes a register."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optlab.engine.native.codegen import Form
from optlab.engine.native.hoisting import STEP, StepProgram, Values
from optlab.engine.native.llvm_builder import Body
from optlab.engine.native.llvm_rules import NAN, both, is_finite, select, truth


class Straight(Form):
    """A program with one variable per entry; see `Form`."""

    def __init__(self, program: StepProgram, body: Body) -> None:
        super().__init__(program, body)
        pairs = [(position, entry) for position, size in self.layout.carried for entry in range(size)]
        self.numbers = {pair: n for n, pair in enumerate(pairs)}
        self.dim = self.layout.carried[0][1]

    def begin(self) -> None:
        for _, _, name in self._each(len(self.numbers)):
            self.body.put(f"{name} = alloca {self.body.numbers}, align 64")

    def end(self) -> None:
        pass

    def move(self, save: bool) -> None:
        for n, copy, name in self._each(len(self.numbers)):
            self.body.move(name, self.body.at("%state", self.lane(copy, n)), save)

    def present(self, values: Values) -> None:
        expressions = self.expressions
        for i in expressions.needed:
            if expressions.ops[i] == "input" and self.program.level[i] == STEP:
                n = self.numbers[expressions.inputs[i]]
                values[i] = [self.body.load(f"%s{n}.{copy}", align=64) for copy in range(self.copies)]

    def compute(self, values: Values, level: int, among: Sequence[int] | None = None) -> None:
        self.program.compute(self.body, values, level, self.copies, among)

    def advance(self, values: Values) -> None:
        for n, i in enumerate(self.expressions.wanted[1:]):
            for copy in range(self.copies):
                self.body.store(values[i][copy], f"%s{n}.{copy}", align=64)

    def record(self, finite: Sequence[str], place: str) -> None:
        body = self.body
        first = body.times(place, self.dim)
        for n, copy, variable in self._each(self.dim):
            value = select(body, finite[copy], body.load(variable, align=64), NAN)
            body.store(value, body.at("%trail", self.lane(copy, body.add(first, n))))

    def is_finite(self, copy: int) -> str:
        right = truth(True)
        for n in range(self.dim):
            right = both(self.body, right, is_finite(self.body, self.body.load(f"%s{n}.{copy}", align=64)))
        return right

    def _each(self, count: int) -> Iterator[tuple[int, int, str]]:
        return ((n, copy, f"%s{n}.{copy}") for n in range(count) for copy in range(self.copies))
