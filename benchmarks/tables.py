"""Tables as text for a terminal, and as Markdown for a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Table:
    """A title, a line of heads, and rows: the first column is text, the others are numbers. Notes are below."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def text(self) -> str:
        lines = [list(self.heads), *map(list, self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.heads))]
        first = widths[0]
        padded = (
            [line[0].ljust(first), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))] for line in lines
        )
        return "\n".join(
            [self.title, *("  " + "   ".join(line) for line in padded), *("  " + note for note in self.notes)]
        )

    def markdown(self) -> str:
        rule = ["---", *("---:" for _ in self.heads[1:])]
        lines = [f"| {' | '.join(line)} |" for line in (self.heads, rule, *self.rows)]
        return "\n".join([f"**{self.title}**", "", *lines, *("\n" + note for note in self.notes)])


@dataclass(frozen=True)
class Report:
    """The result of a benchmark: a sentence about its conditions, tables to read, and all figures for JSON."""

    about: str
    tables: Sequence[Table]
    figures: Any

    def text(self) -> str:
        return "\n\n".join([self.about, *map(Table.text, self.tables)])

    def markdown(self) -> str:
        return "\n\n".join([self.about, *map(Table.markdown, self.tables)])
