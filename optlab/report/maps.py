"""Which pictures a map gets, and the arrays each of them shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from optlab.maps import panels
from optlab.maps.panels import BasinMap
from optlab.plan import Plan
from optlab.plots import basins
from optlab.plots.contour import Surface
from optlab.report.cases import Titled, slugs, titled
from optlab.store import Results

SURFACE = 200
"""Points of the level lines along each side."""
TOGETHER = 6
"""Panels in one picture."""

Named = Iterator[tuple[str, Figure]]


def count(planned: Plan) -> int:
    """How many pictures there will be, at least."""
    return len(planned.cases)


def figures(results: Results, planned: Plan) -> Named:
    """Every picture of a map, with its name. Each is made when it is asked for."""
    maps = basin_maps(results, planned)
    cases = list(titled(planned))
    for case, name in zip(cases, slugs([case.title for case in cases]), strict=True):
        mine = [panel for panel in maps if panel.problem == case.title]
        for number, begin in enumerate(range(0, len(mine), TOGETHER), start=1):
            figure = _basins(case, mine[begin : begin + TOGETHER])
            yield f"basins_{name}" + (f"-{number}" if number > 1 else ""), figure


def panels_of(results: Results, planned: Plan) -> list[Any]:
    """The panels of a map, in the order of the plan."""
    return basin_maps(results, planned) if planned.map else []


# ---- basins ----------------------------------------------------------------------------------------------------------


def basin_maps(results: Results, planned: Plan) -> list[BasinMap]:
    """The panels of a map of basins, from its results."""
    return panels.basin_maps(planned.sweeps, results.arrays(*panels.BASINS), results.manifest["minima"])


def _basins(case: Titled, maps: Sequence[BasinMap]) -> Figure:
    side = len(maps[0].x)
    subtitle = (
        f"{side} x {side} starts, {case.steps:,} steps each; colour: the minimum reached, dark: many steps needed"
    )
    lowest = float(case.heights(maps[0].minima[:1].T)[0]) if len(maps[0].minima) and case.computes else None
    surface = _surface(case, maps[0]) if case.computes else None
    return basins.figure(maps, surface=surface, lowest=lowest, title=_headline(case, "basins"), subtitle=subtitle)


def _surface(case: Titled, panel: Any) -> Surface:
    left, right, bottom, top = panel.extent
    x, y = np.linspace(left, right, SURFACE), np.linspace(bottom, top, SURFACE)
    points = np.stack([side.ravel() for side in np.meshgrid(x, y)])
    return Surface(x, y, case.heights(points).reshape(SURFACE, SURFACE))


def _headline(case: Titled, what: str) -> str:
    return f"{case.title}: {what}"
