"""Machine code for whole trajectories: its arrays, and its calls on several threads."""

from __future__ import annotations

import ctypes
import functools
import math
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.native.hoisting import StepProgram
from optlab.engine.native.jit import Code
from optlab.engine.native.memory import address, aligned
from optlab.engine.native.saved_call import SavedCall, Stopping
from optlab.engine.saver import UNSAVED, StateSaver

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRIDE, FEWEST, AT_MOST = 4096, 512, 100_000_000_000
"""Steps per call of the machine code: the most, the fewest, and the approximate work between, a few seconds of one
thread. Rows of the table for this many steps fit into the cache. The state can be saved after each call."""

AT_LEAST, AT_ONCE = 500_000, 500_000_000
"""The approximate work of one call, runs times steps times expressions: from the cost of waking a thread up to a few
hundredths of a second."""

TURNS = 4
"""Calls per thread, if they are not too short. Several calls balance the load when a thread starts late."""

_P, _I = ctypes.c_void_p, ctypes.c_int64


@dataclass(frozen=True)
class KernelOutput:
    """The results of R runs. The last array axis is the run axis.

    `loss` (recorded, R) and `trail` (recorded, dim, R) are the values at the recorded steps. `first`, `final` and
    `best` (R,) are losses, `steps` (R,) is the last step taken, and `finite` (R,) is whether the run made all steps. A
    run that stopped early has a finite `final`, and one that diverged by its x has the final loss NaN. `out_of_time`
    (R,): it stopped because of the time. `carried` has x and the state at the end, one row per entry; those of runs
    that stopped are not at the stop. `reached` (R,) is the first step that reaches the target, or -1. `seconds_before`
    is the time per run that was used before a saved state.
    """

    loss: Floats
    trail: Floats | None
    first: Floats
    final: Floats
    best: Floats
    steps: Ints
    finite: NDArray[np.bool_]
    carried: Floats
    reached: Ints | None
    out_of_time: NDArray[np.bool_]
    seconds_before: float


@dataclass(frozen=True)
class Kernel:
    """Machine code for trajectories, made by `compilation.compile`. Several threads may run it at the same time."""

    program: StepProgram
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
        limits: Floats | None = None,
        seconds: float = math.inf,
        progress: Callable[[int], None] = lambda run_steps: None,
        threads: int = 1,
        saver: StateSaver = UNSAVED,
    ) -> KernelOutput:
        """Run all steps, or those that are left after a saved state.

        Args:
            carried: x and the state of each run before the first step, shape (entries, R).
            uniform: the numbers that are the same for all runs, in the order of the graph's inputs.
            columns: the numbers that differ between runs, one row each, shape (numbers, R).
            steps: the number of steps.
            recorded: the steps to record, ascending, each from 0 to `steps`.
            target: a loss per run, shape (R,), if the kernel was compiled with `targets`.
            limits: limits of the loss and of the extra numbers, if the kernel was compiled with `stops`. A run stops at
                the first step at which one of them is at most its limit.
            seconds: the time, divided by the number of runs, after which all runs stop. It is compared every
                `STRIDE` steps.
            progress: receives the number of run-steps since the previous call, from any thread. It may raise to stop.
            threads: the number of threads. No result depends on it.
            saver: saves the state every now and then.
        """
        call = _Call(self, carried, uniform, columns, steps, recorded, target, limits, saver)
        return call.run(progress, threads, seconds)

    @functools.cached_property
    def helpers(self) -> ThreadPoolExecutor:
        """Threads in addition to the calling one, started on first use and ended with the kernel."""
        return ThreadPoolExecutor(thread_name_prefix="optlab-native")

    @functools.cached_property
    def run_function(self) -> Any:
        return self.code.function("run", *[_P] * 5, *[_I] * 7, *[_P] * 10)

    @functools.cached_property
    def table_function(self) -> Any:
        return self.code.function("table", _P, _P, _P, _I, _I)


