"""A step graph as machine code that runs whole trajectories, and the arrays it works on."""

from __future__ import annotations

import ctypes
import functools
import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.graph import Graph
from optlab.engine.native.emit import emit
from optlab.engine.native.expressions import Unsupported
from optlab.engine.native.lowering import lowered
from optlab.engine.native.machine import Code, is_right, this_machine
from optlab.engine.native.program import Layout, Program
from optlab.engine.replay import RUN, SHARED, UNIFORM, Input

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRIDE = 4096
"""Steps between two looks at the world outside; their rows fit in the cache."""

AT_LEAST, AT_ONCE = 500_000, 500_000_000
"""Runs times steps times expressions that one call computes, about: from what it takes to wake a thread to a few
hundredths of a second."""

TURNS = 4
"""Calls per thread, if they are not too short: one that was woken late leaves more of them to the others."""

_P, _I = ctypes.c_void_p, ctypes.c_int64


@dataclass(frozen=True)
class Trajectories:
    """What became of the runs, R of them: the last array axis is the run axis.

    `loss` (recorded, R) and `trail` (recorded, dim, R) belong to the recorded steps. `first`, `final` and `best` (R,)
    are losses, `steps` (R,) the last step taken, `alive` (R,) whether the run is finite to the end. `carried` holds x
    and the state at the end, one row per entry. `reached` (R,) is the first step at the target, or -1.
    """

    loss: Floats
    trail: Floats | None
    first: Floats
    final: Floats
    best: Floats
    steps: Ints
    alive: NDArray[np.bool_]
    carried: Floats
    reached: Ints | None


@dataclass(frozen=True)
class Kernel:
    """Machine code for trajectories, from `compile`. It may be run by several threads at once."""

    program: Program
    code: Code
    lanes: int

    def run(
        self,
        carried: Floats,
        uniform: Floats,
        columns: Floats,
        steps: int,
        recorded: Ints,
        target: Floats | None = None,
        progress: Callable[[int], None] = lambda run_steps: None,
        threads: int = 1,
    ) -> Trajectories:
        """Run all steps.

        Args:
            carried: x and the state of each run before the first step, shape (entries, R).
            uniform: the numbers that are the same for all runs, in the order of the graph's inputs.
            columns: the numbers that are not, one row each, shape (numbers, R).
            steps: the horizon.
            recorded: the steps to record, ascending, each from 0 to `steps`.
            target: a loss per run, shape (R,), where the kernel was compiled with `targets`.
            progress: told now and then how many run-steps were done since, by any thread; may raise to stop.
            threads: how many work on the runs. No number depends on it.
        """
        call = _Call(self, carried, uniform, columns, steps, recorded, target)
        return call.run(progress, threads)

    @functools.cached_property
    def helpers(self) -> ThreadPoolExecutor:
        """Threads beside the calling one, begun when they are needed and ended with the kernel."""
        return ThreadPoolExecutor(thread_name_prefix="optlab-native")

    @functools.cached_property
    def run_function(self) -> Any:
        return self.code.function("run", *[_P] * 5, *[_I] * 7, *[_P] * 9)

    @functools.cached_property
    def table_function(self) -> Any:
        return self.code.function("table", _P, _P, _P, _I, _I)


def compile(
    graph: Graph,
    inputs: Sequence[Input],
    check_every: int = 32,
    trail: bool = False,
    targets: bool = False,
    quick: bool = False,
) -> Kernel:
    """Machine code for a graph (x, *state, *others) -> (loss at x, next x, *next state).

    Args:
        graph: one step of one run, optimised. An input that is shared and changes is the number of the step: 1, 2, ...
        inputs: how each input is fed, as for `replay`; x and the state are those that are carried, in order.
        check_every: x is looked at after so many steps, a divisor of 4096, in case an objective hides a NaN.
        trail: whether x is recorded.
        targets: whether the first step at a target is asked for.
        quick: compile in less time code that takes more; no number depends on it.

    Raises:
        Unsupported: the graph is not for this back end; the message says why.
    """
    carried = [n for n, given in enumerate(inputs) if given.carry is not None]
    counters = [n for n, given in enumerate(inputs) if given.kind == SHARED and given.changes]
    rest = [n for n in range(len(inputs)) if n not in (*carried, *counters)]
    if len(counters) > 1 or any(inputs[n].changes or graph.inputs[n].shape for n in rest):
        raise Unsupported("it takes data that change from step to step")
    machine = this_machine()
    expressions = lowered(graph, counters[0] if counters else None, carried)
    sizes = [(n, math.prod(graph.inputs[n].shape)) for n in carried]
    layout = Layout(
        carried=tuple(sizes),
        uniform=tuple(n for n in rest if inputs[n].kind == UNIFORM),
        columns=tuple(n for n in rest if inputs[n].kind == RUN),
        counter=counters[0] if counters else None,
        copies=1 if quick else expressions.copies,
        check_every=check_every,
        trail=trail,
        targets=targets,
    )
    program = Program(expressions, layout, machine)
    module = emit(program)
    code = Code(module.text, quick)
    wrong = [name for name in module.vector_functions if not is_right(code, name)]
    if wrong:  # then lane by lane
        sound = {name: symbol for name, symbol in machine.vectors.items() if name not in wrong}
        program = Program(expressions, layout, replace(machine, vectors=sound))
        code = Code(emit(program).text, quick)
    return Kernel(program, code, machine.width * layout.copies)


def _aligned(*shape: int, fill: float | None = None, dtype: Any = np.float64) -> NDArray[Any]:
    """An array that begins at a multiple of 64 bytes, as vectors like it."""
    memory = np.empty(math.prod(shape) * np.dtype(dtype).itemsize + 64, np.uint8)
    array = np.ndarray(shape, dtype, memory, offset=-_address(memory) % 64)
    if fill is not None:
        array[...] = fill
    return array


