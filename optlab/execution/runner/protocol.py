"""The run protocol: the parts of each step of a run and the recorded values, equal on every back end.

`step_by_step.py` and `on_external.py` use the class `Record` below. Machine code for whole trajectories follows the
same protocol in its own loop (`optlab/engine/native/step_loop.py`). `finished.py` makes the trajectories of all. A test
compares the three.

A run makes n updates. Step t = 0, 1, ..., n begins with the parameters x_t; x_0 is the start. A problem that changes
from step to step is computed with the argument t + 1 in all parts of step t, also of the last one. A step has these
parts in this order:

1. *Check.* If t is a multiple of `CHUNK` or t = n, every entry of x_t must be finite. This check is needed because the
   objective may be finite where x has a NaN.
2. *Record.* If t is one of `recording.steps` and the trajectory is requested, x_t is recorded.
3. *Evaluate.* If t is one of `recording.evaluations` or t = n, the objective and the metrics are computed at x_t. If
   there is data, they are computed over all data.
4. *Loss.* The optimizer receives the loss at x_t. It is the objective, or with minibatches the loss on minibatch t + 1.
   It is recorded if t is one of `recording.steps`. At step n without minibatches, it is the value of the evaluation.
5. *Stop.* If t < n and the sweep has limits, a run that reaches one of them stops here. The loss is that of part 4, or
   with minibatches that of an evaluation at t. The norm is that of the gradient at x_t, without noise. Machine code
   compares the time only every few thousand steps.
6. *Update.* If t < n, the optimizer computes x_{t+1}.

The recorded values of each run:

- *status*, *steps*, *final loss*. A run diverges at the first step with a received or evaluated loss that is not
  finite. This loss is its final loss. A run also diverges if the check of x fails, or if at step n a state of the rule
  that was finite before the first step is not finite. Then its final loss is NaN. `steps` is the step of divergence.
  Values recorded at later steps have no meaning. A run that does not diverge has the status done: its `steps` is n, and
  its final loss is the objective at x_n.
- *stopped*. A run that stops at step t has the status done, its `steps` is t, and its final loss is the objective at
  x_t. The losses and metrics recorded after t are those of x_t. x is not recorded after t.
- *first loss*: the objective at step 0.
- *best loss*: the lowest known value of the objective before the run diverged, or the first loss if there is none.
  Known values are the evaluated ones, and without minibatches also the received losses.
- *reached*: the first step at which a known value of the objective is at most the target, or -1. If the target is for a
  quantity on the data, the first evaluation with a value that is as good.
- *final x*: x_n, or NaN if the run diverged.

All NaN of a diverged run are replaced by a NaN with fixed bits, because the bits of a computed NaN depend on the lane.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.execution.evaluation import Evaluation, on_data, whole_objective
from optlab.execution.randomness import Minibatches
from optlab.execution.records import STOPS, Floats, Ints, Sweep, Trajectories
from optlab.execution.runner.finished import trajectories

CHUNK = 32
"""The number of steps in a chunk. After each chunk a back end checks x and the losses, and reports its progress."""

Progress = Callable[[int], None]
"""Receives the number of run-steps since the previous call. It may raise an exception to stop the sweep."""


def evaluation_of(sweep: Sweep, runs: int) -> Evaluation:
    """The evaluation of a case's objective and metrics at `runs` points. The objective is the first quantity."""
    quantities = on_data(sweep.case) or {"loss": whole_objective(sweep.case)}
    return Evaluation.of(sweep.case, quantities, sweep.numbers_of("option"), runs)


def minibatches_of(sweep: Sweep) -> Minibatches | None:
    """The minibatches of a sweep's runs, or None if it has no minibatches."""
    if not sweep.case.batch_size:
        return None
    assert sweep.case.split is not None
    return Minibatches(sweep.root_seed, sweep.seed, len(sweep.case.split.train_inputs), sweep.case.batch_size)