def _pointers(*arrays: NDArray[Any] | None) -> list[int | None]:
    return [None if array is None or not array.size else address(array) for array in arrays]


class _Call:
    """The arrays of one call. The run axis is padded to whole vectors by repeating the last run."""

    def __init__(
        self,
        kernel: Kernel,
        carried: Floats,
        uniform: Floats,
        columns: Floats,
        steps: int,
        recorded: Ints,
        target: Any,
        limits: Any,
        saver: StateSaver,
    ) -> None:
        self.began = time.perf_counter()
        self.kernel, self.horizon, self.runs, self.saver = kernel, steps, carried.shape[1], saver
        layout, program = kernel.program.layout, kernel.program
        self.padded = -(-self.runs // kernel.lanes) * kernel.lanes
        self.state = self._filled(carried)
        self.columns = self._filled(columns)
        self.uniform = np.ascontiguousarray(uniform, dtype=np.float64)
        self.first_requested = bool(len(recorded) and recorded[0] == 0)
        never = np.iinfo(np.int64).max
        self.recorded = np.concatenate([[0], recorded, [never]])[int(self.first_requested) :]
        rows, dim = len(self.recorded) - 1, layout.carried[0][1]
        self.loss = aligned(rows, self.padded)
        self.trail = aligned(rows, dim, self.padded, fill=np.nan) if layout.trail else None
        self.products = aligned(len(program.own_running), self.padded, fill=1.0)
        self.running = np.ones(len(program.shared_running))
        self.rows = aligned(min(steps, STRIDE) + 1, max(len(program.row), 1), fill=0.0)
        self.final, self.best, self.reached = per_run = aligned(3, self.padded)
        per_run[...] = [[np.nan], [np.inf], [-1.0]]
        self.steps = aligned(self.padded, fill=steps, dtype=np.int64)
        self.finite = aligned(self.padded, fill=1, dtype=np.uint8)
        self.out_of_time = np.zeros(self.padded, dtype=bool)
        self.target = self._filled(target[None]) if layout.targets else None
        self.table = _pointers(self.rows, self.uniform, self.running)
        self.read = _pointers(self.rows, self.uniform, self.columns, self.state, self.products)
        written = (self.recorded, self.loss, self.trail, self.final, self.best, self.steps, self.finite)
        arrays = {"state": self.state, "loss": self.loss, "trail": self.trail, "per run": per_run}
        arrays |= {"steps": self.steps, "finite": self.finite}
        known = {name: array for name, array in arrays.items() if array is not None}
        self.saved = SavedCall(saver, self.runs, program, known, self.products, self.running)
        self.limits = np.array(limits, dtype=np.float64) if layout.stops else None
        self.written = _pointers(*written, self.target, self.reached, self.limits)

    def _filled(self, values: Floats) -> Floats:
        filled = aligned(len(values), self.padded)
        filled[:, : self.runs] = values
        filled[:, self.runs :] = values[:, -1:]
        return filled

    def run(self, progress: Callable[[int], None], threads: int, seconds: float) -> KernelOutput:
        """All steps of all runs, in parts of some runs, on `threads` threads including the calling one."""
        lanes, most = self.kernel.lanes, self.padded // self.kernel.lanes
        done, self.seconds_before = self.saved.load()
        self.began -= self.seconds_before * self.runs
        if done:
            progress(done * self.runs)
        for begin in range(done, self.horizon, self.stride):
            end = min(begin + self.stride, self.horizon)
            if begin and not self.finite.any():
                progress(self.runs * (self.horizon - begin))
                break
            if begin and (time.perf_counter() - self.began) / self.runs > seconds:
                self._stop_at(begin)
                progress(self.runs * (self.horizon - begin))
                break
            self._fill_table(begin, end)
            work = lanes * self.kernel.program.expressions.work * (end - begin)
            share = max(-(-most // (TURNS * threads)), AT_LEAST // work)
            size = lanes * max(1, min(AT_ONCE // work, share))
            parts = deque((first, min(first + size, self.padded)) for first in range(0, self.padded, size))
            stopping = Stopping(progress, self.saver)
            work_on = functools.partial(self._parts, parts, begin, end, stopping)
            others = [self.kernel.helpers.submit(work_on) for _ in range(min(threads, len(parts)) - 1)]
            try:
                work_on()
            finally:  # no thread may write to the arrays after they are returned
                wait(others)
            for other in others:
                other.result()
            is_last = stopping.raised is not None
            if (is_last or end < self.horizon) and self.finite.any() and self.saver.due(is_last):
                self.saved.save(end, (time.perf_counter() - self.began) / self.runs)
            if stopping.raised is not None:
                raise stopping.raised
        return self._result()

    @functools.cached_property
    def stride(self) -> int:
        """The steps of each call: a multiple of those between two checks of x."""
        every = self.kernel.program.layout.check_every
        most = AT_MOST // (self.padded * self.kernel.program.expressions.work)
        return min(STRIDE, max(FEWEST, most // every * every))

    def _fill_table(self, begin: int, end: int) -> None:
        """Fill the rows of some steps. The loss after the last one may need a row too."""
        is_last = end == self.horizon
        self.kernel.table_function(*self.table, begin, end + (is_last and self.kernel.program.loss_changes))

    def _parts(self, parts: deque[tuple[int, int]], begin: int, end: int, progress: Callable[[int], None]) -> None:
        """Compute one part after the other until none is left."""
        try:
            while parts:
                self._part(begin, end, progress, parts.popleft())
        except IndexError:  # another thread took the last one
            return
        except BaseException:  # raised by `progress`: the other parts are not needed
            parts.clear()
            raise

    def _part(self, begin: int, end: int, progress: Callable[[int], None], runs: tuple[int, int]) -> None:
        first, last = runs
        start = int(np.searchsorted(self.recorded, begin))
        numbers = (self.padded, first, last, begin, end, self.horizon, start)
        self.kernel.run_function(*self.read, *numbers, *self.written)
        progress((min(last, self.runs) - first) * (end - begin))

    def _stop_at(self, step: int) -> None:
        """End all runs at a step: compute their loss, as at the last step."""
        self.out_of_time = self.finite.astype(bool)
        self.steps[self.out_of_time] = step
        start = int(np.searchsorted(self.recorded, step))
        self.kernel.table_function(*self.table, step, step + 1)
        numbers = (self.padded, 0, self.padded, step, step, step, start)
        self.kernel.run_function(*self.read, *numbers, *self.written)
        self.out_of_time &= self.finite.astype(bool)
        self.finite[...] = 0

    def _result(self) -> KernelOutput:
        runs = slice(self.runs)
        self._fill_after_divergence()
        rows = slice(0 if self.first_requested else 1, None)
        return KernelOutput(
            loss=self.loss[rows, runs],
            trail=None if self.trail is None else self.trail[rows, :, runs],
            first=self.loss[0, runs].copy(),
            final=self.final[runs],
            best=self.best[runs],
            steps=self.steps[runs],
            finite=self.finite[runs].astype(bool),
            carried=self.state[:, runs],
            reached=None if self.target is None else self.reached[runs].astype(np.int64),
            out_of_time=self.out_of_time[runs],
            seconds_before=self.seconds_before,
        )

    def _fill_after_divergence(self) -> None:
        """Set losses after divergence to NaN. They are not written once all runs of a block have diverged."""
        ended, recorded = np.flatnonzero(self.finite == 0), self.recorded[:-1, None]
        if len(ended):
            losses, steps = self.loss[:, ended], self.steps[ended]
            self.loss[:, ended] = np.where(
                recorded < steps, losses, np.where(recorded == steps, self.final[ended], np.nan)
            )
