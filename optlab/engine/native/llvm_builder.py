"""A builder for the LLVM text of one function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from optlab.engine.native.machine import Machine

ATTRIBUTES = """
attributes #0 = { nounwind alignstack=64 "prefer-vector-width"="512" "min-legal-vector-width"="512" }
attributes #1 = { nounwind willreturn memory(none) }
"""
"""The attributes of the defined functions (#0) and of the called functions (#1). Vectors that do not fit into registers
are spilled to the stack. Spills that cross cache lines halve the speed, so the stack is aligned to 64 bytes."""


LINE = 64
"""Bytes of a cache line."""

SIZES = {"double": 8, "float": 4, "i8": 1}
"""Bytes of an entry of an array."""


class Body:
    """The LLVM text of one function, to which rules append lines. Its numbers are of type `real`."""

    def __init__(self, machine: Machine, declarations: dict[str, str], prefix: str = "v", real: str = "double") -> None:
        self.machine = machine
        self.width = machine.width
        self.real, self.size = real, SIZES[real]
        self.bytes = self.width * self.size
        self.numbers = f"<{self.width} x {real}>"
        self.conditions = f"<{self.width} x i1>"
        self.declarations = declarations
        self.lines: list[str] = []
        self.count = 0
        self.prefix = prefix

    def vector(self, kind: str) -> str:
        """The type of a vector with one entry per run."""
        return f"<{self.width} x {kind}>"

    def put(self, text: str) -> None:
        self.lines.append("  " + text)

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")

    def line(self, text: str) -> str:
        self.count += 1
        self.lines.append(f"  %{self.prefix}{self.count} = {text}")
        return f"%{self.prefix}{self.count}"

    def call(self, function: str, kind: str, operands: Sequence[str]) -> str:
        self.declarations[function] = f"declare {kind} @{function}({', '.join([kind] * len(operands))}) #1"
        return self.line(f"call {kind} @{function}({', '.join(f'{kind} {o}' for o in operands)})")

    def intrinsic(self, name: str, *operands: str) -> str:
        if name == "fma" and not self.machine.fma:  # emulated in software, which is slow
            product = self.line(f"fmul {self.numbers} {operands[0]}, {operands[1]}")
            return self.line(f"fadd {self.numbers} {product}, {operands[2]}")
        return self.call(f"llvm.{name}.v{self.width}f{8 * self.size}", self.numbers, operands)

    def mathematics(self, name: str, *operands: str) -> str:
        if name in self.machine.vectors:
            return self.call(self.machine.vectors[name], self.numbers, operands)
        result = "poison"
        for lane in range(self.width):
            single = [self.line(f"extractelement {self.numbers} {o}, i32 {lane}") for o in operands]
            value = self.call(name, "double", single)
            result = self.line(f"insertelement {self.numbers} {result}, double {value}, i32 {lane}")
        return result

    # memory

    def at(self, pointer: str, index: str, kind: str = "double") -> str:
        return self.line(f"getelementptr {kind}, ptr {pointer}, i64 {index}")

    def add(self, a: str, b: str | int) -> str:
        return self.line(f"add i64 {a}, {b}")

    def times(self, a: str, b: str | int) -> str:
        return self.line(f"mul i64 {a}, {b}")

    def load(self, pointer: str, kind: str | None = None, align: int = 0) -> str:
        return self.line(f"load {kind or self.numbers}, ptr {pointer}, align {align or self.size}")

    def store(self, value: str, pointer: str, kind: str | None = None, align: int = 0) -> None:
        self.put(f"store {kind or self.numbers} {value}, ptr {pointer}, align {align or self.size}")

    def move(self, variable: str, pointer: str, save: bool, align: int = LINE) -> None:
        """Load a variable from memory, or save it to memory."""
        if save:
            self.store(self.load(variable, align=align), pointer)
        else:
            self.store(self.load(pointer), variable, align=align)

    @contextmanager
    def loop(self, count: int) -> Iterator[str]:
        """A loop of `count` iterations (at least one) around the lines written in the context. Yields its index."""
        self.count += 1
        name = f"loop{self.count}"
        self.put(f"br label %{name}.begin")
        self.label(f"{name}.begin")
        self.put(f"br label %{name}")
        self.label(name)
        self.put(f"%{name}.i = phi i64 [ 0, %{name}.begin ], [ %{name}.next, %{name} ]")
        yield f"%{name}.i"
        self.put(f"%{name}.next = add i64 %{name}.i, 1")
        self.put(f"%{name}.more = icmp slt i64 %{name}.next, {count}")
        self.put(f"br i1 %{name}.more, label %{name}, label %{name}.end")
        self.label(f"{name}.end")

    def spread(self, number: str) -> str:
        """Broadcast a single number to all lanes."""
        return self._in_all_lanes(self.real, number)

    def spread_from(self, pointer: str, kind: str | None = None) -> str:
        """Load the number of type `kind` at an address and broadcast it to all lanes."""
        kind = kind or self.real
        return self._in_all_lanes(kind, self.load(pointer, kind, align=SIZES[kind]))

    def spread_whole(self, number: str) -> str:
        """Broadcast a single integer to all lanes."""
        return self._in_all_lanes("i64", number)

    def _in_all_lanes(self, kind: str, number: str) -> str:
        vector = self.vector(kind)
        first = self.line(f"insertelement {vector} poison, {kind} {number}, i32 0")
        zeros = f"<{self.width} x i32> zeroinitializer"
        return self.line(f"shufflevector {vector} {first}, {vector} poison, {zeros}")

    def any(self, conditions: Sequence[str]) -> str:
        """Whether any of the conditions holds in any lane, as i1."""
        total = conditions[0]
        for condition in conditions[1:]:
            total = self.line(f"or {self.conditions} {total}, {condition}")
        bits = self.line(f"bitcast {self.conditions} {total} to i{self.width}")
        return self.line(f"icmp ne i{self.width} {bits}, 0")
