"""The cells of a grid, and the best cell of each optimizer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optlab.errors import UserError, short
from optlab.execution.records import ERROR, FAILURES, STATUSES
from optlab.experiments import metrics
from optlab.results.analysis import quantiles
from optlab.results.analysis.phases import has_phases, judged, tuned
from optlab.results.analysis.ties import Ties

PAIR = ["case", "label"]
FINAL_LOSS = "final_loss"
EDGE = 0.05
"""With `[tuning]`, the share of the tried values at each end of a range that are on its edge."""
STATISTICS = ["median", "low", "high"]


def setting_columns(runs: pd.DataFrame) -> list[str]:
    """The columns that, together with case and label, identify a cell of a grid."""
    return [name for name in runs.columns if name.startswith(("hp.", "schedule.", "transform."))]


def group_ids(frame: pd.DataFrame, keys: list[str]) -> NDArray[np.int64]:
    """Number the distinct rows of `keys` 0, 1, ... in order of appearance; missing values equal each other."""
    return frame.groupby(keys, dropna=False, sort=False, observed=True).ngroup().to_numpy().astype(np.int64)


def cell_ids(runs: pd.DataFrame) -> NDArray[np.int64]:
    """The number of each run's cell: its row in `cells(runs)`."""
    return group_ids(runs, PAIR + setting_columns(runs))


def run_losses(runs: pd.DataFrame, by: str = FINAL_LOSS) -> NDArray[np.float64]:
    """The metric `by` of each run as a loss: lower is better. A run that is not done with a finite value has infinity;
    for the steps to a target, a run that diverged after it reached the target has its value.

    Raises:
        UnknownName: there is no such metric.
        UserError: it was not recorded.
    """
    metric = metrics.metric(by, runs.columns)
    if not metric.is_recorded(runs.columns):
        raise UserError(metric.missing())
    columns = {name: runs[name].to_numpy() for name in metric.columns}
    return metric.losses(columns, (runs["status"] == "done").to_numpy(bool))


def cells(runs: pd.DataFrame, by: str = FINAL_LOSS) -> pd.DataFrame:
    """Statistics over the seeds of each cell: one row per cell, in order of appearance.

    `median`, `low` and `high` are the 50 %, 10 % and 90 % quantiles of the metric `by` over the seeds, as a loss: the
    sign of an accuracy is changed, and a diverged run counts as infinity. They are NaN if any run failed, since a
    failed run gives no information about the settings. `first` is the median loss at the start. `n` is the number of
    runs, `n_<status>` the number of runs with each status and `failed` the number of failed runs. `run` is the run with
    the lowest seed: it represents the cell in pictures.
    """
    ids = cell_ids(runs)
    first = np.unique(ids, return_index=True)[1]
    table = runs[[*PAIR, *setting_columns(runs)]].iloc[first].reset_index(drop=True)

    low, median, high = quantiles.by_group(run_losses(runs, by), ids)
    start = runs["first_loss"].to_numpy(float)
    lowest_seed = np.lexsort((runs["run"].to_numpy(), runs["seed"].to_numpy(), ids))
    statuses = pd.Categorical(runs["status"], categories=STATUSES).codes
    n = np.bincount(ids)
    statistics: dict[str, object] = {
        "run": runs["run"].to_numpy()[lowest_seed[np.cumsum(n) - n]],
        "n": n,
        "median": median,
        "low": low,
        "high": high,
        "first": quantiles.by_group(np.where(np.isfinite(start), start, np.inf), ids, [quantiles.MEDIAN])[0],
    }
    for code, status in enumerate(STATUSES):
        statistics[f"n_{status}"] = np.bincount(ids, weights=statuses == code, minlength=len(n)).astype(np.int64)
    table = pd.concat([table, pd.DataFrame(statistics)], axis=1)
    table["failed"] = table[[f"n_{status}" for status in FAILURES]].sum(axis=1)
    table.loc[table["failed"] > 0, STATISTICS] = np.nan
    return table


