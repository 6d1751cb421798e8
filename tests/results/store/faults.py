"""Let the system calls that change files fail one after the other, or end the process in them."""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow.parquet as pq
import pytest

from optlab.errors import UserError

CALLS = ("rename", "replace", "unlink", "rmdir", "mkdir", "fsync", "open for writing", "write a table")
"""The calls that publish, move, remove, make, sync, open and write."""

ERRORS = ("ENOSPC", "EIO", "EACCES")
KINDS = ("kill", "Ctrl-C", *ERRORS)

KILLED = 9
"""The exit status of a process that was ended in a call."""


def _fail(kind: str, number: int, path: Any) -> None:
    if kind == "kill":
        os._exit(KILLED)  # no `finally`, no `atexit`; locks and temporary files stay, as after SIGKILL
    if kind == "Ctrl-C":
        signal.raise_signal(signal.SIGINT)
    code = getattr(errno, ERRORS[number % 3] if kind == "error" else kind)
    raise OSError(code, os.strerror(code), path if isinstance(path, (str, os.PathLike)) else None)


def _halve(path: Any) -> None:
    with open(path, "rb+") as file:
        file.truncate(os.fstat(file.fileno()).st_size // 2)


def _opens_to_write(name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
    if name == "os.open":
        return bool(arguments[0] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    mode = named.get("mode", arguments[0] if arguments else "r")
    return bool(set(mode) & set("wax+"))


@contextmanager
def fault(number: int, kind: str, calls: tuple[str, ...] = CALLS) -> Iterator[list[str]]:
    """Let the call of this number fail, counted from 1; 0 is none. Yields the names of the calls that were made.

    The kinds are those of `KINDS`, and "error", which is one of the three errors. A call fails before it has an effect;
    Ctrl-C comes after it in every second case. A table is half written then. Meanwhile fsync has no effect.
    """
    made: list[str] = []

    def failing(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(first: Any, *args: Any, **kwargs: Any) -> Any:
            if name.endswith("open") and not _opens_to_write(name, args, kwargs):
                return call(first, *args, **kwargs)
            made.append(name)
            fails = len(made) == number
            if fails and (name == "write a table" or (kind == "Ctrl-C" and number % 2 and not name.endswith("open"))):
                call(first, *args, **kwargs)
                if name == "write a table":
                    _halve(args[0])
            if fails:
                _fail(kind, number, first)
            return call(first, *args, **kwargs)

        return called

    with pytest.MonkeyPatch.context() as patch:
        for name in calls:
            if name == "open for writing":
                opening = failing("open", open)
                patch.setattr(builtins, "open", opening)
                patch.setattr(io, "open", opening)  # this is what Path.open calls
                patch.setattr(os, "open", failing("os.open", os.open))
            elif name == "write a table":
                patch.setattr(pq, "write_table", failing(name, pq.write_table))
            else:
                patch.setattr(os, name, failing(name, getattr(os, name) if name != "fsync" else lambda _: None))
        yield made


def call_fails(number: int, kind: str, work: Callable[[], Any]) -> bool:
    """Do some work in which the call of this number fails, and return whether this call was made.

    A kill ends a process of its own, a fork.
    """
    if kind == "kill":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python and JAX: this process has threads, which the fork does not need
            child = os.fork()
        if child:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED
    made: list[str] = []
    try:
        with fault(number, kind) as made:
            work()
    except (KeyboardInterrupt, OSError, UserError):  # UserError: the folder cannot be made
        pass
    if kind == "kill":
        os._exit(0)
    return len(made) >= number
