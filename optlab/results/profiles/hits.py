"""What runs spent until they reached each target, from the losses that were recorded along their steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optlab.errors import UserError
from optlab.results.profiles.arrange import COLUMNS, Floats

UNITS = ("gradients", "steps", "seconds")
"""What a cost counts. Gradients and seconds are proportional to the steps of a run."""

_TOTAL = {"gradients": "grad_evals", "steps": "steps", "seconds": "seconds"}


@dataclass(frozen=True)
class Targets:
    """The targets of the runs: `levels`, by decreasing loss, above the reference of each run.

    - `reference` (runs,): the minimum, or the lowest loss of any optimizer.
    - `is_relative` (runs,): a relative target is the loss reference + level (first loss - reference), any other
      reference + level.
    """

    levels: Floats
    reference: Floats
    is_relative: np.ndarray

    def losses(self, first: Floats) -> Floats:
        """The losses of the targets, shape (runs, levels), for runs that start at the losses `first`, shape (runs,).

        >>> Targets(np.array([0.5, 0.1]), np.array([1.0, 1.0]), np.array([True, False])).losses(np.array([3.0, 3.0]))
        array([[2. , 1.2],
               [1.5, 1.1]])
        """
        with np.errstate(invalid="ignore", over="ignore"):
            scale = np.where(self.is_relative, first - self.reference, 1.0)
            return self.reference[:, None] + self.levels * scale[:, None]


def costs(runs: pd.DataFrame, history: pd.DataFrame, targets: Targets, unit: str = "gradients") -> pd.DataFrame:
    """The costs of the runs for each target, as a table of costs (`arrange.COLUMNS`).

    A target is reached at the first recorded step with a loss of at most its loss. So the cost is rounded up to a
    recorded step. A run that diverges after it reached a target has reached it. If the training loss of a network was
    recorded on all data (`train_loss`) and the steps use minibatches, `train_loss` is the loss.

    Args:
        runs: the runs; columns `run`, `case`, `label`, `seed`, `steps`, `grad_evals`, `seconds`, `first_loss`.
        history: the recorded losses; columns `run`, `step`, `loss`, and for networks `train_loss`.
        targets: the targets, in the order of the runs.
        unit: what is counted, one of `UNITS`.

    Raises:
        UserError: no losses were recorded.
    """
    count, total = len(targets.levels), _spent(runs, unit)[0]
    table = runs.loc[runs.index.repeat(count), ["case", "label", "seed"]].reset_index(drop=True)
    table["target"] = np.tile(targets.levels, len(runs))
    wanted = targets.losses(runs["first_loss"].to_numpy(float))
    table["cost"], table["spent"] = until(runs, history, wanted, unit).ravel(), np.repeat(total, count)
    return table[COLUMNS]


def until(runs: pd.DataFrame, history: pd.DataFrame, wanted: Floats, unit: str = "gradients") -> Floats:
    """What each run spent until the first recorded loss of at most each of its losses `wanted`, shape (runs, losses).

    Infinity if there is no such loss; see `costs`.
    """
    records = losses(runs, history)
    per_step = _spent(runs, unit)[1]
    cost = np.full(wanted.shape, np.inf)
    run = records["run"].to_numpy()
    begin, end = (np.searchsorted(run, runs["run"], side=side) for side in ("left", "right"))
    step, loss = records["step"].to_numpy(float), records["value"].to_numpy(float)
    for row, (low, high) in enumerate(zip(begin, end, strict=True)):
        lowest = np.minimum.accumulate(loss[low:high])
        at = np.searchsorted(-lowest, -wanted[row])  # the first record with a loss of at most the target
        reached = (at < high - low) & ~np.isnan(wanted[row])
        cost[row, reached] = step[low:high][at[reached]] * per_step[row]
    return cost


def per_dimension(costs: pd.DataFrame, dims: Floats) -> pd.DataFrame:
    """A table of costs divided by the dimension of each row, as in the distributions of COCO."""
    return costs.assign(cost=costs["cost"] / dims, spent=costs["spent"] / dims)


def own_costs(runs: pd.DataFrame, unit: str) -> Floats:
    """What each run spent until the target of its problem: exactly, from the column `reached`."""
    reached = runs["reached"].to_numpy(float)
    return np.where(reached >= 0, reached * _spent(runs, unit)[1], np.inf)


def _spent(runs: pd.DataFrame, unit: str) -> tuple[Floats, Floats]:
    """What each run spent in all, and per step."""
    total = runs[_TOTAL[unit]].to_numpy(float)
    return total, total / np.maximum(runs["steps"].to_numpy(float), 1)


def rounding(runs: pd.DataFrame, history: pd.DataFrame) -> int:
    """The largest distance in steps between two recorded losses of a run."""
    return int(roundings(runs, history).max())


def roundings(runs: pd.DataFrame, history: pd.DataFrame) -> Floats:
    """The largest distance in steps between two recorded losses of each run; 0 with one loss."""
    records = losses(runs, history)
    gap = records["step"].diff()[records["run"].eq(records["run"].shift())]
    return gap.groupby(records["run"]).max().reindex(runs["run"], fill_value=0).to_numpy(float)


def losses(runs: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """The recorded losses of the runs: run, step, value. A loss that is not a number is infinite."""
    records = history[np.isin(history["run"], runs["run"])]
    if records.empty:
        raise UserError(
            "no losses were recorded along the steps: run the experiment with [record] points = 200, or more"
        )
    value = records["loss"].to_numpy(float)
    keep = np.full(len(records), True)
    if "train_loss" in records:
        given = records["train_loss"].notna()
        in_batches = _indexed(runs, "opt.batch_size", 1).loc[records["run"]].to_numpy() != 0
        on_data = given.groupby(records["run"]).transform("any").to_numpy() & in_batches
        value = np.where(on_data, records["train_loss"].to_numpy(float), value)
        keep = ~on_data | given.to_numpy()
    table = records[["run", "step"]].assign(value=np.where(np.isnan(value), np.inf, value))[keep]
    return table.sort_values(["run", "step"], ignore_index=True)


def _indexed(runs: pd.DataFrame, column: str, default: float) -> pd.Series:
    """A column of the runs by run, with a default where it has no value."""
    values = runs[column] if column in runs else pd.Series(default, runs.index)
    return pd.Series(values.fillna(default).to_numpy(), pd.Index(runs["run"]))


def coco_targets(first: float = 2.0, last: float = -8.0) -> Floats:
    """The targets of COCO above the minimum: 10^2, 10^1.8, ..., 10^-8.

    >>> coco_targets()[[0, 1, -1]].tolist(), len(coco_targets())
    ([100.0, 63.09573444801933, 1e-08], 51)
    """
    return 10.0 ** np.round(np.arange(first, last - 0.1, -0.2), 1)


def checked_levels(levels: Sequence[float] | Floats) -> Floats:
    """Targets in decreasing order. Raises UserError if one is not a positive number."""
    array = np.asarray(levels, dtype=float).ravel()
    if not array.size or not (np.isfinite(array) & (array > 0)).all():
        raise UserError(f"targets must be positive numbers above the minimum, such as [1.0, 1e-3], not {levels!r}")
    return np.unique(array)[::-1]
