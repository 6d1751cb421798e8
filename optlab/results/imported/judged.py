"""The verdicts on a table of others' results: on each case, and over all cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from optlab.results.analysis import over_cases, ranks
from optlab.results.analysis.over_cases import Friedman
from optlab.results.analysis.verdict import Verdict


@dataclass(frozen=True)
class JudgedTable:
    """The verdicts on all cases, each computed at its first use; like `optlab.results.analysis.Judged`.

    runs: the columns `case`, `label`, `seed`, `value`; lower is better. by: the name of the values. is_higher_better:
        whether the values are those of the table with the other sign.
    """

    runs: pd.DataFrame
    by: str
    is_higher_better: bool = False

    is_chosen_on_judged_seeds = False
    without_metric = 0
    is_shared = False
    is_choice_fixed = False
    gradients = np.nan

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdict on each case."""
        return ranks.verdicts_of(self.runs)

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """See `optlab.results.analysis.judge`. A table has no settings, no shares of diverged runs, and no errors."""
        nothing = {"settings": "", "cells": 1, "diverged": np.nan, "failed": 0, "at_edge": ""}
        table = ranks.ranking_of(self.verdicts).assign(**nothing)
        if not self.is_higher_better:
            return table
        ends = [pair and (-pair[1], -pair[0]) for pair in table["interval"]]
        return table.assign(median=-table["median"], interval=pd.Series(ends, index=table.index, dtype=object))

    @cached_property
    def overall(self) -> pd.DataFrame:
        """See `over_cases.overall`."""
        return over_cases.overall(self.ranking, self.verdicts, list(self.runs["label"].unique()))

    @cached_property
    def friedman(self) -> Friedman | None:
        """The tests of Friedman and Nemenyi, see `over_cases.Friedman`. None without two cases with ranks."""
        labels, _, table = over_cases.rank_table(self.ranking)
        return over_cases.friedman_test(table, labels) if labels else None

    @cached_property
    def without_each_case(self) -> pd.DataFrame:
        """See `over_cases.without_each_case`."""
        return over_cases.without_each_case(self.ranking)
