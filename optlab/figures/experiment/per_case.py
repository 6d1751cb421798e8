"""The pictures of one case: contours, surfaces, loss curves, and the sensitivity to the learning rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optlab.errors import counted
from optlab.experiments.cases import Titled, WithoutProblem
from optlab.experiments.choices import View
from optlab.figures import contour, loss, sensitivity, surface
from optlab.figures.animation import scene
from optlab.figures.animation.player import Animation
from optlab.figures.animation.scene import Timing
from optlab.figures.experiment.inputs import PictureInputs
from optlab.figures.in_view import on_map
from optlab.figures.style import Look
from optlab.results.analysis.phases import has_phases
from optlab.results.case_frames import CaseFrames, has_map, surface_of
from optlab.results.subject import NamedFigure

if TYPE_CHECKING:
    from optlab.figures.figure import InlineFigure

RESOLUTION = 220
"""Points along each side of the grid of the surface."""
OF_PATHS = ("contour", "surface")
"""The pictures of trajectories, of cases with a map."""
KINDS = (*OF_PATHS, "loss", "lr")


def figures(shown: PictureInputs) -> Iterator[NamedFigure]:
    """The pictures of each case, not drawn yet."""
    wanted = [kind for kind in KINDS if shown.selection.wants_each(kind, shown.count)]
    if not wanted:
        return
    frames = shown.frames.only(shown.looks)
    for case in shown.cases:
        for found in _figures(shown, case, frames.case(case.title)):
            if found.kind in wanted:
                yield found


def _figures(shown: PictureInputs, case: Titled | WithoutProblem, frames: CaseFrames) -> Iterator[NamedFigure]:
    """The pictures of one case."""
    title, subtitle, looks = case.title, _subtitle(case, frames.best) + shown.note, shown.looks
    name = shown.files[title]
    if isinstance(case, Titled) and has_map(case) and len(frames.paths):
        many = ", the first seed shown" if (frames.best["n"] > 1).any() else ""
        for kind in OF_PATHS:
            yield NamedFigure(kind, title, name, partial(_paths, kind, case, frames, looks, subtitle + many))
    headed = {"looks": looks, "minimum": case.minimum, "title": title, "subtitle": subtitle}
    if np.isfinite(frames.curves["median"]).any():
        x = "step" if shown.selection.x in (None, "steps") else shown.selection.x
        yield NamedFigure("loss", title, name, partial(loss.figure, frames.curves, frames.best, x=x, **headed))
    if len(frames.effects):
        seeds = _seeds(int(frames.effects["n"].max()), "tuning runs: " if has_phases(shown.runs) else "")
        headed["subtitle"] = _subtitle(case, frames.best, seeds) + shown.note
        yield NamedFigure("lr", title, name, partial(sensitivity.figure, frames.effects, **headed))


def animated(shown: PictureInputs, case: Titled, view: View, width: int, timing: Timing) -> Animation | None:
    """The animation of a case with a map, `width` pixels wide; None if no trajectories were recorded."""
    of_case = shown.runs[shown.runs["case"] == case.title].reset_index(drop=True)
    frames = CaseFrames.of(shown.results, of_case).only(shown.looks)
    if not len(frames.paths):
        return None
    many = ", the first seed shown" if (frames.best["n"] > 1).any() else ""
    subtitle = _subtitle(case, frames.best) + shown.note + many
    heights = surface_of(case, frames, RESOLUTION)
    headed = {"looks": shown.looks, "minima": case.minima, "minimum": case.minimum, "title": case.title}
    if view == "surface":
        seen = surface.View.of(heights, frames.paths, case.minima, case.minimum)
        sheet = surface.figure(heights, frames.paths, frames.best, subtitle=subtitle, view=seen, pixels=2 * width // 3,
                               **headed)  # fmt: skip
        in_view = seen.path
    else:
        sheet = contour.figure(heights, frames.paths, frames.best, subtitle=subtitle, still=False, **headed)
        in_view = partial(on_map, limits=heights.limits)
    lost = frames.best.loc[frames.best["shown_status"] != "done", "label"].tolist()
    return Animation(scene.of_figure(sheet, in_view, frames.paths, lost, dict(shown.looks), width, timing, case.title))


def _paths(kind: str, case: Titled, frames: CaseFrames, looks: Mapping[str, Look], subtitle: str) -> InlineFigure:
    """The picture of trajectories on a map ("contour") or on a surface."""
    shown = {"minima": case.minima, "minimum": case.minimum, "title": case.title, "subtitle": subtitle}
    draw = {"contour": contour, "surface": surface}[kind].figure
    return draw(surface_of(case, frames, RESOLUTION), frames.paths, frames.best, looks=looks, **shown)


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
