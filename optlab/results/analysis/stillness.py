"""Runs that took all their steps without any change of the loss."""

from __future__ import annotations

import pandas as pd

from optlab.results.analysis.tuning import PAIR


def still(runs: pd.DataFrame) -> pd.DataFrame:
    """The number of runs of each case and label whose first, best and final losses are equal.

    Columns: `case`, `label`, `runs`; pairs without such runs are left out. Either the steps were too small to change x
    (for gradients of 1e-300, for example), or the function is constant there.
    """
    same = (runs["first_loss"] == runs["final_loss"]) & (runs["first_loss"] == runs["best_loss"])
    unchanged = runs[(runs["status"] == "done") & (runs["steps"] > 0) & same]
    return unchanged.groupby(PAIR, sort=False, observed=True).size().rename("runs").reset_index()
