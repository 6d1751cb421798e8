"""The pictures of an experiment, and the data frames that each of them shows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from optlab.errors import counted
from optlab.execution.records import FixedPoint, Floats
from optlab.experiments.plan import Plan
from optlab.figures import contour, loss, sensitivity, style
from optlab.figures.experiment import from_plugins, maps
from optlab.figures.experiment.cases import Titled, Untold, slugs, titled
from optlab.figures.figure import save
from optlab.figures.relief import Surface
from optlab.figures.style import Look
from optlab.plugins.registry.figures import FigurePlugin
from optlab.results import analysis, store
from optlab.results.selection import ALL, Selection
from optlab.results.subject import NamedFigure, Subject

if TYPE_CHECKING:
    from optlab.figures.figure import InlineFigure

RESOLUTION = 220
"""Points along each side of the grid of the surface."""


def draw_all(results: Subject, format: str, progress: Callable[[int], None], selection: Selection = ALL) -> list[Path]:
    """Draw all pictures of an experiment into its `plots/`. `progress(1)` is called after each.

    All files appear together, after the last is drawn. Pictures that need a problem are left out if the problem is gone
    or has changed since the runs, or if there is no plan. The pictures of plugins come last.
    """
    more = from_plugins.extras(results, selection)
    with store.drawing(results, format) as drawing:
        for figure in figures(results, selection):
            drawing.add(save(figure.make(), drawing.folder / f"{figure.name}.{format}"))
            progress(1)
        is_none_left_out = from_plugins.draw(more, drawing, progress)
        return drawing.publish(are_all=not results.origin.left_out and is_none_left_out)


def count(planned: Plan, plugins: Iterable[FigurePlugin] = ()) -> int:
    """The number of pictures. The pictures of a plugin count as one, since their number is not known beforehand."""
    more = maps.count(planned) + len([*plugins])
    if not planned.kind.is_ranked:
        return more
    recorded = planned.is_recorded
    return more + sum(1 + recorded + (recorded and _has_map(case)) for case in titled(planned))


def _has_map(case: Titled) -> bool:
    return case.case.dim == 2 and case.case.split is None and case.computes


@dataclass(frozen=True)
class Frames:
    """The data of the pictures, for all cases or for one."""

    best: pd.DataFrame
    curves: pd.DataFrame
    effects: pd.DataFrame
    paths: pd.DataFrame

    @staticmethod
    def of(results: Subject) -> Frames:
        runs = results.runs
        return Frames(
            best=analysis.best(runs),
            curves=analysis.loss_curves(runs, results.history),
            effects=_effects(runs),
            paths=analysis.best_paths(runs, results.trajectories),
        )

    def case(self, title: str) -> Frames:
        return Frames(*(frame[frame["case"] == title] for frame in vars(self).values()))

    def only(self, labels: Collection[str]) -> Frames:
        return Frames(*(frame[frame["label"].isin(labels)] for frame in vars(self).values()))


def _effects(runs: pd.DataFrame) -> pd.DataFrame:
    """The sensitivity to the learning rate; empty if there is none, or if its values are not numbers."""
    numeric = "hp.lr" in runs and pd.api.types.is_numeric_dtype(runs["hp.lr"])
    return analysis.sensitivity(runs) if numeric else pd.DataFrame({"case": [], "label": []})


def figures(results: Subject, selection: Selection = ALL) -> Iterator[NamedFigure]:
    """All pictures of an experiment, not drawn yet; see `draw_all`."""
    planned = results.origin.plan
    labels = planned.labels if planned else tuple(dict.fromkeys(results.runs["label"]))
    is_ranked = planned is None or planned.kind.is_ranked
    selection.check(labels, is_ranked)
    if planned is not None:
        yield from maps.figures(results, planned, selection)
    if not is_ranked:
        return
    cases = _cases(results)
    looks = looks_of(labels, _best_first(labels, results.runs), selection)
    frames, note = Frames.of(results).only(looks), _selected(len(labels), looks, len(cases))
    for case, name in zip(cases, slugs([case.title for case in cases]), strict=True):
        yield from _figures(case, name, frames.case(case.title), looks, note)


def _cases(results: Subject) -> list[Titled | Untold]:
    """The cases of the results, each with its problem if the problem is unchanged since the runs."""
    planned, changed = results.origin.plan, results.origin.changed
    all_cases = {case.title: case for case in titled(planned)} if planned else {}
    known = {title: case for title, case in all_cases.items() if case.case.problem.name not in changed}
    runs = results.runs
    steps = results.manifest.get("planned", {}).get("steps") or int(runs["steps"].max())
    return [known.get(title) or Untold(title, steps) for title in dict.fromkeys(runs["case"])]


def _best_first(labels: Sequence[str], runs: pd.DataFrame) -> list[str]:
    """The labels by their best rank on any problem, so that every winner comes first; then by their mean rank."""
    table = analysis.ranking(runs)
    ranks = table["rank"].astype(float).fillna(np.inf).groupby(table["label"])
    best, mean = ranks.min(), ranks.mean()
    return sorted(labels, key=lambda label: (best[label], mean[label]))


def looks_of(labels: Sequence[str], best_first: Sequence[str], selection: Selection) -> dict[str, Look]:
    """The look of each shown label. A label among the best of all has the same colour in all pictures of the
    experiment, also with a selection.

    >>> [look.colour for look in looks_of("abc", "cab", Selection(top=2)).values()] == [
    ...     style.PALETTE[0], style.FAINT, style.PALETTE[2]]
    True
    """
    first = [label for label in labels if label in best_first[: style.MOST]]
    usual = style.looks(first)
    shown = selection.shown(labels)
    full = [label for label in best_first if label in shown][: selection.top or style.MOST]
    taken = {usual[label].colour for label in full if label in usual}
    more = [look for i, look in enumerate(style.looks(map(str, range(len(labels) + style.MOST))).values())
            if i >= style.MOST or look.colour not in taken]  # fmt: skip
    others = iter(more)
    chosen = {label: usual[label] if label in usual else next(others) for label in full}
    return {label: chosen.get(label, style.OTHER) for label in shown}


def _selected(labels: int, looks: Mapping[str, Look], cases: int) -> str:
    """The note on the selection of optimizers, for the subtitle."""
    facts = [f"{len(looks)} of {counted(labels, 'optimizer')} shown"] if len(looks) < labels else []
    if thin := len(style.faint(looks)):
        by = ", by their ranks on all problems" if cases > 1 else ""
        facts.append(f"in colour the best {len(looks) - thin} of {len(looks)}{by}")
    return "".join(f"; {fact}" for fact in facts)


def _figures(
    case: Titled | Untold, name: str, frames: Frames, looks: Mapping[str, Look], note: str
) -> Iterator[NamedFigure]:
    title, subtitle, minimum = case.title, _subtitle(case, frames.best) + note, case.minimum
    if isinstance(case, Titled) and _has_map(case) and len(frames.paths):
        many = ", the first seed shown" if (frames.best["n"] > 1).any() else ""
        yield NamedFigure("contour", title, name, partial(_contour, case, frames, looks, subtitle + many))
    headed = {"looks": looks, "minimum": minimum, "title": title, "subtitle": subtitle}
    if np.isfinite(frames.curves["median"]).any():
        yield NamedFigure("loss", title, name, partial(loss.figure, frames.curves, frames.best, **headed))
    if len(frames.effects):
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


def _subtitle(case: Titled | Untold, best: pd.DataFrame) -> str:
    if best.empty:
        return counted(case.steps, "step")
    seeds = int(best["n"].max())
    tried = sorted({int(n) for n in best["cells"]})
    chosen = f"the best of {tried[0]}" if len(tried) == 1 else f"the best of {tried[0]} to {tried[-1]}"
    each = "" if tried == [1] else f", each optimizer with {chosen} settings tried"
    failed = int((best["failed"] > 0).sum())
    lost = "" if np.isfinite(best["median"]).any() else "; none ended with a finite loss"
    lost += f"; runs of {failed} of {counted(len(best), 'optimizer')} ended with an error" if failed else ""
    return counted(case.steps, "step") + each + (f", {seeds} seeds" if seeds > 1 else "") + lost
