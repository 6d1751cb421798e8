"""The run protocol: what happens in each step of a run, and what is recorded of it, on every back end.

`replayed.py` and `foreign.py` keep the `Record` below. Machine code follows the same protocol in a loop of its own
(`optlab/engine/native/run.py`), and `compiled.py` hands its results to `trajectories`. A test compares the three.

A run makes n updates. Step t = 0, 1, ..., n begins with the parameters x_t, of which x_0 is the start. In this order:

1. *Check.* Where t is a multiple of `CHUNK`, or n, every entry of x_t must be finite: an objective may hide a NaN.
2. *Record.* x_t is recorded where t is one of `recording.steps` and the trajectory is asked for.
3. *Evaluate.* Where t is one of `recording.evaluations`, or n, the objective is computed at x_t, over all data where
   there is data, and with it the metrics.
4. *See.* The optimizer sees the loss at x_t: the objective, or with minibatches the loss on minibatch t + 1. It is
   recorded where t is one of `recording.steps`. At step n, without minibatches, it is the value of the evaluation.
5. *Update.* Where t < n, the optimizer makes x_{t+1} of it.

What is recorded of each run:

- *status*, *steps*, *final loss*. A run diverges at the first step at which a loss that is seen or evaluated is not
  finite; that is its final loss. Where the check of x fails, the final loss is NaN. So it is where, at step n, a state
  of the rule that was finite before the first step is finite no more. `steps` is the step at which it diverged; what is
  recorded of later steps has no meaning. A run that does not diverge is done: its `steps` is n, its final loss the
  objective at x_n.
- *first loss*: the objective at step 0.
- *best loss*: the lowest known value of the objective before the run diverged, or the first loss if there is none.
  Known is what is evaluated, and without minibatches what is seen.
- *reached*: the first step at which a known value of the objective is at most the target, or -1.
- *final x*: x_n, or NaN where the run diverged.

All NaN of a run that diverged have the same bits: those that a computation leaves depend on the lane that made them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.evaluation import Evaluation, on_data, whole_objective
from optlab.randomness import Minibatches
from optlab.records import DIVERGED, DONE, Floats, Ints, Sweep, Trajectories

CHUNK = 32
"""Steps after which a back end looks at x, at the losses since then, and tells its progress."""

Progress = Callable[[int], None]
"""Told how many run-steps were done since it was last told. May raise to stop the sweep."""


def evaluation_of(sweep: Sweep, runs: int) -> Evaluation:
    """The objective of a sweep's case and its metrics, at so many points; the objective comes first."""
    quantities = on_data(sweep.case) or {"loss": whole_objective(sweep.case)}
    return Evaluation.of(sweep.case, quantities, sweep.numbers_of("option"), runs)


def minibatches_of(sweep: Sweep) -> Minibatches | None:
    """The minibatches of a sweep's runs, if it has any."""
    if not sweep.case.batch_size:
        return None
    assert sweep.case.split is not None
    return Minibatches(sweep.root_seed, sweep.seed, len(sweep.case.split.train_inputs), sweep.case.batch_size)


