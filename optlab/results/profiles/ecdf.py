"""Empirical distributions of the costs over many targets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optlab.results.profiles import bands
from optlab.results.profiles.arrange import Arranged, arranged
from optlab.results.profiles.restarts import simulated
from optlab.results.profiles.shares import FRAME, shares, solved_at

REPLICAS = 100
"""With simulated restarts: how often the measured runs are simulated, and the number of bootstrap draws."""
POINTS = 200
"""With simulated restarts: the number of costs at which the share is computed."""


def ecdf(costs: pd.DataFrame, restarts: bool = False) -> pd.DataFrame:
    """The share of all triples (case, seed, target) that each label reached within a cost of x.

    The targets of a case are usually f_opt + 10^2, 10^1.8, ..., 10^-8, so that the curve shows easy and hard targets
    together. The area to the left of the curve, on a logarithmic axis, is the mean log cost of what was reached.

    Args:
        costs: a table of costs with any number of targets per case (`arrange.COLUMNS`).
        restarts: whether runs that missed a target are restarted, by simulation, until they reach it (see `restarts`).
            Useful if runs with other seeds are independent trials of the same problem.

    Returns:
        Columns `case` (empty), `label`, `x`, `y`, `low`, `high`; the band is by bootstrap over seeds, NaN for one seed.

    Source: N. Hansen et al., "COCO: performance assessment", 2016 (runtime distributions).

    >>> from optlab.results.profiles.examples import COSTS
    >>> profile = ecdf(COSTS)
    >>> profile[profile["label"] == "gd"]["y"].tolist()
    [0.0, 0.25, 0.5, 0.75, 0.75]
    >>> profile = ecdf(COSTS, restarts=True)
    >>> float(profile[profile["label"] == "gd"]["y"].max())
    1.0
    """
    table = arranged(costs)
    if not restarts:
        return shares(table, table.cost, first=0.0)
    return _restarted(table)


def _restarted(table: Arranged) -> pd.DataFrame:
    """The shares with simulated restarts, at x that are evenly spread on a logarithmic axis."""
    random = np.random.default_rng(0)
    share, units = table.share()[None], np.arange(len(table.case_of_unit))
    measured = [simulated(table, units, random) for _ in range(REPLICAS)]
    drawn = [simulated(table, first, random) for first in bands.drawn_units(table, REPLICAS)]
    positive = np.concatenate(measured)
    positive = positive[np.isfinite(positive) & (positive > 0)]
    x = np.r_[0.0, np.geomspace(positive.min(), positive.max(), POINTS)] if positive.size else np.zeros(1)
    parts = []
    for place, label in enumerate(table.labels):
        y = np.mean([solved_at(x, values[:, place], share)[0] for values in measured], axis=0)
        low, high = bands.band(np.array([solved_at(x, values[:, place], share)[0] for values in drawn]), table)
        parts.append(pd.DataFrame({"case": "", "label": label, "x": x, "y": y, "low": low, "high": high}))
    return pd.concat(parts, ignore_index=True)[FRAME]
