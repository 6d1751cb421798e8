"""Tasks per second: `distributed` alone with tasks that do nothing, and the executors with the smallest block.

The scheduler is a process of its own, as on a cluster, so that its processor time can be read. Client, scheduler and
workers share the cores of one machine and its loopback interface.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import scale_messages
from benchmarks.measure import shown
from benchmarks.tables import Table
from optlab.execution.executors.dask import Cluster
from optlab.execution.executors.processes import Processes
from optlab.execution.executors.protocol import Asked, Pool
from optlab.execution.executors.travel import Head
from optlab.execution.executors.worker import compute

TASKS, BLOCKS, ANSWERS = 2_000, 500, 100
WORKERS = (1, 2)
WAITING = (10, 100, 1_000)
ALONE = "distributed alone, scheduler in a process of its own"
OPTLAB = "optlab, executor dask, the smallest block"
_TURN = 0.2
"""The seconds between two looks of a waiting thread, as in `optlab.execution.executors.dask`."""


@dataclass(frozen=True)
class Rate:
    """Tasks through one path, and per round: the wall seconds of all, and the processor seconds of the scheduler (None
    where it has no process of its own)."""

    path: str
    workers: int
    tasks: int
    seconds: list[float]
    scheduler: list[float] | None = None
    megabytes: float = 0.0

    @property
    def per_second(self) -> float:
        return self.tasks / median(self.seconds)

    @property
    def scheduler_per_task(self) -> float:
        """The processor seconds of the scheduler for one task."""
        assert self.scheduler is not None
        return median(self.scheduler) / self.tasks


def nothing(number: int) -> int:
    """A task that does nothing."""
    return number


def answer_of(number: int, size: int) -> bytes:
    """A task whose answer has this number of bytes."""
    return bytes(size)


# ---- a cluster -------------------------------------------------------------------------------------------------------


@contextmanager
def running(workers: int) -> Iterator[tuple[str, int]]:
    """A scheduler and worker processes with a thread each. Yields the address and the process id of the scheduler."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "scheduler.json"
        host = ("--host", "127.0.0.1", "--no-dashboard")
        common = ("--scheduler-file", str(file), "--no-dashboard")
        scheduler = _started(stack, folder, "dask_scheduler", "--port", "0", "--scheduler-file", str(file), *host)
        while not file.exists() or not file.read_text(encoding="utf-8").endswith("}"):
            time.sleep(0.05)
        for _ in range(workers):
            _started(stack, folder, "dask_worker", *common, "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1")
        yield json.loads(file.read_text(encoding="utf-8"))["address"], scheduler.pid


def _started(stack: ExitStack, folder: str, module: str, *options: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    command = [sys.executable, "-m", f"distributed.cli.{module}", *options]
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=silent, stderr=silent)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def _processor_seconds(pid: int) -> float:
    import psutil  # of distributed

    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


# ---- rates -----------------------------------------------------------------------------------------------------------


def alone(workers: int, tasks: int, rounds: int) -> Rate:
    """`distributed` alone, with a scheduler in the process of the client: `LocalCluster`."""
    import distributed

    with (
        distributed.LocalCluster(n_workers=workers, threads_per_worker=1, host="127.0.0.1",
                                 dashboard_address=None, silence_logs=logging.CRITICAL) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):  # fmt: skip
        _mapped(client, nothing, range(10 * workers))  # it opens the connections
        seconds = [_mapped(client, nothing, range(tasks)) for _ in range(rounds)]
    return Rate("distributed alone, scheduler in the client's process", workers, tasks, seconds)


