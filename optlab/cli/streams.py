"""The output streams of the process. A run does not fail if its output cannot be written."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import Any

STREAMS = {"stdout": 1, "stderr": 2}
"""The standard output streams, with their file descriptors."""


class Output(io.RawIOBase):
    """A file descriptor that keeps its first write error in `error` instead of raising it. Later writes do nothing.

    Otherwise a full disk or a closed pipe would end a run at the next printed line.

    A signal handler may raise after bytes were written and before `write` returns. Then the buffer in front of this
    stream keeps these bytes, and writes them again. `_written` has them, so that they are written once.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.error: OSError | None = None
        self._written = b""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.descriptor

    def isatty(self) -> bool:
        return os.isatty(self.descriptor)

    def write(self, data: Any, /) -> int:
        count = len(self._written)
        if count and bytes(data[:count]) == self._written:
            self._written = b""  # no handler can run between this and the end
            return count
        self._written = b""
        while self.error is None:
            counts: list[int] = []
            try:
                counts.extend(
                    map(os.write, (self.descriptor,), (data,))
                )  # no handler can run before the count is there
                return counts[0]
            except BlockingIOError:  # a full non-blocking pipe
                select.select([], [self.descriptor], [])
            except OSError as error:
                self.error = error
            except BaseException:
                self._written = bytes(data[: counts[0]]) if counts else b""
                raise
        return len(data)


class OpenTextStream(io.TextIOWrapper):
    """A stream that `close` only flushes: a plugin may close it, and the command still prints afterwards."""

    def close(self) -> None:
        self.flush()


def protect() -> None:
    """Replace `sys.stdout` and `sys.stderr` by streams that never raise.

    Characters that the encoding lacks are written as escapes such as \\u68af. If the caller closed a stream, its
    output is discarded. Its descriptor is opened, so that no file of the results gets that number.
    """
    for descriptor in (0, *STREAMS.values()):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # open() returns the lowest free descriptor, which is this one
    for name, descriptor in STREAMS.items():
        before = getattr(sys, name)
        encoding = before.encoding if before is not None else "utf-8"
        buffer = io.BufferedWriter(Output(descriptor))
        by_line = name == "stderr" or buffer.isatty()
        setattr(sys, name, OpenTextStream(buffer, encoding, "backslashreplace", line_buffering=by_line))


def lost() -> OSError | None:
    """The error that stopped output to stdout, or None. A closed pipe, as by `head`, is no error."""
    sys.stdout.flush()
    raw = sys.stdout.buffer.raw  # pyright: ignore[reportAttributeAccessIssue]
    return raw.error if raw.error is not None and raw.error.errno != errno.EPIPE else None
