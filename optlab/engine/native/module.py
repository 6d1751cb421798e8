"""Program -> LLVM: the text of a module with two functions, `table` and `run`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optlab.engine.native.array_ir import Rolled
from optlab.engine.native.hoisting import StepProgram
from optlab.engine.native.jit import operands_of
from optlab.engine.native.llvm_builder import ATTRIBUTES, Body
from optlab.engine.native.looped import Looped
from optlab.engine.native.machine import Machine
from optlab.engine.native.step_loop import Run
from optlab.engine.native.step_table import table
from optlab.engine.native.unrolled import Straight


@dataclass(frozen=True)
class Module:
    """The text, and the names of the functions of the vector library that it calls.

    For each of them the text has a function `check_NAME(inputs, outputs)`, which calls it alone, for a test.
    """

    text: str
    vector_functions: list[str]


def emit(program: StepProgram) -> Module:
    """The LLVM module of a program."""
    machine, declarations = program.machine, dict[str, str]()
    form = Looped if isinstance(program.expressions, Rolled) else Straight
    return module_of([*table(program, declarations), *Run(program, form, declarations).lines()], declarations, machine)


def module_of(functions: Sequence[str], declarations: dict[str, str], machine: Machine) -> Module:
    """The module with these lines of functions, and with what they declare."""
    names = {symbol: name for name, symbol in machine.vectors.items()}
    called = [names[symbol] for symbol in declarations if symbol in names]
    checks = [line for name in called for line in _check(name, machine, declarations)]
    return Module("\n".join([*functions, *checks, *declarations.values(), ATTRIBUTES]), called)


def _check(name: str, machine: Machine, declarations: dict[str, str]) -> list[str]:
    body = Body(machine, declarations)
    operands = [body.load(body.at("%inputs", str(n * body.width))) for n in range(operands_of(name))]
    body.store(body.mathematics(name, *operands), "%outputs")
    return [f"define void @check_{name}(ptr %inputs, ptr %outputs) #0 {{", *body.lines, "  ret void", "}"]
