"""Saves figures while further ones are made: many figures are saved by a second process."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from matplotlib.figure import Figure

from optlab.execution.second_process import SecondProcess
from optlab.figures import style
from optlab.figures.figure import legend, new, save

MANY = 8
"""The least number of figures for which a second process is started. Its start takes as long as saving two or three."""
AHEAD = 6
"""The maximum number of figures that wait for the second process. If so many wait, this process saves the next one."""


class Saver:
    """Saves figures to files.

    The second process only makes it faster. Whatever that process does not confirm, for any reason, is saved by this
    one, so that errors are the same. The files are equal to the byte.

    second: the second process; if it is not started, this one saves all figures. sender: a thread that waits for it.
    """

    def __init__(self, second: SecondProcess, sender: ThreadPoolExecutor) -> None:
        self.second = second
        self._sender = sender
        self._sent: list[tuple[Future[bool], Figure, Path]] = []

    def save(self, figure: Figure, path: Path) -> Path:
        """Save a figure, now or later, by the suffix of the path. After `finish` all are saved."""
        self._sent = [one for one in self._sent if not (one[0].done() and one[0].result())]
        is_free = self.second.popen is not None and len(self._sent) < AHEAD
        data = _pickled(figure, path) if is_free else None
        if data is None:
            return save(figure, path)
        self._sent.append((self._sender.submit(self.second.send, data), figure, path))
        return path

    def finish(self) -> None:
        """Save what still waits for the second process, from the end, and wait for that process."""
        sent, self._sent = self._sent, []
        for confirmed, figure, path in reversed(sent):
            if confirmed.cancel() or not confirmed.result():
                save(figure, path)


@contextmanager
def saver(count: int, second: SecondProcess | None = None) -> Iterator[Saver]:
    """A saver of about `count` figures. All are saved when the context ends without an exception.

    `second` is the second process, which may have been started before; it ends with the context.
    """
    with second or SecondProcess(__name__) as second, ThreadPoolExecutor(1, "optlab-saver") as sender:
        if count >= MANY:
            second.start()
        try:
            made = Saver(second, sender)
            yield made
            made.finish()
        finally:  # the folder of the files may be removed now
            second.kill()
            sender.shutdown(cancel_futures=True)


def serve(read: IO[bytes], write: IO[bytes]) -> None:
    """Save the figures that are sent, and answer with one byte for each. An error ends the process."""
    _load_fonts()
    with contextlib.suppress(EOFError):
        while True:
            save(*pickle.load(read))
            write.write(b".")
            write.flush()


def _load_fonts() -> None:
    """Draw a figure before the first is sent: Matplotlib loads fonts and more at their first use, in a fifth second."""
    with style.sheet():
        figure, (axes,) = new(title="title", subtitle="subtitle", caption="caption")
        axes.set_yscale("log")
        legend(axes, axes.plot([1, 2], [1, 100]), ["label"])
    figure.png()


def _pickled(figure: Figure, path: Path) -> bytes | None:
    """What is sent of a figure; None if it cannot be sent."""
    try:
        return pickle.dumps((figure, path))
    except (pickle.PicklingError, AttributeError, TypeError):
        return None
