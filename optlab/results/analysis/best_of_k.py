"""The loss to be expected after k trials of a search for settings (Dodge et al., 2019).

The trials of an optimizer are n settings with losses v_1 <= ... <= v_n, each the median over the seeds for tuning. The
best of k settings that are drawn at random from these, with replacement, is at least v_i with the probability
((n - i + 1) / n)^k. So its expected value is the sum over i of v_i [((n - i + 1) / n)^k - ((n - i) / n)^k].

No trial counts as worse than no training: a diverged run, or one that ends above the loss at the start, counts as that
loss. Without this, one diverged trial would make all expected values infinite.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optlab.execution.randomness import generator
from optlab.experiments import metrics
from optlab.results.analysis.phases import has_phases, tuned
from optlab.results.analysis.tuning import FINAL_LOSS, PAIR, cells

Floats = NDArray[np.float64]

RESAMPLES = 1000
LOW, HIGH = 0.05, 0.95
"""The quantiles of the band over the resamples."""
MOST = 100
"""Up to this number of trials the curve has a point for each k; beyond it, the points are spread logarithmically."""
COLUMNS = [*PAIR, "k", "expected", "low", "high"]


def best_of_k(runs: pd.DataFrame, by: str = FINAL_LOSS) -> pd.DataFrame:
    """The expected best value after k = 1, ..., n of the n trials of each case and label, with a band.

    Columns: `case`, `label`, `k`, `expected`, and `low` and `high`, the 5 % and 95 % quantiles of the curve in a
    thousand resamples of the trials (with replacement). The value is the metric `by` in its own sign. Labels with one
    trial, and labels with failed runs, have no curve. By "seconds" there is no band: settings that run together share
    their time. With `[tuning]` the trials are those of the tuning. Otherwise
    they are the cells of the grid.

    Raises:
        UnknownName: there is no such metric.
        UserError: it was not recorded.
    """
    trials = tuned(runs) if has_phases(runs) else runs
    table = cells(trials, by)
    metric = metrics.metric(by, trials.columns)
    sign = -1.0 if metric.higher_is_better else 1.0
    worst = _worst(trials, by)
    parts = []
    for pair, rows in table.groupby(PAIR, sort=False, observed=True):
        assert isinstance(pair, tuple)
        case, label = pair
        if len(rows) < 2 or rows["failed"].any():
            continue
        values = np.minimum(rows["median"].to_numpy(float), worst[case])
        k = _counts(len(values))
        expected, low, high = curve(values, k)
        low, high = (low, high) if sign > 0 else (high, low)
        if metric.is_shared:
            low, high = np.full((2, len(k)), np.nan)
        part = {"k": k, "expected": sign * expected, "low": sign * low, "high": sign * high}
        parts.append(pd.DataFrame({"case": case, "label": label, **part}))
    return pd.concat(parts, ignore_index=True) if parts else _empty()


def _worst(runs: pd.DataFrame, by: str) -> dict[Any, Any]:
    """The value, as a loss, that the worst trial of each case counts as."""
    groups = runs.groupby("case", sort=False)
    if metrics.metric(by, runs.columns).higher_is_better:  # an accuracy
        return dict.fromkeys(runs["case"].unique(), 0.0)
    if by in metrics.TO_TARGET:  # a run that never reached it
        return groups["steps" if by == "steps_to_target" else "grad_evals"].max().astype(float).to_dict()
    return groups["seconds" if by == "seconds" else "first_loss"].median().to_dict()


def curve(values: Floats, k: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """The expected lowest of k values that are drawn from n values, and its 5 % and 95 % quantiles in resamples.

    Args:
        values: shape (n,).
        k: the numbers of draws, shape (K,).

    Returns:
        Three arrays of shape (K,).

    >>> curve(np.array([4.0, 2.0]), np.array([1, 2, 3]))[0]
    array([3.  , 2.5 , 2.25])
    """
    n = len(values)
    at_least = ((n - np.arange(n + 1)) / n)[:, None] ** k  # the share of the draws whose lowest is at least v_(i + 1)
    weights = at_least[:-1] - at_least[1:]
    drawn = generator(0, "best of k").integers(n, size=(RESAMPLES, n))
    resampled = np.sort(values[drawn], axis=1) @ weights
    low, high = np.quantile(resampled, [LOW, HIGH], axis=0)
    return np.sort(values) @ weights, low, high


def _counts(trials: int) -> NDArray[np.int64]:
    """The numbers of trials at which a curve has points."""
    return np.unique(np.geomspace(1, trials, MOST).round().astype(np.int64)) if trials > MOST else np.arange(trials) + 1


def _empty() -> pd.DataFrame:
    kinds = dict.fromkeys(COLUMNS, float) | dict.fromkeys(PAIR, object) | {"k": np.int64}
    return pd.DataFrame({name: pd.Series(dtype=kinds[name]) for name in COLUMNS})
