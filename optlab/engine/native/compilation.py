"""Compiles a step graph to machine code for whole trajectories."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from optlab.engine.graph import Graph
from optlab.engine.native.hoisting import StepLayout, StepProgram
from optlab.engine.native.ir import Unsupported
from optlab.engine.native.jit import Code, is_right, this_machine
from optlab.engine.native.kernel import Kernel
from optlab.engine.native.lowering import lowered
from optlab.engine.native.machine import Machine
from optlab.engine.native.module import Module, emit
from optlab.engine.replay import RUN, SHARED, UNIFORM, Input


def compile(
    graph: Graph,
    inputs: Sequence[Input],
    check_every: int = 32,
    trail: bool = False,
    targets: bool = False,
    quick: bool = False,
    stops: bool = False,
) -> Kernel:
    """Machine code for a graph (x, *state, *others) -> (loss at x, next x, *next state, *extra numbers).

    Args:
        graph: one step of one run, optimised. An input that is shared and changes is the step number: 1, 2, ...
        inputs: how each input is fed, as for `replay`. x and the state are the carried inputs, in order.
        check_every: x is checked to be finite every so many steps, as an objective may hide a NaN. A divisor of 4096.
        trail: whether x is recorded.
        targets: whether the first step that reaches a target is recorded.
        quick: compile faster, but to slower code. No result depends on it.
        stops: whether runs stop where the loss or an extra number is at most a limit.

    Raises:
        Unsupported: this back end cannot execute the graph. The message is the reason.
    """
    machine = this_machine()
    program = program_for(graph, inputs, machine, check_every, trail, targets, quick, stops)
    code, sound = compiled(lambda on: emit(StepProgram(program.expressions, program.layout, on)), machine, quick)
    program = StepProgram(program.expressions, program.layout, sound)
    return Kernel(program, code, machine.width * program.layout.copies)


def compiled(write: Callable[[Machine], Module], machine: Machine, quick: bool = False) -> tuple[Code, Machine]:
    """The machine code of a module that depends on the machine, and the machine without vector functions that are
    wrong. If there are any, the code calls them once per lane."""
    module = write(machine)
    code = Code(module.text, quick)
    wrong = [name for name in module.vector_functions if not is_right(code, name)]
    if not wrong:
        return code, machine
    sound = {name: symbol for name, symbol in machine.vectors.items() if name not in wrong}
    machine = replace(machine, vectors=sound)
    return Code(write(machine).text, quick), machine


def program_for(
    graph: Graph,
    inputs: Sequence[Input],
    machine: Machine,
    check_every: int = 32,
    trail: bool = False,
    targets: bool = False,
    quick: bool = False,
    stops: bool = False,
) -> StepProgram:
    """The program of a graph for any machine. The arguments are those of `compile`, which raises the same."""
    carried = [n for n, given in enumerate(inputs) if given.carry is not None]
    counters = [n for n, given in enumerate(inputs) if given.kind == SHARED and given.changes]
    rest = [n for n in range(len(inputs)) if n not in (*carried, *counters)]
    if len(counters) > 1 or any(inputs[n].changes or graph.inputs[n].shape for n in rest):
        raise Unsupported("it takes data that change from step to step")
    expressions = lowered(graph, counters[0] if counters else None, carried)
    sizes = [(n, math.prod(graph.inputs[n].shape)) for n in carried]
    layout = StepLayout(
        carried=tuple(sizes),
        uniform=tuple(n for n in rest if inputs[n].kind == UNIFORM),
        columns=tuple(n for n in rest if inputs[n].kind == RUN),
        counter=counters[0] if counters else None,
        copies=1 if quick else expressions.copies,
        check_every=check_every,
        trail=trail,
        targets=targets,
        stops=stops,
    )
    return StepProgram(expressions, layout, machine)
