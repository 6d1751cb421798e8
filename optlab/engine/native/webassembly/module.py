"""A step graph as a WebAssembly module that runs whole trajectories, and what its caller must know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optlab.engine.graph import Graph
from optlab.engine.native.compilation import program_for
from optlab.engine.native.hoisting import StepProgram
from optlab.engine.native.module import emit
from optlab.engine.native.webassembly.linker import Linked, linked
from optlab.engine.native.webassembly.target import SCALAR, SIMD, object_code
from optlab.engine.replay import Input


@dataclass(frozen=True)
class WasmLayout:
    """What a caller of a module must know to allocate the arrays of `table` and `run`. All values fit into JSON.

    - `dim`, `entries`: the number of entries of x, and of x and the state together.
    - `uniform`, `columns`: the positions of the graph's inputs that are the same for all runs, and of those that have
      one number per run, in the order of the arrays.
    - `row`: the numbers per row of the table, which has one row per step.
    - `shared`, `own`: the count of running products that are the same for all runs, and of those of each run.
    - `lanes`: the number of runs is a multiple of it.
    - `trail`: whether x is recorded.
    - `loss_changes`: whether the loss after the last step needs a row of the table.
    - `imports`: the functions of the C library, and `malloc` and `free`, that the module imports from "env".
    - `heap`: the first free byte of the memory.
    """

    dim: int
    entries: int
    uniform: tuple[int, ...]
    columns: tuple[int, ...]
    row: int
    shared: int
    own: int
    lanes: int
    trail: bool
    loss_changes: bool
    imports: tuple[str, ...]
    heap: int


@dataclass(frozen=True)
class WasmModule:
    """A module as bytes. It exports `memory`, and the functions `table` and `run` of `step_table.py` and `step_loop.py`
    (pointers are i32, counts are i64)."""

    code: bytes
    layout: WasmLayout


def module(graph: Graph, inputs: Sequence[Input], check_every: int, trail: bool, simd: bool = True) -> WasmModule:
    """The module of a graph (x, *state, *others) -> (loss at x, next x, *next state, *extra numbers).

    Args:
        graph, inputs, check_every, trail: as for `compilation.compile`.
        simd: whether the module computes two runs at once. Without it, it needs no vector instructions.

    Raises:
        Unsupported: this back end cannot execute the graph. The message is the reason.
    """
    machine = SIMD if simd else SCALAR
    program = program_for(graph, inputs, machine, check_every, trail, quick=True)
    found = linked(object_code(emit(program).text, machine), ("table", "run"))
    return WasmModule(found.code, _layout(program, found))


def _layout(program: StepProgram, found: Linked) -> WasmLayout:
    layout = program.layout
    return WasmLayout(
        dim=layout.carried[0][1],
        entries=sum(size for _, size in layout.carried),
        uniform=layout.uniform,
        columns=layout.columns,
        row=len(program.row),
        shared=len(program.shared_running),
        own=len(program.own_running),
        lanes=program.machine.width * layout.copies,
        trail=layout.trail,
        loss_changes=program.loss_changes,
        imports=found.imports,
        heap=found.heap,
    )
