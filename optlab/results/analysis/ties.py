"""Decides which losses are equal: two losses that differ by no more than rounding tie, and neither of them wins.

For a case, let S be the loss at the start (the median over its runs) and eps the machine epsilon of its precision,
2.2e-16 or 1.2e-7. A loss b equals a better loss a if

    b - a <= max(10 eps |S|, sqrt(eps) min(|a|, |a - S|)).

The first bound is the floor. The values of f are about as large as S, and so are the terms of which f is the sum. Each
term is rounded. For differences below the floor, the order of the additions decides which loss is lower. The floor is
also the difference that would be lost if a constant as large as S were added to f, although such a constant does not
change the problem. From x = 3 the floor is 2e-14 for x**2, and 2e-9 for x**2 + 1e6.

The second bound is for losses above the floor. Rounding errors in each step accumulate: the same rule written in two
ways ends with losses that differ by more than eps. We assume that half of the digits are correct: of the loss, or of
the decrease of the loss since the start if that is smaller. So a large constant in f hides no difference above the
floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDINGS = 10
"""The number of rounding errors in the floor, each of a term as large as the loss at the start."""


@dataclass(frozen=True)
class Floor:
    """The rounding error of losses: the loss at the start, the scale S, and eps; numbers, or arrays as the losses."""

    start: Any
    scale: Any
    eps: Any

    def width(self, loss: Floats) -> Floats:
        """How much larger than each loss an equal loss may be; 0 for losses that are not finite."""
        with np.errstate(invalid="ignore", over="ignore"):
            decrease = np.where(np.isfinite(self.start), np.abs(loss - self.start), np.inf)
            width = np.maximum(
                ROUNDINGS * self.eps * self.scale, np.sqrt(self.eps) * np.minimum(np.abs(loss), decrease)
            )
        return np.where(np.isfinite(loss), width, 0.0)

    def ranks(self, losses: Floats) -> Floats:
        """The ranks along the last axis: 1 + the number of better losses. Equal losses share the better rank.

        Losses are equal if they are within the width of the best of them, and infinite losses equal each other.

        >>> EXACT.ranks(np.array([3.0, 1.0, np.inf, 1.0, np.inf]))
        array([3., 1., 4., 1., 4.])
        """
        order = np.argsort(losses, axis=-1, kind="stable")
        value = np.take_along_axis(losses, order, axis=-1)
        reach = value + self.width(value)
        ranks = _many_places(value, reach) if value.ndim > 1 else _places(value, reach)
        result = np.empty_like(ranks)
        np.put_along_axis(result, order, ranks, axis=-1)
        return result


def _places(value: Floats, reach: Floats) -> Floats:
    """The ranks of values in order. `reach` is the largest value that is equal to each."""
    end = np.searchsorted(value, reach, side="right").tolist()
    firsts = [0] if end else []
    while firsts and end[firsts[-1]] < len(end):
        firsts.append(end[firsts[-1]])
    return np.repeat(np.array(firsts) + 1.0, np.diff([*firsts, len(end)]))


def _many_places(value: Floats, reach: Floats) -> Floats:
    """The ranks of values in order along the last axis, which is short. `reach`: see `_places`."""
    rank, limit = np.ones(value.shape[:-1]), reach[..., :1].max(axis=-1, initial=-np.inf)
    ranks = np.empty(value.shape)
    for place in range(value.shape[-1]):
        is_worse = value[..., place] > limit
        rank = np.where(is_worse, place + 1.0, rank)
        limit = np.where(is_worse, reach[..., place], limit)
        ranks[..., place] = rank
    return ranks


EXACT = Floor(np.nan, 0.0, 0.0)
"""For values without rounding errors: only identical values are equal."""


@dataclass(frozen=True)
class Ties:
    """The rounding error of the losses of each case: `start`, `scale` and `eps` by the name of the case."""

    start: pd.Series
    scale: pd.Series
    eps: pd.Series

    @staticmethod
    def of(runs: pd.DataFrame, by: str = "final_loss") -> Ties:
        """The ties for a metric in a table of runs. Without a column `precision`, the precision is float64.

        A metric that is no loss, such as an accuracy or a number of steps, is not compared with the loss at the start.
        """
        is_loss = by.endswith("_loss") or by == "area"
        first = runs["first_loss"].where(np.isfinite(runs["first_loss"].to_numpy(float)) & is_loss)
        case = runs["case"]
        precision = runs["precision"] if "precision" in runs else pd.Series("float64", runs.index)
        eps = precision.groupby(case, sort=False).first().map(lambda name: float(np.finfo(str(name)).eps))
        scale = first.abs().groupby(case, sort=False).median().fillna(0.0)
        return Ties(first.groupby(case, sort=False).median(), scale, eps)

    def floor(self, case: str) -> Floor:
        """The rounding error of one case."""
        return Floor(*(float(facts[case]) for facts in (self.start, self.scale, self.eps)))

    def width(self, case: pd.Series, loss: Floats) -> Floats:
        """How much larger than each loss an equal loss of the same case may be; 0 for losses that are not finite."""
        return Floor(*(facts.loc[case].to_numpy(float) for facts in (self.start, self.scale, self.eps))).width(loss)

    def lowest(self, table: pd.DataFrame, column: str, group: Ints, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The rows of a table whose value in a column is the lowest of their group, or equal to the lowest.

        `among` selects the rows that are compared; a missing value is worse than all others.
        """
        value = table[column].fillna(np.inf).to_numpy(float)
        least = pd.Series(np.where(among, value, np.inf)).groupby(group).transform("min").to_numpy(float)
        return among & (value <= least + self.width(table["case"], least))

    def places(self, table: pd.DataFrame, column: str) -> pd.Series:
        """The rank of each row within its case: 1 + the number of better rows. A missing value has no rank."""
        ranks = pd.Series(np.nan, table.index)
        for case, rows in table[table[column].notna()].groupby("case", sort=False):
            ranks[rows.index] = self.floor(str(case)).ranks(rows[column].to_numpy(float))
        return ranks
