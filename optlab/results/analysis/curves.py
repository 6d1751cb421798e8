"""Losses and trajectories as functions of the step, at the best settings of each optimizer."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optlab.results.analysis import quantiles
from optlab.results.analysis.phases import judged
from optlab.results.analysis.tuning import PAIR, best, cell_ids, group_ids


def chosen_cells(runs: pd.DataFrame) -> pd.DataFrame:
    """The best judged cell of each case and label without failed runs; see `best`."""
    table = best(judged(runs))
    return table[table["failed"] == 0].reset_index(drop=True)


def loss_curves(runs: pd.DataFrame, history: pd.DataFrame, chosen: pd.DataFrame | None = None) -> pd.DataFrame:
    """Quantiles over the seeds of each recorded quantity, for the best cell of every case and label, in long form.

    Columns: `case`, `label`, `quantity` (`loss`, and for networks `train_loss`, `test_accuracy`, ...), `step`,
    `median`, `low`, `high` (50 %, 10 % and 90 % quantiles over the seeds), and `n` seeds. A quantity appears at the
    steps where it was evaluated. A run that diverged, or whose value is not finite, contributes the worst value:
    infinity, or 0 for an accuracy. So the median includes diverged runs. A run that stopped at a limit keeps its last
    value. A label with failed runs has no best cell and no curve.

    `chosen`: the chosen cells of the runs, if they are known already.
    """
    chosen = chosen_cells(runs) if chosen is None else chosen
    runs = judged(runs)
    if chosen.empty:
        kinds = dict.fromkeys(_COLUMNS, float) | dict.fromkeys(["case", "label", "quantity"], object)
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
    cell = cell_ids(runs)
    index = np.full(cell.max() + 1, -1)
    index[cell[pd.Index(runs["run"]).get_indexer(pd.Index(chosen["run"]))]] = np.arange(len(chosen))
    stopped = runs["stopped"].notna() if "stopped" in runs else False
    members = (
        runs[["run", "status", "final_loss"]]
        .assign(pair=index[cell], stopped=stopped)[index[cell] >= 0]
        .sort_values("run", ignore_index=True)
    )
    records = history[np.isin(history["run"], members["run"])]
    pair_of_record = members["pair"].to_numpy()[np.searchsorted(members["run"], records["run"])]

    case_of_pair = group_ids(chosen, ["case"])
    quantities = [name for name in history.columns if name not in ("run", "step")]
    parts = []
    for case in range(case_of_pair.max() + 1):
        ours = members[case_of_pair[members["pair"]] == case]
        mine = records[case_of_pair[pair_of_record] == case]
        parts += [_over_seeds(ours, mine[["run", "step", name]].rename(columns={name: "value"}), name)
                  for name in quantities]  # fmt: skip
    curves = pd.concat(parts, ignore_index=True)
    return chosen.loc[curves["pair"], PAIR].reset_index(drop=True).join(curves.drop(columns="pair"))


_COLUMNS = [*PAIR, "quantity", "step", "median", "low", "high", "n"]


def _over_seeds(members: pd.DataFrame, records: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Quantiles over the seeds of each pair of one case. `members`: run, status, pair; `records`: run, step, value."""
    values, steps = _table(members, records, quantity)
    labels, pair = np.unique(members["pair"], return_inverse=True)
    group = pair[:, None] * len(steps) + np.arange(len(steps))
    known = ~np.isnan(values) & _within(values, members, pair)
    present, dense = np.unique(group[known], return_inverse=True)
    low, median, high = quantiles.by_group(values[known], dense) if present.size else np.empty((3, 0))
    return pd.DataFrame(
        {
            "pair": labels[present // max(len(steps), 1)],
            "quantity": quantity,
            "step": steps[present % max(len(steps), 1)],
            "median": median,
            "low": low,
            "high": high,
            "n": np.bincount(dense, minlength=len(present)),
        }
    )


def _within(values: NDArray[np.float64], members: pd.DataFrame, pair: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which entries are not after the last step of their pair. Pairs may differ in their numbers of steps.

    A run that diverged has a value at all steps, so that the last step is that of the runs that are done.
    """
    done = ~np.isnan(values) & (members["status"].to_numpy() == "done")[:, None]
    recorded = np.zeros((pair.max(initial=-1) + 1, values.shape[1]), dtype=bool)
    np.logical_or.at(recorded, pair, done)
    after = ~np.logical_or.accumulate(recorded[:, ::-1], axis=1)[:, ::-1] & recorded.any(axis=1, keepdims=True)
    return ~after[pair]


def _table(
    members: pd.DataFrame, records: pd.DataFrame, quantity: str
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The records as an array (runs, steps), with NaN where a finished run has no record; and the steps."""
    value = records["value"].to_numpy(float)
    worst = 0.0 if "accuracy" in quantity else np.inf
    if (
        quantity == "loss"
    ):  # the loss is in every record, so NaN is a value; for other quantities it means not evaluated
        value, given = np.where(np.isfinite(value), value, worst), np.full(len(value), True)
    else:
        value, given = np.where(np.isinf(value), worst, value), ~np.isnan(value)
    steps, column = np.unique(records["step"].to_numpy(np.int64)[given], return_inverse=True)
    row = np.searchsorted(members["run"], records["run"].to_numpy()[given])
    table = np.full((len(members), len(steps)), np.nan)
    table[members["status"].to_numpy() != "done"] = worst
    table[row, column] = value[given]
    stopped = members["stopped"].to_numpy(bool)
    if stopped.any():
        table[stopped] = _continued(table[stopped])
        if quantity == "loss":  # the last recorded loss may be of a step before the stop
            last = records.groupby("run")["step"].max().reindex(members["run"]).to_numpy()
            later = stopped[:, None] & (steps > last[:, None])
            table = np.where(later, members["final_loss"].to_numpy()[:, None], table)
    return table, steps


def _continued(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row with its last number in place of the NaN after it."""
    return pd.DataFrame(values).ffill(axis=1).to_numpy()


def with_costs(curves: pd.DataFrame, runs: pd.DataFrame, chosen: pd.DataFrame | None = None) -> pd.DataFrame:
    """Loss curves with the columns `gradients` and `seconds`: what one run has spent at the step.

    Both are proportional to the step, because only the totals of a run are known. The factor is the median over the
    runs of the best cell, each with its total divided by its steps.
    `chosen`: as for `loss_curves`.
    """
    chosen = chosen_cells(runs) if chosen is None else chosen
    runs = judged(runs)
    cell = cell_ids(runs)
    cell_of_pair = cell[pd.Index(runs["run"]).get_indexer(pd.Index(chosen["run"]))]
    steps = runs["steps"].to_numpy(float)
    for name, total in (("gradients", "grad_evals"), ("seconds", "seconds")):
        spent = runs[total].to_numpy(float) / np.where(steps > 0, steps, np.nan)
        of_cell = pd.Series(spent).groupby(cell).median().fillna(0.0)
        factor = chosen[PAIR].assign(factor=of_cell.to_numpy()[cell_of_pair])
        curves = curves.merge(factor, on=PAIR, how="left")
        curves[name] = curves["step"] * curves.pop("factor")
    return curves


def best_paths(runs: pd.DataFrame, trajectories: pd.DataFrame, chosen: pd.DataFrame | None = None) -> pd.DataFrame:
    """The trajectory that represents each case and label: the run with the lowest seed of the best cell.

    Columns: `case`, `label`, then the columns of `trajectories`. Cases without recorded trajectories and labels with
    failed runs do not appear. `chosen`: as for `loss_curves`.
    """
    chosen = (chosen_cells(runs) if chosen is None else chosen)[[*PAIR, "run"]]
    records = trajectories[np.isin(trajectories["run"], chosen["run"])]
    # the order of `chosen`: labels as in the experiment, steps rising within each
    return chosen.merge(records, on="run", how="inner", sort=False).reset_index(drop=True)
