"""The picture of a surface as a solid: lit from the upper left, with level lines and grey sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from optlab.figures import relief
from optlab.figures.projection import TURN, Projection, sampled

Floats = NDArray[np.float64]

LIGHT = (-1.0, -0.3, 1.3)
"""The direction of the light: across, away from the viewer and upwards."""
SIDES = "#D5DCE3", "#BBC5CF"
"""The colours of the left and of the right side."""
_BLANK = 1.0
"""Where there is no value, the surface is white."""
_LINE, _OPACITY = 1.1, 0.6
"""The width of level lines in pixels, and their opacity."""
_FINE = 2
"""The places for each pixel, along each side."""
_AT_ONCE = 64
"""The columns of places that are painted at once, so that their arrays fit into the cache. A multiple of `_FINE`."""
_TURNS, _MOST = 8, 300
"""The number of views to choose from, and of points that are compared."""


def picture(projection: Projection, z: Any, width: int) -> NDArray[np.uint8]:
    """The picture of the masked heights `z` as RGBA, `width` pixels wide. It fills `projection.extent`."""
    left, right, bottom, top = projection.extent
    size = (right - left) / (_FINE * width)
    rows = _FINE * round((top - bottom) / size / _FINE)
    across: Floats = (left + size * (np.arange(_FINE * width) + 0.5)).astype(np.float64)
    up: Floats = (top - (top - bottom) / rows * (np.arange(rows) + 0.5)).astype(np.float64)
    heights, colours = np.ma.filled(z, 0.0), _colours(projection, z)
    parts = [range(first, first + _AT_ONCE) for first in range(0, len(across), _AT_ONCE)]
    return np.concatenate([_reduced(_painted(projection, heights, colours, across, up, part)) for part in parts], 1)


def _colours(projection: Projection, z: Any) -> Floats:
    """The colours of the points of the grid, from 0 to 1."""
    cos, sin = np.cos(projection.turn), np.sin(projection.turn)
    light = (LIGHT[0] * cos + LIGHT[1] * sin, LIGHT[1] * cos - LIGHT[0] * sin, LIGHT[2])
    colours = relief.colours(z, light) / 255
    colours[colours[..., 3] == 0] = _BLANK
    return colours


def _painted(
    projection: Projection, heights: Floats, colours: Floats, across: Floats, up: Floats, columns: range
) -> Floats:
    """The colours of some columns of places. The slopes of lines need the columns beside them."""
    begin, end = max(columns.start - 1, 0), columns.stop + 1
    across = across[begin:end]
    points, is_side = projection.seen(across, up)
    is_surface = np.isfinite(points[..., 0])
    painted = np.zeros((*is_surface.shape, 4))
    painted[is_surface] = sampled(colours, points[is_surface])
    share = _lines(sampled(heights, points), is_surface)[is_surface, None] * _OPACITY
    painted[is_surface, :3] += share * (to_rgb(relief.LINE) - painted[is_surface, :3])
    front = projection.place(np.array([(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0)]), 0.0)
    is_left = across < front[front[:, 1].argmin(), 0]
    for of_side, colour in zip((is_left, ~is_left), SIDES, strict=True):
        painted[is_side & of_side] = (*to_rgb(colour), 1.0)
    return painted[:, columns.start - begin :][:, : len(columns)]


def _lines(heights: Floats, is_surface: NDArray[np.bool_]) -> Floats:
    """The opacity of level lines at each place: the distance to the nearest level over the slope."""
    first, second = relief.LINES[:2]
    level = np.where(is_surface, (heights - first) / (second - first), np.nan)
    slope = np.maximum(np.hypot(*np.gradient(level)), 1e-9)
    return np.nan_to_num(np.clip(_FINE * _LINE / 2 + 0.5 - np.abs(level - np.round(level)) / slope, 0.0, 1.0))


def _reduced(painted: Floats) -> NDArray[np.uint8]:
    """The mean of each block of `_FINE` x `_FINE` places."""
    painted[..., :3] *= painted[..., 3:]
    rows, columns = (side // _FINE for side in painted.shape[:2])
    mean = painted.reshape(rows, _FINE, columns, _FINE, 4).mean((1, 3))
    mean[..., :3] /= np.maximum(mean[..., 3:], 1e-9)
    return (255 * mean + 0.5).astype(np.uint8)


def view_of(heights: Floats, sides: tuple[float, float], seen: Sequence[Floats]) -> Projection:
    """The view of heights from 0 to 1 that hides the least, of some around them.

    `seen` are sets of points, shape (n, 2). What counts is the sum of their shares that are behind a hill, and of the
    share of the surface.
    """
    grid = np.stack(np.meshgrid(*2 * [np.linspace(0.02, 0.98, 16)]), -1).reshape(-1, 2)
    views = [Projection(heights, sides, TURN + turn) for turn in np.linspace(0, 2 * np.pi, _TURNS, endpoint=False)]
    sets = [points[:: 1 + len(points) // _MOST] for points in (grid, *seen) if len(points)]
    return min(views, key=lambda view: sum(float(view.is_hidden(points).mean()) for points in sets))
