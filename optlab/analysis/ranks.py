"""Who wins, and how sure that is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optlab.analysis.ties import Ties
from optlab.analysis.tuning import best

COLUMNS = ["case", "rank", "label", "settings", "median", "low", "high", "n", "cells", "diverged", "failed", "at_edge",
           "run"]  # fmt: skip


def ranking(runs: pd.DataFrame) -> pd.DataFrame:
    """Per case, the labels ordered by the median final loss of their best cell.

    `rank` is 1 + the number of labels that are better. Losses that differ by no more than rounding are equal (`ties`),
    and share the better rank: one rule written in two ways differs by that, and must not win by it. There is no rank
    for a label of which runs failed (`failed` says how many), nor where no label has a finite median, so that there is
    nothing to rank. `low` and `high` are the 10 % and 90 % quantiles over the `n` seeds; `diverged` is the share of
    the label's runs on the case that diverged, over all of its `cells` cells and not of the best alone; `at_edge` names
    the hyperparameters whose best value lies on the edge of the grid (see `best`), and `run` the one run to show.
    """
    table = best(runs)
    places = Ties.of(runs).places(table, "median")
    found = (table["median"] < np.inf).groupby(table["case"], sort=False).transform("any")
    table["rank"] = places.where(found).astype("Int64")
    case = table.groupby("case", sort=False).ngroup()
    table = table.assign(_case=case, _failed=table["failed"] > 0)
    return table.sort_values(["_case", "_failed", "rank"], kind="stable", ignore_index=True)[COLUMNS]


def overall(runs: pd.DataFrame) -> pd.DataFrame:
    """Per label, over all cases: the mean rank, the number of cases, of first places (`wins`, shared ones included) and
    of cases whose best value lies on the edge of the grid (`at_edge`), and the share of runs that diverged (mean over
    cases).

    A label of which runs failed on any case has a rank on the others only, and no mean over all: `mean_rank` and
    `diverged` are NaN, `failed` is the number of those cases. Cases without ranks do not count in the mean rank, which
    is NaN where there are no others. A mean rank compares the labels of this experiment with each other only: leave one
    out, and the others' change.
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
