"""Results that were not computed here: ranks, profiles and scores of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from optlab.errors import UnknownName, UserError, counted, did_you_mean
from optlab.results import profiles
from optlab.results.imported import columns
from optlab.results.imported.checked import checked
from optlab.results.imported.reading import Table, read
from optlab.results.profiles.score import CEILING, POINTS

PROFILES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "performance": profiles.performance,
    "data": profiles.data,
}
"""The profiles of a table with one cost per run."""


@dataclass(frozen=True, repr=False)
class TableResults:
    """Results from a table, see `from_table`.

    runs: one row per run, with the columns `group`, `case`, `label`, `seed`, `value`.
    name: the file, or another name for messages.
    columns: the name in the table of `group`, `case`, `label`, `seed` and `value`, where there is one. Groups are
        compared apart.
    """

    runs: pd.DataFrame
    name: str
    columns: Mapping[str, str]

    def profile(self, kind: str = "performance", *, without: Sequence[str] = ()) -> pd.DataFrame:
        """A profile of the values as costs: "performance" or "data", see `ExperimentResults.profile`.

        With groups, the first column is `group`.

        Raises:
            UserError: there is no such profile, or a cost is negative.
        """
        if kind not in PROFILES:
            guess = did_you_mean(kind, PROFILES)
            raise UserError(f"there is no profile {kind!r} of a table{guess}; there are: {', '.join(PROFILES)}")
        frame = self._by_group(lambda runs: PROFILES[kind](self._costs(runs)), without)
        seeds = self.runs.groupby(["group", "case"])["seed"].nunique().min()
        cases = self.runs["case"].nunique()
        facts = {"unit": self.columns["value"], "cases": cases, "seeds": int(seeds), "targets": [], "is_solved": True}
        frame.attrs = {"kind": kind, **facts, "unknown": [], "every": 1, "failed": []}
        return frame

    def scores(self, *, ceiling: float = CEILING, points: int = POINTS, without: Sequence[str] = ()) -> pd.DataFrame:
        """The score of AlgoPerf for each solver, highest first. With groups, the first column is `group`.

        Args:
            ceiling: the largest ratio to the best that counts.
            points: the number of ratios of the trapezoidal rule, as in the published scores; 0 for the exact integral.
            without: labels that are left out.

        Returns:
            Columns `label`, `score`, `low`, `high` (by bootstrap over the seeds; missing with one seed).

        Raises:
            UserError: a cost is negative.
        """
        return self._by_group(lambda runs: profiles.score(self._costs(runs), ceiling, points), without)

    def _by_group(self, function: Callable[[pd.DataFrame], pd.DataFrame], without: Sequence[str]) -> pd.DataFrame:
        """The frames of all groups in one, with a first column for the group if there are groups."""
        frames = []
        for group, runs in self._groups(without):
            frame = function(runs)
            if "group" in self.columns:
                frame.insert(0, "group", group)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def _groups(self, without: Sequence[str]) -> Iterator[tuple[Any, pd.DataFrame]]:
        labels = list(dict.fromkeys(self.runs["label"]))
        for label in without:
            if label not in labels:
                known = f"there are: {', '.join(labels)}"
                raise UnknownName(f"{self.name}: there is no solver {label!r}{did_you_mean(label, labels)}; {known}")
        runs = self.runs[~self.runs["label"].isin(list(without))]
        if runs.empty:
            raise UserError(f"{self.name}: no solver is left; leave out fewer")
        yield from runs.groupby("group", sort=False)

    def _costs(self, runs: pd.DataFrame) -> pd.DataFrame:
        """The runs as a table of costs with one target."""
        if (runs["value"] < 0).any():
            row = runs[runs["value"] < 0].iloc[0]
            what = f"{row['label']} on {row['case']} has the cost {row['value']:g}"
            raise UserError(f"{self.name}: {what}; a cost is 0 or more")
        runs = runs.rename(columns={"value": "cost"})
        return runs.assign(target=0.0, spent=runs["cost"])[["case", "label", "seed", "target", "cost", "spent"]]

    def __repr__(self) -> str:
        solvers, problems = self.runs["label"].nunique(), self.runs["case"].nunique()
        counts = f"{counted(solvers, 'solver')} and {counted(problems, 'problem')}"
        return f"<{counted(len(self.runs), 'result')} of {counts} in {self.name}>"


def from_table(
    table: pd.DataFrame | str | Path,
    *,
    solver: str | None = None,
    problem: str | None = None,
    seed: str | None = None,
    cost: str | None = None,
    group: str | None = None,
) -> TableResults:
    """Results that were not computed here, from a long table with one row for each run.

    Args:
        table: a frame, or the path of a CSV or Parquet file.
        solver, problem, seed, cost: the names of the columns. Usual names (optimizer, algorithm, workload, dataset,
            run, loss, value, time, ...) are found. The seed may be missing if there is one run for each solver and
            problem. Lower costs are better; infinity is a run that failed or missed its target.
        group: the name of a column whose values are compared apart.

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
    source = Table("the table", table) if isinstance(table, pd.DataFrame) else read(Path(table))
    return of_table(source, given, "{}=")


def of_table(table: Table, given: Mapping[str, str | None], options: str) -> TableResults:
    """The results of a table. `options` says how a column is named, for messages: "--{}" or "{}="."""
    found = columns.roles([str(name) for name in table.frame.columns], given, table.name, options)
    runs = checked(table, found, options)
    names = {"group": "group", "problem": "case", "solver": "label", "seed": "seed", "cost": "value"}
    return TableResults(runs, table.name, {names[role]: column for role, column in found.items()})


def load(path: Path, given: Mapping[str, str | None]) -> TableResults:
    """The results in a file, with the columns that options name."""
    return of_table(read(path), given, "--{}")
