"""The balls at the ends of trajectories: shaded, and moved apart if they would overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STRING: dict[str, Any] = {"linewidth": 1.3}
ASIDE = "aside"
"""The gid of a line to a ball that was moved from its end point."""
DIAMETER = 12.0  # of a ball, in points
SHADED = ((1.0, 0.0, 0.0), (0.78, 0.12, 0.25), (0.55, 0.2, 0.45), (0.33, 0.28, 0.7), (0.13, 0.34, 1.0))
"""A shaded ball as a stack of discs: (diameter, offset to the upper left, share of white)."""


def gathered(points: Floats, limits: Floats) -> Floats:
    """The centres of the balls for these points. Balls that would overlap are arranged on a ring.

    The ring is wide enough for a star in the middle and for visible lines from the middle to the balls.
    """
    diameter = (limits[1] - limits[0]).max() * DIAMETER / 330  # the longer side of a map is about 330 points
    placed = points.copy()
    left = list(range(len(points)))
    while left:
        heap = [left.pop(0)]
        for member in heap:  # the list grows in the loop, to include neighbours of neighbours
            near = [i for i in left if np.hypot(*(points[i] - points[member])) < 0.6 * diameter]
            heap += near
            left = [i for i in left if i not in near]
        if len(heap) > 1:
            angle = np.pi / 2 - 2 * np.pi * np.arange(len(heap)) / len(heap)
            radius = diameter * max(1.4, 0.52 / np.sin(np.pi / len(heap)))
            placed[heap] = points[heap].mean(0) + radius * np.stack([np.cos(angle), np.sin(angle)], 1)
    return placed


def draw_strings(axes: Axes, ends: Floats, placed: Floats, colours: list[str]) -> None:
    """Draw a line from the end of each trajectory to its ball, if the ball was moved."""
    for end, ball, colour in zip(ends, placed, colours, strict=True):
        if (end != ball).any():
            axes.plot(*np.stack([end, ball]).T, color=colour, gid=ASIDE, clip_on=False, zorder=4.5, **STRING)


def draw(
    axes: Axes,
    points: Floats,
    colours: list[str],
    diameter: float = DIAMETER,
    opacity: Any = None,
) -> None:
    """Draw a ball for each point, with light from the upper left. `opacity` is one number for each; by default 1."""
    if not len(points):
        return
    inches: Any = axes.figure.dpi_scale_trans
    base = np.array([to_rgb(colour) for colour in colours])
    for size, offset, white in SHADED:
        shift = ScaledTranslation(-offset * diameter / 144, offset * diameter / 144, inches)
        axes.scatter(
            *points.T,
            s=(size * diameter) ** 2,
            c=base + (1 - base) * white,
            edgecolors="white" if size == 1 else "none",
            linewidths=1.2,
            transform=axes.transData + shift,
            alpha=opacity,
            clip_on=False,
            zorder=6,
        )
