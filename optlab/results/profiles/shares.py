"""Shares of solved instances as functions of the cost, with bands."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optlab.results.profiles import bands
from optlab.results.profiles.arrange import Arranged, Floats

FRAME = ["case", "label", "x", "y", "low", "high"]
"""The columns of every profile. `case` is empty if the curve is over all cases."""


def shares(table: Arranged, values: Floats, first: float) -> pd.DataFrame:
    """For each label, the share of instances whose value is at most x, at each x where the share changes.

    The curves are right-continuous steps. All begin at `first` and end at the largest finite value of any label.

    Args:
        table: the instances, with their weights.
        values: shape (instances, labels); infinity for an instance that is never solved.
        first: the smallest x.
    """
    finite = values[np.isfinite(values)]
    last = max(finite.max(), first) if finite.size else first
    share = table.share()
    drawn = bands.weights(table)[:, table.unit] * share  # (draws, instances)
    parts = []
    for label, column in zip(table.labels, values.T, strict=True):
        x = np.unique(np.r_[first, column[np.isfinite(column)], last])
        low, high = bands.band(solved_at(x, column, drawn), table)
        y = solved_at(x, column, share[None])[0]
        parts.append(pd.DataFrame({"case": "", "label": label, "x": x, "y": y, "low": low, "high": high}))
    return pd.concat(parts, ignore_index=True)[FRAME]


def solved_at(x: Floats, values: Floats, weights: Floats) -> Floats:
    """The weight of the values that are at most x, shape (draws, len(x)), for weights of shape (draws, len(values)).

    >>> solved_at(np.array([1.0, 2.0]), np.array([2.0, np.inf, 1.0]), np.array([[0.25, 0.5, 0.25]]))
    array([[0.25, 0.5 ]])
    """
    order = np.argsort(values, kind="stable")
    upto = np.searchsorted(values[order], x, side="right")  # the number of values at most x
    total = np.zeros((len(weights), len(values) + 1))
    np.cumsum(weights[:, order], axis=1, out=total[:, 1:])
    return total[:, upto]
