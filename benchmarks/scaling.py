"""How the time of Adam on Rosenbrock's function grows with runs, steps, dimension and threads: optlab, C and JAX."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks import conditions, trajectories
from benchmarks.measure import Comparison, Contender, compare, ratios, shown
from benchmarks.tables import Report, Table
from optlab.execution import executors

RUNS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
STEPS = (10, 100, 1_000, 10_000)
DIMENSIONS = (2, 10, 100, 1_000)
MOST = 20_000_000
"""About the number of entries of x that a contender computes per turn. More runs or dimensions have fewer steps."""

RATES = (1e-6, 1e-4)
"""Learning rates at which no run converges, because rounding errors grow near a minimum."""

NAMES = ("optlab", "C", "JAX jit(vmap(scan))")


@dataclass(frozen=True)
class Point:
    """A compared point: the axis and the position on it."""

    axis: str
    at: int
    comparison: Comparison


def contenders(runs: int, steps: int, dim: int) -> list[Contender]:
    if dim == 2:
        own = trajectories.on_rosenbrock(runs, steps, RATES)
    else:
        own = trajectories.on_function("rosenbrock", dim, runs, steps, RATES)
    return [contender for contender in own if contender.name in NAMES]


def compared(runs: int, steps: int, dim: int, rounds: int) -> Comparison:
    steps = max(3, min(steps, MOST // (runs * dim)))
    title = f"{runs:,} run{'s' * (runs > 1)}, {steps:,} steps, {dim:,} dimensions"
    return compare(title, contenders(runs, steps, dim), rounds)


def on_threads(threads: int, runs: int, steps: int, rounds: int) -> Comparison:
    """Run in a separate process with this number of cores, from which all contenders take the number of threads."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn, initializer=_pin, initargs=(threads,)) as pool:
        return pool.submit(compared, runs, steps, 2, rounds).result()


def _pin(threads: int) -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def measured(rounds: int, scale: float) -> list[Point]:
    def some(number: int) -> int:
        return max(1, int(number * scale))

    points = [Point("runs", some(runs), compared(some(runs), some(1_000), 2, rounds)) for runs in RUNS]
    points += [Point("steps", n := max(3, some(steps)), compared(some(1_000), n, 2, rounds)) for steps in STEPS]
    points += [Point("dimension", dim, compared(some(1_000), some(1_000), dim, rounds)) for dim in DIMENSIONS]
    if hasattr(os, "sched_setaffinity"):
        for n in dict.fromkeys((1, executors.workers())):
            points.append(Point("threads", n, on_threads(n, some(10_000), some(1_000), rounds)))
    return points


def tables(points: list[Point]) -> list[Table]:
    found = []
    for axis in dict.fromkeys(point.axis for point in points):
        group = [point for point in points if point.axis == axis]
        others = [name for name in NAMES[1:] if any(name in point.comparison.seconds for point in group)]
        rows = []
        for point in group:
            seconds = point.comparison.seconds
            own = seconds["optlab"]
            times = [ratios(seconds[name], own) if name in seconds else "" for name in others]
            rows.append([f"{point.at:,}", shown(median(own)), *times, point.comparison.title])
        found.append(Table(f"Along {axis}: times optlab, median [min, max]", ["", "optlab", *others, "work"], rows))
    return found


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests."""
    points = measured(rounds, scale)
    about = f"{conditions.text()}. {rounds} rounds. Time per run and step."
    return Report(about, tables(points), list(map(asdict, points)))
