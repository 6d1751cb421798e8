"""Ctrl-C and SIGTERM during runs. The first one lets what is being executed finish, the second ends it at once."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from optlab.engine.containment import Interrupted

GRACE = 3.0
"""The seconds that blocks have to finish."""
SENTENCE = f"interrupted; what is being executed may finish within {GRACE:g} seconds (Ctrl-C again ends at once)"


class Drain:
    """Whether the user has asked to end, and how much time is left.

    Args:
        notify: receives a sentence when the request is noticed.
        clock: the time in seconds.
    """

    def __init__(self, notify: Callable[[str], None] = lambda sentence: None, clock: Any = time.monotonic) -> None:
        self._notify, self._clock = notify, clock
        self._requested = math.inf
        self._is_noticed = False
        self._listeners: list[Callable[[], None]] = []

    def request(self) -> None:
        """Ask to end. A signal handler calls this, so it does very little."""
        self._requested = min(self._requested, self._clock())
        for listener in self._listeners:
            listener()

    @property
    def is_requested(self) -> bool:
        return self._requested < math.inf

    def left(self) -> float | None:
        """The seconds that are left, at least 0; None if nobody has asked to end."""
        if not self.is_requested:
            return None
        if not self._is_noticed:
            self._is_noticed = True
            self._notify(SENTENCE)
        return max(0.0, self._requested + GRACE - self._clock())

    def check(self) -> None:
        """Raise `Interrupted` if no time is left."""
        if self.left() == 0:
            raise Interrupted

    @contextmanager
    def told(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` when the user asks to end, from a signal handler."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)


@contextmanager
def draining(notify: Callable[[str], None] = lambda sentence: None) -> Iterator[Drain]:
    """Make the first Ctrl-C a request to end. SIGTERM does the same if it has a handler in Python.

    Raises:
        Interrupted: at the end of the context, after a request.
    """
    drain = Drain(notify)
    if threading.current_thread() is not threading.main_thread():  # only the main thread has signal handlers
        yield drain
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    own = {number: _handler(drain, handler) for number, handler in before.items() if callable(handler)}
    for number, handler in own.items():
        signal.signal(number, handler)
    try:
        yield drain
    finally:
        for number in own:
            signal.signal(number, before[number])
    if drain.is_requested:
        raise Interrupted


def _handler(drain: Drain, otherwise: Callable[[int, FrameType | None], Any]) -> Callable[..., None]:
    """A signal handler that asks to end the first time, and calls another handler after that."""

    def handle(number: int, frame: FrameType | None) -> None:
        if drain.is_requested:
            otherwise(number, frame)
        else:
            drain.request()

    return handle
