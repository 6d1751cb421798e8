"""The settings that are chosen by the runs for tuning."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optlab.experiments import metrics
from optlab.results.analysis.tuning import best


def chosen(runs: pd.DataFrame, select: str) -> NDArray[np.int64]:
    """A run with the chosen settings of each case and label: the settings with the lowest median of a metric.

    Ties are broken as in `best`.

    Args:
        runs: the runs for tuning.
        select: the name of the metric; see `optlab.experiments.metrics`.
    """
    metric = metrics.metric(select, runs.columns)
    losses = metric.losses(runs, (runs["status"] == "done").to_numpy())
    status = np.where(runs["status"] == "error", "error", np.where(np.isfinite(losses), "done", "diverged"))
    is_loss = select in ("final_loss", "best_loss", "area", "test_loss")
    known = {} if is_loss else {"first_loss": np.nan}
    return best(runs.assign(final_loss=losses, status=status, **known))["run"].to_numpy()
