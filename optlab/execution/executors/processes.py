"""Processes of this machine as workers.

Each process has its own pipes, so that the death of a process is known to be of the block that it was executing. A
pool with a shared queue (the standard library's, loky) breaks all blocks that are unfinished at that moment.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import select
import signal
import subprocess
import sys
import time
from types import TracebackType
from typing import Any

from optlab.errors import UserError
from optlab.execution.executors.local import SAVING, Stopped, workers
from optlab.execution.executors.protocol import Answer, Asked, Died, OutOfTime, SweepLimits, Wait
from optlab.execution.executors.travel import Head
from optlab.execution.executors.worker import LENGTH

_START = "from optlab.execution.executors.worker import main; main()"
_LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""The environment variables for the number of threads of BLAS. They have an effect only before NumPy is loaded."""
_TURN = 0.1
"""The seconds between two looks whether the answer is still wanted."""


class Processes:
    """A pool of worker processes. Each is started at its first block. A process that has died is replaced."""

    def __init__(self, asked: Asked) -> None:
        if asked.limits.memory is not None and sys.platform != "linux":
            raise UserError("limits.memory works on Linux only; leave it out")
        self.parallel = asked.workers or workers()
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()  # the last one has plugins loaded already
        self._all = [_Worker(asked.limits) for _ in range(self.parallel)]
        for process in self._all:
            self._idle.put(process)

    def compute(self, head: Head, begin: int, end: int, wait: Wait) -> Answer:
        """Let a process execute runs of a sweep. `wait` is called repeatedly; if it raises, the process is killed.

        Raises:
            Died: the process died, or sent what cannot be results.
            OutOfTime: it took longer than the limit, and was killed.
        """
        process = self._idle.get()
        try:
            return process.compute(head, begin, end, wait).checked(end - begin)
        except BaseException:
            process.kill()
            raise
        finally:
            self._idle.put(process)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in self._all:
            process.kill()


class _Worker:
    """One worker, and the heads that it has got. It is started when it is needed."""

    def __init__(self, limits: SweepLimits) -> None:
        self._limits = limits
        self._popen: subprocess.Popen[bytes] | None = None
        self._heads: set[str] = set()

    def compute(self, head: Head, begin: int, end: int, wait: Wait) -> Answer:
        popen = self._popen or self._start()
        messages: list[tuple[str, Any]] = [] if head.key in self._heads else [("head", head)]
        self._heads.add(head.key)
        deadline = time.monotonic() + self._limits.seconds - head.spent
        with contextlib.suppress(BrokenPipeError):
            self._send([*messages, ("block", (head.key, begin, end))])
        try:
            answer = self._answer(popen, deadline, wait)
        except Stopped:
            if head.saves:
                self._let_save()
            raise
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        environment = os.environ | dict.fromkeys(_LIBRARIES, "1")
        environment["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
        pipe = subprocess.PIPE
        self._popen = subprocess.Popen([sys.executable, "-c", _START], stdin=pipe, stdout=pipe,
                                       stderr=subprocess.DEVNULL, env=environment, bufsize=0,
                                       start_new_session=True)  # fmt: skip
        self._heads = set()
        if self._limits.memory is not None:
            self._send([("memory", self._limits.memory)])
        return self._popen

    def _send(self, messages: list[tuple[str, Any]]) -> None:
        assert self._popen is not None
        assert self._popen.stdin is not None
        for message in messages:
            left = memoryview(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))
            while left:
                left = left[self._popen.stdin.write(left) :]

    def _answer(self, popen: subprocess.Popen[bytes], deadline: float, wait: Wait) -> Answer | BaseException:
        """Read the answer, which comes in many pieces."""
        assert popen.stdout is not None
        received = bytearray()
        while len(received) < LENGTH.size or len(received) < LENGTH.size + LENGTH.unpack_from(received)[0]:
            ready, _, _ = select.select([popen.stdout], [], [], _TURN)
            wait()
            if time.monotonic() > deadline:
                raise OutOfTime
            if ready:
                piece = os.read(popen.stdout.fileno(), 1 << 20)
                if not piece:
                    raise Died(_cause(popen.wait()))
                received += piece
        return pickle.loads(memoryview(received)[LENGTH.size :])

    def _let_save(self) -> None:
        """Stop the block, and give it some time to save its state. Then it answers."""
        assert self._popen is not None
        assert self._popen.stdout is not None
        with contextlib.suppress(OSError):
            self._send([("stop", None)])
            select.select([self._popen.stdout], [], [], SAVING)

    def kill(self) -> None:
        """End the process, with all that it has started. It can be started again."""
        if self._popen is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._popen = None


def _cause(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
