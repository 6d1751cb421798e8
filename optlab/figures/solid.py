"""The picture of a surface as a solid: lit from the upper left, with level lines and grey sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from optlab.figures import relief
from optlab.figures.projection import TURN, Projection, sampled

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]

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
_NEAR = 0.1
"""A pixel whose places are farther apart from each other is at the edge of a hill; the longer side is 2."""
_AT_ONCE = 32
"""The columns of pixels that are painted at once, so that their arrays fit into the cache."""
_TURNS, _MOST = 8, 300
"""The number of views to choose from, and of points that are compared."""


@dataclass(frozen=True)
class _Ground:
    """What is painted: the view of the surface, its shares, shape (rows, columns), and its colours from 0 to 1, shape
    (rows, columns, 3). `middle` is where the left side of the solid meets the right one, in the picture."""

    projection: Projection
    shares: Floats
    colours: Floats
    middle: float

    @staticmethod
    def of(projection: Projection, z: Any) -> _Ground:
        front = projection.place(np.array([(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0)]), 0.0)
        fast = replace(projection, heights=projection.heights.astype(np.float32))
        shares = np.ma.filled(z, 0.0).astype(np.float32)
        return _Ground(fast, shares, _colours(projection, z), float(front[front[:, 1].argmin(), 0]))


def picture(projection: Projection, z: Any, width: int) -> NDArray[np.uint8]:
    """The picture of the masked heights `z` as RGBA, `width` pixels wide. It fills `projection.extent`.

    The visible part of the surface is found at several places in each pixel. Pixels whose places are close together on
    the surface have the colour of their centre, and the others the mean of the colours of their places.
    """
    left, right, bottom, top = projection.extent
    columns, rows = _FINE * width, _FINE * round((top - bottom) / (right - left) * width)
    across = (left + (right - left) / columns * (np.arange(columns) + 0.5)).astype(np.float32)
    up = (top - (top - bottom) / rows * (np.arange(rows) + 0.5)).astype(np.float32)
    ground = _Ground.of(projection, z)
    parts = [range(first, min(first + _AT_ONCE, width)) for first in range(0, width, _AT_ONCE)]
    return np.concatenate([_painted(ground, across, up, part) for part in parts]).swapaxes(0, 1)


def _colours(projection: Projection, z: Any) -> Floats:
    """The colours of the points of the grid, from 0 to 1."""
    cos, sin = np.cos(projection.turn), np.sin(projection.turn)
    light = (LIGHT[0] * cos + LIGHT[1] * sin, LIGHT[1] * cos - LIGHT[0] * sin, LIGHT[2])
    colours = relief.colours(z, light).astype(np.float32) / 255
    colours[colours[..., 3] == 0] = _BLANK
    return colours[..., :3].copy()


def _painted(ground: _Ground, across: Floats, up: Floats, columns: range) -> NDArray[np.uint8]:
    """Some columns of pixels, shape (columns, rows, 4). The slopes of lines need the columns beside them."""
    begin = max(columns.start - 1, 0)
    across = across[_FINE * begin : _FINE * (columns.stop + 1)]
    away, is_side = (_by_pixel(places) for places in ground.projection.seen(across, up))
    across = _by_pixel(np.broadcast_to(across[:, None], (len(across), len(up))))
    low, high = away.min(0), away.max(0)
    is_plain = high - low < _NEAR  # not so where a place has no distance
    painted = np.zeros((*is_plain.shape, 4), np.float32)
    painted[is_plain] = _of_surface(ground, across.mean(0), away.mean(0), is_plain)
    is_mixed = ~is_plain & (np.isfinite(away) | is_side).any(0)
    painted[is_mixed] = _of_places(ground, across[:, is_mixed], away[:, is_mixed], is_side[:, is_mixed])
    return (255 * painted[columns.start - begin :][: len(columns)] + 0.5).astype(np.uint8)


def _by_pixel(places: Any) -> Any:
    """The places of each pixel, shape (places, columns, rows)."""
    return np.stack([places[i::_FINE, j::_FINE] for i in range(_FINE) for j in range(_FINE)])


def _of_surface(ground: _Ground, across: Floats, away: Floats, is_plain: Flags) -> Floats:
    """The colours of pixels with level lines, shape (pixels, 4)."""
    points = ground.projection.points(across[is_plain], away[is_plain])
    painted = np.ones((len(points), 4), np.float32)
    painted[:, :3] = sampled(ground.colours, points)
    shares = np.full(is_plain.shape, np.nan, np.float32)
    shares[is_plain] = sampled(ground.shares, points)
    opacity = _OPACITY * _lines(shares)[is_plain, None]
    painted[:, :3] += opacity * (np.array(to_rgb(relief.LINE), np.float32) - painted[:, :3])
    return painted


def _of_places(ground: _Ground, across: Floats, away: Floats, is_side: Flags) -> Floats:
    """The means of the colours of places, shape (pixels, 4). Shape of the others: (places, pixels)."""
    painted = np.zeros((*away.shape, 4), np.float32)
    is_surface = np.isfinite(away)
    painted[is_surface, :3] = sampled(ground.colours, ground.projection.points(across[is_surface], away[is_surface]))
    painted[is_surface, 3] = 1.0
    left, right = (np.array((*to_rgb(colour), 1.0), np.float32) for colour in SIDES)
    painted[is_side] = np.where(across[is_side, None] < ground.middle, left, right)
    mean = painted.mean(0)
    mean[:, :3] /= mean[:, 3:]
    return mean


def _lines(shares: Floats) -> Floats:
    """The opacity of level lines at each pixel: the distance to the nearest level over the slope."""
    first, second = relief.LINES[:2].tolist()
    level = (shares - first) / (second - first)
    slope = np.maximum(np.hypot(*np.gradient(level)), 1e-9)
    return np.nan_to_num(np.clip(_LINE / 2 + 0.5 - np.abs(level - np.round(level)) / slope, 0.0, 1.0))


def view_of(heights: Floats, sides: tuple[float, float], seen: Sequence[Floats]) -> Projection:
    """The view of heights from 0 to 1 that hides the least, of some around them.

    `seen` are sets of points, shape (n, 2). What counts is the sum of their shares that are behind a hill, and of the
    share of the surface.
    """
    grid = np.stack(np.meshgrid(*2 * [np.linspace(0.02, 0.98, 16)]), -1).reshape(-1, 2)
    views = [Projection(heights, sides, TURN + turn) for turn in np.linspace(0, 2 * np.pi, _TURNS, endpoint=False)]
    sets = [points[:: 1 + len(points) // _MOST] for points in (grid, *seen) if len(points)]
    return min(views, key=lambda view: sum(float(view.is_hidden(points).mean()) for points in sets))
