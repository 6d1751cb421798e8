"""Performance profiles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optlab.results.profiles.arrange import Floats, arranged
from optlab.results.profiles.shares import shares


def performance(costs: pd.DataFrame) -> pd.DataFrame:
    """The performance profile of each label: rho(x), the share of instances that it solves within x times the best.

    With the cost t of a label s on an instance p, the ratio is r[p, s] = t[p, s] / min over s of t[p, s], and
    rho_s(x) = share of instances p with r[p, s] <= x. An instance is a case with one seed, which is one start. rho(1)
    is the share of instances on which the label is the fastest. The limit for large x is the share that it solves.

    The ratios are to the best of the labels in the table, so a profile is valid for these labels only. Between two
    labels that are not the best, it allows no comparison (Gould & Scott): leave out labels and compute it again.

    Args:
        costs: a table of costs with one target per instance (`arrange.COLUMNS`).

    Returns:
        Columns `case` (empty), `label`, `x`, `y`, `low`, `high`; the band is by bootstrap over seeds, NaN for one seed.

    Source: E. D. Dolan, J. J. Moré, "Benchmarking optimization software with performance profiles", 2002;
    N. Gould, J. Scott, "A note on performance profiles for benchmarking software", 2016.

    >>> from optlab.results.profiles.examples import COSTS
    >>> profile = performance(COSTS)
    >>> profile[profile["label"] == "adam"][["x", "y"]].to_numpy().tolist()
    [[1.0, 0.75], [2.0, 1.0]]
    """
    table = arranged(costs)
    return shares(table, ratios(table.cost), first=1.0)


def ratios(cost: Floats) -> Floats:
    """The ratios to the best of each row, shape (instances, labels); infinity for what was not solved.

    A cost of zero is the best; its ratio is 1, and larger costs then have an infinite ratio.

    >>> ratios(np.array([[2.0, 1.0], [np.inf, 3.0], [0.0, 1.0], [np.inf, np.inf]]))
    array([[ 2.,  1.],
           [inf,  1.],
           [ 1., inf],
           [inf, inf]])
    """
    best = cost.min(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.isinf(cost), np.inf, np.where(cost == best, 1.0, cost / best))
