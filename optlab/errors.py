"""Every error optlab raises on purpose, in one tree.

    OptlabError
    └── UserError            a mistake in what the user typed or wrote: exit status 2, no traceback
        ├── SpecError        an experiment file; carries every mistake that was found
        ├── TraceError       a function that cannot be traced: file, line, what to write instead
        ├── PluginError      a plugin file or its declaration
        ├── UnknownName      a problem, optimizer, schedule or dataset nobody registered
        ├── MissingPackage   a package that was named and is not installed
        ├── ResultsError     a results folder that is missing, incomplete or damaged
        └── InUse            a results folder that another run is writing to

Anything else that escapes is a bug of optlab's, and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WIDTH = 160
"""Characters of a source line that are shown."""


class OptlabError(Exception):
    """The root of the tree."""


class UserError(OptlabError):
    """A mistake in what the user typed or wrote."""


class TraceError(UserError, TypeError):
    """A function does something that cannot be traced."""


class PluginError(UserError):
    """A plugin file that cannot be used as it is."""


class UnknownName(UserError, KeyError):
    """A name that nothing in the registry answers to."""

    def __str__(self) -> str:  # KeyError would show the repr
        return str(self.args[0])


class MissingPackage(UserError, ImportError):
    """A package that the user named and that is not installed."""


class ResultsError(UserError):
    """A results folder that cannot be read."""


class InUse(UserError):
    """A results folder that another run is writing to."""


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake in an experiment file.

    `path` is where it sits in the document: `("optimizer", 0, "lr")`. `line` and `column` are 1-based and
    0 while unknown.
    """

    path: tuple[str | int, ...]
    message: str
    line: int = 0
    column: int = 0


class SpecError(UserError):
    """All the mistakes in one experiment file, each with its place and its source line."""

    def __init__(self, file: str, mistakes: Iterable[Mistake], source: str = "") -> None:
        self.file = file
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.line, m.column)))
        self.source = source
        self._lines = source.splitlines()
        super().__init__("\n".join(self._show(mistake) for mistake in self.mistakes))

    def __reduce__(self) -> tuple[Any, ...]:  # an exception is pickled as what it was told, which is the text here
        return type(self), (self.file, self.mistakes, self.source), self.__dict__

    def _show(self, mistake: Mistake) -> str:
        if not mistake.line:
            where = ".".join(map(str, mistake.path))
            return f"{self.file}: {where + ': ' if where else ''}{mistake.message}"
        head = f"{self.file}:{mistake.line}:{mistake.column}: {mistake.message}"
        if mistake.line > len(self._lines):
            return head
        first = max(0, mistake.column - WIDTH // 2)  # of a long line, the part around the mistake
        text = self._lines[mistake.line - 1].expandtabs(1)[first : first + WIDTH]
        return f"{head}\n    {text}\n    {' ' * (mistake.column - 1 - first)}^"


@contextmanager
def file_errors_name(path: Path) -> Iterator[None]:
    """Errors of the file system name this file, which was asked for, not the temporary one that becomes it."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`" (did you mean 'adam'?)"`, or nothing where no known word is close.

    >>> did_you_mean("adm", ["adam", "momentum"])
    " (did you mean 'adam'?)"
    >>> did_you_mean("xyz", ["adam"])
    ''
    """
    close = difflib.get_close_matches(str(word), [str(k) for k in known], n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""
