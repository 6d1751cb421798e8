"""A table of results with all its mistakes found: `case, label, seed, value`, one row for each run."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from optlab.errors import UserError, shortened
from optlab.results.imported.columns import named
from optlab.results.imported.reading import Table

MOST = 5
"""The number of mistakes that a message lists."""


def checked(
    table: Table, roles: Mapping[str, str], options: str = "--{}", is_higher_better: bool = False
) -> pd.DataFrame:
    """The runs of a table: columns `group`, `case`, `label`, `seed`, `value`, in the order of the table.

    A group has its own problems and solvers; within a group, every solver needs a row for every problem and seed.

    Args:
        table: the table.
        roles: the column of each role.
        options: how a column is named, for messages: "--{}" on the command line, "{}=" in Python.
        is_higher_better: whether the values are no costs, so that -inf may be a run that failed.

    Raises:
        UserError: a cell is empty or no number, a run occurs twice, or one is missing. The message names the line.
    """
    frame = table.frame
    values = _numbers(table, roles["cost"], -np.inf if is_higher_better else np.finfo(float).min)
    runs = pd.DataFrame(
        {
            "group": _texts(table, roles["group"]) if "group" in roles else "",
            "case": _texts(table, roles["problem"]),
            "label": _texts(table, roles["solver"]),
            "seed": _texts(table, roles["seed"]) if "seed" in roles else "0",
            "value": values,
        },
        index=pd.RangeIndex(len(frame)),
    )
    _check_once(table, runs, roles, options)
    _check_complete(table, runs, roles)
    return runs


def _texts(table: Table, column: str) -> list[str]:
    """The texts of a column, each on one line."""
    texts = ["" if _is_missing(cell) else _line(str(cell)) for cell in table.frame[column]]
    if "" in texts:
        raise UserError(f"{table.place(texts.index(''))}: {column} is empty")
    return texts


def _line(text: str) -> str:
    return " ".join(line.strip() for line in text.strip().splitlines())


def _is_missing(cell: object) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell))


def _numbers(table: Table, column: str, least: float) -> list[float]:
    """The numbers in a column, each at least as large as `least`."""
    numbers, wrong = [], []
    for row, cell in enumerate(table.frame[column]):
        try:
            number = float("nan") if _is_missing(cell) else float(cell)
        except (TypeError, ValueError):
            number = float("nan")
        numbers.append(number)
        if not number >= least:
            wrong.append(f"{table.place(row)}: {column} {_complaint(cell)}")
    if wrong:
        more = [f"and {len(wrong) - MOST} more"] if len(wrong) > MOST else []
        raise UserError("\n".join(wrong[:MOST] + more))
    return numbers


def _complaint(cell: object) -> str:
    """What is wrong with a cell that should be a number, and what to write."""
    text = "" if _is_missing(cell) else str(cell).strip()
    if text.lower() in ("", "nan", "na", "n/a", "none", "null", "-", "-inf"):
        shown = "is empty" if not text else f"is {text!r}"
        return f"{shown}; write a number, or inf for a run that failed or missed its target"
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        return f"{text!r} has commas between digits; write {text.replace(',', '')}"
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return f"{text!r} has a decimal comma; write {text.replace(',', '.')}"
    return f"{shortened(text)!r} is no number; write a number such as 12.5, or inf"


def _check_once(table: Table, runs: pd.DataFrame, roles: Mapping[str, str], options: str) -> None:
    keys = ["group", "case", "label", "seed"]
    twice = runs.duplicated(keys).to_numpy()
    if not twice.any():
        return
    row = int(twice.argmax())
    first = int((runs[keys] == runs.loc[row, keys]).all(axis=1).to_numpy().argmax())
    which = f" with {roles['seed']} {runs.at[row, 'seed']}" if "seed" in roles else ""
    cells = table.frame.iloc[[first, row]]
    free = [name for name in table.frame.columns if name not in roles.values() and cells[name].nunique() > 1]
    remedy = "remove one of the rows"
    if free and "group" not in roles:
        remedy = f"compare groups apart with {named(options, 'group', free[0])}, or {remedy}"
    if "seed" not in roles:
        remedy = f"name the column that numbers the runs, as in {named(options, 'seed', 'seed')}, or {remedy}"
    other = table.place(first).removeprefix(f"{table.name}:").strip()
    where = other if table.lines is None else f"line {other}"
    solver, problem = runs.at[row, "label"], runs.at[row, "case"]
    raise UserError(f"{table.place(row)}: {solver} on {problem}{which} is there twice, first in {where}; {remedy}")


def _check_complete(table: Table, runs: pd.DataFrame, roles: Mapping[str, str]) -> None:
    for _, group in runs.groupby("group", sort=False):
        labels = list(dict.fromkeys(group["label"]))
        for (case, seed), rows in group.groupby(["case", "seed"], sort=False):
            missing = [label for label in labels if label not in set(rows["label"])]
            if missing:
                which = f" with {roles['seed']} {seed}" if "seed" in roles else ""
                row, absent = int(rows.index[0]), missing[0]
                remedy = f"add it, with inf if {absent} failed or missed its target, or remove {case} from the table"
                present = f"{rows.at[row, 'label']} has a row for {case}{which}"
                raise UserError(f"{table.place(row)}: {present}, but {absent} has none; {remedy}")
