"""Code of plugins in a process of its own that says what it is about to execute, so that its end has a culprit."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from optlab.execution.apart import ProcessDied, Send, Work, follow
from optlab.execution.executors.protocol import SweepLimits
from optlab.plugins.code_location import is_built_in
from optlab.plugins.withheld import Fate, with_functions

Culprit = tuple[str, ...]
"""What is executed: ("file", path), or a kind of plugin, a name and the field of a function."""
Around = Callable[[Culprit], contextlib.AbstractContextManager[None]]

OPTLAB = ("optlab",)
"""What is executed if it is no code of plugins."""


@dataclass(frozen=True)
class Executing:
    """What is executed from now on; nothing before the first. `is_full`: it needs more memory than it may have."""

    what: Culprit = ()
    is_full: bool = False


@dataclass(frozen=True)
class Death:
    """How a process ended, and what it executed then, or had executed last."""

    what: Culprit
    fate: Fate
    is_of_plugin: bool


class Announced:
    """Says what is executed, and what is executed again at its end."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._all: list[Culprit] = [()]

    @contextmanager
    def around(self, what: Culprit) -> Iterator[None]:
        self._all.append(what)
        self._send(Executing(what))
        try:
            yield
        except (MemoryError, SystemError):  # Python raises the latter if there is no memory for the former
            self._send(Executing(what, is_full=True))
            os._exit(0)
        finally:
            self._all.pop()
            self._send(Executing(self._all[-1]))

    def plugin(self, kind: str, plugin: Any) -> Any:
        """The plugin, whose functions are announced."""

        def change(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(function)
            def announced(*args: Any, **kwargs: Any) -> Any:
                with self.around((kind, plugin.name, name)):
                    return function(*args, **kwargs)

            return announced

        return plugin if is_built_in(plugin.function) else with_functions(plugin, change)


def death_of(
    work: Work, limits: SweepLimits, least: float = 0.0, other: Callable[[Any], None] = lambda value: None
) -> Death | None:
    """Do work in a process of its own. None if it is done, otherwise how the process ended.

    Args:
        limits: the time of each call of code of a plugin, and the memory.
        least: the time in which something is sent while no plugin is known to be executed, if it is longer.
        other: receives everything else that the work sends.
    """
    seconds, memory = limits.of_each_call
    now, last = Executing(), Executing()

    def patience() -> float:
        return max(seconds, least) if now.what == OPTLAB else seconds

    try:
        for said in follow(work, patience, memory):
            if not isinstance(said, Executing):
                other(said)
                continue
            if said.is_full:
                fate = Fate("crashed", f"needs more memory than {memory:,} bytes")
                return Death(said.what, fate, said.what != OPTLAB)
            now, last = said, last if said.what in ((), OPTLAB) else said
    except ProcessDied as death:
        fate = Fate("timeout" if death.is_late else "crashed", death.why)
        if now.what not in ((), OPTLAB):
            return Death(now.what, fate, is_of_plugin=True)
        culprit = ("file", death.file) if death.file and now.what else last.what
        return Death(culprit, fate, is_of_plugin=not death.is_late or not now.what or bool(death.file))
    return None
