"""The tree of all errors that optlab raises on purpose.

    OptlabError
    └── UserError            a mistake in what the user typed or wrote: exit status 2, no traceback
        ├── SpecError        a wrong experiment file; has all mistakes that were found
        ├── TraceError       a function that cannot be traced: file, line, what to write instead
        ├── PluginError      a wrong plugin file or declaration
        ├── UnknownName      a problem, optimizer, schedule or dataset that is not registered
        ├── MissingPackage   a package that is needed and not installed
        ├── ResultsError     a results folder that is missing, incomplete or damaged
        │   └── DamagedResults   a file in it is missing or was changed
        └── InUse            a results folder that another run is writing to

Any other uncaught exception is a bug of optlab, and is shown with its traceback.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WIDTH = 160
"""The most characters that are shown of a source line."""


class OptlabError(Exception):
    """The root of the tree."""


class UserError(OptlabError):
    """A mistake in what the user typed or wrote."""


class TraceError(UserError, TypeError):
    """A function does something that cannot be traced."""


class PluginError(UserError):
    """A plugin file that cannot be used."""


class PluginWarning(UserWarning):
    """A plugin works, but does something that it should not do."""


class UnknownName(UserError, KeyError):
    """A name that is not in the registry."""

    def __str__(self) -> str:  # KeyError would show the repr
        return str(self.args[0])


class MissingPackage(UserError, ImportError):
    """A package that the user named and that is not installed."""


class ResultsError(UserError):
    """A results folder that cannot be read."""


class DamagedResults(ResultsError):
    """A results folder in which a file is missing or was changed.

    >>> str(DamagedResults("e/runs.parquet: is missing")), DamagedResults("e/runs.parquet: is missing").what
    ('e/runs.parquet: is missing; run the experiment again', 'e/runs.parquet: is missing')
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"{self.what}; run the experiment again"


class InUse(UserError):
    """A results folder that another run is writing to."""


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake in an experiment file.

    `path` is its place in the document: `("optimizer", 0, "lr")`. `line` and `column` are 1-based, or 0 if they are not
    known yet.
    """

    path: tuple[str | int, ...]
    message: str
    line: int = 0
    column: int = 0

    @property
    def place(self) -> str:
        """The path in words. Tables such as optimizers are counted from 1; entries of lists from 0, as in Python.

        >>> Mistake(("optimizer", 1, "transforms", 0, "max_norm"), "").place
        'optimizer 2, transforms[0].max_norm'
        """
        if len(self.path) < 2 or not isinstance(self.path[1], int):
            return _dotted(self.path)
        table, number, *rest = self.path
        return f"{table} {int(number) + 1}" + (f", {_dotted(rest)}" if rest else "")


def _dotted(path: Iterable[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


class SpecError(UserError):
    """All the mistakes in one experiment file, each with its place and its source line."""

    def __init__(self, file: str, mistakes: Iterable[Mistake], source: str = "") -> None:
        self.file = file
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.line, m.column)))
        self.source = source
        self._lines = source.splitlines()
        super().__init__("\n".join(self._show(mistake) for mistake in self.mistakes))

    def __reduce__(self) -> tuple[Any, ...]:  # pickle would pass only the text to __init__
        return type(self), (self.file, self.mistakes, self.source), self.__dict__

    def _show(self, mistake: Mistake) -> str:
        if not mistake.line:
            return f"{self.file}: {mistake.place + ': ' if mistake.path else ''}{mistake.message}"
        head = f"{self.file}:{mistake.line}:{mistake.column}: {mistake.message}"
        if mistake.line > len(self._lines):
            return head
        first = max(0, mistake.column - WIDTH // 2)  # a long line is cut around the mistake
        text = self._lines[mistake.line - 1].expandtabs(1)[first : first + WIDTH]
        return f"{head}\n    {text}\n    {' ' * (mistake.column - 1 - first)}^"


@contextmanager
def file_errors_name(path: Path) -> Iterator[None]:
    """Replace the path in file system errors by `path`, because users do not know the temporary file that failed."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def absent(path: Path) -> str:
    """The message that a file does not exist. If its folder does not exist either, the message has the current folder,
    because the user may be in the wrong one."""
    folder = path.parent
    wrong = "" if folder.is_dir() or path.is_absolute() else f"; there is no folder {folder} here ({Path.cwd()})"
    return f"{path}: there is no such file{wrong}"


