"""Files with a table of results, as rows of texts with their lines."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from optlab.errors import UserError, absent, counted

SEPARATORS = ",;\t|"


@dataclass(frozen=True)
class Table:
    """A table as read.

    name: the file, or another name for messages.
    frame: one row per row of the table, with its columns unchanged.
    lines: the line of each row in the file; None for a frame, whose rows are then named by their index.
    """

    name: str
    frame: pd.DataFrame
    lines: Sequence[int] | None = None

    def place(self, row: int) -> str:
        """Where a row is, for messages: `t.csv:5`, or `row 3`."""
        return f"{self.name}: row {self.frame.index[row]}" if self.lines is None else f"{self.name}:{self.lines[row]}"


def read(path: Path) -> Table:
    """The table in a file: CSV with commas, semicolons or tabs between the columns, or Parquet.

    Raises:
        UserError: the file does not exist, is not a table, or a row has another number of cells than the header.
    """
    if not path.exists():
        raise UserError(absent(path))
    if path.suffix == ".parquet":
        return _parquet(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is no text in UTF-8 (byte {error.start}); save the table as CSV in UTF-8") from None
    return _csv(text, str(path))


def _parquet(path: Path) -> Table:
    import pyarrow as pa

    try:
        return Table(str(path), pd.read_parquet(path))
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{path}: is no Parquet file: {error}") from None


def _csv(text: str, name: str) -> Table:
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    rows, lines = [], []
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator, skipinitialspace=True)
    header: list[str] = []
    begin = 0
    try:
        for row in reader:
            begin, line = reader.line_num, begin + 1
            if not any(cell.strip() for cell in row):
                continue
            if not header:
                header = [cell.strip() for cell in row]
                _check_header(header, f"{name}:{line}")
            elif len(row) != len(header):
                cells = f"{counted(len(row), 'cell')}, but the header has {counted(len(header), 'column')}"
                raise UserError(f"{name}:{line}: the row has {cells} ({', '.join(header)})")
            else:
                rows.append([cell.strip() for cell in row])
                lines.append(line)
    except csv.Error as error:
        raise UserError(f"{name}:{reader.line_num}: is no CSV: {error}") from None
    if not rows:
        what = "has a header and no rows" if header else "is empty"
        raise UserError(f"{name}: {what}; write a header such as solver,problem,seed,cost and a row for each run")
    return Table(name, pd.DataFrame(np.array(rows, dtype=object), columns=header), lines)


def _check_header(header: Sequence[str], place: str) -> None:
    if "" in header:
        raise UserError(f"{place}: column {header.index('') + 1} of the header has no name")
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{place}: two columns are called {twice!r}; rename one")
