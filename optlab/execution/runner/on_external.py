"""Sweep -> Trajectories by optimizers of other packages, one run after the other.

They follow the run protocol of `protocol.py`. They get the traced loss and gradient, and the same starts,
minibatches and noise as all other optimizers. There are two kinds:

- An optimizer that makes one update at a time has made n updates at step n.
- An optimizer that chooses itself the points of its gradients, as those of scipy, is recorded at each gradient: step n
  is the point of gradient n + 1. The product of the Hessian and a vector counts as two gradients. After convergence,
  the point stays the same for all further steps. When the budget of one gradient per step is used up, the run ends at
  the best point that the optimizer evaluated.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from optlab.engine.derivatives import hvp
from optlab.engine.passes import optimise, settle
from optlab.engine.replay import RUN, Input, Program, compile
from optlab.engine.trace import trace
from optlab.execution.evaluation import whole_objective
from optlab.execution.randomness import Draws
from optlab.execution.records import Floats, Sweep, Trajectories
from optlab.execution.runner.protocol import CHUNK, Progress, Record, evaluation_of, minibatches_of
from optlab.execution.starts import starts
from optlab.execution.step import StepGraph
from optlab.plugins.external import Foreign


def run(block: Sweep, graph: StepGraph, progress: Progress) -> Trajectories:
    """Execute a sweep or a block of it, one run after the other. Exceptions of `progress` are raised to the caller."""
    x = starts(block.case, block.root_seed, block.seed)
    prepared: dict[tuple[float, ...], _Objective] = {}
    done = []
    for n in range(len(block)):
        sweep = block.block(slice(n, n + 1))
        columns = [*sweep.numbers_of("option").values(), *sweep.numbers_of("noise").values()]
        options = tuple(float(column[0]) for column in columns)
        if options not in prepared:
            prepared[options] = _Objective(sweep, graph)
        done.append(_Run(sweep, prepared[options], x[:, n], progress).trajectories())
    return Trajectories.joined(done)


class _Objective:
    """Computes the loss, the gradient and Hessian products at a point, for one set of options and one noise."""

    def __init__(self, sweep: Sweep, graph: StepGraph) -> None:
        self.graph = graph
        self.program = compile(graph.graph, graph.inputs([True] * len(graph.numbers)), 1)
        self.x, self.t = self.program.inputs[:2]
        for number, key in enumerate(graph.numbers, start=graph.first_number):
            self.program.inputs[number][...] = sweep.numbers[key][0]
        self.t[...] = 1
        self.program.prepare()
        self.sweep = sweep
        self.whole = evaluation_of(sweep, 1)
        self.exact_loss = self.norm = math.nan
        """The loss and the norm of the gradient, without noise, at the point that was evaluated last."""

    @property
    def index(self) -> Any:
        """The buffer for the indices of a minibatch, shape (1, batch_size)."""
        return np.moveaxis(self.program.inputs[2], -1, 0)

    @property
    def drawn(self) -> Sequence[Any]:
        """The buffers for random numbers."""
        return self.program.inputs[len(self.program.inputs) - len(self.graph.draws) :]

    def loss_and_gradient(self, x: Any) -> tuple[float, Any]:
        """The loss and the gradient at x, with noise if the case has noise."""
        np.copyto(self.x[:, 0], x)
        self.program.step()
        self.exact_loss, self.norm = self._output(0), self._output(self.graph.output("gradient_norm"))
        received = self._output(self.graph.output("received"))
        return received, self.x[:, 0].copy()  # the graph puts the gradient where a rule puts the next x

    def loss(self, x: Any) -> float:
        """The loss at x without noise."""
        self.loss_and_gradient(x)
        return self.exact_loss

    def _output(self, number: int) -> float:
        return float(np.asarray(self.program.outputs[number]).reshape(-1)[0])

    def product(self, x: Any, v: Any) -> Any:
        """The product of the Hessian of the whole objective at x and the vector v."""
        for buffer, value in zip(self._curvature.inputs, (x, v), strict=True):
            np.copyto(buffer[:, 0], value)
        self._curvature.step()
        return self._curvature.outputs[0][:, 0].copy()

    @functools.cached_property
    def _curvature(self) -> Program:
        options = {name: column[0] for name, column in self.sweep.numbers_of("option").items()}
        f = functools.partial(whole_objective(self.sweep.case), **options)
        example = np.empty(self.sweep.case.dim, self.sweep.case.precision)
        program = compile(optimise(settle(trace(hvp(f), example, example))), [Input(RUN), Input(RUN)], 1)
        program.prepare()
        return program


class _Ended(Exception):
    """Raised when an optimizer requests a gradient, to end its run."""


class _Run:
    """The state of one run while it is executed."""

    def __init__(self, sweep: Sweep, objective: _Objective, start: Floats, progress: Progress) -> None:
        assert isinstance(sweep.rule.optimizer, Foreign)
        self.began = time.perf_counter()
        self.sweep, self.objective, self.optimizer, self.progress = sweep, objective, sweep.rule.optimizer, progress
        self.start = start.astype(sweep.case.precision)
        self.record = Record(sweep, objective.whole)
        self.batches = minibatches_of(sweep) if objective.graph.takes_index else None
        draws = objective.graph.draws
        self.draws = Draws(sweep.root_seed, sweep.seed, draws) if draws else None
        self.gradients = self.now = self.reported = 0
        self.last_received = -1
        """The last step at which the optimizer received a loss, or -1."""

    # ---- the run -----------------------------------------------------------------------------------------------------

    def trajectories(self) -> Trajectories:
        numbers = {name: column[0] for name, column in self.sweep.numbers_of("hyperparameter").items()}
        arguments = self.optimizer.arguments(numbers, self.sweep.rule.choices)
        try:
            x = self._minimized(arguments) if self.optimizer.minimize else self._stepped(arguments)
            self._finish(x)
        except _Ended:
            x = np.full_like(self.start, np.nan)
            if self.record.stopped is not None and self.record.stopped[0] >= 0:
                self.gradients -= 1  # as on the other back ends, the gradient at the last point does not count
        self._report(self.sweep.steps - self.reported)
        seconds = np.array([time.perf_counter() - self.began])
        return self.record.trajectories(_column(x), np.array([self.gradients]), seconds)

    def _stepped(self, arguments: dict[str, Any]) -> Floats:
        """Make one update per step. The optimizer may request several gradients per update."""
        assert self.optimizer.begin is not None
        x, factor = self.start, self._factor()
        step = self.optimizer.begin(self.start, self.sweep.case.tensors, arguments)
        for now in range(self.sweep.steps):
            self._begin_step(now, x)
            moved = step(self._loss_and_gradient, factor(now + 1)).copy()
            if self.last_received < now:
                self._receive(self.objective.loss(x))
            x = moved
            self._report(1)
        return x

    def _loss_and_gradient(self, p: Any) -> tuple[float, Any]:
        self.gradients += 1
        loss, g = self.objective.loss_and_gradient(p)
        if self.last_received < self.now:  # the first time within this step
            self._receive(self.objective.exact_loss)
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
        """Give the optimizer one gradient per step, until it ends or the budget is used up."""
        assert self.optimizer.minimize is not None
        budget, points = self.sweep.steps, _EvaluatedPoints(self.objective)

        def evaluate(p: Any) -> tuple[float, Any]:
            if self.gradients == budget:
                raise _Ended
            loss, g = points.loss_and_gradient(p)
            self._begin_step(self.gradients, p)
            self.gradients += 1
            self._receive(loss)
            points.keep_best(p, loss)
            return loss, g

        def value(p: Any) -> float:
            return points.loss_and_gradient(p)[0]

        def product(p: Any, v: Any) -> Any:
            for _ in range(2):  # a product costs about two gradients
                evaluate(p)
            return self.objective.product(p, v)

        try:
            x = self.optimizer.minimize(self.start, arguments, budget, value, evaluate, product)
        except _Ended:
            self._end_if_over()
            x = points.best
        loss = points.loss_and_gradient(x)[0]
        for now in range(self.gradients, budget):
            self._begin_step(now, x)
            self._receive(loss)
        self._report(budget)
        return x

    # ---- the protocol ------------------------------------------------------------------------------------------------

    def _begin_step(self, now: int, x: Any) -> None:
        """Begin a step at x, and fetch its minibatch."""
        self.now, self.x = now, _column(x)
        self.objective.t[...] = now + 1
        if now and now % CHUNK == 0:
            self.record.end_chunk(now, _column(x))
            self._end_if_over()
        self.record.begin_step(now, _column(x))
        self._end_if_over()
        if self.batches is not None:
            self.batches.fill(now + 1, self.objective.index)
        if self.draws is not None:
            self.draws.fill(now + 1, self.objective.drawn)

    def _receive(self, loss: float) -> None:
        """Record the loss that the optimizer received in this step, without noise."""
        self.last_received = self.now
        self.record.receive(self.now, loss)
        if not math.isfinite(loss):
            self.record.process_losses(self.now + 1)
            self._end_if_over()
        if self.sweep.stop is not None:
            has_norm = "gradient_norm" in self.objective.graph.extras
            seconds = time.perf_counter() - self.began
            self.record.stop(self.now, self.x, self.objective.norm if has_norm else None, seconds)
            self._end_if_over()

    def _finish(self, x: Any) -> None:
        """Record step n, which has no update."""
        last, column = self.sweep.steps, _column(x)
        self.record.end_chunk(last, column)
        self._end_if_over()
        if self.batches is None:
            self.record.finish(column)
            return
        self.batches.fill(last + 1, self.objective.index)
        self.record.finish(column, lambda: np.array([self.objective.loss(x)]))

    def _end_if_over(self) -> None:
        if not self.record.finite[0]:
            raise _Ended

    def _report(self, steps: int) -> None:
        self.reported += steps
        self.progress(steps)


def _column(x: Any) -> Floats:
    """The parameters of one run as an array with a run axis, shape (dim, 1)."""
    return np.asarray(x)[:, None]


class _EvaluatedPoints:
    """The points that an optimizer evaluated: the last one with its loss and gradient, and the best one."""

    def __init__(self, objective: _Objective) -> None:
        self._objective = objective
        self._last: tuple[Any, tuple[float, Any]] | None = None
        self._least = np.inf
        self.best: Any = None

    def loss_and_gradient(self, p: Any) -> tuple[float, Any]:
        """The loss and the gradient at p. They are cached, because optimizers request them in two separate calls."""
        if self._last is None or not np.array_equal(self._last[0], p):
            self._last = p.copy(), self._objective.loss_and_gradient(p)
        return self._last[1]

    def keep_best(self, p: Any, loss: float) -> None:
        if loss < self._least:
            self._least, self.best = loss, p.copy()
