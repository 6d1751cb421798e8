"""The expected and the median cost of a target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from optlab.results.profiles import bands
from optlab.results.profiles.arrange import Arranged, Floats, arranged
from optlab.results.profiles.shares import FRAME


def ert(costs: pd.DataFrame) -> pd.DataFrame:
    """The expected running time of each label for each target of each case.

    ERT = (sum of the costs over all runs, each until it reached the target or ended) / (number of runs that reached
    it). This is the mean cost until success, if a run that missed the target starts again. It is infinite if no run
    reached the target.

    Args:
        costs: a table of costs with any number of targets per case (`arrange.COLUMNS`).

    Returns:
        Columns `case`, `label`, `x` (the target), `y` (the ERT), `low`, `high` (by bootstrap over seeds, NaN for one
        seed), `successes` and `n` runs. Targets from the first to the last of the case.

    Source: N. Hansen et al., "Real-parameter black-box optimization benchmarking: experimental setup", 2009.

    >>> from optlab.results.profiles.examples import COSTS
    >>> ert(COSTS)[["case", "label", "y", "successes", "n"]].to_numpy().tolist()[2]
    ['valley', 'gd', 150.0, 1, 2]
    """
    return _by_target(arranged(costs), _ert)


def median(costs: pd.DataFrame) -> pd.DataFrame:
    """The median cost of each label for each target of each case.

    A run that missed the target counts as infinite. The median of an even number of runs is the mean of the middle two.
    Arguments and columns as in `ert`.

    >>> from optlab.results.profiles.examples import COSTS
    >>> median(COSTS)["y"].tolist()
    [50.0, 40.0, inf, 95.0]
    """
    return _by_target(arranged(costs), lambda cost, _: medians(cost))


def medians(cost: Floats) -> Floats:
    """The medians over the seeds of costs (..., seeds, targets, labels), which may be infinite.

    >>> medians(np.array([1.0, np.inf, 2.0, np.inf]).reshape(4, 1, 1)).tolist()
    [[inf]]
    """
    ordered = np.sort(cost, axis=-3)
    n = ordered.shape[-3]
    return (ordered[..., (n - 1) // 2, :, :] + ordered[..., n // 2, :, :]) / 2


def _ert(cost: Floats, spent: Floats) -> Floats:
    reached = np.isfinite(cost)
    with np.errstate(divide="ignore"):
        return np.where(reached, cost, spent).sum(axis=-3) / reached.sum(axis=-3)


def _by_target(table: Arranged, statistic: Callable[[Floats, Floats], Floats]) -> pd.DataFrame:
    """A statistic of arrays (..., seeds, targets, labels) over the seeds, for each case, label and target."""
    parts = []
    drawn = bands.drawn_units(table)
    for case, name in enumerate(table.cases):
        rows, units = table.grid(case)
        cost, spent = table.cost[rows], table.spent[rows]
        local = np.searchsorted(units, drawn[:, units])
        y = statistic(cost, spent)
        low, high = bands.band(statistic(cost[local], spent[local]), table)
        targets = table.target[rows[0]]
        for place, label in enumerate(table.labels):
            parts.append(
                pd.DataFrame(
                    {
                        "case": name,
                        "label": label,
                        "x": targets,
                        "y": y[:, place],
                        "low": low[:, place],
                        "high": high[:, place],
                        "successes": np.isfinite(cost[:, :, place]).sum(axis=0),
                        "n": len(units),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)[[*FRAME, "successes", "n"]]
