"""Does work with code of plugins in a process of its own, which sends what it finds.

The code may loop for ever, allocate without bound, end its process or crash it. Then this process says so, and where.
The process is a fork, which starts in a few milliseconds.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import re
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from optlab.execution.memory_limit import limit_memory

POSSIBLE = hasattr(os, "fork")
_FRAME = re.compile(r'^  File "(.+)", line (\d+)', re.MULTILINE)
_NOT_OF_USERS = (str(Path(__file__).parents[1]), sys.base_prefix, os.path.dirname(sys.executable), "<")
_WHERE = getattr(signal, "SIGUSR2", 0)
"""At this signal, the process writes where it is."""
_FAILED, _UNSENT = 1, 99
"""The statuses of the process if its work raised an exception, and if it could not send: its code closed the pipe."""
_POLL, _TO_TELL = 0.1, 1.0
"""Seconds between two checks that the process is running, and seconds to wait for the place in the code where it is."""

Send = Callable[[Any], None]
Work = Callable[[Send], None]
"""Work in another process. It sends values with the function that it gets."""


@dataclass(eq=False)
class ProcessDied(Exception):
    """The process ended, or was ended, before its work was done.

    `why` is the rest of a sentence that begins with what it did, such as "ended the process with SIGSEGV, at
    plugins/mine.py:7". `file` is the user's file in it, as a whole path, or an empty text. `is_late`: it was ended
    because it had no more time.
    """

    why: str
    hint: str
    file: str = ""
    is_late: bool = False

    def __str__(self) -> str:
        return self.why


def follow(work: Work, seconds: Callable[[], float], memory: int) -> Iterator[Any]:
    """What `work` sends in a process of its own, as it is sent.

    The process may take `seconds()` to the next value, and `memory` bytes (on Linux). It is ended with this iterator,
    with all processes that its code started in its group.

    Raises:
        ProcessDied: the process ended before its work was done, or it had no more time.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    values, sends = Connection(reading, writable=False), Connection(writing, readable=False)
    alive, held = os.pipe()  # the process ends when `held` is closed, as when this process is killed
    with tempfile.TemporaryFile() as places:
        with warnings.catch_warnings():  # Python 3.12 warns of threads, which wait for work here
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            os.close(held)
            values.close()
            _be_child(work, memory, sends, alive, places)
        with contextlib.suppress(OSError):  # the child does it too: which of them is first is open
            os.setpgid(child, child)
        sends.close()
        os.close(alive)
        try:
            yield from _received(child, values, seconds, places)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)
            os.close(held)
            values.close()


def print_nothing() -> None:
    """Throw away what this process prints, by the streams of Python, which may be those of a notebook, or without."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    sys.stdout = sys.stderr = os.fdopen(nothing, "w")


# ---- the process that does the work ---------------------------------------------------------------------------------


class _WorkDone:
    """The last value: the work is done."""


def _be_child(work: Work, memory: int, sends: Connection, alive: int, places: IO[bytes]) -> None:
    """Do the work, then end this process."""
    os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # a group in the background must not read from a terminal
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
    faulthandler.enable(places)
    faulthandler.register(_WHERE, places, all_threads=False)
    if sys.platform == "linux":
        limit_memory(memory)

    def send(value: Any) -> None:
        try:
            sends.send(value)
        except OSError:
            os._exit(_UNSENT)

    try:
        work(send)
    except BaseException:
        traceback.print_exc()
        os._exit(_FAILED)
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    send(_WorkDone())
    os._exit(0)


def _end_with(alive: int) -> None:
    os.read(alive, 1)
    os.killpg(0, signal.SIGKILL)


# ---- the process that follows it ------------------------------------------------------------------------------------


def _received(child: int, values: Connection, seconds: Callable[[], float], places: IO[bytes]) -> Iterator[Any]:
    begun = time.monotonic()
    while True:
        if values.poll(_POLL):
            try:
                value = values.recv()
            except (EOFError, OSError):
                raise _death(os.waitpid(child, 0)[1], places) from None
            if isinstance(value, _WorkDone):
                return
            yield value
            begun = time.monotonic()
        elif (ended := os.waitpid(child, os.WNOHANG))[0] and not values.poll():
            raise _death(ended[1], places)
        elif time.monotonic() - begun > (most := seconds()):
            where, file = _place_after(places, _ask(child, places))
            raise ProcessDied(f"did not end within {most:g} s{where}", "look for a loop without end", file, True)


def _ask(child: int, places: IO[bytes]) -> int:
    """Ask the process where it is. Returns where its answer begins in `places`."""
    begin = places.seek(0, os.SEEK_END)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, _WHERE)
    deadline = time.monotonic() + _TO_TELL
    while places.seek(0, os.SEEK_END) == begin and time.monotonic() < deadline:
        time.sleep(_POLL / 10)
    time.sleep(_POLL / 10)  # for the rest of the answer
    return begin


def _death(status: int, places: IO[bytes]) -> ProcessDied:
    code = os.waitstatus_to_exitcode(status)
    if code == _UNSENT:
        return ProcessDied("closed the files of its process", "close only files that the plugin has opened")
    if code >= 0:
        return ProcessDied(
            f"ended the process with status {code}, as os._exit({code}) does", "raise an exception instead"
        )
    name = signal.Signals(-code).name
    hint = "the memory of the machine may be used up" if name == "SIGKILL" else "look at code that is not Python"
    where, file = _place_after(places, 0)
    return ProcessDied(f"ended the process with {name}{where}", hint, file)


def _place_after(places: IO[bytes], begin: int) -> tuple[str, str]:
    """`, at file:line` and the file: the innermost line of a user's file in the tracebacks from `begin` on, or empty
    texts."""
    places.seek(begin)
    for file, line in _FRAME.findall(places.read().decode(errors="replace")):
        if not file.startswith(_NOT_OF_USERS) and "site-packages" not in file:
            return f", at {os.path.relpath(file)}:{line}", os.path.realpath(file)
    return "", ""
