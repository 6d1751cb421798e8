"""The heights of a function of two parameters as a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from optlab.markup.looks import RELIEF
from optlab.results.surface import Surface, shares

HEIGHTS = LinearSegmentedColormap.from_list("heights", RELIEF, N=256)
LEVELS = np.linspace(0.0, 1.0, 36)
"""The shares at which the shade of a map changes. Some of them are drawn as lines."""
LINES = LEVELS[1::3]
"""The shares of the lines."""
LINE = "#6F8FA8"
LIGHT = (-1.0, 1.0, 1.6)
"""The direction of the light: from the upper left, as on the balls."""
_STEEPNESS = 1.5
"""The height of a map whose sides are 1."""
_SHADOW, _MOST = np.array([0.33, 0.46, 0.58]), 0.42
"""The colour of shadows, and the largest share of it in a colour."""


def draw(surface: Surface, axes: Axes, minimum: float | None) -> None:
    """Draw the heights as colours with hill shading, and some levels as lines. `minimum` is the known value at the
    minima."""
    z = shares(surface.z, minimum)
    if z is None:
        axes.set_facecolor(HEIGHTS(0.5) if np.isfinite(surface.z).any() else "white")
        return
    low, high = surface.limits
    half = (high - low) / (np.array([z.shape[1], z.shape[0]]) - 1) / 2  # pixels are centred on the points of the grid
    extent: Any = np.ravel([low - half, high + half], "F")
    axes.imshow(colours(z), extent=extent, origin="lower", aspect="auto", interpolation="bilinear", zorder=0)
    axes.contour(surface.x, surface.y, z, LINES, colors=LINE, linewidths=0.5,
                 linestyles="solid", alpha=0.6, zorder=1)  # fmt: skip


def colours(z: Any, light: Sequence[float] = LIGHT) -> NDArray[np.uint8]:
    """The colours of a map of shares, shape (rows, columns, 4), with hill shading. Masked shares are transparent.

    The shade is the cosine of the angle between the light and the normal of the surface (Lambert), relative to level
    ground. Slopes that face the light are mixed with white, the others with the colour of shadows. `light` is the
    direction to it along the columns, along the rows and upwards.
    """
    down, across = np.gradient(np.ma.filled(z, np.nan) * _STEEPNESS)
    normal = np.stack([-across * (z.shape[1] - 1), -down * (z.shape[0] - 1), np.ones(z.shape)])
    towards = np.array(light) / np.linalg.norm(light)
    shade = np.nan_to_num(np.tensordot(towards, normal, 1) / np.sqrt((normal**2).sum(0)) - towards[2])[..., None]
    painted = HEIGHTS(np.ma.filled(z, 0.0))
    painted[..., :3] += np.where(
        shade > 0, shade * (1 - painted[..., :3]), -_MOST * shade * (_SHADOW - painted[..., :3])
    )
    painted[np.ma.getmaskarray(z), 3] = 0.0
    return (255 * painted + 0.5).astype(np.uint8)
