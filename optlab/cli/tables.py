"""Tables on stdout, as wide as there is room for. Names from users are never read as markup."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

WIDE = 1000
"""Columns where there is no terminal to ask: nothing is cut off in a file or a pipe."""
_GAP = 2  # between columns
_PROSE = 16  # below this width, sentences are no pleasure to read
_WORD = re.compile(r"\S+(?: %)?")  # what is never broken


def console() -> Console:
    """Where tables, and lines between them, are printed."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE
    return Console(width=width, highlight=False, emoji=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], title: str = "", spare: str = "") -> Fitted:
    """A table to print; columns of numbers, marked by a >, are aligned to the right.

    Where there is no room, lines are broken between words, then the `spare` column is left out, then every row becomes
    a list of its own. No word and no number is broken that there is room for.
    """
    cells = tuple(tuple(Text(cell) if isinstance(cell, str) else cell for cell in row) for row in rows)
    return Fitted(tuple(columns), cells, title, spare)


@dataclass(frozen=True)
class Fitted:
    """A table that looks at how much room there is when it is printed."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    title: str
    spare: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.title:
            yield Text(self.title, style="bold")
        yield self._fitted(options.max_width)

    def _fitted(self, room: int) -> RenderableType:
        everything = range(len(self.columns))
        for shown in (everything, [n for n in everything if self.columns[n] != self.spare]):
            if widths := self._widths(shown, room):
                return self._table(shown, widths)
        return self._lists()

    def _widths(self, shown: Sequence[int], room: int) -> list[int]:
        """How wide these columns are when they fit, the widest being the first to give way; nothing if they cannot."""
        texts = [[self.columns[n].rstrip(">"), *(row[n].plain for row in self.rows)] for n in shown]
        widths = [max(map(len, column)) for column in texts]
        words = [max((len(word) for text in column for word in _WORD.findall(text)), default=0) for column in texts]
        prose = [0 if self.columns[n].endswith(">") else _PROSE for n in shown]
        least = [max(word, min(pair)) for word, *pair in zip(words, widths, prose, strict=True)]
        if sum(least) + _GAP * len(shown) > room:
            return []
        while sum(widths) + _GAP * len(shown) > room:
            widest = max((n for n in range(len(shown)) if widths[n] > least[n]), key=widths.__getitem__)
            widths[widest] -= 1
        return widths

    def _table(self, shown: Sequence[int], widths: Sequence[int]) -> Table:
        made = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
        for n, width in zip(shown, widths, strict=True):
            name = self.columns[n]
            made.add_column(name.rstrip(">"), justify="right" if name.endswith(">") else "left", width=width)
        for row in self.rows:
            made.add_row(*(row[n] for n in shown))
        return made

    def _lists(self) -> Table:
        """Every row as a list of its cells by the names of their columns."""
        made = Table.grid(padding=(0, _GAP, 0, 0))
        made.add_column(no_wrap=True, style="bold")
        made.add_column(overflow="fold")
        for number, row in enumerate(self.rows):
            if number:
                made.add_row()
            for name, cell in zip(self.columns, row, strict=True):
                made.add_row(name.rstrip(">"), cell)
        return made
