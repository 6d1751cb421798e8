"""Data profiles."""

from __future__ import annotations

import pandas as pd

from optlab.results.profiles.arrange import arranged
from optlab.results.profiles.shares import shares


def data(costs: pd.DataFrame) -> pd.DataFrame:
    """The data profile of each label: the share of instances that it solves within a cost of x.

    Moré and Wild count function values in units of n + 1, the cost of a gradient by differences. Here the gradient is
    computed, so that the unit is one gradient. Unlike a performance profile, the curve of a label depends on the other
    labels only where they define what is solved.

    Args:
        costs: a table of costs with one target per instance (`arrange.COLUMNS`).

    Returns:
        Columns `case` (empty), `label`, `x`, `y`, `low`, `high`; the band is by bootstrap over seeds, NaN for one seed.

    Source: J. J. Moré, S. M. Wild, "Benchmarking derivative-free optimization algorithms", 2009.

    >>> from optlab.results.profiles.examples import COSTS
    >>> profile = data(COSTS)
    >>> profile[profile["label"] == "gd"][["x", "y"]].to_numpy().tolist()
    [[0.0, 0.0], [40.0, 0.25], [50.0, 0.5], [60.0, 0.75], [100.0, 0.75]]
    """
    table = arranged(costs)
    return shares(table, table.cost, first=0.0)
