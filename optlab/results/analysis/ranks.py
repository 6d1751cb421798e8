"""The ranking of the labels on each case and over all cases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optlab.results.analysis.ties import Ties
from optlab.results.analysis.tuning import best

COLUMNS = ["case", "rank", "label", "settings", "median", "low", "high", "n", "cells", "diverged", "failed", "at_edge",
           "run"]  # fmt: skip


def ranking(runs: pd.DataFrame) -> pd.DataFrame:
    """Per case, the labels ordered by the median final loss of their best cell.

    `rank` is 1 + the number of labels that are better. Losses that differ by no more than rounding are equal (`ties`)
    and share the better rank, because the same rule written in two ways differs by as much. A label with failed runs
    has no rank (`failed` is their number). If no label of a case has a finite median, no label has a rank. `low` and
    `high` are the 10 % and 90 % quantiles over the `n` seeds. `diverged` is the share of diverged runs of the label on
    the case, over all of its `cells` cells and not only the best. `at_edge` names the hyperparameters whose best value
    is on the edge of the grid (see `best`), and `run` is the run that represents the label in pictures.
    """
    table = best(runs)
    places = Ties.of(runs).places(table, "median")
    found = (table["median"] < np.inf).groupby(table["case"], sort=False).transform("any")
    table["rank"] = places.where(found).astype("Int64")
    case = table.groupby("case", sort=False).ngroup()
    table = table.assign(_case=case, _failed=table["failed"] > 0)
    return table.sort_values(["_case", "_failed", "rank"], kind="stable", ignore_index=True)[COLUMNS]


def overall(runs: pd.DataFrame) -> pd.DataFrame:
    """One row per label, over all cases.

    `mean_rank` is the mean rank, `cases` the number of cases, `wins` the number of first places (shared ones included),
    `at_edge` the number of cases whose best value is on the edge of the grid, and `diverged` the share of diverged runs
    (mean over cases). `failed` is the number of cases on which runs of the label failed; if there are any, `mean_rank`
    and `diverged` are NaN. Cases without ranks do not count in the mean rank; it is NaN if there are no other cases. A
    mean rank compares the labels of this experiment only: without one of the labels, the other mean ranks change.
    """
    table = ranking(runs)
    table["rank"] = table["rank"].astype(float)
    table["wins"] = table["rank"] == 1
    table["at_edge"] = table["at_edge"] != ""
    table["failed"] = table["failed"] > 0
    by_label = table.groupby("label", sort=False)
    result = by_label.agg(
        mean_rank=("rank", "mean"),
        cases=("case", "size"),
        wins=("wins", "sum"),
        at_edge=("at_edge", "sum"),
        diverged=("diverged", "mean"),
        failed=("failed", "sum"),
    )
    result.loc[result["failed"] > 0, ["mean_rank", "diverged"]] = np.nan
    appearance = {label: i for i, label in enumerate(pd.unique(runs["label"]))}
    result = result.loc[sorted(result.index, key=appearance.__getitem__)].reset_index()
    return result.sort_values("mean_rank", kind="stable", ignore_index=True)
