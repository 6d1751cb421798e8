"""The score of AlgoPerf."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optlab.errors import UserError
from optlab.results.profiles import bands
from optlab.results.profiles.arrange import Arranged, Floats, Ints, arranged
from optlab.results.profiles.expected import medians
from optlab.results.profiles.performance import ratios

CEILING = 4.0
POINTS = 100


def score(costs: pd.DataFrame, ceiling: float = CEILING, points: int = POINTS) -> pd.DataFrame:
    """The score of AlgoPerf for each label: the mean of its performance profile between the ratios 1 and `ceiling`.

    With the median cost t over the seeds and the ratio r = t / (the best of the labels), the profile rho(x) is the
    share of cases with r <= x. Its mean between 1 and c is the mean over the cases of max(0, (c - r) / (c - 1)). The
    benchmark computes the integral with the trapezoidal rule on `points` equidistant ratios, and so does this function;
    the two differ by at most half of the distance of two points, 0.5 / (points - 1).

    A score depends on all labels in the table, and is 1 for a label that is the fastest on every case.

    Args:
        costs: a table of costs with one target per case (`arrange.COLUMNS`).
        ceiling: the largest ratio that counts.
        points: the number of ratios, at least 2; 0 for the exact integral.

    Returns:
        Columns `label`, `score`, `low`, `high` (by bootstrap over seeds, NaN for one seed), highest score first.

    Raises:
        UserError: the ceiling or the number of points is impossible.

    Source: G. E. Dahl et al., "Benchmarking neural network training algorithms", 2023 (AlgoPerf, scoring).

    >>> from optlab.results.profiles.examples import COSTS
    >>> score(COSTS, points=0)["score"].round(4).tolist()  # the ratios are 1.25 and infinity for gd, 1 and 1 for adam
    [1.0, 0.4583]
    """
    if not 1 < ceiling < np.inf:
        raise UserError(f"ceiling: must be a ratio above 1, such as 4, not {ceiling!r}")
    if points < 0 or points == 1:
        raise UserError(f"points: must be at least 2, or 0 for the exact integral, not {points!r}")
    table = arranged(costs)
    measured = _scores(table, np.arange(len(table.case_of_unit)), ceiling, points)
    low, high = bands.band(
        np.array([_scores(table, drawn, ceiling, points) for drawn in bands.drawn_units(table)]), table
    )
    result = pd.DataFrame({"label": table.labels, "score": measured, "low": low, "high": high})
    return result.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def _scores(table: Arranged, drawn: Ints, ceiling: float, points: int) -> Floats:
    """The score of each label, with the units replaced by those drawn."""
    grids = [table.grid(case) for case in range(len(table.cases))]
    typical = [medians(table.cost[rows[np.searchsorted(units, drawn[units])]])[0] for rows, units in grids]
    ratio = ratios(np.array(typical))  # (cases, labels)
    if not points:
        return np.clip((ceiling - ratio) / (ceiling - 1), 0, None).mean(axis=0)
    x = np.linspace(1, ceiling, points)
    profile = (ratio <= x[:, None, None]).mean(axis=1)
    return np.trapezoid(profile, x, axis=0) / (ceiling - 1)
