"""Sweep -> Trajectories by optimizers of other packages, run by run.

They follow the run protocol of `protocol.py`, and get the loss and the gradient that the lab traced, on the starts and
minibatches that all others get. One that
makes a step at a time has made n of them at step n. One that decides itself where it asks for gradients, as scipy's,
is followed gradient by gradient: step n is the point of the gradient number n + 1. A Hessian times a vector costs two
gradients. Once it has converged it stays where it is; when the budget, one gradient per step, is spent, it ends at the
best point that it asked about.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from optlab.engine.derivatives import hvp
from optlab.engine.passes import optimise, settle
from optlab.engine.replay import RUN, Input, Program, compile
from optlab.engine.trace import trace
from optlab.evaluation import whole_objective
from optlab.foreign import Foreign
from optlab.records import Floats, Sweep, Trajectories
from optlab.runner.protocol import CHUNK, Progress, Record, evaluation_of, minibatches_of
from optlab.starts import starts
from optlab.step import StepGraph


def run(block: Sweep, graph: StepGraph, progress: Progress) -> Trajectories:
    """Execute a sweep or a block of it, one run after the other. Whatever `progress` raises is passed on."""
    x = starts(block.case, block.root_seed, block.seed)
    grounds: dict[tuple[float, ...], _Ground] = {}
    done = []
    for n in range(len(block)):
        one = block.block(slice(n, n + 1))
        options = tuple(float(column[0]) for column in one.numbers_of("option").values())
        if options not in grounds:
            grounds[options] = _Ground(one, graph)
        done.append(_Run(one, grounds[options], x[:, n], progress).trajectories())
    return Trajectories.joined(done)


class _Ground:
    """Loss and gradient at a point, and what else is known there, for one set of options of the problem."""

    def __init__(self, one: Sweep, graph: StepGraph) -> None:
        self.graph = graph
        self.program = compile(graph.graph, graph.inputs([True] * len(graph.numbers)), 1)
        self.x, self.t = self.program.inputs[:2]
        for number, key in enumerate(graph.numbers, start=graph.first_number):
            self.program.inputs[number][...] = one.numbers[key][0]
        self.t[...] = 1
        self.program.prepare()
        self.one = one
        self.whole = evaluation_of(one, 1)

    @property
    def index(self) -> Any:
        """Where the minibatch goes, shape (1, batch_size)."""
        return np.moveaxis(self.program.inputs[2], -1, 0)

    def look(self, x: Any) -> tuple[float, Any]:
        """The loss and the gradient at x."""
        np.copyto(self.x[:, 0], x)
        self.program.step()
        loss = np.asarray(self.program.outputs[0]).reshape(-1)[0]
        return float(loss), self.x[:, 0].copy()  # the gradient stands where a rule would leave the next x

    def product(self, x: Any, v: Any) -> Any:
        """The Hessian of the whole objective at x times v."""
        for buffer, value in zip(self._curvature.inputs, (x, v), strict=True):
            np.copyto(buffer[:, 0], value)
        self._curvature.step()
        return self._curvature.outputs[0][:, 0].copy()

    @functools.cached_property
    def _curvature(self) -> Program:
        options = {name: column[0] for name, column in self.one.numbers_of("option").items()}
        f = functools.partial(whole_objective(self.one.case), **options)
        example = np.empty(self.one.case.dim, self.one.case.precision)
        program = compile(optimise(settle(trace(hvp(f), example, example))), [Input(RUN), Input(RUN)], 1)
        program.prepare()
        return program


class _Ended(Exception):
    """Raised while an optimizer asks for a gradient, to end its run."""


class _Run:
    """One run while it goes."""

    def __init__(self, one: Sweep, ground: _Ground, start: Floats, progress: Progress) -> None:
        assert isinstance(one.rule.optimizer, Foreign)
        self.began = time.perf_counter()
        self.sweep, self.ground, self.optimizer, self.progress = one, ground, one.rule.optimizer, progress
        self.start = start.astype(one.case.precision)
        self.record = Record(one, ground.whole)
        self.batches = minibatches_of(one) if ground.graph.takes_index else None
        self.gradients = self.now = self.told = 0
        self.seen = -1
        """The last step at which a loss was seen."""

    # ---- the run -----------------------------------------------------------------------------------------------------

    def trajectories(self) -> Trajectories:
        numbers = {name: column[0] for name, column in self.sweep.numbers_of("hyperparameter").items()}
        arguments = self.optimizer.arguments(numbers, self.sweep.rule.choices)
        try:
            x = self._minimized(arguments) if self.optimizer.minimize else self._stepped(arguments)
            self._finish(x)
        except _Ended:
            x = np.full_like(self.start, np.nan)
        self._tell(self.sweep.steps - self.told)
        seconds = np.array([time.perf_counter() - self.began])
        return self.record.trajectories(_column(x), np.array([self.gradients]), seconds)

    def _stepped(self, arguments: dict[str, Any]) -> Floats:
        """One update per step; the optimizer may ask for several gradients in one."""
        assert self.optimizer.begin is not None
        x, factor = self.start, self._factor()
        step = self.optimizer.begin(self.start, self.sweep.case.tensors, arguments)
        for now in range(self.sweep.steps):
            self._arrive(now, x)
            moved = step(self._look, factor(now + 1)).copy()
            if self.seen < now:
                self._see(self.ground.look(x)[0])
            x = moved
            self._tell(1)
        return x

    def _look(self, p: Any) -> tuple[float, Any]:
        self.gradients += 1
        loss, g = self.ground.look(p)
        if self.seen < self.now:  # the first time within this step
            self._see(loss)
        return loss, g

    def _factor(self) -> Callable[[int], float]:
        """The factor on the learning rate at a 1-based step."""
        sweep, schedule = self.sweep, self.sweep.rule.schedule
        if schedule is None:
            return lambda t: 1.0
        supplied = {"steps": float(sweep.steps)} if "steps" in schedule.signature.supplied else {}
        numbers = {name: float(column[0]) for name, column in sweep.numbers_of("schedule").items()}
        return lambda t: float(schedule(float(t), **supplied, **numbers, **sweep.rule.schedule_choices))

    def _minimized(self, arguments: dict[str, Any]) -> Floats:
        """A gradient per step, as long as the optimizer asks for some."""
        assert self.optimizer.minimize is not None
        budget, asked = self.sweep.steps, _Asked(self.ground)

        def look(p: Any) -> tuple[float, Any]:
            if self.gradients == budget:
                raise _Ended
            loss, g = asked.known(p)
            self._arrive(self.gradients, p)
            self.gradients += 1
            self._see(loss)
            asked.keep_best(p, loss)
            return loss, g

        def value(p: Any) -> float:
            return asked.known(p)[0]

        def product(p: Any, v: Any) -> Any:
            for _ in range(2):  # a product costs about two gradients
                look(p)
            return self.ground.product(p, v)

        try:
            x = self.optimizer.minimize(self.start, arguments, budget, value, look, product)
        except _Ended:
            self._end_if_diverged()
            x = asked.best
        loss = asked.known(x)[0]
        for now in range(self.gradients, budget):
            self._arrive(now, x)
            self._see(loss)
        self._tell(budget)
        return x

    # ---- the protocol ------------------------------------------------------------------------------------------------

    def _arrive(self, now: int, x: Any) -> None:
        """A step begins at x; fetch its minibatch."""
        self.now = now
        if now and now % CHUNK == 0:
            self.record.close(now, _column(x))
            self._end_if_diverged()
        self.record.arrive(now, _column(x))
        self._end_if_diverged()
        if self.batches is not None:
            self.batches.fill(now + 1, self.ground.index)

    def _see(self, loss: float) -> None:
        """The optimizer sees the loss of this step."""
        self.seen = self.now
        self.record.see(self.now, loss)
        if not math.isfinite(loss):
            self.record.settle(self.now + 1)
            self._end_if_diverged()

    def _finish(self, x: Any) -> None:
        """The last step has no update after it."""
        last, column = self.sweep.steps, _column(x)
        self.record.close(last, column)
        self._end_if_diverged()
        if self.batches is None:
            self.record.finish(column)
            return
        self.batches.fill(last + 1, self.ground.index)
        self.record.finish(column, lambda: np.array([self.ground.look(x)[0]]))

    def _end_if_diverged(self) -> None:
        if not self.record.alive[0]:
            raise _Ended

    def _tell(self, steps: int) -> None:
        self.told += steps
        self.progress(steps)


def _column(x: Any) -> Floats:
    """The parameters of one run with a run axis."""
    return np.asarray(x)[:, None]


class _Asked:
    """The points that an optimizer asked about: the last one with all that is known there, and the best one."""

    def __init__(self, ground: _Ground) -> None:
        self._ground = ground
        self._last: tuple[Any, tuple[float, Any]] | None = None
        self._least = np.inf
        self.best: Any = None

    def known(self, p: Any) -> tuple[float, Any]:
        """The loss and the gradient at p; one after the other asks for them."""
        if self._last is None or not np.array_equal(self._last[0], p):
            self._last = p.copy(), self._ground.look(p)
        return self._last[1]

    def keep_best(self, p: Any, loss: float) -> None:
        if loss < self._least:
            self._least, self.best = loss, p.copy()
