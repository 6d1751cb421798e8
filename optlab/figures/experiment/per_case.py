"""The pictures of one case: contours, loss curves, and the sensitivity to the learning rate."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optlab.errors import counted
from optlab.execution.records import FixedPoint, Floats
from optlab.figures import contour, loss, sensitivity
from optlab.figures.experiment.cases import Titled, WithoutProblem, slugs
from optlab.figures.relief import Surface
from optlab.figures.style import Look
from optlab.results import analysis
from optlab.results.analysis.phases import has_phases
from optlab.results.profiles.of_results import Profiled
from optlab.results.selection import Selection
from optlab.results.subject import NamedFigure

if TYPE_CHECKING:
    from optlab.figures.figure import InlineFigure

RESOLUTION = 220
"""Points along each side of the grid of the surface."""


@dataclass(frozen=True)
class Frames:
    """The data of the pictures, for all cases or for one.

    With `[tuning]`, `effects` are of the runs for tuning, and the losses of the others are those of the judged runs.
    """

    best: pd.DataFrame
    curves: pd.DataFrame
    effects: pd.DataFrame
    paths: pd.DataFrame

    @staticmethod
    def of(results: Profiled, labels: Sequence[str]) -> Frames:
        runs = results.runs[results.runs["label"].isin(labels)].reset_index(drop=True)
        return Frames(
            best=analysis.best(runs),
            curves=analysis.with_costs(analysis.loss_curves(runs, results.history), runs),
            effects=_effects(runs),
            paths=analysis.best_paths(runs, results.trajectories),
        )

    def only(self, labels: Collection[str]) -> Frames:
        return Frames(*(frame[frame["label"].isin(labels)] for frame in vars(self).values()))

    def case(self, title: str) -> Frames:
        return Frames(*(frame[frame["case"] == title] for frame in vars(self).values()))


def _effects(runs: pd.DataFrame) -> pd.DataFrame:
    """The sensitivity to the learning rate; empty if there is none, or if its values are not numbers."""
    numeric = "hp.lr" in runs and pd.api.types.is_numeric_dtype(runs["hp.lr"])
    return analysis.sensitivity(runs) if numeric else pd.DataFrame({"case": [], "label": []})


def has_map(case: Titled) -> bool:
    """Whether contours can be drawn: a function of two parameters that is the same in all steps."""
    is_fixed = case.case.split is None and not case.case.problem.changes
    return case.case.dim == 2 and is_fixed and case.computes


def figures(
    results: Profiled,
    cases: Sequence[Titled | WithoutProblem],
    labels: Sequence[str],
    selection: Selection,
    looks: Mapping[str, Look],
    note: str,
) -> Iterator[NamedFigure]:
    """The pictures of each case, not drawn yet.

    `labels` are the labels that are compared, and `note` is the note on the selection of optimizers.
    """
    wanted = [kind for kind in ("contour", "loss", "lr") if selection.wants_each(kind, len(cases))]
    if not wanted:
        return
    frames = Frames.of(results, labels).only(looks)
    runs_of_effects = "tuning runs: " if has_phases(results.runs) else ""
    for case, name in zip(cases, slugs([case.title for case in cases]), strict=True):
        for found in _figures(case, name, frames.case(case.title), selection, looks, note, runs_of_effects):
            if found.kind in wanted:
                yield found


def _figures(
    case: Titled | WithoutProblem,
    name: str,
    frames: Frames,
    selection: Selection,
    looks: Mapping[str, Look],
    note: str,
    runs_of_effects: str,
) -> Iterator[NamedFigure]:
    """The pictures of one case. `runs_of_effects` says which runs the sensitivity is about, before their seeds."""
    title, subtitle, minimum = case.title, _subtitle(case, frames.best) + note, case.minimum
    if isinstance(case, Titled) and has_map(case) and len(frames.paths):
        many = ", the first seed shown" if (frames.best["n"] > 1).any() else ""
        yield NamedFigure("contour", title, name, partial(_contour, case, frames, looks, subtitle + many))
    headed = {"looks": looks, "minimum": minimum, "title": title, "subtitle": subtitle}
    if np.isfinite(frames.curves["median"]).any():
        x = "step" if selection.x in (None, "steps") else selection.x
        yield NamedFigure("loss", title, name, partial(loss.figure, frames.curves, frames.best, x=x, **headed))
    if len(frames.effects):
        seeds = _seeds(int(frames.effects["n"].max()), runs_of_effects)
        headed["subtitle"] = _subtitle(case, frames.best, seeds) + note
        yield NamedFigure("lr", title, name, partial(sensitivity.figure, frames.effects, **headed))


def _contour(case: Titled, frames: Frames, looks: Mapping[str, Look], subtitle: str) -> InlineFigure:
    shown = {"minima": case.minima, "minimum": case.minimum, "title": case.title, "subtitle": subtitle}
    return contour.figure(_surface(case, frames), frames.paths, frames.best, looks=looks, **shown)


def _surface(case: Titled, frames: Frames) -> Surface:
    """The objective on the part of the plane that contains the trajectories."""
    domain, paths = None, frames.paths
    if case.case.problem.domain is not None:
        domain = case.case.problem.bounds(2)
    else:  # without a domain, diverged runs would make the part arbitrarily large
        done = frames.best.loc[frames.best["shown_status"] == "done", "label"]
        paths = paths[paths["label"].isin(done) | (paths["step"] == 0)]
    given = case.case.start.x if isinstance(case.case.start, FixedPoint) else None
    low, high = contour.view(domain, given, case.minima, paths)
    return surface(case, low, high, RESOLUTION)


def surface(case: Titled, low: Floats, high: Floats, resolution: int) -> Surface:
    """The objective of two parameters between the corners `low` and `high`, with `resolution` points per side."""
    x, y = np.linspace(low, high, resolution).T
    points = np.stack([axis.ravel() for axis in np.meshgrid(x, y)])
    return Surface(x, y, case.heights(points).reshape(resolution, resolution))


def _seeds(number: int, of: str = "") -> str:
    """The number of seeds in a subtitle. One seed is not named, unless the text `of` says which runs have it."""
    return f", {of}{counted(number, 'seed')}" if number > 1 or of else ""


def _subtitle(case: Titled | WithoutProblem, best: pd.DataFrame, seeds: str | None = None) -> str:
    """The facts about the runs of a picture. `seeds` names their seeds; by default, those of the judged runs."""
    if best.empty:
        return counted(case.steps, case.unit)
    seeds = _seeds(int(best["n"].max())) if seeds is None else seeds
    tried = sorted({int(n) for n in best["cells"]})
    chosen = f"the best of {tried[0]}" if len(tried) == 1 else f"the best of {tried[0]} to {tried[-1]}"
    each = "" if tried == [1] else f", each optimizer with {chosen} settings tried"
    failed = int((best["failed"] > 0).sum())
    lost = "" if np.isfinite(best["median"]).any() else "; none ended with a finite loss"
    lost += f"; runs of {failed} of {counted(len(best), 'optimizer')} ended with an error" if failed else ""
    return counted(case.steps, case.unit) + each + seeds + lost
