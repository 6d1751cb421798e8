"""Adam on the digits, an MLP 64-32-10 on minibatches of 64: optlab against batched NumPy by hand."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import by_hand, conditions, lab, peers
from benchmarks.measure import Contender, Result, compare, of_comparisons, stepper
from benchmarks.tables import Report
from optlab.execution import executors, runner
from optlab.execution.randomness import Minibatches
from optlab.execution.records import Sweep
from optlab.execution.starts import starts
from optlab.experiments import document as documents
from optlab.experiments import plan
from optlab.plugins import registry

BATCH, HIDDEN, LR = 64, 32, 1e-3
LAYERS = ((64, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10))
"""The shapes of weights and biases, in the order of `x`."""


def contenders(runs: int, steps: int, activation: str, with_peers: bool = True) -> list[Contender]:
    work = sweep(runs, steps, activation)
    start = starts(work.case, work.root_seed, work.seed)
    fill = minibatches(work).fill
    own = [
        Contender("NumPy by hand", lambda: loop(work, start, activation, tuned=False), runs, steps, is_baseline=True),
        Contender("NumPy, tuned", lambda: loop(work, start, activation, tuned=True), runs, steps, is_baseline=True),
        Contender("optlab replay", stepper(work, start, fill), runs, steps),
        Contender("optlab runner", lambda: whole_run(work), runs, steps),
        on_all_cores(work),
        on_all_cores(sweep(runs, steps, activation, "float32"), "optlab, all cores, float32", is_rough=True),
    ]
    return own + (peers.mlp(work, start, activation) if with_peers else [])


def sweep(runs: int, steps: int, activation: str, precision: str = "float64") -> Sweep:
    """One seed per run; the loss of every step is recorded. Two evaluations, the minimum."""
    document: dict[str, Any] = {
        "name": "benchmark",
        "steps": steps,
        "seeds": runs,
        "precision": precision,
        "problem": [{"name": "mlp", "hidden": [[HIDDEN]], "activation": activation, "batch_size": BATCH}],
        "optimizer": [{"name": "adam", "lr": LR}],
        "record": {"points": steps + 1, "evaluations": 2},
    }
    return plan.make(documents.read_dict(document), registry.load(())).sweeps[0]


def minibatches(work: Sweep) -> Minibatches:
    assert work.case.split is not None
    return Minibatches(work.root_seed, work.seed, len(work.case.split.train_inputs), BATCH)


def whole_run(work: Sweep) -> Result:
    """From the plan to trajectories, with train loss, test loss and accuracy at the start and at the end."""
    return None, runner.run(work).loss[:-1]


def on_all_cores(work: Sweep, name: str = "optlab, all cores", is_rough: bool = False) -> Contender:
    """The steady state, measured as for JAX: traced and compiled before, in wall time."""
    task, pool = runner.Runner([work], executors.workers()), ThreadPoolExecutor(executors.workers())

    def read(found: Any) -> Result:
        return None, found[0].loss[:-1]

    def go() -> Any:
        return lab.executed([work], task, pool)

    return Contender(name, go, len(work), work.steps, False, time.perf_counter, read, is_rough)


def layers(flat: np.ndarray) -> list[np.ndarray]:
    """Weights and biases as views of (runs, parameters)."""
    at, views = 0, []
    for m, n in LAYERS:
        views.append(flat[:, at : at + m * n].reshape(-1, m, n))
        at += m * n
    return views


def loop(work: Sweep, start: np.ndarray, activation: str, tuned: bool) -> Result:
    """Preallocated buffers (runs, ...), forward and backward fused; the parameters of a run are one row, so that Adam
    needs few calls for all layers. `tuned` computes sums as matrix products, and maxima along long axes."""
    assert work.case.split is not None
    inputs, targets = work.case.split.train_inputs, work.case.split.train_targets
    (dim, runs), steps = start.shape, work.steps
    fill = minibatches(work).fill
    x, g = np.empty((2, runs, dim))
    x[...] = start.T
    (w1, b1, w2, b2), (gw1, gb1, gw2, gb2) = layers(x), layers(g)
    index = np.empty((runs, BATCH), np.int64)
    a, y = np.empty((runs, BATCH, 64)), np.empty((runs, BATCH, 10))
    h, dh, slope = np.empty((3, runs, BATCH, HIDDEN))
    z, p = np.empty((2, runs, BATCH, 10))
    top, total = np.empty((2, runs, BATCH, 1))
    right = np.empty((runs, BATCH))  # z of the right class
    by_class = np.empty((10, runs * BATCH))
    ones_of_batch, ones_of_classes = np.ones((1, BATCH)), np.ones((10, 1))
    a_t, h_t, w2_t = (np.swapaxes(q, 1, 2) for q in (a, h, w2))
    z_t, top_flat, log_total = z.reshape(-1, 10).T, top.reshape(-1), total[..., 0]
    losses = np.empty((steps, runs))
    update = (by_hand.adam_tuned if tuned else by_hand.adam)(x, LR)
    for t in range(1, steps + 1):
        fill(t, index)
        np.take(inputs, index, 0, a, "clip")
        np.take(targets, index, 0, y, "clip")

        np.matmul(a, w1, h)
        np.add(h, b1, h)
        if activation == "tanh":
            np.tanh(h, h)
        else:
            np.maximum(h, 0, out=h)
        np.matmul(h, w2, z)
        np.add(z, b2, z)
        if tuned:
            np.copyto(by_class, z_t)
            np.maximum.reduce(by_class, 0, out=top_flat)
        else:
            np.maximum.reduce(z, 2, keepdims=True, out=top)
        np.subtract(z, top, z)
        np.exp(z, p)
        if tuned:
            np.matmul(p, ones_of_classes, total)
        else:
            np.add.reduce(p, 2, keepdims=True, out=total)
        np.divide(p, total, p)  # the softmax
        np.vecdot(z, y, right)
        np.log(total, total)
        np.subtract(log_total, right, right)
        np.add.reduce(right, 1, out=losses[t - 1])

        np.subtract(p, y, p)
        np.divide(p, BATCH, p)
        np.matmul(h_t, p, gw2)
        np.matmul(p, w2_t, dh)
        if activation == "tanh":
            np.square(h, slope)
            np.subtract(1, slope, slope)
        else:
            np.sign(h, slope)
        np.multiply(dh, slope, dh)
        np.matmul(a_t, dh, gw1)
        if tuned:
            np.matmul(ones_of_batch, p, gb2)
            np.matmul(ones_of_batch, dh, gb1)
        else:
            np.add.reduce(p, 1, keepdims=True, out=gb2)
            np.add.reduce(dh, 1, keepdims=True, out=gb1)
        update(x, g, t)
    losses /= BATCH
    return x.T, losses


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests."""
    found = []
    with threadpool_limits(1):
        for activation in ("tanh", "relu"):
            for runs, steps in ((1, 2000), (32, 300)):
                steps = max(3, int(steps * scale))
                title = f"MLP 64-32-10, {activation}, {runs} run{'s' * (runs > 1)}, {steps} steps"
                found.append(compare(title, contenders(runs, steps, activation), rounds))
    return of_comparisons(f"{conditions.text()}. {rounds} rounds. Time per run and step.", found)
