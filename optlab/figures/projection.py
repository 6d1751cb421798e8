"""A surface over a rectangle, seen from above and from one side, in parallel projection.

Points of the rectangle have coordinates from 0 to 1, and so have heights. In the picture, `across` grows to the right
and `up` upwards; `away` is the distance from the viewer along the ground.

Each column of the picture is a vertical plane through the surface. Along it, from front to back, a point is visible if
it is higher in the picture than all points before it. A running maximum for each column therefore finds the visible
part of the surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TURN, PITCH = np.radians(-28.0), np.radians(52.0)
"""How far the rectangle is turned, and the angle between the ground and the direction to the viewer."""
TALL = 0.62
"""The height of the surface, where the longer side of the rectangle is 2."""
BASE = -0.08
"""The height of the lower side of the solid under the surface."""
_IN_FRONT = 240
"""The number of points in front of a point that may hide it."""
_SLACK = 0.006
"""How much higher in the picture a point must be to hide another."""


@dataclass(frozen=True)
class Projection:
    """The view of a surface. `heights[i, j]` is the height at (j / columns, i / rows), from 0 to 1. `sides` are half
    the sides of the rectangle, of which the longer one is 1. Angles are in radians."""

    heights: Floats
    sides: tuple[float, float] = (1.0, 1.0)
    turn: float = TURN
    pitch: float = PITCH

    def height(self, points: Floats) -> Floats:
        """The heights at points, shape (..., 2)."""
        return sampled(self.heights, points)

    def place(self, points: Floats, heights: Floats | float | None = None) -> Floats:
        """The places of points in the picture, across and up, shape (..., 2). By default, they are on the surface."""
        across, away = self._turned(points)
        return np.stack([across, self._up(away, self.height(points) if heights is None else heights)], -1)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The sides of the picture: left, right, bottom and top."""
        corners = np.array([(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)])
        (left, bottom), (_, top) = self.place(corners, BASE).min(0), self.place(corners, 1.0).max(0)
        return float(left), float(-left), float(bottom), float(top)

    def seen(self, across: Floats, up: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """What is seen at the places of a grid, `across` from left to right and `up` from top to bottom: the points of
        the surface, shape (rows, columns, 2), NaN where there is none; and where there is a side of the solid."""
        near, far = self._crossed(across)
        shares = np.linspace(0.0, 1.0, 2 * max(self.heights.shape))
        away = near + np.multiply.outer(shares, far - near)
        height = self._up(away, self.height(self._points(across, away)))
        highest = np.maximum.accumulate(height)
        found = np.full((len(up), len(across)), np.nan)
        for column in np.flatnonzero(far > near):
            first = np.searchsorted(highest[:, column], up)
            hit = np.flatnonzero((first > 0) & (first < len(shares)))
            last = first[hit]
            before, after = height[last - 1, column], height[last, column]
            share = (up[hit] - before) / (after - before)
            found[hit, column] = away[last - 1, column] + share * (away[last, column] - away[last - 1, column])
        is_side = (up[:, None] <= height[0]) & (up[:, None] >= self._up(near, BASE)) & (far > near)
        return self._points(across, found), is_side

    def is_hidden(self, points: Floats) -> NDArray[np.bool_]:
        """Whether points on the surface, shape (n, 2), are behind a hill."""
        across, away = self._turned(points)
        near, _ = self._crossed(across)
        shares = np.linspace(0.0, 1.0, _IN_FRONT)[:-1, None]
        before = near + shares * (away - near)
        highest = self._up(before, self.height(self._points(across, before))).max(0)
        return highest > self.place(points)[..., 1] + _SLACK

    def _turned(self, points: Floats) -> Floats:
        """Across and away, shape (2, ...)."""
        x, y = np.moveaxis((2 * points - 1) * self.sides, -1, 0)
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        return np.stack([x * cos - y * sin, x * sin + y * cos])

    def _points(self, across: Floats, away: Floats) -> Floats:
        """The points of the rectangle at these distances, shape (..., 2)."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        ground = np.stack([across * cos + away * sin, away * cos - across * sin], -1)
        return (ground / self.sides + 1) / 2

    def _up(self, away: Floats, heights: Floats | float) -> Floats:
        return away * np.sin(self.pitch) + TALL * heights * np.cos(self.pitch)

    def _crossed(self, across: Floats) -> tuple[Floats, Floats]:
        """Where the vertical planes of columns enter and leave the rectangle, as distances away."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        near, far = np.full_like(across, -np.inf), np.full_like(across, np.inf)
        for side, start, slope in zip(self.sides, (across * cos, -across * sin), (sin, cos), strict=True):
            if abs(slope) > 1e-12:  # otherwise the planes are parallel to this side
                ends = np.sort([(-side - start) / slope, (side - start) / slope], axis=0)
                near, far = np.maximum(near, ends[0]), np.minimum(far, ends[1])
        return near, far


def sampled(values: Floats, points: Floats) -> Floats:
    """Values on a grid over the rectangle, shape (rows, columns, ...), at points, shape (..., 2), linearly between the
    points of the grid."""
    rows, columns = values.shape[:2]
    place = np.clip(np.nan_to_num(points), 0.0, 1.0) * (columns - 1, rows - 1)
    corner = np.minimum(place.astype(int), (columns - 2, rows - 2))
    first = corner[..., 0] + columns * corner[..., 1]
    flat = values.reshape(rows * columns, *values.shape[2:])  # its rows are taken ten times as fast as with two indices
    shares = np.moveaxis(place - corner, -1, 0)
    right, top = (np.reshape(share, (*np.shape(share), *(1,) * (values.ndim - 2))) for share in shares)
    below, above = (_between(flat.take(at, 0), flat.take(at + 1, 0), right) for at in (first, first + columns))
    return _between(below, above, top)


def _between(first: Floats, second: Floats, share: Floats) -> Floats:
    """The values between two arrays, in place of the second."""
    second -= first
    second *= share
    second += first
    return second
