"""Results of COCO and IOH: ranks, profiles and scores from the evaluations until many targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optlab.errors import UserError, did_you_mean
from optlab.results.imported import folders
from optlab.results.imported.table import TableResults
from optlab.results.profiles.hits import checked_levels, coco_targets, per_dimension
from optlab.results.profiles.of_results import KINDS, SOLVED

PRECISION = 1e-8
"""Values this near to the minimum are equal: COCO stops there."""


@dataclass(frozen=True, repr=False, kw_only=True)
class TrialResults(TableResults):
    """Results of a folder of COCO or IOH, see `from_folder`.

    costs: the evaluations until each target: a table of costs with a column `dim`.
    target: the target of ranks, scores, performance and data profiles.
    """

    costs: pd.DataFrame
    target: float = PRECISION

    def profile(self, kind: str = "performance", *, without: Sequence[str] = ()) -> pd.DataFrame:
        """A profile of the evaluations, see `ExperimentResults.profile`: of any kind.

        "performance" and "data" are for one target, the others for all. "ecdf" and "ecdf_restarts" are of evaluations
        divided by the dimension, as in COCO.
        """
        if kind not in KINDS:
            raise UserError(f"there is no profile {kind!r}{did_you_mean(kind, KINDS)}; there are: {', '.join(KINDS)}")
        costs = self.costs[self.costs["label"].isin(set(self._kept(without)["label"]))]
        is_ecdf, is_solved = kind.startswith("ecdf"), kind in SOLVED
        if is_solved:
            costs = costs[costs["target"] == self.target]
        if is_ecdf:
            costs = per_dimension(costs, costs["dim"].to_numpy(float))
        frame = KINDS[kind](costs)
        frame.attrs.update(self._facts(kind))
        if is_ecdf:
            frame.attrs["unit"] = "evaluations / dimension"
        if not is_solved:
            frame.attrs["targets"] = costs["target"].unique().tolist()
        return frame

    def _facts(self, kind: str) -> dict[str, Any]:
        return super()._facts(kind) | {"unit": "evaluations", "targets": [self.target], "is_solved": False}

    def _costs(self, runs: pd.DataFrame) -> pd.DataFrame:
        labels = set(runs["label"])
        return self.costs[(self.costs["target"] == self.target) & self.costs["label"].isin(labels)]


def from_folder(folder: Path, target: float | None = None, targets: Sequence[float] | None = None) -> TrialResults:
    """The results in a folder of COCO or IOH.

    Args:
        folder: the folder of one algorithm, or a folder with several of these.
        target: the value above the minimum that counts as success in scores, performance and data profiles. If it is
            given, the ranks are by the evaluations until it is reached, otherwise by the lowest value above the
            minimum, where all values below 1e-8 are equal.
        targets: the targets of the other profiles. Default: 10^2, 10^1.8, ..., 10^-8.

    Raises:
        MissingPackage, UserError: see `folders.read`, or a target is impossible.
    """
    levels = coco_targets() if targets is None else checked_levels(targets)
    single = PRECISION if target is None else float(checked_levels([target])[0])
    trials = folders.read(folder, np.unique(np.append(levels, single))[::-1].tolist())
    first = trials["target"] == single
    value = trials["final"].clip(lower=PRECISION) if target is None else trials["cost"]
    runs = trials.assign(group="", value=value)[first][["group", "case", "label", "seed", "value"]]
    names = {"value": "f - f_opt" if target is None else "evaluations"}
    return TrialResults(runs.reset_index(drop=True), str(folder), names, costs=trials, target=single)
