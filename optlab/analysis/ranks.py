"""Who wins, and how sure that is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optlab.analysis.tuning import best

COLUMNS = ["case", "rank", "label", "settings", "median", "low", "high", "n", "cells", "diverged", "at_edge", "run"]


def ranking(runs: pd.DataFrame) -> pd.DataFrame:
    """Per case, the labels ordered by the median final loss of their best cell.

    `rank` is 1 + the number of labels that are better in nine digits, so ties share the better rank: one rule written
    in two ways differs by rounding, and must not win by that. It is missing where no label has a finite median, so that
    there is nothing to rank. `low` and `high` are the 10 % and 90 % quantiles over the `n` seeds; `diverged` is the
    share of all the label's runs on the case that diverged, over its `cells` cells; `at_edge` names the hyperparameters
    whose best value lies on the edge of the grid (see `best`), and `run` the one run to show.
    """
    table = best(runs)
    table["nine_digits"] = [float(f"{median:.9g}") for median in table["median"]]
    median = table.groupby("case", sort=False)["nine_digits"]
    table["rank"] = median.rank(method="min").where(median.transform("min") < np.inf).astype("Int64")
    case = table.groupby("case", sort=False).ngroup()
    return table.assign(_case=case).sort_values(["_case", "rank"], kind="stable", ignore_index=True)[COLUMNS]


def overall(runs: pd.DataFrame) -> pd.DataFrame:
    """Per label, over all cases: the mean rank, the number of cases, of first places (`wins`) and of cases whose best
    value lies on the edge of the grid (`at_edge`), and the share of runs that diverged (mean over cases).

    Cases without ranks do not count in the mean rank, which is NaN where there are no others. A mean rank compares the
    labels of this experiment with each other only: leave one out, and the others' change.
    """
    table = ranking(runs)
    table["rank"] = table["rank"].astype(float)
    table["wins"] = table["rank"] == 1
    table["at_edge"] = table["at_edge"] != ""
    by_label = table.groupby("label", sort=False)
    result = by_label.agg(
        mean_rank=("rank", "mean"),
        cases=("case", "size"),
        wins=("wins", "sum"),
        at_edge=("at_edge", "sum"),
        diverged=("diverged", "mean"),
    )
    appearance = {label: i for i, label in enumerate(pd.unique(runs["label"]))}
    result = result.loc[sorted(result.index, key=appearance.__getitem__)].reset_index()
    return result.sort_values("mean_rank", kind="stable", ignore_index=True)
