"""Let system calls fail one after the other, or end the process in them."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

CALLS = ("rename", "replace", "unlink", "rmdir", "mkdir", "fsync")
"""The system calls that publish, move, remove, make and sync."""


class Death(BaseException):
    """Simulates the end of a process: all later calls have no effect."""


KINDS = ("death", "Ctrl-C", "error")


def _raised(kind, number, path):
    if kind == "error":
        code = (errno.ENOSPC, errno.EIO, errno.EACCES)[number % 3]
        return OSError(code, os.strerror(code), path if isinstance(path, (str, os.PathLike)) else None)
    if kind == "Ctrl-C":
        signal.raise_signal(signal.SIGINT)
    return Death()


@contextmanager
def fault(number: int, kind: str, calls: tuple[str, ...] = CALLS) -> Iterator[list[str]]:
    """Let the call of this number fail, counted from 1; 0 is none. Yields the names of the calls that were made.

    Meanwhile fsync has no effect.
    """
    made: list[str] = []

    def failing(name, call):
        def called(path, *args, **kwargs):
            made.append(name)
            if len(made) == number:
                if kind == "Ctrl-C" and number % 2:
                    call(path, *args, **kwargs)
                raise _raised(kind, number, path)
            if kind == "death" and len(made) > number > 0:
                raise Death
            return call(path, *args, **kwargs)

        return called

    with pytest.MonkeyPatch.context() as patch:
        for name in calls:
            patch.setattr(os, name, failing(name, getattr(os, name) if name != "fsync" else lambda _: None))
        yield made
