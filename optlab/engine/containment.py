"""Runs code of plugins so that it cannot end optlab with an exception; only the user's own Ctrl-C passes through.

Plugin code may raise SystemExit, KeyboardInterrupt, GeneratorExit or any other `BaseException`, which would end the
process, a thread or a generator of optlab. `contained` converts these to an `Escaped`, which is an `Exception`.

A KeyboardInterrupt that plugin code raises has the same type as Python's own for SIGINT. To distinguish the two, the
signal raises an `Interrupted` while contained code runs in the main thread. Python raises no KeyboardInterrupt in other
threads.
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

from optlab.engine.code_places import place_of
from optlab.errors import PluginError

P = ParamSpec("P")
T = TypeVar("T")

_OPTLAB, _STDLIB = Path(__file__).parents[1], Path(os.__file__).parent


class Interrupted(KeyboardInterrupt):
    """The user has pressed Ctrl-C."""


class Escaped(PluginError):
    """Code raised a `BaseException` that is not an `Exception`, such as SystemExit. It is the `__cause__`."""


def placed(error: BaseException) -> str:
    """`file:line:column: Type: message`, with the last line of the traceback that belongs to a plugin."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _is_of_a_plugin(Path(f.filename))]
    where = f"{place_of(frames[-1])}: " if frames else ""
    return f"{where}{described(error)}"


def _is_of_a_plugin(file: Path) -> bool:
    """Whether a file belongs neither to optlab nor to Python (as the file of `exit()` does)."""
    return not str(file).startswith("<frozen ") and not file.is_relative_to(_OPTLAB) and file.parent != _STDLIB


def original(error: BaseException) -> BaseException:
    """The exception that the code raised: the cause of an `Escaped`, or the exception itself."""
    return error.__cause__ or error if isinstance(error, Escaped) else error


def described(error: BaseException) -> str:
    """`Type: message` of an exception, or only the type if the message is empty. `str` of it may itself raise.

    >>> described(ValueError("too small"))
    'ValueError: too small'
    """
    try:
        message = str(error)
    except Exception as failure:
        message = f"(its message cannot be shown: {type(failure).__name__})"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def prints_aside(function: Callable[P, T]) -> Callable[P, T]:
    """Redirect what plugin code prints to stderr, since stdout is reserved for the output of the command."""

    @functools.wraps(function)
    def aside(*args: P.args, **kwargs: P.kwargs) -> T:
        with redirect_stdout(sys.stderr):
            return function(*args, **kwargs)

    return aside


@contextmanager
def contained() -> Iterator[None]:
    """Run code of a plugin.

    Raises:
        Escaped: the code raised a `BaseException` that is not an `Exception`.
        Interrupted: the user has pressed Ctrl-C.
    """
    with _interrupted_on_sigint():
        try:
            yield
        except (Exception, Interrupted):
            raise
        except BaseException as error:
            raise Escaped(placed(error)) from error


@contextmanager
def _interrupted_on_sigint() -> Iterator[None]:
    """Make SIGINT raise `Interrupted` if its handler raises KeyboardInterrupt. Only the main thread runs handlers."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    if isinstance(handler, _Handler):  # a nested call
        yield
        return
    signal.signal(signal.SIGINT, _Handler(handler))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


class _Handler:
    """Calls another handler, and converts a KeyboardInterrupt to `Interrupted`."""

    def __init__(self, handler: Callable[[int, FrameType | None], Any]) -> None:
        self._handler = handler

    def __call__(self, number: int, frame: FrameType | None) -> None:
        try:
            self._handler(number, frame)
        except KeyboardInterrupt:
            raise Interrupted from None