def _address(array: NDArray[Any]) -> int:
    """Where an array begins. It must be writable; `array.ctypes.data` takes four times as long."""
    return ctypes.addressof(ctypes.c_char.from_buffer(array))  # pyright: ignore[reportArgumentType]


def _pointers(*arrays: NDArray[Any] | None) -> list[int | None]:
    return [None if array is None or not array.size else _address(array) for array in arrays]


class _Call:
    """The arrays of one call, with the run axis filled up to whole vectors by repeating the last run."""

    def __init__(
        self, kernel: Kernel, carried: Floats, uniform: Floats, columns: Floats, steps: int, recorded: Ints, target: Any
    ) -> None:
        self.kernel, self.horizon, self.runs = kernel, steps, carried.shape[1]
        layout, program = kernel.program.layout, kernel.program
        self.padded = -(-self.runs // kernel.lanes) * kernel.lanes
        self.state = self._filled(carried)
        self.columns = self._filled(columns)
        self.uniform = np.ascontiguousarray(uniform, dtype=np.float64)
        self.asked_first = bool(len(recorded) and recorded[0] == 0)
        never = np.iinfo(np.int64).max
        self.recorded = np.concatenate([[0], recorded, [never]])[int(self.asked_first) :]
        rows, dim = len(self.recorded) - 1, layout.carried[0][1]
        self.loss = _aligned(rows, self.padded)
        self.trail = _aligned(rows, dim, self.padded, fill=np.nan) if layout.trail else None
        self.products = _aligned(len(program.own_running), self.padded, fill=1.0)
        self.running = np.ones(len(program.shared_running))
        self.rows = _aligned(min(steps, STRIDE), max(len(program.row), 1), fill=0.0)
        self.final, self.best, self.reached = per_run = _aligned(3, self.padded)
        per_run[...] = [[np.nan], [np.inf], [-1.0]]
        self.steps = _aligned(self.padded, fill=steps, dtype=np.int64)
        self.alive = _aligned(self.padded, fill=1, dtype=np.uint8)
        self.target = self._filled(target[None]) if layout.targets else None
        self.table = _pointers(self.rows, self.uniform, self.running)
        self.read = _pointers(self.rows, self.uniform, self.columns, self.state, self.products)
        written = (self.recorded, self.loss, self.trail, self.final, self.best, self.steps, self.alive)
        self.written = _pointers(*written, self.target, self.reached)

    def _filled(self, values: Floats) -> Floats:
        filled = _aligned(len(values), self.padded)
        filled[:, : self.runs] = values
        filled[:, self.runs :] = values[:, -1:]
        return filled

    def run(self, progress: Callable[[int], None], threads: int) -> Trajectories:
        """All steps of all runs, some runs at a time, on so many threads, of which this is one."""
        lanes, most = self.kernel.lanes, self.padded // self.kernel.lanes
        for begin in range(0, self.horizon, STRIDE):
            end = min(begin + STRIDE, self.horizon)
            self.kernel.table_function(*self.table, begin, end)
            work = lanes * self.kernel.program.expressions.work * (end - begin)
            share = max(-(-most // (TURNS * threads)), AT_LEAST // work)
            size = lanes * max(1, min(AT_ONCE // work, share))
            parts = deque((first, min(first + size, self.padded)) for first in range(0, self.padded, size))
            work_on = functools.partial(self._parts, parts, begin, end, progress)
            others = [self.kernel.helpers.submit(work_on) for _ in range(min(threads, len(parts)) - 1)]
            try:
                work_on()
            finally:  # nobody may write to arrays that are given back
                wait(others)
            for other in others:
                other.result()
        return self._result()

    def _parts(self, parts: deque[tuple[int, int]], begin: int, end: int, progress: Callable[[int], None]) -> None:
        """Take one part after the other, as long as there are any."""
        try:
            while parts:
                self._part(begin, end, progress, parts.popleft())
        except IndexError:  # another thread took the last one
            return
        except BaseException:  # raised by `progress`: nobody needs the rest
            parts.clear()
            raise

    def _part(self, begin: int, end: int, progress: Callable[[int], None], runs: tuple[int, int]) -> None:
        first, last = runs
        start = int(np.searchsorted(self.recorded, begin))
        numbers = (self.padded, first, last, begin, end, self.horizon, start)
        self.kernel.run_function(*self.read, *numbers, *self.written)
        progress((min(last, self.runs) - first) * (end - begin))

    def _result(self) -> Trajectories:
        runs = slice(self.runs)
        self._forget_what_was_not_computed()
        rows = slice(0 if self.asked_first else 1, None)
        return Trajectories(
            loss=self.loss[rows, runs],
            trail=None if self.trail is None else self.trail[rows, :, runs],
            first=self.loss[0, runs].copy(),
            final=self.final[runs],
            best=self.best[runs],
            steps=self.steps[runs],
            alive=self.alive[runs].astype(bool),
            carried=self.state[:, runs],
            reached=None if self.target is None else self.reached[runs].astype(np.int64),
        )

    def _forget_what_was_not_computed(self) -> None:
        """After all runs of a block have diverged, nothing is written any more."""
        ended, recorded = np.flatnonzero(self.alive == 0), self.recorded[:-1, None]
        if len(ended):
            losses, steps = self.loss[:, ended], self.steps[ended]
            self.loss[:, ended] = np.where(
                recorded < steps, losses, np.where(recorded == steps, self.final[ended], np.nan)
            )


__all__ = ["Kernel", "Trajectories", "Unsupported", "compile"]
