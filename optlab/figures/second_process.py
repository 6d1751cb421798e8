"""The second process, which saves figures. This module imports no Matplotlib, so that it is there early."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from types import TracebackType

_CODE = "import sys; from optlab.figures.saving import serve; serve(sys.stdin.buffer, sys.stdout.buffer)"


class SecondProcess:
    """A process that can be started once. It ends with the context.

    >>> with SecondProcess() as second:
    ...     second.popen is None
    True
    """

    def __init__(self) -> None:
        self.popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, unless it was started already or cannot be started. Ctrl-C does not reach it."""
        if self.popen is not None:
            return
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        pipe = subprocess.PIPE
        with contextlib.suppress(OSError):
            self.popen = subprocess.Popen([sys.executable, "-c", _CODE], stdin=pipe, stdout=pipe,
                                          stderr=subprocess.DEVNULL, env=environment,
                                          start_new_session=True)  # fmt: skip

    def send(self, data: bytes) -> bool:
        """Send a figure and wait until it is saved. Returns False if the process has ended."""
        assert self.popen is not None
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        try:
            self.popen.stdin.write(data)
            self.popen.stdin.flush()
            return bool(self.popen.stdout.read(1))
        except OSError:
            return False

    def kill(self) -> None:
        """End the process, so that it writes no more files."""
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
