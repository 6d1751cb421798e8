"""The steps of `optlab check`, and the lines that are printed for them.

They know no plugin: the steps may be made in another process.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import typer

from optlab.errors import UserError, counted
from optlab.execution.apart import ProcessDied

COLOURS = {"passed": "green", "failed": "red", "advice": "yellow", "skipped": "yellow", "exempt": "yellow"}
"""The outcomes of checks, in the order of summaries."""


@dataclass(frozen=True)
class Loading:
    """The plugins are loaded: files, folders and names as the user wrote them."""

    what: str


@dataclass(frozen=True)
class PluginChecks:
    """The checks of a plugin follow. `place` is `file:line`."""

    name: str
    place: str
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Begun:
    """A check begins."""

    check: str


@dataclass(frozen=True)
class CheckVerdict:
    """The outcome of a check. `text` is the failure or the reason; `catches` is the bug that the check finds."""

    check: str
    outcome: str
    text: str
    catches: str


Step = Loading | PluginChecks | Begun | CheckVerdict


class CheckReport:
    """Prints a line for each check, details of failures, a summary of each plugin, and a total if there are several."""

    def __init__(self) -> None:
        self.begun = 0
        """The number of plugins whose checks have begun."""
        self._counts: list[tuple[str, Counter[str]]] = []
        self._step: Step | None = None
        self._width = 0
        self._left = 0

    def add(self, steps: Iterable[Step]) -> None:
        """Print the steps of some plugins, as they are made."""
        for step in steps:
            self._step = step
            if isinstance(step, PluginChecks):
                self.summary()
                self._begin(step)
            elif isinstance(step, CheckVerdict):
                self._print(step)

    def add_death(self, death: ProcessDied) -> None:
        """Print that the process ended in the last step. Its check has failed; the plugin's other checks are not made.

        Raises:
            UserError: the process ended while plugins were loaded.
        """
        hint = death.hint + "; --seconds N waits longer" * death.is_late
        if not isinstance(self._step, Begun):
            raise UserError(f"{getattr(self._step, 'what', 'loading')}: the code {death.why}; {hint}")
        name = self._counts[-1][0]
        text = f"{name} {death.why}\n  expected: an update for any finite x and g\n  hint: {hint}"
        self._print(
            CheckVerdict(self._step.check, "failed", text, "it does not return, or ends or crashes its process")
        )

    def summary(self) -> None:
        """Print the summary of the last plugin, unless it is printed already."""
        if self._width:
            missing = f"; {counted(self._left, 'check')} not made" if self._left else ""
            _heading(_counted(self._counts[-1][1]) + missing)
            self._width = 0

    def end(self) -> bool:
        """Print the total. Returns whether no check failed."""
        self.summary()
        failing = [name for name, count in self._counts if count["failed"]]
        if len(self._counts) > 1:
            total = sum((count for _, count in self._counts), Counter[str]())
            suffix = f"; {', '.join(failing)} fail{'s' * (len(failing) == 1)}" if failing else ""
            _heading(f"{len(self._counts)} plugins in all, {_counted(total)}{suffix}")
        return not failing

    def _begin(self, plugin: PluginChecks) -> None:
        self.begun += 1
        self._counts.append((plugin.name, Counter()))
        self._width, self._left = max(map(len, plugin.checks)), len(plugin.checks)
        _heading(f"{plugin.name}  {plugin.place}")

    def _print(self, found: CheckVerdict) -> None:
        self._counts[-1][1][found.outcome] += 1
        self._left -= 1
        for text in _lines(found, self._width):
            typer.echo(text, color=_colour())


def _counted(counts: Counter[str]) -> str:
    parts = ", ".join(f"{counts[outcome]} {outcome}" for outcome in COLOURS if counts[outcome])
    return f"{counted(counts.total(), 'check')}: {parts}"


def _lines(found: CheckVerdict, width: int) -> Iterator[str]:
    """The line of a verdict, aligned. After a failure or advice: the observed and expected values, a hint."""
    is_long = found.outcome in ("failed", "advice")
    remark = found.catches if is_long else found.text
    gap = " " * (9 - len(found.outcome)) if remark else ""
    yield f"  {found.check:<{width}}  {typer.style(found.outcome, fg=COLOURS[found.outcome])}{gap}{remark}"
    if is_long:
        yield from (f"      {line}" for line in found.text.splitlines())


def _heading(text: str) -> None:
    typer.echo(typer.style(text, bold=True), color=_colour())


def _colour() -> bool | None:
    """False if NO_COLOR is set; None lets Click decide by whether stdout is a terminal."""
    return False if os.environ.get("NO_COLOR") else None
