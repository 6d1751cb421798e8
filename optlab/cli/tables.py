"""Tables on stdout, fitted to the terminal width. Names from users are never interpreted as markup."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

NONE = "-"
"""The cell text for a missing number."""
ERROR = "error"
"""The first cell of an optimizer with failed runs."""

WIDE = 1000
"""Width in columns without a terminal: rows are not wrapped in a file or a pipe."""
READABLE = 100
"""Width without a terminal for tables of sentences, which people read; programs use --json."""
_GAP = "  "  # between columns
_PROSE = 16  # below this width, sentences are hard to read
_WORD = re.compile(r"\S+(?: %)?")  # a unit that is never broken; "%" stays with its number


def console(wide: int = WIDE) -> Console:
    """The console for tables and the lines between them; `wide` is the width if stdout is no terminal."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else wide
    return Console(width=width, highlight=False, emoji=False)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str | Text]], title: str = "", spare: str | Sequence[str] = ()
) -> Fitted:
    """A table to print. Columns of numbers, marked by a trailing >, are aligned to the right.

    If the table is too wide, texts are wrapped between words. If that is not enough, the `spare` columns are left out
    one by one, in their order. At last, every row becomes a list. No word and no number is broken, and no line ends
    with a space.
    """
    cells = tuple(tuple(Text(cell) if isinstance(cell, str) else cell for cell in row) for row in rows)
    spared = (spare,) if isinstance(spare, str) else tuple(spare)
    return Fitted(tuple(columns), cells, title, tuple(name for name in spared if name in columns))


def sentence(text: str) -> Sentence:
    """A sentence to print between tables, wrapped between words."""
    return Sentence(Text(text))


@dataclass(frozen=True)
class Sentence:
    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from map(_line, _broken(self.text, options.max_width))


@dataclass(frozen=True)
class Fitted:
    """A table that is fitted to the console width when it is printed."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    title: str
    spare: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.title:
            yield from map(_line, _broken(Text(self.title, style="bold"), options.max_width))
        yield from map(_line, self._fitted(options.max_width))

    def _fitted(self, width: int) -> Iterator[Text]:
        for left_out in range(len(self.spare) + 1):
            shown = [n for n, name in enumerate(self.columns) if name not in self.spare[:left_out]]
            if widths := self._widths(shown, width):
                return self._table(shown, widths)
        return self._lists(width)

    def _widths(self, shown: Sequence[int], width: int) -> list[int]:
        """The widths of these columns, the widest shrunk first; an empty list if they do not fit."""
        width -= len(_GAP) * len(shown)
        widths, least = [], []
        for n in shown:
            name, cells = self.columns[n].rstrip(">"), [row[n].plain for row in self.rows]
            whole = max(map(cell_len, [name, *cells]))
            words = [name, *cells] if self._is_text(n) else [name]
            word = max((cell_len(word) for text in words for word in _WORD.findall(text)), default=0)
            widths.append(whole)
            kept = min(_PROSE, whole) if self._is_text(n) else max(map(cell_len, cells), default=0)
            least.append(max(word, kept))
        if sum(least) > width:
            return []
        while sum(widths) > width:
            widest = max((n for n in range(len(shown)) if widths[n] > least[n]), key=widths.__getitem__)
            widths[widest] -= 1
        return widths

    def _is_text(self, column: int) -> bool:
        """Whether the cells of a column may be broken between words."""
        return not self.columns[column].endswith(">")

    def _table(self, shown: Sequence[int], widths: Sequence[int]) -> Iterator[Text]:
        names = [Text(self.columns[n].rstrip(">"), style="bold") for n in range(len(self.columns))]
        for number, row in enumerate((names, *self.rows)):
            cells = [_broken(row[n], width) for n, width in zip(shown, widths, strict=True)]
            height = max(map(len, cells))
            for line in range(height):
                parts = []
                for n, width, cell in zip(shown, widths, cells, strict=True):
                    above = 0 if number else height - len(cell)  # column names are aligned to the bottom
                    part = cell[line - above] if 0 <= line - above < len(cell) else Text()
                    space = " " * (width - part.cell_len)
                    parts.append(Text.assemble(part, space) if self._is_text(n) else Text.assemble(space, part))
                yield Text(_GAP).join(parts)

    def _lists(self, width: int) -> Iterator[Text]:
        """Every row as a list of lines, each with the name of a column and the cell."""
        names = [name.rstrip(">") for name in self.columns]
        wide = max(map(cell_len, names))
        for number, row in enumerate(self.rows):
            if number:
                yield Text()
            for name, cell in zip(names, row, strict=True):
                for line, part in enumerate(_broken(cell, width - wide - len(_GAP))):
                    head = name if line == 0 else ""
                    yield Text.assemble((head, "bold"), " " * (wide - cell_len(head)), _GAP, part)


def _broken(text: Text, width: int) -> list[Text]:
    """Wrap a text into lines of at most this width, unless a word is longer. Returns at least one line."""
    spans: list[tuple[int, int]] = []
    for word in _WORD.finditer(text.plain):
        if spans and cell_len(text.plain[spans[-1][0] : word.end()]) <= width:
            spans[-1] = (spans[-1][0], word.end())
        else:
            spans.append(word.span())
    return [text[begin:end] for begin, end in spans] or [Text()]


def _line(text: Text) -> Text:
    """A line that rich prints unchanged, without trailing spaces."""
    text.rstrip()
    text.no_wrap, text.overflow = True, "ignore"
    return text
