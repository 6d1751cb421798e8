"""The pictures of one case: contours, loss curves, and the sensitivity to the learning rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optlab.errors import counted
from optlab.experiments.cases import Titled, WithoutProblem, slugs
from optlab.figures import contour, loss, sensitivity
from optlab.figures.style import Look
from optlab.results.analysis.phases import has_phases
from optlab.results.case_frames import CaseFrames, has_map, surface_of
from optlab.results.profiles.of_results import Profiled
from optlab.results.selection import Selection
from optlab.results.subject import NamedFigure

if TYPE_CHECKING:
    from optlab.figures.figure import InlineFigure

RESOLUTION = 220
"""Points along each side of the grid of the surface."""


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
    frames = CaseFrames.of(results, labels).only(looks)
    runs_of_effects = "tuning runs: " if has_phases(results.runs) else ""
    for case, name in zip(cases, slugs([case.title for case in cases]), strict=True):
        for found in _figures(case, name, frames.case(case.title), selection, looks, note, runs_of_effects):
            if found.kind in wanted:
                yield found


def _figures(
    case: Titled | WithoutProblem,
    name: str,
    frames: CaseFrames,
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


def _contour(case: Titled, frames: CaseFrames, looks: Mapping[str, Look], subtitle: str) -> InlineFigure:
    shown = {"minima": case.minima, "minimum": case.minimum, "title": case.title, "subtitle": subtitle}
    return contour.figure(surface_of(case, frames, RESOLUTION), frames.paths, frames.best, looks=looks, **shown)


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
