"""What 10^4 workers and 10^6 sweeps would cost: messages, tasks per second, the store, and a simulated scheduler."""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version

from benchmarks import conditions, scale_messages, scale_store, scheduler
from benchmarks.tables import Report, Table

WORKERS = (10, 100, 1_000, 10_000)
DURATIONS = (0.1, 1.0, 10.0, 60.0)
SWEEPS = 1_000_000
UNITS = ((60.0, 1.0, "s"), (3_600.0, 60.0, "min"), (86_400.0, 3_600.0, "h"), (float("inf"), 86_400.0, "d"))


def long(seconds: float) -> str:
    """A time from seconds to days, with three digits.

    >>> [long(seconds) for seconds in (1.0, 90, 5400, 864000)]
    ['1.00 s', '1.50 min', '1.50 h', '10.0 d']
    """
    unit, name = next((unit, name) for below, unit, name in UNITS if seconds < below)
    number = seconds / unit
    return f"{number:,.{2 if number < 10 else 1 if number < 100 else 0}f} {name}"


def simulations(name: str, rate: float, sweeps: int, workers: Sequence[int] = WORKERS) -> Table:
    """Workers that one scheduler feeds, one block for each sweep."""
    rows = []
    for count in workers:
        found = [scheduler.simulated(count, duration, rate, sweeps) for duration in DURATIONS]
        rows.append([f"{count:,}", *(f"{100 * one.utilisation:.3g} %, {long(one.seconds)}" for one in found)])
    limits = [f"{scheduler.limit(duration, rate):,.0f}" for duration in DURATIONS]
    rows.append(["limit: rate x duration", *limits])
    title = f"Simulated: {sweeps:,} blocks, {name}, {rate:,.0f} tasks per second: utilisation, wall time"
    return Table(title, ["workers", *(f"blocks of {duration:g} s" for duration in DURATIONS)], rows)


def report(rounds: int, scale: float = 1.0) -> Report:
    """`scale` shortens the work, for tests. Without distributed, its rows and the simulation are left out."""
    steps = max(5, int(scale_messages.STEPS * scale))
    some = scale_messages.function(steps=steps)
    others = (
        scale_messages.function(steps=steps, points=2),
        scale_messages.function(1, 1, steps),
        scale_messages.function(steps=steps, dim=100),
    )
    large = scale_messages.network(steps)
    messages = [scale_messages.measured(work, rounds) for work in (some, *others, large)]
    stored = scale_store.measured([some, large], rounds, scale)
    tables = [scale_messages.table(messages), *_with_distributed(rounds, scale, messages[0].answer)]
    tables += scale_store.tables(stored)
    figures = {"messages": [asdict(one) for one in messages],
               "store": {name: [asdict(one) for one in found] for name, found in stored.items()}}  # fmt: skip
    return Report(f"{_conditions()}. {rounds} rounds, medians.", tables, figures)


def _with_distributed(rounds: int, scale: float, size: int) -> list[Table]:
    if importlib.util.find_spec("distributed") is None:
        return []
    from benchmarks import scale_tasks

    found = scale_tasks.measured(rounds, scale, size)
    threads = [(n, scale_tasks.waiting(n, 2 * min(1.0, 10 * scale))) for n in scale_tasks.WAITING]
    sweeps = max(100, int(SWEEPS * scale))
    of_own = {one.path: one.scheduler_per_task for one in found if one.scheduler is not None}
    return [
        scale_tasks.table(found),
        Table("Threads that wait for an answer in the client", ["threads", "share of a core"],
              [[f"{n:,}", f"{100 * share:.1f} %"] for n, share in threads]),
        *(simulations(name, 1 / of_own[path], sweeps)
          for name, path in (("optlab's Dask executor", scale_tasks.OPTLAB), ("distributed alone", scale_tasks.ALONE))),
    ]  # fmt: skip


def _conditions() -> str:
    packages = ("numpy", "pyarrow", "distributed")
    versions = [f"{name} {version(name)}" for name in packages if importlib.util.find_spec(name)]
    return ", ".join([conditions.machine(), f"Python {platform.python_version()}", *versions])
