"""The scales of a surface in three dimensions: ticks along the two front edges of its lower side."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from numpy.typing import NDArray

from optlab.figures import style
from optlab.figures.projection import BASE, Projection

Floats = NDArray[np.float64]

_TICK, _NUMBER, _NAME = 0.02, 0.035, 0.15
"""The distances of the ends of ticks, of numbers and of names from the edge, as shares of a side."""


def draw(axes: Axes, projection: Projection, limits: Floats) -> None:
    """Draw ticks, numbers and the names x0 and x1 along the edges in front."""
    corners = np.array([(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0)])
    nearest = corners[projection.place(corners, BASE)[:, 1].argmin()]
    for dimension, name in enumerate(("x0", "x1")):
        _edge(axes, projection, limits[:, dimension], dimension, nearest, name)


def _edge(axes: Axes, projection: Projection, ends: Floats, dimension: int, nearest: Floats, name: str) -> None:
    side = projection.sides[1 - dimension]

    def place(share: float, distance: float) -> Any:
        """Across and up of a place at a distance from the edge."""
        point = np.empty(2)
        point[dimension] = share
        point[1 - dimension] = nearest[1 - dimension] + (2 * nearest[1 - dimension] - 1) * distance / side
        return projection.place(point, BASE)

    is_left = place(0.5, 0.0)[0] < projection.place(nearest, BASE)[0]
    how: dict[str, Any] = {"ha": "right" if is_left else "left", "va": "top", "clip_on": False}
    ticks, numbers, offset = _ticks(ends)
    for tick, number in zip(ticks, numbers, strict=True):
        share = float((tick - ends[0]) / (ends[1] - ends[0]))
        axes.plot(*np.stack([place(share, 0.0), place(share, _TICK)]).T, color="#999999", linewidth=0.8, clip_on=False)
        across, up = place(share, _NUMBER)
        axes.text(across, up, number, size=9, color=style.INK, **how)
    across, up = place(0.5, _NAME)
    axes.text(across, up, f"{name}  {offset}".strip(), size=11, color=style.INK, **how)


def _ticks(ends: Floats) -> tuple[Floats, list[str], str]:
    """The ticks between two ends, their numbers, and what to add to these.

    >>> _ticks(np.array([-1.0, 3.2]))[1]
    ['−1', '0', '1', '2', '3']
    """
    ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(*ends)
    ticks = ticks[(ticks >= ends[0]) & (ticks <= ends[1])]
    formatter: Any = ScalarFormatter(useOffset=True)
    formatter.create_dummy_axis()
    formatter.axis.set_view_interval(*ends)
    formatter.axis.set_data_interval(*ends)
    formatter.set_locs(ticks)
    return ticks, [formatter(tick) for tick in ticks], formatter.get_offset()
