"""The output streams of the process: a run never fails because its output cannot be shown."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import Any

STREAMS = {"stdout": 1, "stderr": 2}
"""The standard streams that are written to, with their file descriptors."""


class Output(io.RawIOBase):
    """A file descriptor whose write errors are remembered in `error`, not raised. After the first, nothing is written.

    A full disk or a closed pipe would otherwise end a run in the middle, in whatever line happens to print.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.descriptor

    def isatty(self) -> bool:
        return os.isatty(self.descriptor)

    def write(self, data: Any, /) -> int:
        while self.error is None:
            try:
                return os.write(self.descriptor, data)
            except BlockingIOError:  # a pipe that does not block, and is full
                select.select([], [self.descriptor], [])
            except OSError as error:
                self.error = error
        return len(data)


class Text(io.TextIOWrapper):
    """A stream that stays open where code of a plugin closes it: the command has still something to say."""

    def close(self) -> None:
        self.flush()


def protect() -> None:
    """Replace `sys.stdout` and `sys.stderr` by streams that never raise.

    What their encoding lacks is written as an escape such as \\u68af. A stream that the caller has closed is discarded;
    its descriptor is taken, so that no file of the results gets it.
    """
    for descriptor in (0, *STREAMS.values()):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free descriptor, which is this one
    for name, descriptor in STREAMS.items():
        before = getattr(sys, name)
        encoding = before.encoding if before is not None else "utf-8"
        buffer = io.BufferedWriter(Output(descriptor))
        by_line = name == "stderr" or buffer.isatty()
        setattr(sys, name, Text(buffer, encoding, "backslashreplace", line_buffering=by_line))


def lost() -> OSError | None:
    """Why output could not be written to stdout, if so. A reader that has gone away, as `head` does, is no error."""
    sys.stdout.flush()
    raw = sys.stdout.buffer.raw  # pyright: ignore[reportAttributeAccessIssue]
    return raw.error if raw.error is not None and raw.error.errno != errno.EPIPE else None
