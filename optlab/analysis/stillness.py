"""Runs that took all their steps and came nowhere."""

from __future__ import annotations

import pandas as pd

from optlab.analysis.tuning import PAIR


def still(runs: pd.DataFrame) -> pd.DataFrame:
    """How many runs of each case and label were done with the loss that they began with, never having had another.

    Columns: `case`, `label`, `runs`; pairs without such runs are left out. Either the steps were too small to change x,
    as where gradients are of 1e-300, or the function is level where they were.
    """
    same = (runs["first_loss"] == runs["final_loss"]) & (runs["first_loss"] == runs["best_loss"])
    moved_never = runs[(runs["status"] == "done") & (runs["steps"] > 0) & same]
    return moved_never.groupby(PAIR, sort=False, observed=True).size().rename("runs").reset_index()
