"""Adam on the digits with an MLP 64-32-10 on minibatches of 64: optlab against hand-written batched NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.measure import Result, stepper
from optlab import plan, registry, runner, spec
from optlab.randomness import Minibatches
from optlab.records import Sweep
from optlab.starts import starts

BATCH, HIDDEN = 64, 32
LR, BETA1, BETA2, EPS = 1e-3, 0.9, 0.999, 1e-8


def contenders(runs: int, steps: int, activation: str = "tanh") -> dict[str, Callable[[], Result]]:
    """Each gives the final x (parameters, runs) and the minibatch loss (steps, runs), one seed per run."""
    work = sweep(runs, steps, activation)
    start = starts(work.case, work.root_seed, work.seed)
    return {
        "NumPy by hand": lambda: by_hand(work, start, activation),
        "optlab replay": lambda: stepper(work, start, minibatches(work).fill)(),
        "optlab runner": lambda: whole_run(work),
    }


def sweep(runs: int, steps: int, activation: str) -> Sweep:
    """All runs as optlab plans them; the loss of every step is recorded, and nothing else."""
    document: dict[str, Any] = {
        "name": "benchmark",
        "steps": steps,
        "seeds": runs,
        "problem": [{"name": "mlp", "hidden": [[HIDDEN]], "activation": activation, "batch_size": BATCH}],
        "optimizer": [{"name": "adam", "lr": LR}],
        "record": {"points": steps + 1, "evaluations": 2},
    }
    return plan.make(spec.read_dict(document), registry.load(())).sweeps[0]


def minibatches(work: Sweep) -> Minibatches:
    assert work.case.split is not None
    return Minibatches(work.root_seed, work.seed, len(work.case.split.train_inputs), BATCH)


def whole_run(work: Sweep) -> Result:
    """The runner, from tracing to evaluations on the whole data (two: at the start and at the end)."""
    return None, runner.run(work).loss[:-1]


def by_hand(work: Sweep, start: np.ndarray, activation: str) -> Result:
    """Preallocated buffers; each run's parameters one row, so that Adam is a few calls on all of them."""
    assert work.case.split is not None
    inputs, targets = work.case.split.train_inputs, work.case.split.train_targets
    (dim, runs), steps = start.shape, work.steps
    batches = minibatches(work)
    x, g, s, u = np.empty((4, runs, dim))
    m, v = np.zeros((2, runs, dim))
    x[...] = start.T
    w1, b1, w2, b2 = layers(x)
    gw1, gb1, gw2, gb2 = layers(g)
    index = np.empty((runs, BATCH), np.int64)
    a = np.empty((runs, BATCH, inputs.shape[1]))
    y = np.empty((runs, BATCH, targets.shape[1]))
    h, dh, slope = np.empty((3, runs, BATCH, HIDDEN))
    z, p = np.empty((2, *y.shape))
    top, total = np.empty((2, runs, BATCH, 1))
    a_t, h_t, w2_t = (np.swapaxes(q, 1, 2) for q in (a, h, w2))
    losses = np.empty((steps, runs))
    for t in range(1, steps + 1):
        batches.fill(t, index)
        np.take(inputs, index, 0, a, "clip")
        np.take(targets, index, 0, y, "clip")

        np.matmul(a, w1, h)
        np.add(h, b1, h)
        np.tanh(h, h) if activation == "tanh" else np.maximum(h, 0, h)
        np.matmul(h, w2, z)
        np.add(z, b2, z)
        np.maximum.reduce(z, 2, keepdims=True, out=top)
        np.subtract(z, top, z)
        np.exp(z, p)
        np.add.reduce(p, 2, keepdims=True, out=total)
        np.divide(p, total, p)  # the softmax
        np.multiply(z, y, z)
        np.log(total, total)
        loss = losses[t - 1]
        np.add.reduce(total, (1, 2), out=loss)
        loss -= np.add.reduce(z, (1, 2))
        loss /= BATCH

        np.subtract(p, y, p)
        np.divide(p, BATCH, p)
        np.add.reduce(p, 1, keepdims=True, out=gb2)
        np.matmul(h_t, p, gw2)
        np.matmul(p, w2_t, dh)
        if activation == "tanh":
            np.square(h, slope)
            np.subtract(1, slope, slope)
            np.multiply(dh, slope, dh)
        else:
            np.multiply(dh, h > 0, dh)
        np.add.reduce(dh, 1, keepdims=True, out=gb1)
        np.matmul(a_t, dh, gw1)

        np.multiply(m, BETA1, m)
        np.add(m, g, m)
        np.multiply(v, BETA2, v)
        np.square(g, g)
        np.add(v, g, v)
        root = np.sqrt((1 - BETA2**t) / (1 - BETA2))
        np.sqrt(v, s)
        np.add(s, EPS * root, s)
        np.divide(m, s, u)
        np.multiply(u, LR * root * (1 - BETA1) / (1 - BETA1**t), u)
        np.subtract(x, u, x)
    return x.T, losses


def layers(flat: np.ndarray) -> list[np.ndarray]:
    """Weights and biases as views of (runs, parameters)."""
    runs, at, views = len(flat), 0, []
    for shape in ((64, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10)):
        size = shape[0] * shape[1]
        views.append(flat[:, at : at + size].reshape(runs, *shape))
        at += size
    return views
