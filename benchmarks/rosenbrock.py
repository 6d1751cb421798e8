"""Adam on Rosenbrock's valley, the loss recorded at every step: optlab against NumPy by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import by_hand, peers
from benchmarks.measure import Contender, Result, compare, stepper
from optlab import plan, registry, runner, spec
from optlab.records import Sweep

A, B = 1.0, 100.0
START = (-1.5, 2.0)
RATES = (1e-4, 1e-2)
"""Learning rates, from the first run's to the last's."""


def contenders(runs: int, steps: int, with_peers: bool = True) -> list[Contender]:
    work = sweep(runs, steps)
    rates = work.hyperparameters["lr"]
    start = np.broadcast_to(np.array(START)[:, None], (2, runs))
    own = [
        Contender("NumPy by hand", lambda: loop(rates, steps, by_hand.adam), runs, steps, is_baseline=True),
        Contender("NumPy, tuned", lambda: loop(rates, steps, by_hand.adam_tuned), runs, steps, is_baseline=True),
        Contender("optlab replay", stepper(work, start), runs, steps),
        Contender("optlab runner", lambda: whole_run(work), runs, steps),
    ]
    return own + (peers.rosenbrock(rates, steps, START) if with_peers else [])


def sweep(runs: int, steps: int) -> Sweep:
    """All runs as optlab plans them; the loss of every step is recorded, and nothing else."""
    document: dict[str, Any] = {
        "name": "benchmark",
        "steps": steps,
        "problem": [{"name": "rosenbrock", "start": list(START)}],
        "optimizer": [{"name": "adam", "lr": {"log": list(RATES), "num": runs}}],
        "record": {"points": steps + 1},
    }
    work = plan.make(spec.read_dict(document), registry.load(())).sweeps[0]
    return replace(work, recording=replace(work.recording, trajectory=False))


def whole_run(work: Sweep) -> Result:
    """From the plan to trajectories: tracing, buffers, steps, divergence, best losses. Its history has the end too."""
    return None, runner.run(work).loss[:-1]


def loop(lr: np.ndarray, steps: int, adam: Any) -> Result:
    """Preallocated buffers of shape (2, runs), objective and gradient fused."""
    runs = len(lr)
    x, g = np.empty((2, 2, runs))
    c, d = np.empty((2, runs))
    x[...] = np.array(START)[:, None]
    (x0, x1), (g0, g1) = x, g
    update = adam(x, lr)
    losses = np.empty((steps, runs))
    for t in range(1, steps + 1):
        loss = losses[t - 1]
        np.square(x0, c)
        np.subtract(x1, c, c)  # x1 - x0^2
        np.subtract(x0, A, d)  # x0 - a
        np.multiply(c, 2 * B, g1)
        np.multiply(g1, c, loss)
        np.multiply(loss, 0.5, loss)
        np.multiply(g1, x0, g0)
        np.subtract(d, g0, g0)
        np.multiply(g0, 2.0, g0)
        np.square(d, d)
        np.add(loss, d, loss)
        update(x, g, t)
    return x, losses


def report(rounds: int, scale: float = 1.0) -> str:
    """The tables. `scale` shortens the work, for tests."""
    steps = max(3, int(1000 * scale))
    few = compare(f"Rosenbrock, 100 runs, {steps} steps", contenders(100, steps), 3 * rounds)
    runs = max(100, int(10_000 * scale))
    many = compare(f"Rosenbrock, {runs:,} runs, {steps} steps", contenders(runs, steps, with_peers=False), rounds)
    return f"{few}\n\n{many}"
