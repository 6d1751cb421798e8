"""Plugins whose functions are not executed in this process, because they end or hold the process that executes them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from optlab.errors import OptlabError

Change = Callable[[str, Callable[..., Any]], Callable[..., Any]]
"""What takes the place of a function of a plugin, from the name of its field and the function."""

_FORM = ("start", "tensors")
"""The functions without which a problem has no number of parameters, so that its runs cannot be planned."""


@dataclass(frozen=True)
class Fate:
    """How a process ended that executed code of a plugin: the status of its runs, "crashed" or "timeout", and why, as
    the rest of a sentence that begins with the code."""

    status: str
    why: str


class NotExecuted(OptlabError):
    """A function of a plugin was called that is not executed in this process."""


class Withheld:
    """Takes the place of a function of a plugin. It has its name, file and line, and raises `NotExecuted`."""

    def __init__(self, function: Callable[..., Any], fate: Fate) -> None:
        functools.update_wrapper(self, function)
        self.fate = fate

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotExecuted(f"the code {self.fate.why}")


def withheld(plugin: Any, fate: Fate, culprit: str = "function") -> Any:
    """The plugin, with functions that raise `NotExecuted`.

    `culprit` is the field of the function that ended the process. The functions without which the runs cannot be
    planned are kept, unless it is one of them. Minima that a function returns are unknown.
    """

    def change(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        return function if name in _FORM and culprit not in _FORM else Withheld(function, fate)

    changed = with_functions(plugin, change)
    return replace(changed, minima=()) if callable(getattr(plugin, "minima", None)) else changed


def with_functions(plugin: Any, change: Change) -> Any:
    """The plugin with other functions."""
    own = {field.name: getattr(plugin, field.name) for field in fields(plugin)}
    changed: dict[str, Any] = {name: change(name, value) for name, value in own.items() if callable(value)}
    if metrics := own.get("metrics"):
        changed["metrics"] = {name: change("metrics", metric) for name, metric in metrics.items()}
    return replace(plugin, **changed)


def fate_of(plugin: Any) -> Fate | None:
    """Why the functions of a plugin are not executed, or None if they are."""
    function = getattr(plugin, "function", None)
    return function.fate if isinstance(function, Withheld) else None
