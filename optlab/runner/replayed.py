"""Sweep -> Trajectories on replay: the step loop.

A run has diverged at the first step whose loss is not finite. Parameters are checked too, every `CHUNK` steps and at
the end, in case an objective hides a NaN; so is, at the end, what the rule remembers, in case it overflowed. A diverged
run goes on computing without meaning or effect on others.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.replay import compile
from optlab.evaluation import Evaluation, is_constant, on_data, whole_objective
from optlab.randomness import Minibatches, Noise
from optlab.records import DIVERGED, DONE, Floats, Sweep, Trajectories
from optlab.runner.state import initial_state, overflowed
from optlab.starts import starts
from optlab.step import StepGraph

CHUNK = 32

Progress = Callable[[int], None]
"""Told how many run-steps were done since it was last told. May raise to stop the sweep."""


class Loop:
    """The state of a sweep while it runs."""

    def __init__(self, sweep: Sweep, graph: StepGraph) -> None:
        self.began = time.perf_counter()
        self.sweep, self.graph = sweep, graph
        runs, recording = len(sweep), sweep.recording
        x = starts(sweep.case, sweep.root_seed, sweep.seed)
        columns = [sweep.numbers[key] for key in graph.numbers]
        self.program = compile(graph.graph, graph.inputs([is_constant(c) for c in columns]), runs)
        self.x, *self.state, self.t = self.program.inputs[: len(graph.initial.outputs) + 2]
        self._fill(x, columns)
        self.batches = self._minibatches() if graph.takes_index else None
        self.noise = Noise(sweep.root_seed, sweep.seed, graph.draws) if graph.draws else None
        self.drawn = self.program.inputs[len(self.program.inputs) - len(graph.draws) :]
        quantities = on_data(sweep.case) or {"loss": whole_objective(sweep.case)}
        self.whole = Evaluation.of(sweep.case, quantities, sweep.numbers_of("option"), runs)

        self.recorded = {int(s): i for i, s in enumerate(recording.steps)}
        self.loss = np.full((len(recording.steps), runs), np.nan)
        self.trail = np.full((len(recording.steps), *x.shape), np.nan) if recording.trajectory else None
        self.evaluated = {int(s): i for i, s in enumerate(recording.evaluations)}
        names = self.whole.names if self.evaluated else ()
        self.metrics = {name: np.full((len(recording.evaluations), runs), np.nan) for name in names}

        self.ring = np.empty((CHUNK, runs))
        self.alive = np.ones(runs, dtype=bool)
        self.steps = np.full(runs, sweep.steps)
        self.first = np.full(runs, np.nan)
        self.final = np.full(runs, np.nan)
        self.best = np.full(runs, np.inf)
        self.reached = None if sweep.target is None else np.full(runs, -1)

    # ---- preparation ---------------------------------------------------------------------------------------

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

    def _minibatches(self) -> Minibatches:
        sweep, case = self.sweep, self.sweep.case
        assert case.split is not None
        return Minibatches(sweep.root_seed, sweep.seed, len(case.split.train_inputs), case.batch_size)

    # ---- the loop ------------------------------------------------------------------------------------------

    def run(self, progress: Progress) -> Trajectories:
        """All steps. Whatever `progress` raises is passed on."""
        self._go(progress)
        return self._trajectories(time.perf_counter() - self.began)

    def _go(self, progress: Progress) -> None:
        horizon = self.sweep.steps
        for begin in range(0, horizon, CHUNK):
            end = min(begin + CHUNK, horizon)
            self._chunk(begin, end)
            progress((end - begin) * len(self.sweep))
            if not self.alive.any():
                progress((horizon - end) * len(self.sweep))
                break
        else:
            lost = overflowed(self.began_finite, self.state)
            self._finish()
            self._diverge(self.alive & lost, horizon, np.nan)

    def _chunk(self, begin: int, end: int) -> None:
        t, step, ring, loss = self.t, self.program.step, self.ring, self.program.outputs[0]
        for now in range(begin, end):
            place = self.recorded.get(now)
            self._record_x(place)
            if now in self.evaluated:
                self._settle(begin, self.ring[: now - begin])  # who diverged before is not to be found diverged here
                self._evaluate(now)
            if self.batches is not None:
                self.batches.fill(now + 1, self._index)
            if self.noise is not None:
                self.noise.fill(now + 1, self.drawn)
            t[...] = now + 1
            step()
            ring[now - begin] = loss
            if place is not None:
                self.loss[place] = np.where(self.alive, loss, np.nan)
        if begin == 0:
            self.first[...] = self._exact_first()
        self._settle(begin, self.ring[: end - begin])
        self._diverge(self.alive & ~np.isfinite(self.x).all(axis=0), end, np.nan)

    def _record_x(self, place: int | None) -> None:
        """Of runs that diverged nothing is recorded any more, so that it does not depend on who else is still there."""
        if place is not None and self.trail is not None:
            self.trail[place] = np.where(self.alive, self.x, np.nan)

    @functools.cached_property
    def _index(self) -> NDArray[np.int64]:
        """The minibatch indices as the program holds them, shape (runs, batch_size)."""
        return np.moveaxis(self.program.inputs[2 + len(self.state)], -1, 0)

    def _exact_first(self) -> Floats:
        """The objective at the start: the first loss, or where that is of a minibatch, of all the data."""
        return self.ring[0].copy() if self.batches is None else self.metrics["train_loss"][0]

    def _evaluate(self, now: int) -> Floats:
        """The objective at x, over all data where there is data; what else is known of it there is recorded."""
        values = self.whole.at(self.x)
        for name, recorded in self.metrics.items():
            recorded[self.evaluated[now]] = values[name]
        loss = next(iter(values.values()))
        self._diverge(self.alive & ~np.isfinite(loss), now, loss)
        self._improve(loss)
        self._reach(now, np.where(self.alive, loss, np.inf)[None])
        return loss

    def _settle(self, begin: int, losses: Floats) -> None:
        """Find the runs that diverged within a chunk, and each run's best loss."""
        if not len(losses):
            return
        finite = np.isfinite(losses)
        if finite.all() and self.alive.all():
            if self.batches is None:
                np.minimum(self.best, losses.min(axis=0), out=self.best)
                self._reach(begin, losses)
            return
        lost = ~finite.all(axis=0)
        at = np.argmin(finite, axis=0)
        upto = np.where(lost, at, len(losses))
        valid = (np.arange(len(losses))[:, None] < upto) & self.alive
        if self.batches is None:
            np.minimum(self.best, np.where(valid, losses, np.inf).min(axis=0), out=self.best)
            self._reach(begin, np.where(valid, losses, np.inf))
        last = losses[np.minimum(at, len(losses) - 1), np.arange(losses.shape[1])]
        self._diverge(self.alive & lost, begin + at, last)

    def _reach(self, begin: int, losses: Floats) -> None:
        """Find the runs that come to their target within these steps."""
        if self.reached is None or self.sweep.target is None:
            return
        there = losses <= self.sweep.target
        newly = there.any(axis=0) & (self.reached < 0)
        self.reached[newly] = begin + np.argmax(there, axis=0)[newly]

    def _diverge(self, runs: NDArray[np.bool_], step: Any, loss: Any) -> None:
        """End these runs at a step, with the loss they had there."""
        if runs.any():
            self.alive[runs] = False
            self.steps[runs] = np.broadcast_to(step, runs.shape)[runs]
            self.final[runs] = np.broadcast_to(loss, runs.shape)[runs]

    def _improve(self, losses: Floats) -> None:
        self.best[self.alive] = np.minimum(self.best, losses)[self.alive]

    def _finish(self) -> None:
        """The last step has no update after it: only its loss is left to compute."""
        now = self.sweep.steps
        place = self.recorded.get(now)
        self._record_x(place)
        was_alive = self.alive.copy()
        whole = self._evaluate(now)
        seen = whole if self.batches is None else self._last_minibatch_loss()
        if place is not None:
            self.loss[place] = np.where(was_alive, seen, np.nan)
        self.final[self.alive] = whole[self.alive]

    def _last_minibatch_loss(self) -> Floats:
        """The loss at the last x on the minibatch that would come next; x is put back afterwards."""
        assert self.batches is not None
        x = self.x.copy()
        self.batches.fill(self.sweep.steps + 1, self._index)
        self.program.step()
        np.copyto(self.x, x)
        return self.program.outputs[0].copy()

    def _one_nan(self) -> None:
        """Write all NaN alike: the sign of one depends on where in an array it was computed."""
        lost = np.flatnonzero(~self.alive)
        recorded = (self.loss, self.trail, *self.metrics.values(), self.first, self.final, self.best)
        for values in recorded if len(lost) else ():
            if values is not None:
                values[..., lost] = np.where(np.isnan(part := values[..., lost]), np.nan, part)

    def _trajectories(self, seconds: float) -> Trajectories:
        runs = len(self.sweep)
        self._one_nan()
        return Trajectories(
            status=np.where(self.alive, DONE, DIVERGED).astype(np.uint8),
            steps=self.steps,
            grad_evals=self.steps * self.graph.grad_evals,
            first_loss=self.first,
            final_loss=self.final,
            best_loss=np.where(np.isfinite(self.best), self.best, self.first),
            seconds=np.full(runs, seconds / runs),
            loss=self.loss,
            x=self.trail,
            metrics=self.metrics,
            final_x=np.where(self.alive, self.x, np.nan) if self.sweep.recording.final_x else None,
            reached=self.reached,
        )
