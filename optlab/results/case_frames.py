"""The data that pictures and reports show of each case of a ranked experiment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache, partial

import numpy as np
import pandas as pd

from optlab.execution.records import FixedPoint, Floats
from optlab.experiments.cases import Titled
from optlab.results import analysis
from optlab.results.store import Results
from optlab.results.surface import Surface, view


class CaseFrames:
    """The data of all cases or of one: `best`, `curves`, `effects` and `paths`, each computed at its first use.

    With `[tuning]`, `effects` are of the runs for tuning, and the losses of the others are those of the judged runs.
    """

    def __init__(self, made: Mapping[str, Callable[[], pd.DataFrame]]) -> None:
        self._made = {name: cache(make) for name, make in made.items()}

    @staticmethod
    def of(results: Results, runs: pd.DataFrame) -> CaseFrames:
        """The data of some of the runs of an experiment."""
        history, trajectories = results.history, results.trajectories
        chosen = cache(lambda: analysis.chosen_cells(runs))  # no function here refers to `results`, which keep them
        made: dict[str, Callable[[], pd.DataFrame]] = {
            "best": lambda: analysis.best(runs),
            "curves": lambda: analysis.with_costs(analysis.loss_curves(runs, history, chosen()), runs, chosen()),
            "effects": lambda: _effects(runs),
            "paths": lambda: analysis.best_paths(runs, trajectories, chosen()),
        }
        return CaseFrames(made)

    @property
    def best(self) -> pd.DataFrame:
        """See `analysis.best`."""
        return self._made["best"]()

    @property
    def curves(self) -> pd.DataFrame:
        """See `analysis.loss_curves` and `analysis.with_costs`."""
        return self._made["curves"]()

    @property
    def effects(self) -> pd.DataFrame:
        """See `analysis.sensitivity`."""
        return self._made["effects"]()

    @property
    def paths(self) -> pd.DataFrame:
        """See `analysis.best_paths`."""
        return self._made["paths"]()

    def only(self, labels: Collection[str]) -> CaseFrames:
        return self._where(lambda frame: frame["label"].isin(labels))

    def case(self, title: str) -> CaseFrames:
        return self._where(lambda frame: frame["case"] == title)

    def with_paths(self, paths: pd.DataFrame) -> CaseFrames:
        """The same data with other paths."""
        return CaseFrames({**self._made, "paths": lambda: paths})

    def _where(self, holds: Callable[[pd.DataFrame], pd.Series]) -> CaseFrames:
        def kept(make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
            frame = make()
            return frame[holds(frame)]

        return CaseFrames({name: partial(kept, make) for name, make in self._made.items()})


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