def best(runs: pd.DataFrame, by: str = FINAL_LOSS) -> pd.DataFrame:
    """One row per case and label: the cell with the lowest median of the metric, with the columns of `cells` and

    - `settings`: the swept hyperparameters of the cell as text, "lr=0.1" (the learning rate if none is swept);
    - `at_edge`: the names of the hyperparameters whose best value is the smallest or the largest of at least three
      values, joined by ", ". For these the true optimum may be outside of the grid. With `[tuning]`, the smallest 5 %
      and the largest 5 % of the values are at the edge, because drawn points seldom reach it in several dimensions;
    - `cells`: the number of cells; `diverged`: the share of diverged runs over all cells;
    - `failed`: the number of failed runs over all cells;
    - `shown_loss`, `shown_status`: the final loss and the status of `run`, the run that represents the pair.

    Losses that differ by no more than rounding are equal (`ties`). Among equal losses the cell with the lower 90 %
    quantile is the best, then the lower 10 % quantile, then the cell on fewer edges, then the earlier cell. A pair
    without any finite median has no best value, hence no edge. A pair with failed runs has no best value either: its
    `median`, `low` and `high` are NaN, its `settings` are empty, and its `shown_status` is "error".

    With `[tuning]` only the judged cells are compared; there is one for each pair. `at_edge`, `cells`, `diverged` and
    `failed` also count the cells and runs of the tuning.
    """
    table, is_judged = _cells_of_both(runs, by)
    ties, pair = Ties.of(runs, by), group_ids(table, PAIR)
    names, swept, edges = _edges(table, pair, EDGE if has_phases(runs) else 0.0)
    among = is_judged
    for column in ("median", "high", "low"):
        among = ties.lowest(table, column, pair, among)
    order = np.lexsort((edges.sum(0), ~among, ~is_judged, pair))
    chosen = order[np.unique(pair[order], return_index=True)[1]]

    result = table.iloc[chosen].reset_index(drop=True)
    result["failed"] = np.bincount(pair, table["failed"]).astype(np.int64)
    failed = result["failed"] > 0
    result.loc[failed, STATISTICS] = np.nan
    result["settings"] = pd.Series(_describe(result, names, swept[:, chosen]), dtype=object).mask(failed, "")
    found = np.isfinite(result["median"].to_numpy()) & edges[:, chosen]
    result["at_edge"] = [", ".join(setting_name(names[i]) for i in np.flatnonzero(column)) for column in found.T]
    tried = np.full(len(table), True) if is_judged.all() else ~is_judged
    result["cells"] = np.bincount(pair, tried).astype(np.int64)
    result["diverged"] = np.bincount(pair, table["n_diverged"]) / np.bincount(pair, table["n"])
    shown = runs.set_index("run").loc[result["run"]]
    status = np.where(failed, STATUSES[ERROR], shown["status"].to_numpy())
    return result.assign(shown_loss=shown["final_loss"].mask(failed.to_numpy()).to_numpy(), shown_status=status)


def _cells_of_both(runs: pd.DataFrame, by: str) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """The cells of the judged runs, then those of the tuning if there are any; and which of them are judged."""
    table = cells(judged(runs), by)
    if not has_phases(runs):
        return table, np.full(len(table), True)
    tried = cells(tuned(runs), by)
    return pd.concat([table, tried], ignore_index=True), np.arange(len(table) + len(tried)) < len(table)


def _edges(
    table: pd.DataFrame, pair: NDArray[np.int64], share: float
) -> tuple[list[str], NDArray[np.bool_], NDArray[np.bool_]]:
    """The setting columns; for each column and cell, whether the pair sweeps it, and whether the cell is on an edge.

    `share`: the share of the values at each end that are on the edge; it is at least one value.
    """
    names = setting_columns(table)
    swept, edges = np.zeros((2, len(names), len(table)), dtype=bool)
    for i, name in enumerate(names):
        count = _distinct(table[name], pair)
        swept[i] = count > 1
        if (count >= 3).any() and (numbers := _numbers(table[name])) is not None:
            place = numbers.groupby(pair).rank(method="dense").to_numpy()
            outer = np.maximum(np.ceil(share * count), 1)
            edges[i] = ((place <= outer) | (place > count - outer)) & (count >= 3)
    return names, swept, edges


def _distinct(column: pd.Series, group: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of distinct values in the group of each row, without missing values. Groups are 0, 1, ..."""
    codes, values = pd.factorize(column)
    known = np.unique(group[codes >= 0] * len(values) + codes[codes >= 0]) // max(len(values), 1)
    return np.bincount(known, minlength=group.max(initial=-1) + 1)[group]


def _numbers(column: pd.Series) -> pd.Series | None:
    """The column as floats, or None if it contains other values, such as the choices of an optimizer."""
    kind = pd.api.types.infer_dtype(column, skipna=True)
    return column.astype(float) if kind in ("floating", "integer", "mixed-integer-float") else None


def _describe(table: pd.DataFrame, names: list[str], swept: NDArray[np.bool_]) -> list[str]:
    """The settings of each row as text."""
    texts = []
    for row, mask in zip(table[names].itertuples(index=False, name=None), swept.T, strict=True):
        shown = [i for i in range(len(names)) if mask[i]] or [i for i in range(len(names)) if names[i] == "hp.lr"]
        texts.append(", ".join(f"{setting_name(names[i])}={_text(row[i])}" for i in shown if not pd.isna(row[i])))
    return texts


def setting_name(column: str) -> str:
    """The name of a settings column in texts: `lr` for `hp.lr`, `clip_norm.max_norm` for a transform.

    >>> setting_name("hp.lr"), setting_name("transform.clip_norm.max_norm"), setting_name("schedule.end")
    ('lr', 'clip_norm.max_norm', 'schedule.end')
    """
    return column.removeprefix("hp.").removeprefix("transform.")


def _text(value: object) -> str:
    return short(value) if isinstance(value, float) else str(value)
