"""Tables on stdout. Names from users are never read as markup."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 1000
"""Columns where there is no terminal to ask: nothing is cut off in a file or a pipe."""


def console() -> Console:
    """Where tables, and lines between them, are printed."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE
    return Console(width=width, highlight=False, emoji=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], title: str = "") -> Table:
    """A table to print; columns of numbers, marked by a >, are aligned to the right."""
    heading = Text(title, style="bold") if title else None
    made = Table(title=heading, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(name.rstrip(">"), justify="right" if name.endswith(">") else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return made
