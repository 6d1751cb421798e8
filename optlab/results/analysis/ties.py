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

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDINGS = 10
"""The number of rounding errors in the floor, each of a term as large as the loss at the start."""


@dataclass(frozen=True)
class Ties:
    """The rounding error of the losses of each case: `start`, `scale` and `eps` by the name of the case."""

    start: pd.Series
    scale: pd.Series
    eps: pd.Series

    @staticmethod
    def of(runs: pd.DataFrame) -> Ties:
        """The ties for a table of runs. Without a column `precision`, the precision is float64."""
        first = runs["first_loss"].where(np.isfinite(runs["first_loss"].to_numpy(float)))
        case = runs["case"]
        precision = runs["precision"] if "precision" in runs else pd.Series("float64", runs.index)
        eps = precision.groupby(case, sort=False).first().map(lambda name: float(np.finfo(str(name)).eps))
        scale = first.abs().groupby(case, sort=False).median().fillna(0.0)
        return Ties(first.groupby(case, sort=False).median(), scale, eps)

    def width(self, case: pd.Series, loss: Floats) -> Floats:
        """How much larger than each loss an equal loss of the same case may be; 0 for losses that are not finite."""
        start, scale, eps = (facts.loc[case].to_numpy(float) for facts in (self.start, self.scale, self.eps))
        with np.errstate(invalid="ignore", over="ignore"):
            decrease = np.where(np.isfinite(start), np.abs(loss - start), np.inf)
            width = np.maximum(ROUNDINGS * eps * scale, np.sqrt(eps) * np.minimum(np.abs(loss), decrease))
        return np.where(np.isfinite(loss), width, 0.0)

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
        for _, rows in table[table[column].notna()].groupby("case", sort=False):
            ordered = rows.sort_values(column, kind="stable")
            value = ordered[column].to_numpy(float)
            reach = value + self.width(ordered["case"], value)
            first = 0  # the place of the first of the equal rows
            for place in range(len(value)):
                first = first if value[place] <= reach[first] else place
                ranks[ordered.index[place]] = first + 1
        return ranks