class Record:
    """What is recorded of R runs that advance together. Arrays end in the run axis; x is of shape (dim, R).

    Call `arrive` and `see` at each step t < n, `close` before each step that is a multiple of `CHUNK` and before step
    n, and then `finish`. Runs that have diverged may go on: what is given of them has no effect.
    """

    def __init__(self, sweep: Sweep, whole: Evaluation) -> None:
        self.sweep, self.whole = sweep, whole
        runs, recording = len(sweep), sweep.recording
        self.sees_objective = not sweep.case.batch_size
        self.recorded = {int(step): place for place, step in enumerate(recording.steps)}
        self.evaluated = {int(step): place for place, step in enumerate(recording.evaluations)}
        self.loss = np.full((len(recording.steps), runs), np.nan)
        self.trail = np.full((len(recording.steps), sweep.case.dim, runs), np.nan) if recording.trajectory else None
        names = whole.names if self.evaluated else ()
        self.metrics = {name: np.full((len(recording.evaluations), runs), np.nan) for name in names}

        self.begin = 0
        self.chunk = np.empty((CHUNK, runs))
        """The losses that were seen since step `begin`."""
        self.alive = np.ones(runs, dtype=bool)
        self.steps = np.full(runs, sweep.steps)
        self.first = np.full(runs, np.nan)
        self.final = np.full(runs, np.nan)
        self.best = np.full(runs, np.inf)
        self.reached = None if sweep.target is None else np.full(runs, -1)

    # ---- the steps ---------------------------------------------------------------------------------------------------

    def arrive(self, now: int, x: Floats) -> None:
        """Step `now` begins at x, which is recorded and evaluated if it is due."""
        if now in self.recorded:
            self._record_x(now, x)
        if now in self.evaluated:
            self.settle(now)  # a run that diverged before must not be found diverged here
            self._evaluate(now, x)

    def see(self, now: int, loss: Any) -> None:
        """The optimizer sees these losses at step `now`."""
        self.chunk[now - self.begin] = loss
        if now in self.recorded:
            self._record_loss(now, loss, self.alive)

    def settle(self, end: int) -> None:
        """Find what the losses seen since `begin`, up to the step before `end`, tell of the runs."""
        losses = self.chunk[: end - self.begin]
        if not len(losses):
            return
        if self.begin == 0 and self.sees_objective:
            self.first[...] = losses[0]
        finite = np.isfinite(losses)
        if finite.all() and self.alive.all():
            if self.sees_objective:
                np.minimum(self.best, losses.min(axis=0), out=self.best)
                self._reach(self.begin, losses)
            return
        lost = ~finite.all(axis=0)
        at = np.argmin(finite, axis=0)
        upto = np.where(lost, at, len(losses))
        valid = (np.arange(len(losses))[:, None] < upto) & self.alive
        if self.sees_objective:
            np.minimum(self.best, np.where(valid, losses, np.inf).min(axis=0), out=self.best)
            self._reach(self.begin, np.where(valid, losses, np.inf))
        last = losses[np.minimum(at, len(losses) - 1), np.arange(losses.shape[1])]
        self.diverge(self.alive & lost, self.begin + at, last)

    def close(self, end: int, x: Floats) -> None:
        """End a chunk of steps; x is that of step `end`, at which the next chunk begins."""
        self.settle(end)
        self.diverge(self.alive & ~np.isfinite(x).all(axis=0), end, np.nan)
        self.begin = end

    def finish(self, x: Floats, last_seen: Callable[[], Floats] | None = None) -> None:
        """Step n, after which there is no update. `last_seen` computes the loss that is seen there with minibatches."""
        now, alive = self.sweep.steps, self.alive.copy()
        if now in self.recorded:
            self._record_x(now, x)
        whole = self._evaluate(now, x)
        if now in self.recorded:
            self._record_loss(now, whole if last_seen is None else last_seen(), alive)
        self.final[self.alive] = whole[self.alive]

    def diverge(self, runs: NDArray[np.bool_], step: Any, loss: Any) -> None:
        """End these runs at a step, with the loss they had there."""
        if runs.any():
            self.alive[runs] = False
            self.steps[runs] = np.broadcast_to(step, runs.shape)[runs]
            self.final[runs] = np.broadcast_to(loss, runs.shape)[runs]

    def trajectories(self, x: Floats, grad_evals: Ints, seconds: Floats) -> Trajectories:
        """All that is known in the end; x is that of step n."""
        return trajectories(
            self.sweep,
            alive=self.alive,
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
        )

    # ---- what is recorded --------------------------------------------------------------------------------------------

    def _record_x(self, now: int, x: Floats) -> None:
        """Of runs that diverged nothing is recorded, so that it does not depend on which other runs go on."""
        if self.trail is not None:
            self.trail[self.recorded[now]] = np.where(self.alive, x, np.nan)

    def _record_loss(self, now: int, loss: Any, alive: NDArray[np.bool_]) -> None:
        self.loss[self.recorded[now]] = np.where(alive, loss, np.nan)

    def _evaluate(self, now: int, x: Floats) -> Floats:
        """The objective at x, over all data where there is data; the metrics are recorded."""
        values = self.whole.at(x)
        for name, recorded in self.metrics.items():
            recorded[self.evaluated[now]] = values[name]
        loss = next(iter(values.values()))
        if now == 0:
            self.first[...] = loss
        self.diverge(self.alive & ~np.isfinite(loss), now, loss)
        self.best[self.alive] = np.minimum(self.best, loss)[self.alive]
        self._reach(now, np.where(self.alive, loss, np.inf)[None])
        return loss

    def _reach(self, begin: int, losses: Floats) -> None:
        """Find the runs that come to their target within these steps."""
        if self.reached is None or self.sweep.target is None:
            return
        there = losses <= self.sweep.target
        newly = there.any(axis=0) & (self.reached < 0)
        self.reached[newly] = begin + np.argmax(there, axis=0)[newly]


def trajectories(
    sweep: Sweep,
    *,
    alive: NDArray[np.bool_],
    steps: Ints,
    grad_evals: Ints,
    first: Floats,
    final: Floats,
    best: Floats,
    seconds: Floats,
    loss: Floats,
    trail: Floats | None,
    metrics: Mapping[str, Floats],
    x: Floats,
    reached: Ints | None,
) -> Trajectories:
    """The trajectories of runs that followed the protocol. `alive` tells which did not diverge; x is that of step n."""
    lost = np.flatnonzero(~alive)
    for values in (loss, trail, *metrics.values(), first, final, best) if len(lost) else ():
        if values is not None:
            values[..., lost] = np.where(np.isnan(part := values[..., lost]), np.nan, part)
    return Trajectories(
        status=np.where(alive, DONE, DIVERGED).astype(np.uint8),
        steps=steps,
        grad_evals=grad_evals,
        first_loss=first,
        final_loss=final,
        best_loss=np.where(np.isfinite(best), best, first),
        seconds=seconds,
        loss=loss,
        x=trail,
        metrics=metrics,
        final_x=np.where(alive, x, np.nan) if sweep.recording.final_x else None,
        reached=reached,
    )
