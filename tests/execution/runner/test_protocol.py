"""One protocol on all back ends: runs of gradient descent on replay, in machine code and by torch, against a plain loop
that follows the text of `optlab/execution/runner/protocol.py`."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from optlab import problem
from optlab.execution import runner
from optlab.execution.records import STATUSES
from optlab.execution.runner.protocol import CHUNK

START = np.array([1.0, -2.0])
RULES = {"replay": "gd", "native": "gd", "foreign": "torch:SGD"}


@problem(start=START)
def bowl(x):
    return 0.5 * np.sum(x**2)


@problem(start=START)
def hides(x):
    """The slope is infinite at x0 = 0, which runs reach in equal steps; the loss is finite everywhere."""
    at_0_or_below = np.where(x[0] < 0.0, 0.0, np.sqrt(x[0]))
    return np.where(x[0] > 0.0, x[0], at_0_or_below) + 0.5 * x[1] ** 2


@problem(start=START)
def root(x):
    """NaN for negative x0; each step decreases x0."""
    return np.sqrt(x[0]) + 0.5 * x[1] ** 2


@problem(start=START)
def nowhere(x):
    """NaN at the start."""
    return np.log(x[0] - 2.0) + x[1] ** 2


@problem(start=START)
def endless(x):
    """Without a lower bound: minus infinity is not a loss."""
    return -np.sum(x**2)


SLOPES = {
    "bowl": lambda x: x,
    "hides": lambda x: np.array([1.0 if x[0] > 0.0 else np.inf if x[0] == 0.0 else 0.0, x[1]]),
    "root": lambda x: np.array([0.5 / np.sqrt(x[0]), x[1]]),
    "nowhere": lambda x: np.array([1 / (x[0] - 2.0), 2 * x[1]]),
    "endless": lambda x: -2 * x,
}


def by_hand(of, lr, steps, target):
    """One run: its status, last step, first, final and best loss, first step at the target, gradients; and the losses
    and the points of the steps before it diverged."""
    x, losses, points, reached = START, [], [], -1
    for t in range(steps + 1):
        if t and (t % CHUNK == 0 or t == steps) and not np.isfinite(x).all():
            return ("diverged", t, losses[0], math.nan, min(losses), reached, t), losses, points
        loss = float(of(x))
        if not math.isfinite(loss):
            first = [*losses, loss][0]
            best = min(losses, default=first)
            return ("diverged", t, first, loss, best, reached, t + (t < steps)), losses, points
        losses.append(loss)
        points.append(x)
        if reached < 0 and loss <= target:
            reached = t
        if t < steps:
            x = x - lr * SLOPES[of.name](x)
    return ("done", steps, losses[0], losses[-1], min(losses), reached, steps), losses, points


def made(planned, of, backend, steps, rates, points, target):
    document = {
        "problem": [{"name": of.name}],
        "optimizer": [{"name": RULES[backend], "lr": rates}],
        "steps": steps,
        "record": {"points": points},
        "backend": "auto" if backend == "foreign" else backend,
    }
    (sweep,) = planned(document, of).sweeps
    recording = dataclasses.replace(sweep.recording, final_x=True)
    sweep = dataclasses.replace(sweep, target=np.full(len(sweep), target), recording=recording)
    told = []
    task = runner.Runner([sweep])
    done = task(sweep, told.append)
    assert task.backend(sweep) == backend
    assert sum(told) == len(sweep) * steps
    return sweep, done


def close(found, expected, what):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=what)


RATES = [1e-3, 1 / 64, 1 / 32, 1 / 8, 0.3, 0.9, 1.3, 2.5, 7.0, 300.0, 1e6, 1e80, 1e160, 1e300]


@settings(max_examples=20)
@given(
    of=st.sampled_from([bowl, hides, root, nowhere, endless]),
    steps=st.integers(1, 2 * CHUNK + 6),
    rates=st.lists(st.sampled_from(RATES), min_size=1, max_size=6, unique=True),
    points=st.integers(0, 40),
    target=st.sampled_from([-np.inf, -10.0, 0.1, 1.0, 1e9]),
)
@example(hides, 100, [1 / 8, 1 / 32, 1 / 64, 0.3], 101, 0.5)  # x is infinite from steps 9, 33 and 65 on
@example(hides, 33, [1 / 8, 1 / 32, 1 / 64, 0.3], 34, 0.5)
@example(bowl, 64, RATES, 65, 0.1)
@example(endless, 70, RATES, 5, -10.0)
def test_records_of_all_back_ends_equal_a_plain_loop(planned, of, steps, rates, points, target):
    with np.errstate(all="ignore"):
        wanted = [by_hand(of, lr, steps, target) for lr in rates]
    for backend in RULES:
        sweep, done = made(planned, of, backend, steps, rates, points, target)
        for run, ((status, last, first, final, best, reached, gradients), losses, xs) in enumerate(wanted):
            what = f"{backend}, lr = {rates[run]}"
            assert (STATUSES[done.status[run]], done.steps[run], done.reached[run]) == (status, last, reached), what
            assert done.grad_evals[run] == (gradients if backend == "foreign" else last), what
            close(done.first_loss[run], first, what)
            close(done.final_loss[run], final, what)
            close(done.best_loss[run], best, what)
            close(done.final_x[:, run], xs[-1] if status == "done" else [np.nan] * 2, what)
            for row, step in enumerate(sweep.recording.steps):
                if step < len(losses):
                    close(done.loss[row, run], losses[step], f"{what}, step {step}")
                    close(done.x[row, :, run], xs[step], f"{what}, step {step}")
