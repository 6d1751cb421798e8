"""Results that were not computed here: ranks, profiles and scores of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from optlab.errors import UnknownName, UserError, counted, did_you_mean, named
from optlab.results import profiles
from optlab.results.analysis import Friedman
from optlab.results.imported.judged import JudgedTable
from optlab.results.profiles.score import CEILING, POINTS

PROFILES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "performance": profiles.performance,
    "data": profiles.data,
}
"""The profiles of a table with one cost per run."""

DOUBT = ["rank_low", "rank_high", "first", "with_first", "p", "seeds_needed"]


@dataclass(frozen=True, repr=False)
class TableResults:
    """Results from a table, see `optlab.results.from_table`.

    runs: one row per run, with the columns `group`, `case`, `label`, `seed`, `value`.
    name: the file, or another name for messages.
    columns: the name in the table of `group`, `case`, `label`, `seed` and `value`, where there is one. Groups are
        compared apart.
    is_higher_better: whether `value` is that of the table with the other sign, so that lower is better.
    """

    runs: pd.DataFrame
    name: str
    columns: Mapping[str, str]
    is_higher_better: bool = False

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
        frame.attrs.update(self._facts(kind))
        return frame

    def _facts(self, kind: str) -> dict[str, Any]:
        """What a caption needs. The table does not say what was to be reached."""
        seeds = int(self.runs.groupby(["group", "case"])["seed"].nunique().min())
        facts = {"unit": self.columns["value"], "cases": self.runs["case"].nunique(), "seeds": seeds, "targets": []}
        return {"kind": kind, **facts, "is_solved": True, "unknown": [], "own": [], "every": 1, "failed": [],
                "is_shared": False}  # fmt: skip

    def judged(self, *, without: Sequence[str] = ()) -> dict[str, JudgedTable]:
        """The verdicts on each group: `.ranking`, `.overall`, `.friedman`, `.without_each_case`. Without groups, the
        only group is ""."""
        runs = self._kept(without)
        values = ["case", "label", "seed", "value"]
        return {
            str(group): self._judged(rows[values].reset_index(drop=True))
            for group, rows in runs.groupby("group", sort=False)
        }

    def ranking(self, *, without: Sequence[str] = ()) -> pd.DataFrame:
        """The solvers of each problem, ranked by their median, with the doubt about the order.

        With groups, the first column is `group`. The other columns are `case`, `rank`, `rank_low`, `rank_high`,
        `first`, `with_first`, `p`, `seeds_needed`, `label`, `median`, `interval` and `n`, as in
        `ExperimentResults.ranking`.
        """
        names = ["case", "rank", *DOUBT, "label", "median", "interval", "n"]
        return self._by_group(lambda runs: self._judged(runs).ranking[names], without)

    def overall(self, *, without: Sequence[str] = ()) -> pd.DataFrame:
        """The solvers over all problems: `label`, `mean_rank` with `mean_low` and `mean_high`, `cases`, `wins` and
        `among_first`, as in `ExperimentResults.overall`. With groups, the first column is `group`."""
        names = ["label", "mean_rank", "mean_low", "mean_high", "cases", "wins", "among_first"]
        return self._by_group(lambda runs: self._judged(runs).overall[names], without)

    def _judged(self, runs: pd.DataFrame) -> JudgedTable:
        return JudgedTable(runs, self.columns["value"], self.is_higher_better)

    def friedman(self, *, without: Sequence[str] = ()) -> Friedman | None:
        """The tests of Friedman and Nemenyi over all problems (Demsar, 2006). None without two problems and solvers.

        Raises:
            UserError: there are several groups.
        """
        judged = self.judged(without=without)
        if len(judged) > 1:
            raise UserError(f"{self.name}: there are several groups; .judged()[group].friedman has the test of one")
        return next(iter(judged.values())).friedman

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
        frame = self._by_group(lambda runs: profiles.score(self._costs(runs), ceiling, points), without)
        frame.attrs.update(self._facts("score"))
        return frame

    def _by_group(self, function: Callable[[pd.DataFrame], pd.DataFrame], without: Sequence[str]) -> pd.DataFrame:
        """The frames of all groups in one, with a first column for the group if there are groups."""
        frames = []
        for group, runs in self._kept(without).groupby("group", sort=False):
            frame = function(runs)
            if "group" in self.columns:
                frame.insert(0, "group", group)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def _kept(self, without: Sequence[str]) -> pd.DataFrame:
        """The runs without those of some labels."""
        labels = list(dict.fromkeys(self.runs["label"]))
        for label in without:
            if label not in labels:
                known = f"there are: {', '.join(map(named, labels))}"
                raise UnknownName(f"{self.name}: there is no solver {label!r}{did_you_mean(label, labels)}; {known}")
        runs = self.runs[~self.runs["label"].isin(list(without))]
        if runs.empty:
            raise UserError(f"{self.name}: no solver is left; leave out fewer")
        return runs

    def _costs(self, runs: pd.DataFrame) -> pd.DataFrame:
        """The runs as a table of costs with one target."""
        if self.is_higher_better:
            what = f"{self.columns['value']} is no cost, because more of it is better"
            raise UserError(f"{self.name}: {what}; only ranks are possible")
        if (runs["value"] < 0).any():
            row = runs[runs["value"] < 0].iloc[0]
            what = f"{named(row['label'])} on {row['case']} has the cost {row['value']:g}"
            raise UserError(f"{self.name}: {what}; a cost is 0 or more")
        runs = runs.rename(columns={"value": "cost"})
        return runs.assign(target=0.0, spent=runs["cost"])[["case", "label", "seed", "target", "cost", "spent"]]

    def __repr__(self) -> str:
        solvers, problems = self.runs["label"].nunique(), self.runs["case"].nunique()
        counts = f"{counted(solvers, 'solver')} and {counted(problems, 'problem')}"
        return f"<{counted(len(self.runs), 'result')} of {counts} in {self.name}>"
