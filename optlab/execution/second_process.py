"""A second process that does tasks one after the other."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from types import TracebackType

from optlab.execution.executors import workers


class SecondProcess:
    """A process that can be started once, and ends with the context.

    `module` has a function `serve(read, write)`, which reads tasks and answers each with one byte.

    >>> with SecondProcess("optlab.figures.saving") as second:
    ...     second.popen is None
    True
    """

    def __init__(self, module: str) -> None:
        self.popen: subprocess.Popen[bytes] | None = None
        self._code = f"import sys; from {module} import serve; serve(sys.stdin.buffer, sys.stdout.buffer)"

    def start(self) -> None:
        """Start the process, unless it was started already, cannot be started or finds no free core. Ctrl-C does not
        reach it."""
        if self.popen is not None or workers() < 2:
            return
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        pipe = subprocess.PIPE
        with contextlib.suppress(OSError):
            self.popen = subprocess.Popen([sys.executable, "-c", self._code], stdin=pipe, stdout=pipe,
                                          stderr=subprocess.DEVNULL, env=environment,
                                          start_new_session=True)  # fmt: skip

    def send(self, task: bytes) -> bool:
        """Send a task and wait until it is done. Returns False if the process has ended."""
        assert self.popen is not None
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        try:
            self.popen.stdin.write(task)
            self.popen.stdin.flush()
            return bool(self.popen.stdout.read(1))
        except OSError:
            return False

    def kill(self) -> None:
        """End the process, so that it does nothing more."""
        if self.popen is not None:
            self.popen.kill()
            self.popen.wait()

    def __enter__(self) -> SecondProcess:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Kill the process and close its pipes. What is still in the buffer of one cannot be written."""
        self.kill()
        if self.popen is not None:
            for pipe in (self.popen.stdin, self.popen.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
