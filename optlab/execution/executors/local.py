"""Execute sweeps on any `concurrent.futures.Executor`, with one task per block of runs.

A sweep is divided into blocks that fit into the processor's cache and keep all workers busy. The division does not
change any result.
"""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from itertools import accumulate, chain
from queue import Empty, SimpleQueue
from typing import Protocol

from threadpoolctl import threadpool_limits

from optlab.engine.containment import Interrupted
from optlab.execution.executors.drain import Drain
from optlab.execution.records import Sweep, Trajectories

BLOCK = 64_000
"""The approximate number of parameters times runs in a block. Larger arrays would not fit into the cache. With smaller
arrays, the overhead of NumPy calls would dominate."""

SMALL = 512
"""The least number of parameters times runs for a thread of its own."""

ROUNDS = 4
"""The number of blocks for each worker into which all work is divided at least, if its sweeps can be divided. With
fewer, one worker would execute the last block while the others wait."""
TOGETHER = 16
"""The least number of runs in such a block: the overhead of a step is divided among them."""

SAVING = 2.0
"""The seconds that blocks have to save their states when no time is left to finish them."""

Progress = Callable[[int], None]


class Task(Protocol):
    """The function that executes a sweep, or each of its blocks."""

    def __call__(self, block: Sweep, progress: Progress, /) -> Trajectories: ...

    def divides(self, sweep: Sweep) -> bool:
        """Whether the sweep is to be divided into blocks."""
        ...


class Stopped(Exception):
    """Raised inside a task to stop it when its result is no longer needed."""


