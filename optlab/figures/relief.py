"""The heights of a function of two parameters as a map."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from optlab.markup.looks import RELIEF
from optlab.results.surface import Surface, shares

HEIGHTS = LinearSegmentedColormap.from_list("heights", RELIEF, N=256)
LEVELS = np.linspace(0.0, 1.0, 36)
"""The shares at which the shade of a map changes. Some of them are drawn as lines."""
_LINES_EVERY = 3


def draw(surface: Surface, axes: Axes, minimum: float | None) -> None:
    """Draw filled levels, and every third level as a line. `minimum` is the known value at the minima."""
    z = shares(surface.z, minimum)
    if z is None:
        axes.set_facecolor(HEIGHTS(0.5) if np.isfinite(surface.z).any() else "white")
        return
    filled: Any = axes.contourf(surface.x, surface.y, z, [*LEVELS[:-1], 1 + 1e-9], cmap=HEIGHTS, zorder=0)
    filled.set_rasterized(True)  # in SVG and PDF: one image instead of polygons with thousands of corners
    axes.contour(surface.x, surface.y, z, LEVELS[1::_LINES_EVERY], colors="#6F8FA8", linewidths=0.5,
                 linestyles="solid", alpha=0.6, zorder=1)  # fmt: skip
