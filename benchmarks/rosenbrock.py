"""Adam on Rosenbrock's valley: optlab against a hand-written NumPy loop, the loss recorded at every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.measure import Result, stepper
from optlab import plan, registry, runner, spec
from optlab.records import Sweep

A, B = 1.0, 100.0
BETA1, BETA2, EPS = 0.9, 0.999, 1e-8
START = (-1.5, 2.0)
RATES = (1e-4, 1e-2)


def contenders(runs: int, steps: int) -> dict[str, Callable[[], Result]]:
    """Each gives the final x (2, runs) and the loss (steps, runs), learning rates spread over `RATES`."""
    work = sweep(runs, steps)
    rates = work.hyperparameters["lr"]
    return {
        "NumPy by hand": lambda: by_hand(rates, steps),
        "NumPy by hand, as the formula is written": lambda: as_written(rates, steps),
        "optlab replay": stepper(work, np.broadcast_to(np.array(START)[:, None], (2, runs))),
        "optlab runner": lambda: whole_run(work),
    }


def sweep(runs: int, steps: int) -> Sweep:
    """All runs as optlab plans them; the loss of every step is recorded, and nothing else."""
    lr = {"log": list(RATES), "num": runs} if runs > 1 else RATES[0]
    document: dict[str, Any] = {
        "name": "benchmark",
        "steps": steps,
        "problem": [{"name": "rosenbrock", "start": list(START)}],
        "optimizer": [{"name": "adam", "lr": lr}],
        "record": {"points": steps + 1},
    }
    work = plan.make(spec.read_dict(document), registry.load(())).sweeps[0]
    return replace(work, recording=replace(work.recording, trajectory=False))


def whole_run(work: Sweep) -> Result:
    """The runner from spec to trajectories, tracing and planning included. It keeps no x where none is recorded."""
    return None, runner.run(work).loss[:-1]


def by_hand(lr: np.ndarray, steps: int) -> Result:
    """Preallocated buffers, and the algebra of the formulas used: m and v are kept without their factors 1 - beta, and
    bias corrections, which are numbers, go into the learning rate and eps."""
    runs = len(lr)
    x, g, s, u = np.empty((4, 2, runs))
    m, v = np.zeros((2, 2, runs))
    c, d, rate = np.empty((3, runs))
    losses = np.empty((steps, runs))
    x[...] = np.array(START)[:, None]
    x0, x1, g0, g1 = *x, *g
    for t in range(1, steps + 1):
        loss = losses[t - 1]
        np.square(x0, c)
        np.subtract(x1, c, c)  # c = x1 - x0^2
        np.subtract(x0, A, d)  # d = x0 - a
        np.multiply(c, 2 * B, g1)
        np.multiply(g1, c, loss)
        np.multiply(loss, 0.5, loss)
        np.multiply(g1, x0, g0)
        np.subtract(d, g0, g0)
        np.multiply(g0, 2.0, g0)
        np.square(d, d)
        np.add(loss, d, loss)

        np.multiply(m, BETA1, m)
        np.add(m, g, m)
        np.multiply(v, BETA2, v)
        np.square(g, g)
        np.add(v, g, v)
        root = np.sqrt((1 - BETA2**t) / (1 - BETA2))
        np.multiply(lr, root * (1 - BETA1) / (1 - BETA1**t), rate)
        np.sqrt(v, s)
        np.add(s, EPS * root, s)
        np.divide(m, s, u)
        np.multiply(u, rate, u)
        np.subtract(x, u, x)
    return x, losses


def as_written(lr: np.ndarray, steps: int) -> Result:
    """Preallocated buffers, and the formulas of Adam in the order in which the paper has them."""
    runs = len(lr)
    x, g, s, u = np.empty((4, 2, runs))
    m, v = np.zeros((2, 2, runs))
    c, d = np.empty((2, runs))
    losses = np.empty((steps, runs))
    x[...] = np.array(START)[:, None]
    x0, x1, g0, g1 = *x, *g
    for t in range(1, steps + 1):
        loss = losses[t - 1]
        np.square(x0, c)
        np.subtract(x1, c, c)
        np.subtract(x0, A, d)
        np.multiply(c, 2 * B, g1)
        np.multiply(g1, c, loss)
        np.multiply(loss, 0.5, loss)
        np.multiply(g1, x0, g0)
        np.subtract(d, g0, g0)
        np.multiply(g0, 2.0, g0)
        np.square(d, d)
        np.add(loss, d, loss)

        np.multiply(m, BETA1, m)
        np.multiply(g, 1 - BETA1, s)
        np.add(m, s, m)
        np.multiply(v, BETA2, v)
        np.square(g, g)
        np.multiply(g, 1 - BETA2, g)
        np.add(v, g, v)
        np.divide(v, 1 - BETA2**t, s)
        np.sqrt(s, s)
        np.add(s, EPS, s)
        np.divide(m, 1 - BETA1**t, u)
        np.multiply(u, lr, u)
        np.divide(u, s, u)
        np.subtract(x, u, x)
    return x, losses
