"""Detects changes of the process by plugin code, restores the previous state if possible, and warns about them."""

from __future__ import annotations

import builtins
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

import numpy as np

from optlab.errors import PluginWarning

_MODULES: tuple[ModuleType, ...] = (np, np.linalg, np.random, np.fft, builtins)

_STREAMS = ("stdin", "stdout", "stderr")

_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGCHLD", "SIGPIPE", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)

_OF_EXECUTORS = ("optlab", "ThreadPoolExecutor-")
"""The prefixes of the names of optlab's own threads, which may start while plugin code is traced in one."""


@contextmanager
def undisturbed(who: Callable[[], str]) -> Iterator[None]:
    """Run code of a plugin, and compare the process before and after it.

    The working directory, functions of NumPy, its error state, its print options, its global random state, the standard
    streams, removed entries of `sys.path`, removed and changed variables of the environment, handlers of signals and
    the alarm are restored. A thread that still runs cannot be ended. A `PluginWarning` names all these changes, unless
    the code raises an exception. `who` returns the name of the code for the warning.
    """
    before = _Process()
    try:
        yield
    except BaseException:
        before.restore()
        raise
    if changes := before.restore():
        warnings.warn(PluginWarning(f"{who()}: {'; '.join(changes)}"), stacklevel=2)


class _Process:
    """A snapshot of the process state that a plugin could change."""

    def __init__(self) -> None:
        self._folder = _folder()
        self._names = {module: dict(vars(module)) for module in _MODULES}
        self._errors: Mapping[str, Any] = np.geterr()
        self._printing = np.get_printoptions()
        self._random: Any = np.random.get_state(legacy=False)  # noqa: NPY002
        self._streams = {name: getattr(sys, name) for name in _STREAMS}
        self._path = [*sys.path]
        self._environment = dict(os.environ)
        self._handlers, self._has_alarm = _handlers(), _has_alarm()
        self._threads = set(threading.enumerate())

    def restore(self) -> list[str]:
        """Restore the state of the snapshot, and return a description of each change."""
        changes = []
        if self._folder is not None and _folder() != self._folder:
            with suppress(OSError):
                os.chdir(self._folder)
            changes.append("changes the working directory (put back)")
        for module, names in self._names.items():
            now = vars(module)  # new names are allowed: the import of a submodule adds one
            replaced = [name for name, value in names.items() if now.get(name) is not value]
            for name in replaced:
                setattr(module, name, names[name])
            changes += [f"replaces {_named(module)}{name} (put back)" for name in replaced]
        if np.geterr() != self._errors:
            np.seterr(**self._errors)
            changes.append("changes NumPy's error state (put back; write with np.errstate(...))")
        if np.get_printoptions() != self._printing:
            np.set_printoptions(**self._printing)
            changes.append("changes NumPy's print options (put back; write with np.printoptions(...))")
        if _differs(np.random.get_state(legacy=False), self._random):  # noqa: NPY002
            with suppress(ValueError):  # the state of another bit generator cannot be restored
                np.random.set_state(self._random)  # noqa: NPY002
            changes.append("seeds or uses NumPy's global random numbers (put back; write np.random.default_rng(0))")
        for name, stream in self._streams.items():
            if getattr(sys, name) is not stream:
                setattr(sys, name, stream)
                changes.append(f"replaces sys.{name} (put back; write with contextlib.redirect_stdout(...))")
        if gone := [folder for folder in self._path if folder not in sys.path]:
            sys.path.extend(gone)  # added entries stay: code may import from there later
            changes.append("takes folders out of sys.path (put back)")
        if lost := {name: text for name, text in self._environment.items() if os.environ.get(name) != text}:
            os.environ.update(lost)  # new variables stay: packages set their own when they are imported
            changes.append(f"changes the environment ({', '.join(list(lost)[:3])}, put back)")
        changes += _restored(self._handlers)
        if _has_alarm() and not self._has_alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)
            changes.append("sets an alarm (stopped)")
        left = [
            t.name for t in threading.enumerate() if t not in self._threads and not t.name.startswith(_OF_EXECUTORS)
        ]
        return changes + [f"leaves a thread behind ({', '.join(left)})"] * bool(left)


def _handlers() -> dict[int, Any]:
    """The handlers of the signals that programs handle. Only the main thread can change them."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) for number in _SIGNALS}


def _restored(handlers: Mapping[int, Any]) -> list[str]:
    """Restore the handlers of signals, and return a description of each change."""
    changed = [number for number, handler in handlers.items() if signal.getsignal(number) is not handler]
    for number in changed:
        if (handler := handlers[number]) is not None:  # None: a handler that is not written in Python
            signal.signal(number, handler)
    return [f"handles {signal.Signals(number).name} (put back)" for number in changed]


def _has_alarm() -> bool:
    return hasattr(signal, "getitimer") and signal.getitimer(signal.ITIMER_REAL)[0] > 0


def _folder() -> str | None:
    """The working directory; None if it was removed."""
    try:
        return os.getcwd()
    except OSError:
        return None


def _named(module: ModuleType) -> str:
    return "" if module is builtins else f"{module.__name__.replace('numpy', 'np', 1)}."


def _differs(now: Any, before: Any) -> bool:
    return now["bit_generator"] != before["bit_generator"] or any(
        not np.array_equal(now["state"][part], before["state"][part]) for part in before["state"]
    )
