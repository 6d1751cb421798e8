"""Saves figures while further ones are made: many figures are saved by a second process."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from matplotlib.figure import Figure

from optlab.figures.figure import save

MANY = 8
"""The least number of figures for which a second process is started. Its start takes as long as saving two or three."""
AHEAD = 3
"""The maximum number of figures that wait for the second process. If so many wait, this process saves the next one."""


class Saver:
    """Saves figures to files.

    The second process only makes it faster. Whatever that process does not confirm, for any reason, is saved by this
    one, so that errors are the same. The files are equal to the byte.

    process: the second process; None if this one saves all figures. sender: a thread that waits for that process.
    """

    def __init__(self, process: subprocess.Popen[bytes] | None, sender: ThreadPoolExecutor) -> None:
        self.process = process
        self._sender = sender
        self._sent: list[tuple[Future[bool], Figure, Path]] = []

    def save(self, figure: Figure, path: Path) -> Path:
        """Save a figure, now or later, by the suffix of the path. After `finish` all are saved."""
        self._sent = [one for one in self._sent if not (one[0].done() and one[0].result())]
        data = _pickled(figure, path) if self.process is not None and len(self._sent) < AHEAD else None
        if self.process is None or data is None:
            return save(figure, path)
        self._sent.append((self._sender.submit(_is_saved, self.process, data), figure, path))
        return path

    def finish(self) -> None:
        """Wait until all figures are saved."""
        sent, self._sent = self._sent, []
        for confirmed, figure, path in sent:
            if not confirmed.result():
                save(figure, path)


@contextmanager
def saver(count: int) -> Iterator[Saver]:
    """A saver of about `count` figures. All are saved when the context ends without an exception."""
    from optlab.execution.executors import workers  # the second process does not need it

    process = _started() if count >= MANY and workers() > 1 else None
    with ThreadPoolExecutor(1, "optlab-saver") as sender:
        try:
            made = Saver(process, sender)
            yield made
            made.finish()
        finally:  # the folder of the files may be removed now
            if process is not None:
                process.kill()
                process.wait()
                sender.shutdown(cancel_futures=True)
                _close(process)


def serve(read: IO[bytes], write: IO[bytes]) -> None:
    """Save the figures that are sent, and answer with one byte for each. An error ends the process."""
    with contextlib.suppress(EOFError):
        while True:
            save(*pickle.load(read))
            write.write(b".")
            write.flush()


_CODE = "import sys; from optlab.figures.saving import serve; serve(sys.stdin.buffer, sys.stdout.buffer)"


def _started() -> subprocess.Popen[bytes] | None:
    """The second process; None if it cannot be started. Ctrl-C does not reach it: this process ends it."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    pipe = subprocess.PIPE
    with contextlib.suppress(OSError):
        return subprocess.Popen([sys.executable, "-c", _CODE], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL,
                                env=environment, start_new_session=True)  # fmt: skip
    return None


def _pickled(figure: Figure, path: Path) -> bytes | None:
    """What is sent of a figure; None if it cannot be sent."""
    try:
        return pickle.dumps((figure, path))
    except (pickle.PicklingError, AttributeError, TypeError):
        return None


def _is_saved(process: subprocess.Popen[bytes], data: bytes) -> bool:
    """Send a figure and wait until it is saved. Returns False if the process has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(data)
        process.stdin.flush()
        return bool(process.stdout.read(1))
    except OSError:
        return False


def _close(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes of a process that has ended. What is still in the buffer of one cannot be written."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
