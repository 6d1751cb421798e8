"""Which losses are equal: two that differ by no more than rounding are, and neither of them wins.

Of a case, let S be the loss at the start (the median over its runs) and eps that of its precision, 2.2e-16 or 1.2e-7. A
loss b equals a better one a if

    b - a <= max(10 eps |S|, sqrt(eps) min(|a|, |a - S|)).

The first is the floor. The values of f are about as large as S, and so are the terms that it is made of, each of which
is rounded. Below the floor it is the order of the additions that decides which loss is lower. It is also where two
losses could no longer be told apart if a constant as large as S were added to f, which makes no other problem of it.
From x = 3 the floor is 2e-14 for x**2, and 2e-9 for x**2 + 1e6.

The second is for losses above the floor. Rounding in each step makes a run leave its path: one rule written in two ways
ends with losses that differ more than by eps. Half of the digits are taken to be left: of the loss, or of the way made
from the start where that is less, so that a large constant in f hides no difference above the floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDINGS = 10
"""Roundings of terms as large as the loss at the start."""


@dataclass(frozen=True)
class Ties:
    """What of the losses of each case is rounding: `start`, `scale` and `eps` by the name of the case."""

    start: pd.Series
    scale: pd.Series
    eps: pd.Series

    @staticmethod
    def of(runs: pd.DataFrame) -> Ties:
        """From the table of runs. Where it has no column `precision`, it is that of float64."""
        first = runs["first_loss"].where(np.isfinite(runs["first_loss"].to_numpy(float)))
        case = runs["case"]
        precision = runs["precision"] if "precision" in runs else pd.Series("float64", runs.index)
        eps = precision.groupby(case, sort=False).first().map(lambda name: float(np.finfo(str(name)).eps))
        scale = first.abs().groupby(case, sort=False).median().fillna(0.0)
        return Ties(first.groupby(case, sort=False).median(), scale, eps)

    def width(self, case: pd.Series, loss: Floats) -> Floats:
        """How far above each loss another one of its case may lie and be equal to it; 0 where that is not finite."""
        start, scale, eps = (facts.loc[case].to_numpy(float) for facts in (self.start, self.scale, self.eps))
        with np.errstate(invalid="ignore", over="ignore"):
            way = np.where(np.isfinite(start), np.abs(loss - start), np.inf)
            width = np.maximum(ROUNDINGS * eps * scale, np.sqrt(eps) * np.minimum(np.abs(loss), way))
        return np.where(np.isfinite(loss), width, 0.0)

    def lowest(self, table: pd.DataFrame, column: str, group: Ints, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The rows of a table that have the lowest value of their group in a column, or one that is equal to it.

        `among` are the rows that are looked at; a value that is missing is worse than all others.
        """
        value = table[column].fillna(np.inf).to_numpy(float)
        least = pd.Series(np.where(among, value, np.inf)).groupby(group).transform("min").to_numpy(float)
        return among & (value <= least + self.width(table["case"], least))

    def places(self, table: pd.DataFrame, column: str) -> pd.Series:
        """The rank of each row within its case: 1 + the number of rows that are better. A missing value has none."""
        ranks = pd.Series(np.nan, table.index)
        for _, rows in table[table[column].notna()].groupby("case", sort=False):
            ordered = rows.sort_values(column, kind="stable")
            value = ordered[column].to_numpy(float)
            reach = value + self.width(ordered["case"], value)
            first = 0  # of those that are equal
            for place in range(len(value)):
                first = first if value[place] <= reach[first] else place
                ranks[ordered.index[place]] = first + 1
        return ranks