def check_output(path: Path, option: str = "") -> None:
    """Raise UserError if a file cannot be written, or would take the place of something else: its folder does not
    exist, or there is a folder, a link or a device. `option` is the text before the path."""
    if not path.parent.is_dir():
        raise UserError(f"{option}{path}: there is no folder {path.parent}")
    if path.is_symlink():
        raise UserError(f"{option}{path}: is a link, which would be replaced; write the file that it names")
    if path.is_dir():
        raise UserError(f"{option}{path}: is a folder; write a file in it")
    if path.exists() and not path.is_file():
        raise UserError(f"{option}{path}: is no file but a device or a pipe; write a file")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`" (did you mean 'adam'?)"`, or an empty text if no known word is similar.

    >>> did_you_mean("adma", ["adamax", "adam", "momentum"])
    " (did you mean 'adam'?)"
    >>> did_you_mean("xyz", ["adam"])
    ''
    """
    word, names = str(word), [str(k) for k in known]
    close = difflib.get_close_matches(word, names, n=max(1, len(names)), cutoff=0.6)
    if not close:
        return ""
    nearest = min(close, key=lambda name: (_edit_distance(word, name), abs(_number(word) - _number(name))))
    return f" (did you mean {nearest!r}?)"


def _edit_distance(a: str, b: str) -> int:
    """The number of replaced, missing and additional letters, and of swaps of neighbouring letters.

    Source: F. J. Damerau, "A technique for computer detection and correction of spelling errors", 1964.

    >>> _edit_distance("adma", "adam"), _edit_distance("adma", "adamax")
    (1, 2)
    """
    rows = [list(range(len(b) + 1))]  # rows[i][j]: the distance from the first i letters of a to the first j of b
    for i in range(1, len(a) + 1):
        row = [i]
        for j in range(1, len(b) + 1):
            row.append(min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a[i - 1] != b[j - 1])))
            if i > 1 and j > 1 and a[i - 2 : i] == b[j - 2 : j][::-1]:
                row[-1] = min(row[-1], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]


def _number(word: str) -> int:
    """The digits of a word as a number. Of equally similar words, the nearest number is suggested: float16, float32."""
    return int("0" + "".join(filter(str.isdecimal, word)))


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun. For 1 the noun is singular, otherwise plural (the noun with an "s", or `plural`).

    >>> counted(1, "step"), counted(2, "step"), counted(12345, "run"), counted(0, "entry", "entries")
    ('1 step', '2 steps', '12,345 runs', '0 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def named(name: str) -> str:
    """A label or title for a sentence: in quotes if it has a comma that is not in brackets.

    >>> named("adam"), named("adam, cosine"), named("mlp (moons, hidden=[8, 8])")
    ('adam', '"adam, cosine"', 'mlp (moons, hidden=[8, 8])')
    """
    return f'"{name}"' if "," in re.sub(r"\(.*\)|\[.*\]", "", name) else name


def short(value: float, digits: int = 3) -> str:
    """A number with three digits, or another number of digits. Zero has no sign.

    >>> short(0.00123456), short(-0.0), short(float("inf")), short(0.00123456, 5)
    ('0.00123', '0', 'inf', '0.0012346')
    """
    return f"{value + 0.0:.{digits}g}"


def shortened(text: str, most: int = 60) -> str:
    """A text for a message, cut to at most `most` characters.

    >>> shortened("1,2"), shortened("1" * 5000, 5)
    ('1,2', '11111...')
    """
    return text if len(text) <= most else f"{text[:most]}..."
