"""The values of several labels on one case, paired by seed: the input of all statistics about ranks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optlab.experiments import metrics
from optlab.results.analysis.phases import TUNING, has_phases
from optlab.results.analysis.ties import EXACT, Floor, Ties
from optlab.results.analysis.tuning import FINAL_LOSS, cell_ids, group_ids, run_losses

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


MOST_SEEDS = 1000
"""The number of seeds that resamples and permutations use; more would only make the doubt about ranks smaller."""


@dataclass(frozen=True)
class Contest:
    """One case. Lower is better; a diverged run is infinity, and a missing one is NaN.

    labels: the L labels.
    values: their values on the N judged seeds, shape (L, N), each at its chosen setting.
    tried: for each label, the values of all settings from which one was chosen, shape (settings, seeds of the choice).
    chosen: for each label, the row of the chosen setting in `tried`.
    choices: what it was chosen by, in the shape of `tried`, if settings are chosen by another metric; else `tried`.
    is_judged_apart: whether the seeds of the choice are others than the judged ones.
    floor: which values are equal.
    copied: the labels of which one measurement was copied to all seeds.
    """

    labels: tuple[str, ...]
    values: Floats
    tried: tuple[Floats, ...]
    chosen: tuple[int, ...]
    is_judged_apart: bool = False
    floor: Floor = EXACT
    copied: frozenset[str] = frozenset()
    choices: tuple[Floats, ...] | None = None

    @property
    def is_single(self) -> bool:
        """Whether there is one measurement of each label, which says nothing about how sure the order is."""
        return self.values.shape[1] == 1 or self.copied >= {*self.labels}

    def limited(self, seeds: int = MOST_SEEDS) -> Contest:
        """The contest on its first seeds only, so that time and memory are bounded."""
        if self.values.shape[1] <= seeds:
            return self
        tried, choices = (_cut(part, seeds) for part in (self.tried, self.choices or self.tried))
        return replace(self, values=self.values[:, :seeds], tried=tried, choices=choices)

    def with_fixed_settings(self) -> Contest:
        """The contest without the other settings, for a metric of which their values are unknown."""
        return replace(self, tried=tuple(self.values[:, None, :]), chosen=(0,) * len(self.labels), choices=None)

    @staticmethod
    def of(labels: tuple[str, ...], values: Floats) -> Contest:
        """A contest without choices: every label has one setting, and only identical values are equal."""
        return Contest(labels, values, tuple(values[:, None, :]), (0,) * len(labels))


def _cut(parts: tuple[Floats, ...], seeds: int) -> tuple[Floats, ...]:
    return tuple(part[:, :seeds] for part in parts)


def contests(
    runs: pd.DataFrame, chosen: pd.DataFrame, by: str = FINAL_LOSS, select: str | None = None
) -> Iterator[tuple[str, Contest]]:
    """The contests of all cases by name.

    Args:
        runs: one row per run, of both phases if there are two.
        chosen: one row per case and label, as from `best`, with the number of a run of the chosen setting in `run`.
            Labels with failed runs are left out.
        by: the metric.
        select: the metric by which settings were chosen on seeds of their own; None means `by`.
    """
    chosen = chosen[chosen["failed"] == 0]
    place = pd.Index(runs["run"]).get_indexer(pd.Index(chosen["run"]))
    cell, loss, ties = cell_ids(runs), run_losses(runs, by), Ties.of(runs, by)
    is_tuning = runs["phase"].to_numpy() == TUNING if has_phases(runs) else np.zeros(len(runs), dtype=bool)
    is_shared = metrics.metric(by, runs.columns).is_shared
    is_other = has_phases(runs) and select not in (None, by)
    choice = run_losses(runs, str(select)) if is_other else loss
    is_fixed = is_other and not metrics.metric(by, runs.columns).is_recorded_in_tuning
    case_of_run = group_ids(runs, ["case"])
    for number, case in enumerate(runs["case"].unique()):
        ours = chosen["case"].to_numpy() == case
        if ours.any():
            rows = case_of_run == number
            judged, tuned, choices = (
                _Table.of(runs[rows & side], cell[rows & side], values[rows & side])
                for side, values in ((~is_tuning, loss), (is_tuning, loss), (is_tuning, choice))
            )
            labels = tuple(chosen["label"][ours])
            contest = _contest(labels, cell[place[ours]], judged, tuned, choices, ties.floor(case))
            contest = contest.with_fixed_settings() if is_fixed else contest
            yield str(case), replace(contest, copied=frozenset(labels)) if is_shared else contest


@dataclass(frozen=True)
class _Table:
    """The values of one case as an array (cells, seeds), with the numbers and labels of the cells in order, and which
    cells have one run."""

    cells: Ints
    labels: NDArray[np.object_]
    values: Floats
    is_alone: Bools

    @staticmethod
    def of(runs: pd.DataFrame, cell: Ints, loss: Floats) -> _Table:
        cells, first, row = np.unique(cell, return_index=True, return_inverse=True)
        seeds, column = np.unique(runs["seed"].to_numpy(), return_inverse=True)
        values = np.full((len(cells), len(seeds)), np.nan)
        values[row, column] = loss
        # a deterministic cell has one run, which is the same for every seed
        alone = np.bincount(row, minlength=len(cells)) == 1
        values[alone] = loss[first[alone], None]
        return _Table(cells, runs["label"].to_numpy(object)[first], values, alone)

    def of_label(self, label: str, cell: int) -> tuple[Floats, int]:
        """The values of all cells of a label, and the row of one of its cells."""
        ours = self.labels == label
        return self.values[ours], int(np.flatnonzero(self.cells[ours] == cell)[0])


def _contest(
    labels: tuple[str, ...], cells: Ints, judged: _Table, tuned: _Table, choices: _Table, floor: Floor
) -> Contest:
    rows, pairs = np.searchsorted(judged.cells, cells), list(zip(labels, cells, strict=True))
    copied = frozenset(label for label, row in zip(labels, rows, strict=True) if judged.is_alone[row])
    is_apart = len(tuned.cells) > 0
    tried = [(tuned if is_apart else judged).of_label(*pair) for pair in pairs]
    settings, chosen = (tuple(parts) for parts in zip(*tried, strict=True))
    by = tuple(choices.of_label(*pair)[0] for pair in pairs) if is_apart else None
    return Contest(labels, judged.values[rows], settings, chosen, is_apart, floor, copied, by)
