"""The effect of one hyperparameter on the final loss."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optlab.errors import UnknownName, UserError, did_you_mean
from optlab.results.analysis.phases import has_phases, tuned
from optlab.results.analysis.ties import Ties
from optlab.results.analysis.tuning import PAIR, STATISTICS, cells, group_ids, setting_columns, setting_name


def sensitivity(runs: pd.DataFrame, parameter: str = "lr") -> pd.DataFrame:
    """The final loss against one hyperparameter, with all other hyperparameters at their best for each value.

    The table has one row per case, label and `value`. `median`, `low` and `high` are the quantiles of the cell with the
    lowest median final loss (ties as in `best`) among the cells with that value; `first` is its loss at the start and
    `n` its number of seeds. `diverged` is the share of diverged runs among all runs with that value. `failed` is the
    number of failed runs; if there are any, the losses are NaN. `best` is true if no other value of the label is better
    by more than rounding, and false for all values of a label with failed runs. Labels without the hyperparameter do
    not appear. With `[tuning]` the runs are those of the tuning.

    Raises:
        UnknownName: no run has the hyperparameter.
        UserError: its values are not numbers.
    """
    runs = tuned(runs) if has_phases(runs) else runs
    table = cells(runs)
    columns = {setting_name(name): name for name in setting_columns(runs)}
    if parameter not in columns:
        raise UnknownName(f"no run has a hyperparameter '{parameter}'{did_you_mean(parameter, columns)}")
    try:
        table["value"] = table[columns[parameter]].astype(float)
    except (TypeError, ValueError):
        raise UserError(f"the values of '{parameter}' are not numbers, so nothing can be plotted against it") from None
    table = table[table["value"].notna()].reset_index(drop=True)
    if table.empty:
        return table.assign(diverged=0.0, best=False)[_COLUMNS]

    group, ties = group_ids(table, [*PAIR, "value"]), Ties.of(runs)
    among = np.full(len(table), True)
    for column in ("median", "high", "low"):
        among = ties.lowest(table, column, group, among)
    order = np.lexsort((~among, group))
    result = table.iloc[order[np.unique(group[order], return_index=True)[1]]].reset_index(drop=True)
    result["diverged"] = np.bincount(group, table["n_diverged"]) / np.bincount(group, table["n"])
    result["failed"] = np.bincount(group, table["failed"]).astype(np.int64)
    result.loc[result["failed"] > 0, STATISTICS] = np.nan
    pair = group_ids(result, PAIR)
    whole = np.bincount(pair, result["failed"])[pair] == 0
    result["best"] = whole & ties.lowest(result, "median", pair, np.isfinite(result["median"].to_numpy(float)))
    return result.iloc[np.lexsort((result["value"], pair))].reset_index(drop=True)[_COLUMNS]


_COLUMNS = [*PAIR, "value", "median", "low", "high", "first", "n", "diverged", "failed", "best"]
