"""Machine code for one step of all runs: a program like that of replay, in one call that releases Python's lock.

The code computes one vector of runs after the other. So all values of a step, for these runs, are close together in
memory.
"""

from __future__ import annotations

import ctypes
import functools
import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph
from optlab.engine.native.by_node.nests import Nests
from optlab.engine.native.by_node.places import Arena, Place, Stored
from optlab.engine.native.compilation import compiled
from optlab.engine.native.ir import Unsupported
from optlab.engine.native.jit import Code, this_machine
from optlab.engine.native.llvm_builder import Body
from optlab.engine.native.machine import Machine
from optlab.engine.native.memory import address, aligned
from optlab.engine.native.module import Module, module_of
from optlab.engine.nodes import Var
from optlab.engine.replay import RUN, Input, Program

MOST = 1_000_000
"""The most numbers of one run in memory."""

_ARRAYS = ("rows", "index", "shared", "data", "memory")
"""The arguments of the function: numbers and indices that differ between runs, one row per number; numbers that are the
same for all runs; the addresses of constants; memory for one vector of runs."""


class StepCode:
    """Machine code of a graph, compiled when the first program is made. Several threads may use it at the same time,
    each with a program of its own.

    Args:
        graph: the computation of one run, optimised.
        inputs: one per input of the graph, as for `replay`. Those that differ between runs are numbers or arrays of
            type float64, or indices of type int64. The others are single numbers.

    Raises:
        Unsupported: this back end cannot execute the graph. The message is the reason.

    >>> import numpy as np
    >>> from optlab.engine import trace
    >>> graph = trace(lambda x, lr: x - lr * x, np.ones(2), 0.1)
    >>> program = StepCode(graph, [Input(carry=0), Input(RUN, changes=False)]).program(runs=3)
    >>> program.inputs[0][...] = 1.0
    >>> program.inputs[1][...] = [0.1, 0.5, 1.0]
    >>> program.prepare(); program.step(); program.inputs[0].tolist()
    [[0.9, 0.5, 0.0], [0.9, 0.5, 0.0]]
    """

    def __init__(self, graph: Graph, inputs: Sequence[Input]) -> None:
        self.graph = graph
        self._writer = _Writer(graph, inputs)
        self._machine = this_machine()
        self._module = self._writer.module(self._machine)
        self._making = threading.Lock()
        self._data = [_in_order(value) for value in graph.constants.values()]

    @property
    def vectors(self) -> int:
        """The number of vectors in memory: the values of a step, for one vector of runs."""
        return self._writer.size["memory"]

    def program(self, runs: int) -> Program:
        """The program for a number of runs."""
        writer, lanes = self._writer, self._machine.width
        pitch = -(-runs // lanes) * lanes
        arrays: dict[str, NDArray[Any]] = {
            "rows": aligned(writer.size["rows"], pitch, fill=0.0),
            "index": aligned(writer.size["index"], pitch, fill=0, dtype=np.int64),
            "shared": aligned(writer.size["shared"], fill=0.0),
            "data": np.array([array.ctypes.data for array in self._data], np.uint64),
            "memory": aligned(writer.size["memory"], lanes, fill=0.0),
        }

        def part(var: Var, name: str, first: int) -> NDArray[Any]:
            rows = arrays[name][first : first + math.prod(var.shape)]
            return rows.reshape(()) if name == "shared" else rows.reshape(*var.shape, pitch)[..., :runs]

        with self._making:
            function = self._function
        return Program(
            inputs=tuple(part(var, *at) for var, at in zip(self.graph.inputs, writer.inputs, strict=True)),
            outputs=tuple(part(var, *at) for var, at in zip(self.graph.outputs, writer.results, strict=True)),
            prepare=lambda: None,
            step=_Step(function, tuple(arrays.values()), pitch, self),
            calls=1,
        )

    @functools.cached_property
    def _function(self) -> Any:
        return self._code.function("step", *[ctypes.c_void_p] * len(_ARRAYS), ctypes.c_int64)

    @functools.cached_property
    def _code(self) -> Code:
        return compiled(self._written, self._machine)[0]

    def _written(self, machine: Machine) -> Module:
        return self._module if machine is self._machine else self._writer.module(machine)


class _Step:
    """The call of the function on some arrays. It keeps these, and what else the function needs."""

    def __init__(self, function: Any, arrays: Sequence[NDArray[Any]], pitch: int, code: StepCode) -> None:
        self._call = functools.partial(function, *(address(a) if a.size else None for a in arrays), pitch)
        self._kept = arrays, code

    def __call__(self) -> None:
        self._call()


class _Writer:
    """The arrays of the function, and its text."""

    def __init__(self, graph: Graph, inputs: Sequence[Input]) -> None:
        self.graph = graph
        self.size: dict[str, int] = dict.fromkeys(_ARRAYS, 0)
        self.inputs = [self._rows(_array_of(v, given), v) for v, given in zip(graph.inputs, inputs, strict=True)]
        carried = {given.carry: n for n, given in enumerate(inputs) if given.carry is not None}
        self.results = [
            self.inputs[carried[n]] if n in carried else self._rows("rows", var) for n, var in enumerate(graph.outputs)
        ]
        index = {var for var, (name, _) in zip(graph.inputs, self.inputs, strict=True) if name == "index"}
        for node in graph.nodes:
            if any(var in index and not (node.op.kind == "take" and n == 1) for n, var in enumerate(node.inputs)):
                raise Unsupported("it computes with the indices of a minibatch")
        if index & set(graph.outputs):
            raise Unsupported("it returns the indices of a minibatch")

    def _rows(self, name: str, var: Var) -> tuple[str, int]:
        first = self.size[name]
        self.size[name] += math.prod(var.shape)
        return name, first

    def module(self, machine: Machine) -> Module:
        declarations: dict[str, str] = {}
        body = Body(machine, declarations)
        nests = Nests(self.graph, body, self._arena(), self._places())
        nests.write()
        self._save(nests)
        self.size["memory"] = nests.arena.used
        data = [f"%address{n} = getelementptr ptr, ptr %data, i64 {n}" for n in range(len(self.graph.constants))]
        data += [f"%data{n} = load ptr, ptr %address{n}, align 8" for n in range(len(self.graph.constants))]
        arguments = ", ".join(f"ptr noalias %{name}" for name in _ARRAYS)
        lines = [
            f"define void @step({arguments}, i64 %pitch) #0 {{",
            "entry:",
            *(f"  {line}" for line in (*nests.variables, *data)),
            "  br label %runs",
            "runs:",
            "  %lane = phi i64 [ 0, %entry ], [ %lane.next, %runs.last ]",
            *body.lines,
            "  br label %runs.last",
            "runs.last:",
            f"  %lane.next = add i64 %lane, {machine.width}",
            "  %runs.more = icmp slt i64 %lane.next, %pitch",
            "  br i1 %runs.more, label %runs, label %runs.end",
            "runs.end:",
            "  ret void",
            "}",
        ]
        return module_of(lines, declarations, machine)

    def _arena(self) -> Arena:
        """Memory for all values. Views and factors may be copied once each."""
        made = [node.output for node in self.graph.nodes]
        read = [var for node in self.graph.nodes if node.op.kind in ("view", "matmul") for var in node.inputs]
        size = sum(math.prod(var.shape) for var in (*made, *read, *self.graph.outputs))
        if size > MOST:
            raise Unsupported(f"a step has more than {MOST:,} numbers")
        return Arena("%memory", size)

    def _places(self) -> dict[Var, Place]:
        kinds = {"rows": Stored.ROW, "index": Stored.ROW, "shared": Stored.ONE}
        places: dict[Var, Place] = {}
        for var, (name, first) in zip(self.graph.inputs, self.inputs, strict=True):
            root = np.empty(self.size[name])
            array = root[first : first + math.prod(var.shape)].reshape(var.shape)
            places[var] = Place(f"%{name}", root, array, kinds[name])
        for n, (var, value) in enumerate(self.graph.constants.items()):
            numbers = _in_order(value)
            places[var] = Place(f"%data{n}", numbers, numbers, Stored.ONE)
        return places

    def _save(self, nests: Nests) -> None:
        """Write the outputs. Some may be other inputs, which are copied before they are overwritten."""
        saved: list[tuple[Place, Place]] = []
        for var, (name, first) in zip(self.graph.outputs, self.results, strict=True):
            source = nests.places[var]
            root = np.empty(self.size["rows"])
            target = Place(f"%{name}", root, root[first : first + math.prod(var.shape)].reshape(var.shape), Stored.ROW)
            if source.kind is Stored.ROW:
                if (source.base, source.offset, source.strides) == (target.base, target.offset, target.strides):
                    continue
                copied = nests.arena.place(var.shape)
                nests.copy(source, copied)
                source = copied
            saved.append((source, target))
        for source, target in saved:
            nests.copy(source, target)


def _array_of(var: Var, given: Input) -> str:
    """The array that an input is in."""
    if given.kind == RUN and var.dtype == np.float64:
        return "rows"
    if given.kind == RUN and var.dtype == np.int64 and given.carry is None:
        return "index"
    if given.kind != RUN and not var.shape and var.dtype == np.float64:
        return "shared"
    raise Unsupported("it takes data that change from step to step")


def _in_order(value: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(value, np.float64, order="C")
