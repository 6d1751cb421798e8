"""A surface over a rectangle, seen from above and from one side, in parallel projection.

Points of the rectangle have coordinates from 0 to 1, and so have heights. In the picture, `across` grows to the right
and `up` upwards; `away` is the distance from the viewer along the ground.

Each column of the picture is a vertical plane through the surface. Along it, from front to back, a point is visible if
it is higher in the picture than all points before it. A running maximum for each column therefore finds the visible
part of the surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""Pictures are computed with 32 bits, all other places with 64 bits."""

TURN, PITCH = radians(-28.0), radians(52.0)
"""How far the rectangle is turned, and the angle between the ground and the direction to the viewer."""
TALL = 0.62
"""The height of the surface, where the longer side of the rectangle is 2."""
BASE = -0.08
"""The height of the lower side of the solid under the surface."""
_ALONG = 1.5
"""The number of points along each column of a picture, for each point along the longer side of the grid."""
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
        """What is seen at the places of a grid, `across` from left to right and `up` from top to bottom: how far away
        the surface is, shape (columns, rows), NaN where it is not seen; and where there is a side of the solid."""
        near, far = self._crossed(across)
        shares = np.linspace(0.0, 1.0, int(_ALONG * max(self.heights.shape)), dtype=across.dtype)
        away = near[:, None] + np.multiply.outer(far - near, shares)
        height = self._up(away, self.height(self.points(across[:, None], away)))
        highest = np.maximum.accumulate(height, 1)
        _move_to_rims(away, height, highest)
        found = np.full((len(across), len(up)), np.nan, across.dtype)
        for column in np.flatnonzero(far > near):
            found[column] = np.interp(up, highest[column], away[column], np.nan, np.nan)
        front, base = height[:, 0], self._up(near, BASE)
        is_side = (up <= front[:, None]) & (up >= base[:, None]) & (far > near)[:, None]
        found[is_side] = np.nan
        return found, is_side

    def is_hidden(self, points: Floats) -> NDArray[np.bool_]:
        """Whether points on the surface, shape (n, 2), are behind a hill."""
        across, away = self._turned(points)
        near, _ = self._crossed(across)
        shares = np.linspace(0.0, 1.0, _IN_FRONT)[:-1, None]
        before = near + shares * (away - near)
        highest = self._up(before, self.height(self.points(across, before))).max(0)
        return highest > self.place(points)[..., 1] + _SLACK

    def points(self, across: Floats, away: Floats) -> Floats:
        """The points of the rectangle at these distances, shape (..., 2)."""
        turned = cos(self.turn), sin(self.turn)
        x, y = across * turned[0] + away * turned[1], away * turned[0] - across * turned[1]
        return np.stack([(x / self.sides[0] + 1) / 2, (y / self.sides[1] + 1) / 2], -1)

    def _turned(self, points: Floats) -> Floats:
        """Across and away, shape (2, ...)."""
        x, y = np.moveaxis((2 * points - 1) * self.sides, -1, 0)
        turned = cos(self.turn), sin(self.turn)
        return np.stack([x * turned[0] - y * turned[1], x * turned[1] + y * turned[0]])

    def _up(self, away: Floats, heights: Floats | float) -> Floats:
        return away * sin(self.pitch) + heights * (TALL * cos(self.pitch))

    def _crossed(self, across: Floats) -> tuple[Floats, Floats]:
        """Where the vertical planes of columns enter and leave the rectangle, as distances away."""
        turned = cos(self.turn), sin(self.turn)
        near, far = np.full_like(across, -np.inf), np.full_like(across, np.inf)
        starts = across * turned[0], -across * turned[1]
        for side, start, slope in zip(self.sides, starts, turned[::-1], strict=True):
            if abs(slope) > 1e-12:  # otherwise the planes are parallel to this side
                ends = np.sort([(-side - start) / slope, (side - start) / slope], axis=0)
                near, far = np.maximum(near, ends[0]), np.minimum(far, ends[1])
        return near, far


def _move_to_rims(away: Floats, height: Floats, highest: Floats) -> None:
    """Move each last hidden point to where the surface comes out from behind a hill. Shapes: (columns, points)."""
    column, last = np.nonzero((height < highest)[:, :-1] & (height[:, 1:] > highest[:, :-1]))
    before, after = height[column, last], height[column, last + 1]
    share = (highest[column, last] - before) / (after - before)
    away[column, last] += share * (away[column, last + 1] - away[column, last])


def sampled(values: Floats, points: Floats) -> Floats:
    """Values on a grid over the rectangle, shape (rows, columns, ...), at points, shape (..., 2), linearly between the
    points of the grid."""
    rows, columns = values.shape[:2]
    x, y = (np.fmin(np.fmax(points[..., i], 0.0), 1.0) * (side - 1) for i, side in enumerate((columns, rows)))
    column, row = np.minimum(np.floor(x), columns - 2), np.minimum(np.floor(y), rows - 2)
    first = (column + columns * row).astype(np.int32)
    flat = values.reshape(rows * columns, *values.shape[2:])  # its rows are taken ten times as fast as with two indices
    right, top = (np.reshape(share, (*np.shape(share), *(1,) * (values.ndim - 2))) for share in (x - column, y - row))
    below, above = (_between(flat.take(at, 0), flat.take(at + 1, 0), right) for at in (first, first + columns))
    return _between(below, above, top)


def _between(first: Floats, second: Floats, share: Floats) -> Floats:
    """The values between two arrays, in place of the second."""
    second -= first
    second *= share
    second += first
    return second