def workers() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def blocks(sweep: Sweep, parts: int = 1) -> list[Sweep]:
    """Divide a sweep into blocks of nearly equal size, in order. There are at least `parts`, unless it is small."""
    runs = len(sweep)
    count = min(runs, max(1, round(runs * sweep.case.dim / BLOCK), min(parts, runs * sweep.case.dim // SMALL)))
    return [sweep.block(slice(i * runs // count, (i + 1) * runs // count)) for i in range(count)]


@contextmanager
def threads(count: int | None = None) -> Iterator[ThreadPoolExecutor]:
    """A pool with one thread per core, or `count`. NumPy and machine code release the GIL while they compute.

    Within this context, BLAS has one thread. Each task sets this limit too, but the first task that ends would remove
    it for all others.
    """
    with threadpool_limits(1, "blas"):
        pool = ThreadPoolExecutor(count or workers(), thread_name_prefix="optlab")
        is_interrupted = False
        try:
            yield pool
        except KeyboardInterrupt:
            is_interrupted = True
            raise
        finally:  # after Ctrl-C it does not wait, since a task may execute a user's code that never returns
            pool.shutdown(wait=not is_interrupted, cancel_futures=True)


Part = tuple[Sweep, int, Trajectories]
"""A sweep, the place of the first of its runs that are done, and the trajectories of these."""


def whole(parts: Generator[Part, None, None]) -> Iterator[tuple[Sweep, Trajectories]]:
    """Each sweep as soon as all its parts are done. Closing the iterator closes `parts`."""
    done: dict[int, dict[int, Trajectories]] = {}
    with closing(parts):
        for sweep, begin, part in parts:
            own = done.setdefault(id(sweep), {})
            own[begin] = part
            if sum(len(one.status) for one in own.values()) == len(sweep):
                yield sweep, Trajectories.joined([own[place] for place in sorted(own)])
                own.clear()


def execute(
    sweeps: Sequence[Sweep],
    task: Task,
    executor: Executor,
    progress: Progress,
    parallel: int | None = None,
    drain: Drain | None = None,
) -> Generator[Part, None, None]:
    """Execute all sweeps, the most expensive first, and yield each block as soon as it is done.

    `parallel` is the number of blocks that are executed at the same time, by default one on each core. After a request
    of `drain`, no further block is begun.

    A single sweep that is not divided is executed on the calling thread, because waking up threads of the pool takes
    longer than a thousand short runs.

    Closing the iterator, or an exception such as KeyboardInterrupt while it waits, stops the tasks that still run.

    Raises:
        Interrupted: after a request of `drain`, when the blocks that had begun are done, or no time is left.
    """
    stop, one_at_a_time, drain = threading.Event(), threading.Lock(), drain or Drain()

    def watch(run_steps: int) -> None:
        if stop.is_set():
            raise Stopped
        with one_at_a_time:
            progress(run_steps)

    if len(sweeps) == 1 and isinstance(executor, ThreadPoolExecutor) and not task.divides(sweeps[0]):

        def unless_over(run_steps: int) -> None:
            progress(run_steps)
            drain.check()

        yield sweeps[0], 0, task(sweeps[0], unless_over)
        return
    parallel = parallel or workers()
    divided = _divider(sweeps, parallel)
    futures: dict[Future[Trajectories], tuple[Sweep, int]] = {}
    ended: SimpleQueue[Future[Trajectories] | None] = SimpleQueue()
    waiting: deque[list[tuple[Sweep, int, Sweep]]] = deque()

    def begin(block: Sweep) -> Trajectories:
        if drain.is_requested:
            raise Stopped
        return task(block, watch)

    def submit(sweep: Sweep, at: int, block: Sweep) -> None:
        future = executor.submit(begin, block)
        futures[future] = sweep, at
        future.add_done_callback(ended.put)

    try:
        for sweep in sorted(sweeps, key=lambda sweep: -_cost(sweep)):
            parts = divided(sweep) if task.divides(sweep) else [sweep]
            places = accumulate(map(len, parts), initial=0)
            first, *others = [(sweep, at, part) for at, part in zip(places, parts, strict=False)]
            submit(*first)
            # The first block makes what all blocks share, such as machine code. So the others follow those of the
            # next sweeps, with which the other workers begin meanwhile.
            waiting.append(others)
            if len(waiting) >= parallel:
                for other in waiting.popleft():
                    submit(*other)
        for other in chain.from_iterable(waiting):
            submit(*other)
        for future in _until_drained(futures, ended, drain):
            yield *futures[future], future.result()
    except Interrupted:
        stop.set()
        wait([future for future in futures if future.running()], SAVING)
        raise
    finally:
        stop.set()
        for future in futures:
            future.cancel()


def _until_drained(
    futures: Collection[Future[Trajectories]], ended: SimpleQueue[Future[Trajectories] | None], drain: Drain
) -> Iterator[Future[Trajectories]]:
    """The futures, as soon as each has ended. `ended` receives them.

    After a request to end, those that have not begun are cancelled. When the others have ended, or no time is left,
    `Interrupted` is raised.
    """
    with drain.told(lambda: ended.put(None)):  # wakes up this thread
        for _ in futures:
            while (future := _next(ended, drain)) is None:
                for other in futures:
                    other.cancel()
            if not future.cancelled() and not isinstance(future.exception(), Stopped):
                yield future
    if drain.is_requested:
        raise Interrupted


def _next(ended: SimpleQueue[Future[Trajectories] | None], drain: Drain) -> Future[Trajectories] | None:
    try:
        return ended.get(timeout=drain.left())
    except Empty:
        raise Interrupted from None


def _divider(sweeps: Sequence[Sweep], parallel: int) -> Callable[[Sweep], list[Sweep]]:
    """A function that divides a sweep into blocks. Sweeps that take much of all work are divided into more blocks."""
    most = max(1.0, sum(map(_cost, sweeps)) / (ROUNDS * parallel))
    least = -(-parallel // max(1, len(sweeps)))

    def divided(sweep: Sweep) -> list[Sweep]:
        fair = min(math.ceil(_cost(sweep) / most), len(sweep) // TOGETHER)
        return blocks(sweep, max(least, fair))

    return divided


def _cost(sweep: Sweep) -> int:
    batch = sweep.case.batch_size or (len(sweep.case.split.train_inputs) if sweep.case.split else 1)
    return len(sweep) * sweep.steps * sweep.case.dim * batch
