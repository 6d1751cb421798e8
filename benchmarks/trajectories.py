"""Adam, the loss recorded at every step: optlab on all cores against C and NumPy by hand, JAX, PyTorch and autograd."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import by_hand, by_hand_c, conditions, lab, objectives, peers
from benchmarks.measure import Contender, Result, compare, of_comparisons, stepper
from benchmarks.tables import Report
from optlab.execution import executors, runner
from optlab.execution.records import Sweep
from optlab.plugins import registry

A, B = 1.0, 100.0
START = (-1.5, 2.0)
RATES = (1e-4, 1e-2)
"""Learning rates of the first and the last run."""


def on_rosenbrock(runs: int, steps: int, ends: tuple[float, float] = RATES) -> list[Contender]:
    """All contenders in two dimensions."""
    work = sweep("rosenbrock", START, runs, steps, ends)
    rates = work.numbers["hyperparameter", "lr"]
    start = np.broadcast_to(np.array(START)[:, None], (2, runs))
    return [
        *with_optlab(work),
        *with_c(rates, steps),
        *peers.rosenbrock(rates, steps, START),
        Contender("optlab, replay alone", stepper(work, start), runs, steps),
        Contender("NumPy by hand", lambda: loop(rates, steps, by_hand.adam), runs, steps),
        Contender("NumPy, tuned", lambda: loop(rates, steps, by_hand.adam_tuned), runs, steps),
    ]


def on_function(name: str, dim: int, runs: int, steps: int, ends: tuple[float, float] = RATES) -> list[Contender]:
    """optlab and JAX, which gets the same source, on any test function from its default start."""
    problem = registry.load(()).problems[name]
    start = np.resize(problem.start, dim)
    work = sweep(name, start, runs, steps, ends)
    return [*with_optlab(work), *with_jax(work, start)]


def sweep(
    name: str, start: Sequence[float] | np.ndarray, runs: int, steps: int, ends: tuple[float, float] = RATES
) -> Sweep:
    """All runs as optlab plans them; the loss of every step is recorded, and nothing else."""
    problem = {"name": name, "start": [float(value) for value in start]}
    optimizer = {"name": "adam", "lr": lab.rates(*ends, runs)}
    (work,) = lab.sweeps(lab.document([problem], [optimizer], steps, points=steps + 1))
    return work


def with_optlab(work: Sweep) -> list[Contender]:
    """The steady state, all steps with divergence and best losses; and from the plan, with tracing and compiling.

    It also computes the last loss.
    """
    steady = replace(work, backend="native")  # machine code that is executed many times
    task, pool = runner.Runner([steady], executors.workers()), ThreadPoolExecutor(executors.workers())

    def read(found: Any) -> Result:
        return None, found[0].loss[:-1]

    def contender(name: str, go: Callable[[], Any], is_baseline: bool) -> Contender:
        return Contender(name, go, len(work), work.steps, is_baseline, time.perf_counter, read)

    return [
        contender("optlab", lambda: lab.executed([steady], task, pool), True),
        contender("optlab, from the plan on", lambda: lab.execute([work]), False),
    ]


def with_c(rates: np.ndarray, steps: int) -> list[Contender]:
    """On as many threads as optlab, with the same results: losses, best and last loss, divergence."""

    def contender(name: str, tuned: bool) -> Contender:
        def go() -> by_hand_c.Stored:
            return by_hand_c.run(rates, steps, START, executors.workers(), tuned)

        def read(stored: by_hand_c.Stored) -> Result:
            return stored.x, stored.loss[:-1]

        return Contender(name, go, len(rates), steps, not tuned, time.perf_counter, read)

    return [contender("C", False), contender("C, tuned", True)] if by_hand_c.compiler() else []


def with_jax(work: Sweep, start: np.ndarray) -> list[Contender]:
    def f(x: Any) -> Any:
        import jax.numpy as jnp

        return objectives.rewritten(work.case.problem.function, len(start), jnp)(x)

    return peers.trajectories(f, work.numbers["hyperparameter", "lr"], work.steps, start)


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


WORK = (("ackley", 2, 1_000), ("ackley", 2, 10_000), ("rastrigin", 2, 1_000), ("rastrigin", 2, 10_000))
DIMENSIONS = (("rosenbrock", 10, 1_000), ("rosenbrock", 100, 1_000))


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests."""
    steps = max(3, int(1000 * scale))
    found = []
    for runs in (100, 1_000, 10_000):
        runs = max(20, int(runs * scale))
        found.append(compare(f"Rosenbrock, {runs:,} runs, {steps:,} steps", on_rosenbrock(runs, steps), rounds))
    for name, dim, runs in (*WORK, *DIMENSIONS):
        runs = max(20, int(runs * scale))
        title = f"{name.capitalize()} in {dim} dimensions, {runs:,} runs, {steps:,} steps"
        found.append(compare(title, on_function(name, dim, runs, steps), rounds))
    about = f"{conditions.text()}; float64; {executors.workers()} threads. {rounds} rounds. Time per run and step."
    return of_comparisons(about, found)
