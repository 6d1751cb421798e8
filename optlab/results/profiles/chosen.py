"""The runs that profiles are made from: the judged runs with the best settings of each optimizer on each case."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from optlab.errors import UnknownName, UserError, did_you_mean, named
from optlab.results.analysis.phases import judged
from optlab.results.analysis.tuning import best, cell_ids


def chosen(runs: pd.DataFrame, only: Sequence[str] = (), without: Sequence[str] = ()) -> tuple[pd.DataFrame, list[str]]:
    """The runs of the best cell of each case and label, and the labels that are left out because runs of them failed.

    With `[tuning]`, these are the judged runs. Without it, the settings are chosen by the same runs. A label that
    failed on any case is left out, because a share of the cases would count a failure as a missed target.

    Args:
        runs: the table of runs.
        only: the labels to keep; all if empty.
        without: the labels to leave out.

    Raises:
        UnknownName: there is no such label.
        UserError: no label is left.
    """
    runs = judged(runs)
    labels = list(dict.fromkeys(runs["label"]))
    for option, names in (("only", only), ("without", without)):
        for name in names:
            if name not in labels:
                guess = did_you_mean(name, labels)
                raise UnknownName(
                    f"{option}: no optimizer has the label {name!r}{guess}; there are: {', '.join(map(named, labels))}"
                )
    runs = runs[runs["label"].isin(set(only or labels) - set(without))].reset_index(drop=True)
    if runs.empty:
        raise UserError("no optimizer is left; leave out fewer")
    table = best(runs)
    failed = list(dict.fromkeys(table.loc[table["failed"] > 0, "label"]))
    table = table[~table["label"].isin(failed)]
    if table.empty:
        raise UserError(
            f"runs of every optimizer failed ({', '.join(map(named, failed))}): there are no costs to compare"
        )
    cell = cell_ids(runs)
    place = pd.Index(runs["run"]).get_indexer(pd.Index(table["run"]))
    return runs[np.isin(cell, cell[place])].reset_index(drop=True), failed


def lowest(runs: pd.DataFrame) -> pd.Series:
    """The lowest loss of any of the runs of each case, by case. Infinity if no loss is finite."""
    loss = runs["best_loss"].to_numpy(float)
    return pd.Series(np.where(np.isfinite(loss), loss, np.inf), runs.index).groupby(runs["case"], sort=False).min()
