"""The pictures of the built-in maps. A kind of experiment from a plugin draws its own pictures; see `extra`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from optlab.errors import counted
from optlab.experiments.cases import Titled, slugs, titled
from optlab.experiments.kinds import Plan
from optlab.experiments.maps import advice
from optlab.experiments.maps.panels import BasinMap, StabilityMap
from optlab.figures import basins, stability
from optlab.figures.relief import Surface
from optlab.plugins.code_location import is_built_in
from optlab.results.selection import ALL, Selection
from optlab.results.subject import NamedFigure, Subject

if TYPE_CHECKING:
    from optlab.figures.figure import InlineFigure

SURFACE = 200
"""Points along each side of the grid for level lines."""
TOGETHER = 6
"""The largest number of panels in one picture."""


def count(planned: Plan) -> int:
    """The number of pictures; the pictures of a kind from a plugin count as one."""
    if planned.kind.name in _DRAWN:
        return sum(-(-number // TOGETHER) for number in planned.kind.panel_counts(planned).values())
    return int(not is_built_in(planned.kind.function))


def figures(results: Subject, planned: Plan, selection: Selection = ALL) -> Iterator[NamedFigure]:
    """The pictures of a map, not drawn yet. Panels with failed runs are left out."""
    kind, shown = planned.kind.name, selection.shown(planned.labels)
    if kind not in _DRAWN:
        return
    maps, draw = [panel for panel in results.panels if panel.optimizer in shown], _DRAWN[kind]
    cases = list(titled(planned))
    for case, name in zip(cases, slugs([case.title for case in cases]), strict=True):
        all_panels = [panel for panel in maps if panel.problem == case.title]
        panels = [panel for panel in all_panels if not panel.failed]
        failed = ", ".join(dict.fromkeys(panel.optimizer for panel in all_panels if panel.failed))
        parts = _parts(panels) if panels else []
        for number, part in enumerate(parts, start=1):
            headline = f"{case.title}: {kind}" + (f" ({number} of {len(parts)})" if len(parts) > 1 else "")
            headline += f"; error: {failed}" if failed else ""
            file = name + (f"-{number}" if number > 1 else "")
            yield NamedFigure(kind, case.title, file, partial(draw, case, part, panels, headline))


def _parts(maps: list[Any]) -> list[list[Any]]:
    """The panels of each picture; the numbers of panels differ by at most one."""
    number = -(-len(maps) // TOGETHER)
    ends = [-(-len(maps) * i // number) for i in range(number + 1)]
    return [maps[begin:end] for begin, end in itertools.pairwise(ends)]


def _basins(case: Titled, maps: Sequence[BasinMap], among: Sequence[BasinMap], headline: str) -> InlineFigure:
    side = len(maps[0].x)
    size = f"{side} x {side} starts, {counted(case.steps, 'step')} each"
    subtitle = f"{size}; colour: the minimum reached, dark: many steps needed"
    lowest = float(case.heights(maps[0].minima[:1].T)[0]) if len(maps[0].minima) and case.computes else None
    surface = _surface(case, maps[0]) if case.computes else None
    return basins.figure(maps, among=among, surface=surface, lowest=lowest, title=headline, subtitle=subtitle,
                         notes=[advice.of_basins(panel, case.steps) for panel in maps])  # fmt: skip


def _surface(case: Titled, panel: Any) -> Surface:
    left, right, bottom, top = panel.extent
    x, y = np.linspace(left, right, SURFACE), np.linspace(bottom, top, SURFACE)
    points = np.stack([side.ravel() for side in np.meshgrid(x, y)])
    return Surface(x, y, case.heights(points).reshape(SURFACE, SURFACE))


def _stability(
    case: Titled, maps: Sequence[StabilityMap], among: Sequence[StabilityMap], headline: str
) -> InlineFigure:
    columns, rows = len(maps[0].x), len(maps[0].y)
    facts = [f"{columns} x {rows} settings, {counted(case.steps, 'step')} each"]
    if maps[0].target is not None:
        facts.append(f"steps to a loss of {maps[0].target:.3g}")
    if maps[0].theory is not None:
        mu, largest = maps[0].theory.eigenvalues[[0, -1]]
        facts.append(f"quadratic: eigenvalues of the Hessian from mu = {mu:.4g} to L = {largest:.4g}")
    notes = [advice.of_stability(panel, case.steps) for panel in maps]
    return stability.figure(maps, among=among, title=headline, subtitle="; ".join(facts), notes=notes)


_DRAWN = {"basins": _basins, "stability": _stability}
"""The drawing functions by kind of experiment."""
