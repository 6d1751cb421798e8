"""What one hyperparameter does to the result."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optlab.analysis.tuning import PAIR, cells, group_ids, setting_columns, setting_name
from optlab.errors import UnknownName, UserError, did_you_mean


def sensitivity(runs: pd.DataFrame, parameter: str = "lr") -> pd.DataFrame:
    """The final loss against one hyperparameter, all others at their best for each of its values.

    One row per case, label and `value`: `median`, `low`, `high` of the cell with the lowest median final loss (ties
    as in `best`) among those with that value; its `first` loss and number of seeds `n`; and `diverged`, the share
    of runs that diverged among all with that value. Labels without the hyperparameter do not appear.

    Raises:
        UnknownName: no run has the hyperparameter.
        UserError: its values are not numbers.
    """
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
        return table.assign(diverged=0.0)[_COLUMNS]

    group = group_ids(table, [*PAIR, "value"])
    order = np.lexsort((table["low"], table["high"], table["median"], group))
    result = table.iloc[order[np.unique(group[order], return_index=True)[1]]].reset_index(drop=True)
    result["diverged"] = np.bincount(group, table["n_diverged"]) / np.bincount(group, table["n"])
    pair = group_ids(result, PAIR)
    return result.iloc[np.lexsort((result["value"], pair))].reset_index(drop=True)[_COLUMNS]


_COLUMNS = [*PAIR, "value", "median", "low", "high", "first", "n", "diverged"]
