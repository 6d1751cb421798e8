"""The table of costs as arrays: one row per instance, one column per optimizer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optlab.errors import UserError, named

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COLUMNS = ["case", "label", "seed", "target", "cost", "spent"]
"""The columns of a table of costs: one row per run and target.

`target` is a name of the target in numbers: two runs of a case may have the same target although their losses at it
differ. `cost` is what the run of a label with a seed spent until it reached the target, or infinity if it did not reach
it. `spent` is what the whole run spent.
"""


@dataclass(frozen=True)
class Arranged:
    """Costs by instance (a case, a seed and a target) and label.

    - `cost`, `spent` (instances, labels).
    - `case`, `unit` (instances,): the case, and the seed within the case, each numbered 0, 1, ... `unit` numbers the
      pairs (case, seed) and is what a bootstrap draws.
    - `target` (instances,).
    - `case_of_unit` (units,).
    """

    cases: tuple[str, ...]
    labels: tuple[str, ...]
    case: Ints
    unit: Ints
    target: Floats
    cost: Floats
    spent: Floats
    case_of_unit: Ints

    @property
    def seeds(self) -> int:
        """The smallest number of seeds of a case."""
        return int(np.bincount(self.case_of_unit).min()) if len(self.cases) else 0

    def share(self) -> Floats:
        """The weight of each instance: all cases have the same weight, and so have all instances of a case."""
        return 1 / (len(self.cases) * np.bincount(self.case)[self.case])

    def grid(self, case: int) -> tuple[Ints, Ints]:
        """The instances of a case, shape (units, targets), and its units, shape (units,)."""
        units, rows = np.flatnonzero(self.case_of_unit == case), np.flatnonzero(self.case == case)
        return rows[np.argsort(self.unit[rows], kind="stable")].reshape(len(units), -1), units


def arranged(costs: pd.DataFrame) -> Arranged:
    """The arrays of a table of costs.

    A label with one run on a case, where other labels have several, does not depend on the seed: its run counts for
    every seed.

    Raises:
        UserError: a label has no run for a seed of a case, or several.

    >>> costs = pd.DataFrame({"case": "a", "label": ["p", "q"], "seed": 0, "target": 0.0, "cost": [2.0, 1.0]})
    >>> arranged(costs.assign(spent=9.0)).cost
    array([[2., 1.]])
    """
    costs = _repeated(costs)
    labels = list(dict.fromkeys(costs["label"]))
    if costs.duplicated(["case", "label", "seed", "target"]).any():
        row = costs[costs.duplicated(["case", "label", "seed", "target"])].iloc[0]
        raise UserError(
            f"{named(row['label'])} has several costs on {row['case']} with seed {row['seed']}; only one is possible"
        )
    cases = list(dict.fromkeys(costs["case"]))
    index = ["case", "seed", "target"]
    order = pd.MultiIndex.from_frame(_in_order(costs)[index]).unique()
    wide = costs.pivot(index=index, columns="label", values=["cost", "spent"]).reindex(order)
    cost, spent = (pd.DataFrame(wide[name])[labels] for name in ("cost", "spent"))
    _check_complete(spent)
    case = pd.Index(cases).get_indexer(order.get_level_values("case"))
    pairs = pd.DataFrame({"case": case, "seed": order.get_level_values("seed")})
    unit = pairs.groupby(["case", "seed"], sort=False).ngroup().to_numpy().astype(np.int64)
    return Arranged(
        cases=tuple(map(str, cases)),
        labels=tuple(map(str, labels)),
        case=case.astype(np.int64),
        unit=unit,
        target=order.get_level_values("target").to_numpy(float),
        cost=cost.to_numpy(float),
        spent=spent.to_numpy(float),
        case_of_unit=pairs.drop_duplicates()["case"].to_numpy(np.int64),
    )


def _check_complete(spent: pd.DataFrame) -> None:
    """Raise UserError if a label (a column) has no run for a case and a seed (rows)."""
    rows, columns = np.nonzero(spent.isna().to_numpy())
    if len(rows):
        case, seed, _ = spent.index[rows[0]]
        label = spent.columns[columns[0]]
        raise UserError(
            f"{named(str(label))} has no run on {case} with seed {seed}; every label needs the same cases and seeds"
        )


def _repeated(costs: pd.DataFrame) -> pd.DataFrame:
    """The costs, with single runs of a label repeated for each seed of their case."""
    seeds = costs.groupby(["case", "label"], sort=False)["seed"].transform("nunique")
    most = seeds.groupby(costs["case"], sort=False).transform("max")
    alone = (seeds == 1) & (most > 1)
    if not alone.any():
        return costs
    all_seeds = costs.loc[~alone, ["case", "seed"]].drop_duplicates()
    copies = costs[alone].drop(columns="seed").merge(all_seeds, on="case")
    return pd.concat([costs[~alone], copies], ignore_index=True)


def _in_order(costs: pd.DataFrame) -> pd.DataFrame:
    """The rows by case, in order of appearance, then by seed, then by target in the order of the case."""
    case = pd.factorize(costs["case"])[0]
    target = costs.groupby("case", sort=False)["target"].transform(lambda column: pd.factorize(column)[0])
    order = np.lexsort((target, pd.factorize(costs["seed"])[0], case))
    return costs.iloc[order]
