"""The data that pictures and reports show of each case of a ranked experiment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optlab.execution.records import FixedPoint, Floats
from optlab.experiments.cases import Titled
from optlab.results import analysis
from optlab.results.store import Results
from optlab.results.surface import Surface, view


@dataclass(frozen=True)
class CaseFrames:
    """The data of all cases or of one.

    With `[tuning]`, `effects` are of the runs for tuning, and the losses of the others are those of the judged runs.
    """

    best: pd.DataFrame
    curves: pd.DataFrame
    effects: pd.DataFrame
    paths: pd.DataFrame

    @staticmethod
    def of(results: Results, runs: pd.DataFrame) -> CaseFrames:
        """The data of some of the runs of an experiment."""
        chosen = analysis.chosen_cells(runs)
        return CaseFrames(
            best=analysis.best(runs),
            curves=analysis.with_costs(analysis.loss_curves(runs, results.history, chosen), runs, chosen),
            effects=_effects(runs),
            paths=analysis.best_paths(runs, results.trajectories, chosen),
        )

    def only(self, labels: Collection[str]) -> CaseFrames:
        return CaseFrames(*(frame[frame["label"].isin(labels)] for frame in vars(self).values()))

    def case(self, title: str) -> CaseFrames:
        return CaseFrames(*(frame[frame["case"] == title] for frame in vars(self).values()))


def _effects(runs: pd.DataFrame) -> pd.DataFrame:
    """The sensitivity to the learning rate; empty if there is none, or if its values are not numbers."""
    numeric = "hp.lr" in runs and pd.api.types.is_numeric_dtype(runs["hp.lr"])
    return analysis.sensitivity(runs) if numeric else pd.DataFrame({"case": [], "label": []})


def has_map(case: Titled) -> bool:
    """Whether contours can be drawn: a function of two parameters that is the same in all steps."""
    is_fixed = case.case.split is None and not case.case.problem.changes
    return case.case.dim == 2 and is_fixed and case.computes


def surface_of(case: Titled, frames: CaseFrames, resolution: int) -> Surface:
    """The objective on the part of the plane that contains the trajectories."""
    domain, paths = None, frames.paths
    if case.case.problem.domain is not None:
        domain = case.case.problem.bounds(2)
    else:  # without a domain, diverged runs would make the part arbitrarily large
        done = frames.best.loc[frames.best["shown_status"] == "done", "label"]
        paths = paths[paths["label"].isin(done) | (paths["step"] == 0)]
    given = case.case.start.x if isinstance(case.case.start, FixedPoint) else None
    low, high = view(domain, given, case.minima, paths)
    return surface_between(case, low, high, resolution)


def surface_between(case: Titled, low: Floats, high: Floats, resolution: int) -> Surface:
    """The objective of two parameters between the corners `low` and `high`, with `resolution` points per side."""
    x, y = np.linspace(low, high, resolution).T
    points = np.stack([axis.ravel() for axis in np.meshgrid(x, y)])
    return Surface(x, y, case.heights(points).reshape(resolution, resolution))
