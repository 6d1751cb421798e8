"""Prints the matrix of passed unit tests: a row for each difficulty and a column for each optimizer."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from optlab.cli import tables


def print_units(console: Console, matrix: Any) -> None:
    """Print the frame of `results.units()` as passed/tests."""
    labels = list(dict.fromkeys(matrix["label"]))
    counts = {(row["label"], row["difficulty"]): f"{row['passed']}/{row['tests']}" for row in matrix.to_dict("records")}
    rows = [
        [name, *(counts.get((label, name), tables.NONE) for label in labels)]
        for name in dict.fromkeys(matrix["difficulty"])
    ]
    console.print(tables.table(["unit tests passed", *(f"{label}>" for label in labels)], rows))
    console.print()