def on_a_cluster(workers: int, tasks: int, blocks: int, answers: int, size: int, rounds: int) -> list[Rate]:
    """With a scheduler of its own: tasks that do nothing, answers of `size` bytes, and optlab's Dask executor."""
    import distributed

    found = [Rate(ALONE, workers, tasks, [], []),
             Rate(f"the same, {answers:,} answers of {size:,} bytes", workers, answers, [], [], size * answers / 1e6),
             Rate(OPTLAB, workers, blocks, [], [])]  # fmt: skip
    with running(workers) as (address, scheduler):
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers)
            _mapped(client, nothing, range(10 * workers))  # it opens the connections
            for _ in range(rounds):
                for rate, work in zip(found[:2], ((nothing,), (answer_of, size)), strict=True):
                    before = _processor_seconds(scheduler)
                    rate.seconds.append(_mapped(client, work[0], range(rate.tasks), *work[1:]))
                    rate.scheduler.append(_processor_seconds(scheduler) - before)
        with Cluster(Asked("dask", scheduler=address)) as pool:
            for _ in range(rounds):
                before = _processor_seconds(scheduler)
                found[2].seconds.append(_through(pool, blocks))
                found[2].scheduler.append(_processor_seconds(scheduler) - before)
    return found


def in_processes(workers: int, tasks: int, rounds: int) -> Rate:
    """optlab's own worker processes, which have no scheduler."""
    with Processes(Asked("processes", workers)) as pool:
        _through(pool, workers)
        seconds = [_through(pool, tasks) for _ in range(rounds)]
    return Rate("optlab, executor processes, the smallest block", workers, tasks, seconds)


def here(tasks: int, rounds: int) -> Rate:
    """The smallest block in this process, without sending anything."""
    head = smallest()
    compute(head, 0, 1)
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(tasks):
            compute(head, 0, 1)
        seconds.append(time.perf_counter() - begin)
    return Rate("the smallest block alone, nothing sent", 1, tasks, seconds)


def smallest() -> Head:
    """A sweep of one run with one step."""
    return scale_messages.function(rates=1, seeds=1, steps=1, points=2).head


def _mapped(client: Any, function: Any, numbers: Sequence[int], *more: Any) -> float:
    """The seconds in which a client sends all tasks and receives all answers."""
    begin = time.perf_counter()
    futures = client.map(function, numbers, *([one] * len(numbers) for one in more), pure=False)
    client.gather(futures)
    return time.perf_counter() - begin


def _through(pool: Pool, tasks: int) -> float:
    """The seconds in which a pool computes the smallest block many times, from as many threads as it has workers."""
    head = smallest()
    with ThreadPoolExecutor(pool.parallel) as threads:
        list(threads.map(lambda _: pool.compute(head, 0, 1, lambda: None), range(pool.parallel)))  # it sends the head
        begin = time.perf_counter()
        list(threads.map(lambda _: pool.compute(head, 0, 1, lambda: None), range(tasks)))
        return time.perf_counter() - begin


def waiting(threads: int, seconds: float) -> float:
    """The share of a core that threads take which only wait, as the Dask executor has one for each worker."""
    ended = threading.Event()

    def wait() -> None:
        while not ended.wait(_TURN):
            pass

    started = [threading.Thread(target=wait) for _ in range(threads)]
    for one in started:
        one.start()
    before, begin = time.process_time(), time.perf_counter()
    time.sleep(seconds)
    share = (time.process_time() - before) / (time.perf_counter() - begin)
    ended.set()
    for one in started:
        one.join()
    return share


def measured(rounds: int, scale: float, size: int) -> list[Rate]:
    """All paths with 1 and 2 workers. `size` is the number of bytes of a large answer."""
    tasks, blocks, answers = (max(2, int(n * scale)) for n in (TASKS, BLOCKS, ANSWERS))
    found = [here(blocks, rounds)]
    for workers in WORKERS:
        found.append(in_processes(workers, blocks, rounds))
        found.append(alone(workers, tasks, rounds))
        found += on_a_cluster(workers, tasks, blocks, answers, size, rounds)
    return found


def table(found: Sequence[Rate]) -> Table:
    rows = []
    for one in found:
        own = shown(one.scheduler_per_task) if one.scheduler is not None else ""
        through = f"{one.megabytes / median(one.seconds):,.0f}" if one.megabytes else ""
        each = shown(median(one.seconds) / one.tasks)
        rows.append([one.path, str(one.workers), f"{one.tasks:,}", f"{one.per_second:,.0f}", each, own, through])
    heads = ["", "workers", "tasks", "tasks per second", "wall time per task", "scheduler's processor time", "MB/s"]
    return Table("Tasks per second; median of the rounds", heads, rows)
