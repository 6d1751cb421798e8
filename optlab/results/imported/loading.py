"""Tables and folders that were not made here -> results."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from optlab.errors import UserError
from optlab.results.imported import columns
from optlab.results.imported.checked import checked
from optlab.results.imported.reading import Table, read
from optlab.results.imported.table import TableResults
from optlab.results.imported.trials import from_folder

BETTER = ("lower", "higher")
_GAINS = re.compile(r"acc(uracy)?\b|auc|reward|score|precision|recall|\bf1\b|\br2\b", re.I)
"""Names of columns of which more is usually better."""


def from_table(
    table: pd.DataFrame | str | Path,
    *,
    solver: str | None = None,
    problem: str | None = None,
    seed: str | None = None,
    cost: str | None = None,
    group: str | None = None,
    better: str | None = None,
    target: float | None = None,
) -> TableResults:
    """Results that were not computed here, from a long table with one row for each run.

    Args:
        table: a frame, the path of a CSV or Parquet file, or a folder of COCO or IOH.
        solver, problem, seed, cost: the names of the columns. Usual names (optimizer, algorithm, workload, dataset,
            run, loss, value, time, ...) are found. The seed may be missing if there is one run for each solver and
            problem. Lower costs are better; infinity is a run that failed or missed its target.
        better: "lower" (default) or "higher", as for accuracies. It must be given for a column that is named like one.
        group: the name of a column whose values are compared apart.
        target: for a folder, the value above the minimum that counts as success, see `trials.from_folder`.

    Returns:
        An object with `.ranking()`, `.profile(kind)` and `.scores()`.

    Raises:
        UserError: a column is not found, a cell is empty or no number, a run occurs twice, or a solver has no run where
            another has one. The message names the line, and what to write.

    >>> frame = pd.DataFrame({"optimizer": ["gd", "adam"], "problem": "a", "steps": [30, 10]})
    >>> from_table(frame).scores(points=0).round(3)[["label", "score"]].values.tolist()
    [['adam', 1.0], ['gd', 0.333]]
    """
    given = {"solver": solver, "problem": problem, "seed": seed, "cost": cost, "group": group}
    if not isinstance(table, pd.DataFrame):
        return load(Path(table), given, target, better, "{}=")
    _check_target(target, "the table")
    return of_table(Table("the table", table), given, better, "{}=")


def of_table(table: Table, given: Mapping[str, str | None], better: str | None, options: str) -> TableResults:
    """The results of a table. `options` says how a column is named, for messages: "--{}" or "{}="."""
    if better == "higher" and given.get("cost") is None:
        given = {**given, "cost": _only_gain(table, given)}
    found = columns.roles([str(name) for name in table.frame.columns], given, table.name, options)
    is_higher = _is_higher_better(better, found["cost"], table.name, options)
    runs = checked(table, found, options, is_higher)
    if is_higher:
        runs["value"] = -runs["value"]
    names = {"group": "group", "problem": "case", "solver": "label", "seed": "seed", "cost": "value"}
    return TableResults(runs, table.name, {names[role]: column for role, column in found.items()}, is_higher)


def load(
    path: Path,
    given: Mapping[str, str | None],
    target: float | None = None,
    better: str | None = None,
    options: str = "--{}",
) -> TableResults:
    """The results in a file or a folder. `options` says how a column is named, for messages: "--{}" or "{}="."""
    if path.is_dir():
        if role := next((role for role, name in {**given, "better": better}.items() if name is not None), None):
            raise UserError(f"{path}: {options.format(role)}: is about a table; a folder needs none")
        return from_folder(path, target)
    _check_target(target, str(path))
    return of_table(read(path), given, better, options)


def _is_higher_better(better: str | None, column: str, name: str, options: str) -> bool:
    if better not in (None, *BETTER):
        raise UserError(f"{options.format('better')} must be one of {', '.join(BETTER)}, not {better!r}")
    if better is None and _GAINS.search(column):
        ways = " or ".join(columns.named(options, "better", way) for way in reversed(BETTER))
        raise UserError(f"{name}: more {column!r} may be better, while a cost is better if it is lower; write {ways}")
    return better == "higher"


def _only_gain(table: Table, given: Mapping[str, str | None]) -> str | None:
    """The only column that is named like one of which more is better; None if there is none, or several."""
    gains = [name for name in map(str, table.frame.columns) if _GAINS.search(name) and name not in given.values()]
    return gains[0] if len(gains) == 1 else None


def _check_target(target: float | None, name: str) -> None:
    if target is not None:
        raise UserError(f"{name}: a target is for folders of COCO or IOH; the costs in a table have a target already")
