"""Saves figures while further ones are made: many figures are saved by a second process."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from matplotlib.figure import Figure

from optlab.figures.figure import save

MANY = 8
"""The least number of figures for which a second process is started. Its start takes as long as saving two or three."""
AHEAD = 4
"""The maximum number of figures that wait for the second process."""


class Saver:
    """Saves figures to files, in the order in which they are given.

    The second process only makes it faster. Whatever that process does not confirm, for any reason, is saved by this
    one, so that errors are the same. The files are equal to the byte.

    process: the second process; None if this one saves all figures.
    """

    def __init__(self, process: subprocess.Popen[bytes] | None = None) -> None:
        self.process = process
        self._waiting: deque[tuple[Figure, Path]] = deque()

    def save(self, figure: Figure, path: Path) -> Path:
        """Save a figure, now or later, by the suffix of the path. After `finish` all are saved."""
        if len(self._waiting) == AHEAD:
            self._confirm()
        if self.process is None or not _sent(self.process, figure, path):
            return save(figure, path)
        self._waiting.append((figure, path))
        return path

    def finish(self) -> None:
        """Wait until all figures are saved."""
        while self._waiting:
            self._confirm()

    def _confirm(self) -> None:
        """Wait until the first figure is saved. If the second process has ended, save all that wait."""
        assert self.process is not None
        assert self.process.stdout is not None
        if self.process.stdout.read(1):
            self._waiting.popleft()
            return
        self.process = None
        while self._waiting:
            save(*self._waiting.popleft())


@contextmanager
def saver(count: int) -> Iterator[Saver]:
    """A saver of about `count` figures. All are saved when the context ends without an exception."""
    process = _started() if count >= MANY and (os.cpu_count() or 1) > 1 else None
    try:
        made = Saver(process)
        yield made
        made.finish()
    finally:  # the folder of the files may be removed now
        if process is not None:
            process.kill()
            process.communicate()


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


def _sent(process: subprocess.Popen[bytes], figure: Figure, path: Path) -> bool:
    """Send a figure. Returns False if it cannot be pickled or the process has ended."""
    assert process.stdin is not None
    try:
        data = pickle.dumps((figure, path))
        process.stdin.write(data)
        process.stdin.flush()
    except (OSError, pickle.PicklingError, AttributeError, TypeError):
        return False
    return True
