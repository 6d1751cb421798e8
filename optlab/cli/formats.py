"""A table of numbers in a format for people, for programs, or for a paper."""

from __future__ import annotations

import csv
import io
import json
import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optlab.cli import tables


@dataclass(frozen=True)
class Shown:
    """A table for people.

    columns: the names; a trailing > marks a column of numbers, which is aligned to the right.
    rows: the cells as texts, one for each column.
    title: a line above the table.
    spare: the columns that a narrow terminal leaves out, in this order.
    notes: sentences below the table; in LaTeX they are comments.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    spare: Sequence[str] = ()
    notes: Sequence[str] = ()


def emit(records: Iterable[Mapping[Any, Any]], shown: Sequence[Shown], format: str) -> None:
    """Print a table.

    Args:
        records: the rows, each a mapping from names to values, for csv and json. Numbers keep all digits. A missing
            value is null in JSON and empty in CSV. JSON has no infinity, so that infinite numbers are null too.
        shown: the same in words, as one table or several, for the other formats.
        format: one of `options.TABLE_FORMATS`.
    """
    if format == "table":
        console = tables.console()
        for number, table in enumerate(shown):
            if number:
                console.print()
            console.print(tables.table(table.columns, table.rows, table.title, spare=table.spare))
            for note in table.notes:
                console.print(tables.sentence(note))
    else:
        print(text(records, shown, format))


def text(records: Iterable[Mapping[Any, Any]], shown: Sequence[Shown], format: str) -> str:
    """The text of a table in any format but "table".

    >>> shown = Shown(["optimizer", "share>"], [["adam_w", "80 %"]])
    >>> records = [{"optimizer": "adam_w", "share": 0.8, "cost": float("inf")}]
    >>> print(text(records, [shown], "markdown"))
    | optimizer | share |
    |---|---:|
    | adam_w | 80 % |
    >>> print(text(records, [shown], "latex"))
    \\begin{tabular}{lr}
    \\hline
    optimizer & share \\\\
    \\hline
    adam\\_w & 80 \\% \\\\
    \\hline
    \\end{tabular}
    >>> print(text(records, [shown], "csv"))
    optimizer,share,cost
    adam_w,0.8,inf
    >>> print(text(records, [shown], "json"))
    [
      {"optimizer": "adam_w", "share": 0.8, "cost": null}
    ]
    """
    if format == "json":
        return _json(records)
    if format == "csv":
        return _csv(records)
    return "\n\n".join(map(_markdown if format == "markdown" else _latex, shown))


def _json(records: Iterable[Mapping[Any, Any]]) -> str:
    rows = [json.dumps({name: _plain(value) for name, value in row.items()}, ensure_ascii=False) for row in records]
    return "[\n  " + ",\n  ".join(rows) + "\n]" if rows else "[]"


def _csv(records: Iterable[Mapping[Any, Any]]) -> str:
    rows = list(records)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0] if rows else [])
    for row in rows:
        writer.writerow(["" if _is_missing(value) else _cell(value) for value in row.values()])
    return out.getvalue().rstrip("\n")


def _cell(value: Any) -> Any:
    """A value in CSV: a pair, such as an interval, is written as "low to high"."""
    if isinstance(value, list | tuple):
        return " to ".join(str(_number(item)) for item in value)
    return _number(value)


def _plain(value: Any) -> Any:
    """A value for JSON."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if _is_missing(value):
        return None
    value = _number(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: Any) -> Any:
    """A number of NumPy or pandas as one of Python."""
    return value.item() if hasattr(value, "item") else value


def _is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, or missing in pandas."""
    if isinstance(value, numbers.Number | None):
        return value is None or value != value
    return type(value).__name__ in ("NAType", "NaTType")


def _markdown(table: Shown) -> str:
    names = [name.rstrip(">") for name in table.columns]
    ends = ["---:" if name.endswith(">") else "---" for name in table.columns]
    lines = [_piped(names), f"|{'|'.join(ends)}|", *map(_piped, table.rows)]
    title = [f"**{table.title}**", ""] if table.title else []
    return "\n".join([*title, *lines, *(part for note in table.notes for part in ("", " ".join(note.split())))])


def _piped(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def _latex(table: Shown) -> str:
    aligned = "".join("r" if name.endswith(">") else "l" for name in table.columns)
    rows = [" & ".join(map(_escaped, cells)) + r" \\" for cells in table.rows]
    head = " & ".join(_escaped(name.rstrip(">")) for name in table.columns) + r" \\"
    lines = [rf"\begin{{tabular}}{{{aligned}}}", r"\hline", head, r"\hline", *rows, r"\hline", r"\end{tabular}"]
    title, *notes = [f"% {' '.join(text.split())}" for text in (table.title, *table.notes)]
    return "\n".join([title] * bool(table.title) + lines + notes)


def _escaped(cell: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in " ".join(cell.split()))
