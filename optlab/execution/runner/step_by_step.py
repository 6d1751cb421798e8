"""Sweep -> Trajectories: the steps of the run protocol (`protocol.py`), for all runs at once. A step is a program: of
replay, or of machine code by nodes.

A diverged run is still computed. Its values have no meaning and no effect on other runs.
"""

from __future__ import annotations

import functools
import time

import numpy as np
from numpy.typing import NDArray

from optlab.engine.replay import Program
from optlab.engine.saver import UNSAVED, State, StateSaver
from optlab.execution.randomness import Draws
from optlab.execution.records import Floats, Sweep, Trajectories
from optlab.execution.runner.protocol import CHUNK, Progress, Record, evaluation_of, minibatches_of
from optlab.execution.runner.state import initial_state, overflowed
from optlab.execution.starts import starts
from optlab.execution.step import StepGraph


class StepLoop:
    """The state of a sweep while it is executed. `saver` saves it between chunks of steps."""

    def __init__(self, sweep: Sweep, graph: StepGraph, program: Program, saver: StateSaver = UNSAVED) -> None:
        self.began = time.perf_counter()
        self.sweep, self.graph, self.saver = sweep, graph, saver
        runs = len(sweep)
        x = starts(sweep.case, sweep.root_seed, sweep.seed)
        columns = [sweep.numbers[key] for key in graph.numbers]
        self.program = program
        self.x, *self.state, self.t = self.program.inputs[: len(graph.initial.outputs) + 2]
        self._fill(x, columns)
        self.batches = minibatches_of(sweep) if graph.takes_index else None
        self.draws = Draws(sweep.root_seed, sweep.seed, graph.draws) if graph.draws else None
        self.drawn = self.program.inputs[len(self.program.inputs) - len(graph.draws) :]
        self.record = Record(sweep, evaluation_of(sweep, runs))

    def _fill(self, x: Floats, columns: list[Floats]) -> None:
        np.copyto(self.x, x)
        numbers = self.program.inputs[self.graph.first_number :][: len(columns)]
        for buffer, column in zip(numbers, columns, strict=True):
            buffer[...] = column if buffer.shape else column[0]
        initial = initial_state(self.graph, x)
        for buffer, value in zip(self.state, initial, strict=True):
            np.copyto(buffer, value)
        self.began_finite = [np.isfinite(value) for value in initial]
        self.program.prepare()

    def run(self, progress: Progress) -> Trajectories:
        """Execute all steps that are left. Exceptions of `progress` are raised to the caller."""
        runs, steps, record = len(self.sweep), self.sweep.steps, self.record
        advance = self._advance if self.sweep.stop is None else self._advance_to_stop
        done = self._continue()
        if done:
            progress(done * runs)
        for begin in range(done, steps, CHUNK):
            end = min(begin + CHUNK, steps)
            advance(begin, end)
            try:
                progress((end - begin) * runs)
            except BaseException:
                self._save(end, is_last=True)
                raise
            self._save(end)
            if not record.finite.any():
                progress((steps - end) * runs)
                break
        else:
            lost = overflowed(self.began_finite, self.state)
            record.finish(self.x, None if self.batches is None else self._last_minibatch_loss)
            record.diverge(record.finite & lost, steps, np.nan)
        seconds = time.perf_counter() - self.began
        return record.trajectories(self.x, record.steps * self.graph.grad_evals, np.full(runs, seconds / runs))

    @functools.cached_property
    def _saved(self) -> State:
        """All that decides about the steps that are left. Minibatches and random numbers depend on the step alone."""
        return {"x": self.x, **{f"state {n}": part for n, part in enumerate(self.state)}, **self.record.arrays()}

    def _continue(self) -> int:
        """Go on from what was saved. Returns the step."""
        done, seconds = self.saver.load(self._saved)
        self.record.begin = done
        self.began -= seconds * len(self.sweep)
        return done

    def _save(self, step: int, is_last: bool = False) -> None:
        if (is_last or step < self.sweep.steps) and self.record.finite.any() and self.saver.due(is_last):
            self.saver.save(self._saved, step, (time.perf_counter() - self.began) / len(self.sweep))

    def _advance(self, begin: int, end: int) -> None:
        """Execute the steps of a chunk."""
        record, x, loss = self.record, self.x, self.program.outputs[0]
        for now in range(begin, end):
            record.begin_step(now, x)
            self._step(now)
            record.receive(now, loss)
        record.end_chunk(end, x)

    def _advance_to_stop(self, begin: int, end: int) -> None:
        """Execute the steps of a chunk, until all runs have ended."""
        record, loss = self.record, self.program.outputs[0]
        norm = self.graph.output("gradient_norm")
        for now in range(begin, end):
            x = self.x.copy()  # the step overwrites it
            record.begin_step(now, x)
            self._step(now)
            record.receive(now, loss)
            seconds = (time.perf_counter() - self.began) / len(self.sweep)
            record.stop(now, x, self.program.outputs[norm] if norm else None, seconds)
            if not record.finite.any():
                return
        record.end_chunk(end, self.x)

    def _step(self, now: int) -> None:
        """Compute step `now` with its minibatch and random numbers."""
        if self.batches is not None:
            self.batches.fill(now + 1, self._index)
        if self.draws is not None:
            self.draws.fill(now + 1, self.drawn)
        self.t[...] = now + 1
        self.program.step()

    @functools.cached_property
    def _index(self) -> NDArray[np.int64]:
        """A view of the program's minibatch indices, shape (runs, batch_size)."""
        return np.moveaxis(self.program.inputs[2 + len(self.state)], -1, 0)

    def _last_minibatch_loss(self) -> Floats:
        """The loss at the last x on the next minibatch. The step overwrites x, which is restored afterwards."""
        assert self.batches is not None
        x = self.x.copy()
        self.batches.fill(self.sweep.steps + 1, self._index)
        self.t[...] = self.sweep.steps + 1
        self.program.step()
        np.copyto(self.x, x)
        return self.program.outputs[0].copy()
