"""The part of a trajectory that is in the view of a map or of a surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optlab.figures.projection import Projection
from optlab.results.surface import within

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

UNIT = np.array([[0.0, 0.0], [1.0, 1.0]])
_APART = 1 / 240
"""The largest distance of places on a surface, as a share of its sides."""


@dataclass(frozen=True)
class InView:
    """A trajectory in the coordinates of the axes.

    `places`, shape (n, 2), are NaN where the trajectory is outside of the view; it ends at the border with a place
    there. `positions`, shape (n,), count the points of the trajectory: 2.5 is half way between the third and the
    fourth. `is_hidden`, shape (n,), tells where the trajectory is behind a hill.
    """

    positions: Floats
    places: Floats
    is_hidden: Flags


def on_map(points: Floats, limits: Floats) -> InView:
    """The trajectory on a map, where nothing is hidden. Shapes: `points` (n, 2), `limits` (2, 2)."""
    positions, shares = clipped((points - limits[0]) / (limits[1] - limits[0]))
    return InView(positions, limits[0] + shares * (limits[1] - limits[0]), np.zeros(len(shares), dtype=bool))


def on_surface(points: Floats, limits: Floats, projection: Projection) -> InView:
    """The trajectory on a surface, in the coordinates of its picture. Between its points it follows the surface."""
    positions, shares = clipped((points - limits[0]) / (limits[1] - limits[0]), _APART)
    is_there = np.isfinite(shares[:, 0])
    places, is_hidden = np.full_like(shares, np.nan), np.zeros(len(shares), dtype=bool)
    places[is_there] = projection.place(shares[is_there])
    is_hidden[is_there] = projection.is_hidden(shares[is_there])
    return InView(positions, places, is_hidden)


def exit_of(places: Floats) -> tuple[Floats, Floats] | None:
    """The place at the border where a trajectory left the view for good, and the unit vector of its way there; None if
    it ends in the view or was never there.

    >>> exit_of(np.array([[0.0, 0.0], [3.0, 4.0], [np.nan, np.nan]]))
    (array([3., 4.]), array([0.6, 0.8]))
    """
    is_there = np.isfinite(places[:, 0])
    if not is_there.any() or is_there[-1]:
        return None
    last = int(np.flatnonzero(is_there)[-1])
    way = places[last] - places[last - 1]
    return places[last], way / np.hypot(*way)


def clipped(points: Floats, apart: float = np.inf) -> tuple[Floats, Floats]:
    """A polyline in the square from 0 to 1: positions along it, and points, with NaN where it is outside. Lines longer
    than `apart` get points between.

    >>> positions, inside = clipped(np.array([[0.5, 0.0], [0.5, 2.0], [0.5, 0.0]]))
    >>> positions.tolist(), inside[:, 1].tolist()
    ([0.0, 0.5, 0.5, 1.5, 1.5, 2.0], [0.0, 1.0, nan, nan, 1.0, 0.0])
    """
    if len(points) < 2:
        return np.zeros(len(points)), np.where(within(points, UNIT)[:, None], points, np.nan)
    pieces: list[list[float]] = []
    for number, (begin, end) in enumerate(_crossed(points).tolist()):
        if begin >= end:
            continue
        count = max(1, int(np.ceil(np.abs(points[number + 1] - points[number]).max() * (end - begin) / apart)))
        positions = (number + np.linspace(begin, end, count + 1)).tolist()
        if pieces and pieces[-1][-1] == positions[0]:
            pieces[-1] += positions[1:]
        else:
            pieces.append(positions)
    last = len(points) - 1.0
    rows = [(0.0, False)] * (not pieces or pieces[0][0] > 0)
    for piece in pieces:
        rows += [(piece[0], False)] * (piece[0] > 0) + [(position, True) for position in piece]
        rows += [(piece[-1], False)] * (piece[-1] < last)
    rows += [(last, False)] * (not pieces or pieces[-1][-1] < last)
    at, is_there = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    places = np.stack([np.interp(at, np.arange(len(points)), column) for column in points.T], 1)
    return at, np.where(is_there[:, None], places, np.nan)


def _crossed(points: Floats) -> Floats:
    """The part of each line between two points that is in the square: begin and end as shares of the line, shape
    (points - 1, 2). A line outside ends before it begins."""
    begins, steps = points[:-1], np.diff(points, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.sort(np.stack([-begins / steps, (1 - begins) / steps]), axis=0)
    is_inside = (begins >= 0) & (begins <= 1)
    low = np.where(steps == 0, np.where(is_inside, -np.inf, np.inf), ends[0]).max(1)
    high = np.where(steps == 0, np.inf, ends[1]).min(1)
    return np.stack([np.maximum(low, 0.0), np.minimum(high, 1.0)], 1)