class Record:
    """The recorded values of R runs that advance together. The run axis is the last one; x has shape (dim, R).

    Call `begin_step` and `receive` at each step t < n, and `stop` if the sweep has limits. Call `end_chunk` before each
    step that is a multiple of `CHUNK` and before step n. Then call `finish`. Values of runs that ended have no effect.
    """

    def __init__(self, sweep: Sweep, whole: Evaluation) -> None:
        self.sweep, self.whole = sweep, whole
        runs, recording = len(sweep), sweep.recording
        self.receives_objective = not sweep.case.batch_size
        self.recorded = {int(step): place for place, step in enumerate(recording.steps)}
        self.evaluated = {int(step): place for place, step in enumerate(recording.evaluations)}
        self.loss = np.full((len(recording.steps), runs), np.nan)
        self.trail = np.full((len(recording.steps), sweep.case.dim, runs), np.nan) if recording.trajectory else None
        names = whole.names if self.evaluated else ()
        self.metrics = {name: np.full((len(recording.evaluations), runs), np.nan) for name in names}

        self.begin = 0
        self.chunk = np.empty((CHUNK, runs))
        """The losses received since step `begin`."""
        self.finite = np.ones(runs, dtype=bool)
        """Which runs have not ended: they neither diverged nor stopped."""
        self.stopped = None if sweep.stop is None else np.full(runs, -1)
        self.steps = np.full(runs, sweep.steps)
        self.first = np.full(runs, np.nan)
        self.final = np.full(runs, np.nan)
        self.best = np.full(runs, np.inf)
        self.reached = None if sweep.target is None else np.full(runs, -1)
        self._evaluated: dict[int, Floats] = {}
        """The objective at the last evaluation, by its step."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that is known between two chunks, by name. With these values and `begin`, a record can be continued."""
        names = ("loss", "trail", "finite", "stopped", "steps", "first", "final", "best", "reached")
        own = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return own | {f"metric {name}": values for name, values in self.metrics.items()}

    # ---- the steps ---------------------------------------------------------------------------------------------------

    def begin_step(self, now: int, x: Floats) -> None:
        """Begin step `now` at x. If the step is one of those to record or to evaluate, x is recorded or evaluated."""
        if now in self.recorded:
            self._record_x(now, x)
        if now in self.evaluated:
            self.process_losses(now)  # runs that diverged at earlier steps must get the earlier step
            self._evaluate(now, x)

    def receive(self, now: int, loss: Any) -> None:
        """Record the losses that the optimizer receives at step `now`."""
        self.chunk[now - self.begin] = loss
        if now in self.recorded:
            self._record_loss(now, loss, self.finite)

    def process_losses(self, end: int) -> None:
        """Update the best losses, the targets and the diverged runs with the losses of steps `begin` to `end` - 1."""
        losses = self.chunk[: end - self.begin]
        if not len(losses):
            return
        if self.begin == 0 and self.receives_objective:
            self.first[...] = losses[0]
        is_finite = np.isfinite(losses)
        if is_finite.all() and self.finite.all():
            if self.receives_objective:
                np.minimum(self.best, losses.min(axis=0), out=self.best)
                self._reach(self.begin, losses)
            return
        lost = ~is_finite.all(axis=0)
        at = np.argmin(is_finite, axis=0)
        upto = np.where(lost, at, len(losses))
        valid = (np.arange(len(losses))[:, None] < upto) & self.finite
        if self.receives_objective:
            np.minimum(self.best, np.where(valid, losses, np.inf).min(axis=0), out=self.best)
            self._reach(self.begin, np.where(valid, losses, np.inf))
        last = losses[np.minimum(at, len(losses) - 1), np.arange(losses.shape[1])]
        self.diverge(self.finite & lost, self.begin + at, last)

    def stop(self, now: int, x: Floats, norm: Any, seconds: float) -> None:
        """Stop the runs that reach a limit at step `now`. `seconds` is the time per run so far.

        Args:
            now: the step, whose losses were received.
            x: the parameters at this step.
            norm: the norm of the gradient at x, or None if it has no limit.
            seconds: the time of the sweep so far, divided by the number of runs.
        """
        limits = self.sweep.stop
        assert limits is not None
        assert self.stopped is not None
        known = self.chunk[now - self.begin] if self.receives_objective else self._evaluated.get(now)
        found = np.full(len(self.finite), -1)
        for reason, value, limit in (
            ("seconds", -seconds, None if limits.seconds is None else -limits.seconds),
            ("gradient_norm", norm, limits.gradient_norm),
            ("loss", known, limits.loss),
        ):
            if limit is not None and value is not None:
                found[np.broadcast_to(value <= limit, found.shape)] = STOPS.index(reason)
        if not (self.finite & (found >= 0)).any():
            return
        self.process_losses(now + 1)  # a loss that is not finite is a divergence
        newly = self.finite & (found >= 0)
        values = self.whole.at(x, now + 1) if self.metrics or not self.receives_objective else {}
        loss = next(iter(values.values()), self.chunk[now - self.begin])
        lost = newly & ~np.isfinite(loss)
        self.diverge(lost, now, loss)
        newly &= ~lost
        self.best[newly] = np.minimum(self.best, loss)[newly]
        self._reach(now, np.where(newly, loss, np.inf)[None])
        self._reach_quantity(now, values, newly)
        for name, recorded in self.metrics.items():
            later = np.searchsorted(self.sweep.recording.evaluations, now)
            recorded[later:, newly] = values[name][newly]
        self.finite[newly] = False
        self.stopped[newly], self.steps[newly], self.final[newly] = found[newly], now, loss[newly]

    def end_chunk(self, end: int, x: Floats) -> None:
        """End a chunk of steps. `end` is the first step of the next chunk, and x its parameters."""
        self.process_losses(end)
        self.diverge(self.finite & ~np.isfinite(x).all(axis=0), end, np.nan)
        self.begin = end

    def finish(self, x: Floats, last_loss: Callable[[], Floats] | None = None) -> None:
        """Record step n, which has no update. With minibatches, `last_loss` computes the loss on its minibatch."""
        now, finite = self.sweep.steps, self.finite.copy()
        if now in self.recorded:
            self._record_x(now, x)
        whole = self._evaluate(now, x)
        if now in self.recorded:
            self._record_loss(now, whole if last_loss is None else last_loss(), finite)
        self.final[self.finite] = whole[self.finite]

    def diverge(self, runs: NDArray[np.bool_], step: Any, loss: Any) -> None:
        """Mark these runs as diverged at a step, with their loss at that step."""
        if runs.any():
            self.finite[runs] = False
            self.steps[runs] = np.broadcast_to(step, runs.shape)[runs]
            self.final[runs] = np.broadcast_to(loss, runs.shape)[runs]

    def trajectories(self, x: Floats, grad_evals: Ints, seconds: Floats) -> Trajectories:
        """The trajectories at the end. x is that of step n."""
        return trajectories(
            self.sweep,
            finite=self.finite,
            steps=self.steps,
            grad_evals=grad_evals,
            first=self.first,
            final=self.final,
            best=self.best,
            seconds=seconds,
            loss=self.loss,
            trail=self.trail,
            metrics=self.metrics,
            x=x,
            reached=self.reached,
            stopped=self.stopped,
        )

    # ---- what is recorded --------------------------------------------------------------------------------------------

    def _record_x(self, now: int, x: Floats) -> None:
        """Diverged runs are not recorded, so that the recorded values do not depend on the other runs of the sweep."""
        if self.trail is not None:
            self.trail[self.recorded[now]] = np.where(self.finite, x, np.nan)

    def _record_loss(self, now: int, loss: Any, finite: NDArray[np.bool_]) -> None:
        self.loss[self.recorded[now]] = np.where(finite, loss, np.nan)

    def _evaluate(self, now: int, x: Floats) -> Floats:
        """Compute the objective at x (over all data if there is data), and record the metrics."""
        values = self.whole.at(x, now + 1)
        for name, recorded in self.metrics.items():
            at = self.evaluated[now]
            recorded[at] = (
                values[name] if self.stopped is None else np.where(self.stopped < 0, values[name], recorded[at])
            )
        loss = next(iter(values.values()))
        self._evaluated = {now: loss}
        if now == 0:
            self.first[...] = loss
        self.diverge(self.finite & ~np.isfinite(loss), now, loss)
        self.best[self.finite] = np.minimum(self.best, loss)[self.finite]
        self._reach(now, np.where(self.finite, loss, np.inf)[None])
        self._reach_quantity(now, values, self.finite)
        return loss

    def _reach(self, begin: int, losses: Floats) -> None:
        """Find the runs that reach a target of the objective within these steps."""
        if self.reached is None or self.sweep.target is None or self.sweep.target_of is not None:
            return
        there = losses <= self.sweep.target
        newly = there.any(axis=0) & (self.reached < 0)
        self.reached[newly] = begin + np.argmax(there, axis=0)[newly]

    def _reach_quantity(self, now: int, values: Mapping[str, Floats], among: NDArray[np.bool_]) -> None:
        """Find the runs that reach a target of another quantity at an evaluation."""
        of = self.sweep.target_of
        if self.reached is None or self.sweep.target is None or of is None:
            return
        self.reached[among & (self.reached < 0) & of.reaches(values[of.name], self.sweep.target)] = now
