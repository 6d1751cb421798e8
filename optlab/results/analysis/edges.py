"""Chosen values at the ends of their ranges."""

from __future__ import annotations

import pandas as pd

from optlab.results.analysis.phases import has_phases, tuned
from optlab.results.analysis.tuning import best, setting_columns, setting_name


def edges(runs: pd.DataFrame) -> pd.DataFrame:
    """The settings whose best value is at an end of its range on at least one case.

    Columns: `label`, `name` (as in `at_edge` of `best`), and `low` and `high`, the numbers of cases with the best value
    at the lower and at the upper end.
    """
    columns = {setting_name(name): name for name in setting_columns(runs)}
    tried = tuned(runs) if has_phases(runs) else runs
    found: dict[tuple[str, str], list[int]] = {}
    for row in best(runs).to_dict("records"):
        own = tried[(tried["case"] == row["case"]) & (tried["label"] == row["label"])]
        for name in filter(None, row["at_edge"].split(", ")):
            values = own[columns[name]].drop_duplicates().astype(float)
            is_high = int(float(row[columns[name]]) > values.median())
            found.setdefault((row["label"], name), [0, 0])[is_high] += 1
    rows = [[label, name, low, high] for (label, name), (low, high) in found.items()]
    return pd.DataFrame(rows, columns=["label", "name", "low", "high"])
