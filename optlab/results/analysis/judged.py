"""All verdicts of an experiment by one metric: on each case, and over all cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from optlab.experiments import metrics
from optlab.results.analysis import over_cases, ranks
from optlab.results.analysis.contest import contests
from optlab.results.analysis.over_cases import Friedman
from optlab.results.analysis.phases import has_phases, judged
from optlab.results.analysis.tuning import FINAL_LOSS, cell_ids
from optlab.results.analysis.verdict import Verdict


@dataclass(frozen=True)
class Judged:
    """The verdicts on all cases, each computed at its first use.

    runs: one row per run, of the cases on which the metric exists. by: the metric. search: how the settings were
    searched. select: the metric by which settings were chosen on seeds of their own. without_metric: the number of
    cases on which the metric does not exist.
    """

    runs: pd.DataFrame
    by: str
    search: str
    select: str = FINAL_LOSS
    without_metric: int = 0

    @staticmethod
    def of(runs: pd.DataFrame, by: str = FINAL_LOSS, search: str = "grid", select: str = FINAL_LOSS) -> Judged:
        """The verdicts on the cases on which the metric exists. For arguments and exceptions, see `ranking`."""
        kept = ranks.with_metric(runs, by)
        return Judged(kept, by, search, select, runs["case"].nunique() - kept["case"].nunique())

    @cached_property
    def placed(self) -> pd.DataFrame:
        """The ranking without the doubt, as losses: the sign of an accuracy is changed."""
        return ranks.placed(self.runs, self.by, self.search)

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """The verdict on each case, of the labels without failed runs."""
        return {case: Verdict(contest) for case, contest in contests(self.runs, self.placed, self.by, self.select)}

    @property
    def is_choice_fixed(self) -> bool:
        """Whether the intervals of ranks leave out the choice of settings, since the tuning runs lack the metric."""
        is_recorded = metrics.metric(self.by, self.runs.columns).is_recorded_in_tuning or self.by == self.select
        return has_phases(self.runs) and not is_recorded

    @property
    def is_chosen_on_judged_seeds(self) -> bool:
        """Whether one of several settings was chosen by the values on several seeds that are also judged."""
        table = self.placed
        return not has_phases(self.runs) and bool(
            ((table["n"] > 1) & (table["cells"] > 1) & (table["failed"] == 0)).any()
        )

    @property
    def is_higher_better(self) -> bool:
        return metrics.metric(self.by, self.runs.columns).higher_is_better

    @property
    def is_shared(self) -> bool:
        """Whether runs share a measurement, so that nothing is tested."""
        return metrics.metric(self.by, self.runs.columns).is_shared

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """See the function `ranking`."""
        table = ranks.with_doubt(self.placed, self.verdicts)[ranks.COLUMNS]
        return ranks.as_measured(table) if self.is_higher_better else table

    @cached_property
    def gradients(self) -> pd.Series:
        """For each row of the ranking, the median number of gradients of the judged runs of the chosen settings."""
        runs = self.runs.assign(cell=cell_ids(self.runs)).set_index("run")
        cells = runs.loc[self.placed["run"], "cell"].to_numpy()
        return judged(runs).groupby("cell")["grad_evals"].median().loc[cells].reset_index(drop=True)

    @cached_property
    def overall(self) -> pd.DataFrame:
        """See the function `overall`."""
        table = over_cases.overall(self.ranking, self.verdicts, list(self.runs["label"].unique()))
        # the cases of one sweep share a measurement, too
        return table.assign(mean_low=np.nan, mean_high=np.nan) if self.is_shared else table

    @cached_property
    def friedman(self) -> Friedman | None:
        """See the function `friedman`."""
        labels, _, table = over_cases.rank_table(self.placed)
        labels = () if self.is_shared else labels
        return over_cases.friedman_test(table, labels) if labels else None

    @cached_property
    def without_each_case(self) -> pd.DataFrame:
        """See the function `without_each_case`."""
        return over_cases.without_each_case(self.placed)


def ranking(runs: pd.DataFrame, by: str = FINAL_LOSS, search: str = "grid", select: str = FINAL_LOSS) -> pd.DataFrame:
    """Per case, the labels ordered by the median of a metric at their best cell, with the doubt about this order.

    `rank` is 1 + the number of labels that are better. Losses that differ by no more than rounding are equal (`ties`)
    and share the better rank, because the same rule written in two ways differs by as much. A label with failed runs
    has no rank (`failed` is their number). If no label of a case has a finite median, no label has a rank. `low` and
    `high` are the 10 % and 90 % quantiles over the `n` seeds. `diverged` is the share of diverged runs of the label on
    the case, over all of its `cells` cells and not only the best. `at_edge` names the hyperparameters whose best value
    is on the edge of the grid (see `best`), and `run` is the run that represents the label in pictures. `tuned` says in
    words how the settings were chosen.

    The doubt is computed from the seeds, in pairs: labels are compared at the same seeds.

    - `rank_low`, `rank_high`: the 5 % and 95 % quantiles of the rank in a thousand resamples of the seeds
      (`resampling`), and `first`: the share of these in which the label leads;
    - `with_first`: whether the label cannot be distinguished from the first at the level of 5 %, and `p`: the adjusted
      p-value, missing for labels with rank 1 (`separation`);
    - `seeds_needed`: about how many seeds would distinguish a label that these do not; missing above a thousand;
    - `interval`: the 90 % interval of the median, as a pair (`intervals`).

    They are missing if there is one seed, and for "seconds", because runs that are executed together are timed
    together. `interval` is missing for a label whose single deterministic run stands for all seeds, and so are
    `with_first` and `p` if the first has one run, too. Cases on which the metric does not exist are left out.

    Args:
        runs: one row per run.
        by: the metric: "final_loss", "best_loss", "test_accuracy", ...; see `optlab.experiments.metrics`.
        search: how the settings were searched, for `tuned`.
        select: the metric by which settings were chosen, with `[tuning]`.

    Raises:
        UnknownName: there is no such metric.
        UserError: it was not recorded; the message says what to write in the experiment file.
    """
    return Judged.of(runs, by, search, select).ranking


def overall(runs: pd.DataFrame, by: str = FINAL_LOSS) -> pd.DataFrame:
    """One row per label, over all cases; see `optlab.results.analysis.over_cases.overall`."""
    return Judged.of(runs, by).overall


def friedman(runs: pd.DataFrame, by: str = FINAL_LOSS) -> Friedman | None:
    """The tests of Friedman and Nemenyi over all cases with ranks and all labels without failed runs.

    None if there are fewer than two such cases or labels, and for "seconds".
    """
    return Judged.of(runs, by).friedman


def without_each_case(runs: pd.DataFrame, by: str = FINAL_LOSS) -> pd.DataFrame:
    """The mean ranks if one case is left out; see `optlab.results.analysis.over_cases.without_each_case`."""
    return Judged.of(runs, by).without_each_case
