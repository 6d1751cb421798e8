"""Code of plugins: whatever it raises stays inside the lab. Only the user's own Ctrl-C passes through it.

Code may raise SystemExit, KeyboardInterrupt, GeneratorExit or any other `BaseException`, which would end the process, a
thread or a generator of the lab. `contained` turns these into an `Escaped`, which is an exception like any other.

A KeyboardInterrupt that code raises cannot be told from Python's own for SIGINT, which is of the same type. So while
code is contained in the main thread, the signal is answered by an `Interrupted`. In other threads Python raises none.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Any, ParamSpec, TypeVar

from optlab.errors import PluginError

P = ParamSpec("P")
T = TypeVar("T")

_OPTLAB, _STDLIB = Path(__file__).parent, Path(os.__file__).parent


class Interrupted(KeyboardInterrupt):
    """The user has pressed Ctrl-C."""


class Escaped(PluginError):
    """Code raised something that is no `Exception`, as SystemExit; that is the `__cause__`."""


def placed(error: BaseException) -> str:
    """`file:line: Type: message`, with the last line that is a plugin's."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _is_of_a_plugin(Path(f.filename))]
    where = f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""
    return f"{where}{described(error)}"


def _is_of_a_plugin(file: Path) -> bool:
    """Whether a line is neither the lab's nor of Python's own, as that of `exit()`."""
    return not str(file).startswith("<frozen ") and not file.is_relative_to(_OPTLAB) and file.parent != _STDLIB


def original(error: BaseException) -> BaseException:
    """What code raised, whether or not it had to be contained."""
    return error.__cause__ or error if isinstance(error, Escaped) else error


def described(error: BaseException) -> str:
    """`Type: message` of an exception, or its type alone; its message may be one that cannot be made.

    >>> described(ValueError("too small"))
    'ValueError: too small'
    """
    try:
        said = str(error)
    except Exception as failure:
        said = f"(its message cannot be shown: {type(failure).__name__})"
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def prints_aside(function: Callable[P, T]) -> Callable[P, T]:
    """Let what code of plugins prints go to stderr: stdout is for what a command was asked for."""

    @functools.wraps(function)
    def aside(*args: P.args, **kwargs: P.kwargs) -> T:
        with redirect_stdout(sys.stderr):
            return function(*args, **kwargs)

    return aside


@contextmanager
def contained() -> Iterator[None]:
    """Run code of a plugin.

    Raises:
        Escaped: it raised something that is no `Exception`.
        Interrupted: the user has pressed Ctrl-C.
    """
    with _ctrl_c_told_apart():
        try:
            yield
        except (Exception, Interrupted):
            raise
        except BaseException as error:
            raise Escaped(placed(error)) from error


@contextmanager
def _ctrl_c_told_apart() -> Iterator[None]:
    """Let SIGINT raise `Interrupted` where its handler raises KeyboardInterrupt. Handlers belong to the main thread."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    if isinstance(handler, _Handler):  # within another block like this
        yield
        return
    signal.signal(signal.SIGINT, _Handler(handler))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


class _Handler:
    """Does what another handler does, and raises `Interrupted` for a KeyboardInterrupt."""

    def __init__(self, handler: Callable[[int, FrameType | None], Any]) -> None:
        self._handler = handler

    def __call__(self, number: int, frame: FrameType | None) -> None:
        try:
            self._handler(number, frame)
        except KeyboardInterrupt:
            raise Interrupted from None
