"""Where sweeps are executed: any `concurrent.futures.Executor`, one task per block of runs.

A sweep is cut into blocks small enough for the processor's cache and to keep all workers busy. Where it is cut changes
no number.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Protocol

from threadpoolctl import threadpool_limits

from optlab.execution.records import Sweep, Trajectories

BLOCK = 64_000
"""Parameters per block, about: their number times that of the runs. Larger arrays would leave the cache; smaller ones
would have NumPy spend more time between calls than in them."""

SMALL = 512
"""Parameters that are not worth a thread of their own."""

Progress = Callable[[int], None]


class Task(Protocol):
    """What is to be done with a sweep, or with each of its blocks."""

    def __call__(self, block: Sweep, progress: Progress, /) -> Trajectories: ...

    def divides(self, sweep: Sweep) -> bool:
        """Whether the sweep is to be cut into blocks."""
        ...


class Stopped(Exception):
    """Raised inside a task that is no longer wanted."""


def workers() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def blocks(sweep: Sweep, parts: int = 1) -> list[Sweep]:
    """A sweep in blocks of runs, in order and of nearly the same size; in so many parts at least if it is not small."""
    runs = len(sweep)
    count = min(runs, max(1, round(runs * sweep.case.dim / BLOCK), min(parts, runs * sweep.case.dim // SMALL)))
    return [sweep.block(slice(i * runs // count, (i + 1) * runs // count)) for i in range(count)]


@contextmanager
def threads() -> Iterator[ThreadPoolExecutor]:
    """A thread per core: NumPy leaves the interpreter alone while it computes.

    BLAS has one thread all the while. Each task asks for that too, but the first one to end would give it back to all.
    """
    with threadpool_limits(1, "blas"):
        pool = ThreadPoolExecutor(workers(), thread_name_prefix="optlab")
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def execute(
    sweeps: Sequence[Sweep], task: Task, executor: Executor, progress: Progress
) -> Iterator[tuple[Sweep, Trajectories]]:
    """Run all sweeps, the most expensive first, and yield each as soon as all its blocks are done.

    A sweep that is alone and whole is run here rather than on a thread of the executor, since it has its own: waking
    two that sleep, often on one core, costs more than a thousand short runs.

    Closing the iterator, or an exception such as KeyboardInterrupt while it waits, stops the tasks that still run.
    """
    stop, one_at_a_time = threading.Event(), threading.Lock()

    def watch(run_steps: int) -> None:
        if stop.is_set():
            raise Stopped
        with one_at_a_time:
            progress(run_steps)

    if len(sweeps) == 1 and isinstance(executor, ThreadPoolExecutor) and not task.divides(sweeps[0]):
        yield sweeps[0], task(sweeps[0], progress)
        return
    order = sorted(range(len(sweeps)), key=lambda i: -_cost(sweeps[i]))
    futures: dict[Future[Trajectories], tuple[int, int]] = {}
    parts: dict[int, list[Trajectories | None]] = {}
    try:
        for i in order:
            whole = [sweeps[i]]
            cut = blocks(sweeps[i], parts=-(-workers() // len(sweeps))) if task.divides(sweeps[i]) else whole
            parts[i] = [None] * len(cut)
            futures |= {executor.submit(task, block, watch): (i, n) for n, block in enumerate(cut)}
        for future in as_completed(futures):
            i, n = futures[future]
            parts[i][n] = future.result()
            if all(part is not None for part in parts[i]):
                yield sweeps[i], Trajectories.joined([part for part in parts.pop(i) if part is not None])
    finally:
        stop.set()
        for future in futures:
            future.cancel()


def _cost(sweep: Sweep) -> int:
    batch = sweep.case.batch_size or (len(sweep.case.split.train_inputs) if sweep.case.split else 1)
    return len(sweep) * sweep.steps * sweep.case.dim * batch
