"""The workers of a Dask cluster: one on this machine, or that of a scheduler."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import signal
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

from optlab.engine.containment import Interrupted
from optlab.errors import MissingPackage, UserError
from optlab.execution.executors.local import SAVING, Stopped, workers
from optlab.execution.executors.protocol import Answer, Asked, Died, OutOfTime, Wait
from optlab.execution.executors.travel import Head
from optlab.execution.executors.worker import compute

_TURN = 0.2
"""The seconds between two looks whether a result is still wanted."""
_LOOK = 0.02
"""The seconds between two looks whether a block has saved its state."""
_PATIENCE = 10
"""The seconds within which a scheduler must answer."""


class Cluster:
    """A Dask cluster. Without the address of a scheduler, a cluster of this machine that ends with the context."""

    def __init__(self, asked: Asked) -> None:
        if asked.limits.memory is not None:
            raise UserError(
                'limits.memory is for executor = "processes"; the limit of Dask is set where its workers start'
            )
        try:
            import distributed
        except ImportError as error:
            raise MissingPackage("executor = \"dask\" needs distributed; pip install 'optlab[dask]'") from error
        self._seconds = asked.limits.seconds
        with _without_interrupts():
            self._cluster = None if asked.scheduler else _own(distributed, asked.workers or workers())
            self._client = _connected(distributed, asked.scheduler or self._cluster)
        self._heads: dict[str, Any] = {}
        self._one_at_a_time = threading.Lock()
        self._stopped: set[str] = set()
        found = sum(self._client.nthreads().values())
        self.parallel = max(found, asked.workers or 1)

    def compute(self, head: Head, begin: int, end: int, wait: Wait) -> Answer:
        from distributed.scheduler import KilledWorker

        sent, future = self._submitted(head, begin, end)
        ended, deadline = threading.Event(), time.monotonic() + self._seconds - head.spent
        future.add_done_callback(lambda ended_future: ended.set())  # `result(timeout)` fails when both happen at once
        try:
            while not ended.wait(_TURN):
                wait()
                if time.monotonic() > deadline:
                    raise OutOfTime
        except BaseException as error:
            future.cancel()
            if isinstance(error, Stopped) and head.saves:
                self._stopped.add(future.key)
            raise
        try:
            return future.result().checked(end - begin)
        except KilledWorker as death:
            raise Died(f"on several workers: {death}") from None
        except concurrent.futures.CancelledError as lost:
            self._forget(head, sent)
            raise Died(f"with the cluster: {lost}") from None

    def _submitted(self, head: Head, begin: int, end: int) -> tuple[Any, Any]:
        """The head where the workers find it, which is sent once, and the future of the block."""
        try:
            with self._one_at_a_time:
                if head.key not in self._heads:
                    self._heads[head.key] = self._client.scatter(head, hash=False)
                sent = self._heads[head.key]
            return sent, self._client.submit(_computed, sent, begin, end, pure=False)
        except (OSError, RuntimeError, TimeoutError, concurrent.futures.CancelledError) as error:
            raise UserError(
                f"the Dask scheduler does not answer any more ({error}); start it again, and then this run"
            ) from error

    def _forget(self, head: Head, sent: Any) -> None:
        """Send the head again next time: the only worker that had it may have died."""
        with self._one_at_a_time:
            if self._heads.get(head.key) is sent:
                del self._heads[head.key]

    def _let_save(self) -> None:
        """Wait until the stopped blocks have saved their states. A worker whose code holds it does not answer."""
        with suppress(OSError, RuntimeError, TimeoutError):
            self._client.run(_have_saved, self._stopped, SAVING, on_error="ignore", callback_timeout=SAVING + _TURN)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if self._stopped and isinstance(error, Interrupted):
                self._let_save()
        finally:
            with _without_interrupts():
                self._client.close()
                if self._cluster is not None:
                    self._cluster.close()


def _own(distributed: Any, count: int) -> Any:
    """A cluster on this machine, which listens on its loopback interface only.

    Its scheduler serves HTTP even without a dashboard, at port 8787 if none is given. Others may have that one.
    """
    return distributed.LocalCluster(
        n_workers=count, threads_per_worker=1, host="127.0.0.1", silence_logs=logging.CRITICAL,
        dashboard_address=None, scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
    )  # fmt: skip


def _connected(distributed: Any, to: Any) -> Any:
    try:
        return distributed.Client(to, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UserError(f"no Dask scheduler answers at {to} ({error}); start one with `dask scheduler`") from error


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl-C is ignored meanwhile: processes that start now would each print a traceback."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# ---- what runs in a worker -------------------------------------------------------------------------------------------


def _computed(head: Head, begin: int, end: int) -> Answer | None:
    """Execute the runs `begin` to `end` of a sweep. None if the block is cancelled meanwhile, which nobody receives.

    Dask lets the threads of cancelled tasks run on. A task is also cancelled when its client is gone.
    """
    from distributed import get_worker

    worker = get_worker()
    tasks, key = worker.state.tasks, worker.get_current_task()

    def watch(run_steps: int) -> None:
        if (task := tasks.get(key)) is None or task.state == "cancelled":
            raise Stopped

    try:
        return compute(head, begin, end, watch)
    except Stopped:
        return None


async def _have_saved(keys: Collection[str], seconds: float, dask_worker: Any) -> None:
    """Wait until a worker executes none of these blocks any more, but not for longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not dask_worker.active_keys.isdisjoint(keys) and time.monotonic() < deadline:
        await asyncio.sleep(_LOOK)
