"""Overlapping lines: where lines hide each other, they are drawn as alternating dashes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

TOLERANCE = 0.004
"""A line hides another below this distance, as a share of the axis: about half the width of a line."""
TURN = "turn"
"""The `gid` of dashes of overlapping lines."""
LEAST = 0.05
"""The minimum length of an overlap, as a share of the points of a line. Lines that only cross are both visible."""
_DASHES, _POINTS = 48, 2401  # along the whole axis
_APART, _MOST = 0.002, 2000  # the distance of points along a path, as a share of the axes, and their maximum number
_ROWS = 64
"""The number of points whose distances are computed together, so that they fit into the cache."""
_DASH, _STRETCH = 10, 30  # the number of points in a dash along a path, and the minimum number in an overlap

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def in_turns(x: Floats, heights: Floats) -> tuple[Floats, list[Floats]]:
    """The dashes as which hidden lines are drawn again, on top of the lines that hide them.

    Args:
        x: the positions of the points of all lines, shape (points,).
        heights: the heights as shares of the axis, shape (lines, points), with the lines in drawing order. A line has
            no point where its height is NaN.

    Returns:
        Points along the axis, and the heights of each line there, with NaN outside of its dashes.
    """
    on = np.array([[_runs(np.abs(line - other)) & (j > i) for j, other in enumerate(heights)]
                   for i, line in enumerate(heights)]).reshape(len(heights), *heights.shape)  # fmt: skip
    place = on.sum(axis=1).max(axis=1, initial=0)  # the number of lines on top of this one
    meet = on.any(axis=2)
    meet |= meet.T | np.eye(len(heights), dtype=bool)
    turns = 1 + np.max(np.where(meet, place, 0), axis=1, initial=0)
    fine = np.linspace(x[0], x[-1], _POINTS)
    dash = np.arange(_POINTS) * _DASHES // _POINTS
    return fine, [
        np.where(_hidden(fine, x, on[i]) & (dash % turns[i] == place[i]), np.interp(fine, x, heights[i]), np.nan)
        for i in range(len(heights))
    ]


def draw_in_turns(
    axes: Axes, paths: Sequence[Floats], colours: Sequence[str], place: Callable[[Floats], Floats]
) -> None:
    """Draw the hidden parts of each path again, as dashes on top of the others.

    Args:
        paths: as for `in_turns_along`.
        place: returns the places of points in the picture, NaN where they are not seen.
    """
    for colour, dashes in zip(colours, in_turns_along(paths), strict=True):
        places = place(dashes)
        if np.isfinite(places).any():
            axes.plot(*places.T, color=colour, linewidth=1.7, solid_capstyle="butt", gid=TURN, zorder=3.5)


def in_turns_along(paths: Sequence[Floats]) -> list[Floats]:
    """The dashes for paths in the plane, which may overlap anywhere and in any direction.

    Args:
        paths: the points of each path, shape (points, 2), as shares of the axes, in drawing order.

    Returns:
        Points along each path, shape (points, 2), with NaN outside of its dashes.
    """
    fine = [_evenly(path) for path in paths]
    distances: dict[tuple[int, int], Floats] = {}
    for i, j in itertools.combinations(range(len(fine)), 2):
        distances[i, j], distances[j, i] = _distances(fine[i], fine[j])
    found = []
    for i, points in enumerate(fine):
        on = np.array([_runs(distances[i, j], _STRETCH) for j in range(len(fine)) if j != i])
        on = on.reshape(len(fine) - 1, len(points))
        later = on[i:].sum(axis=0)
        turns = 1 + on.sum(axis=0, dtype=int)
        dash = np.arange(len(points)) // _DASH
        found.append(np.where(((later > 0) & (dash % turns == later))[:, None], points, np.nan))
    return found


def _evenly(path: Floats) -> Floats:
    """Evenly spaced points along a path."""
    if len(path) < 2:
        return path
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    count = int(min(along[-1] / _APART, _MOST)) + 1
    places = np.linspace(0, along[-1], count)
    return np.stack([np.interp(places, along, column) for column in path.T], axis=1)


def _distances(points: Floats, others: Floats) -> tuple[Floats, Floats]:
    """The distance from each point to the nearest of the others, and from each of the others to the nearest point."""
    if not len(points) or not len(others):
        return np.full(len(points), np.inf), np.full(len(others), np.inf)
    here, there = np.empty(len(points)), np.full(len(others), np.inf)
    x, y = np.ascontiguousarray(others.T)
    for i in range(0, len(points), _ROWS):
        part = points[i : i + _ROWS]
        squares = np.square(np.subtract.outer(part[:, 0], x))
        squares += np.square(np.subtract.outer(part[:, 1], y))
        here[i : i + _ROWS] = squares.min(axis=1)
        np.minimum(there, squares.min(axis=0), out=there)
    return np.sqrt(here), np.sqrt(there)


def _hidden(fine: Floats, x: Floats, on: Flags) -> Flags:
    """Whether a line is hidden at each of the fine points: it must be hidden at both adjacent points of the line."""
    return np.interp(fine, x, on.any(axis=0).astype(float)) == 1


def _runs(distance: Floats, least: float | None = None) -> Flags:
    """Whether each point belongs to an overlap of two lines that has at least `least` points."""
    least = max(2, LEAST * len(distance)) if least is None else least
    near = distance < TOLERANCE
    edges = np.flatnonzero(np.diff(np.concatenate([[False], near, [False]]).astype(int)))
    kept = np.zeros(len(near), dtype=bool)
    for begin, end in edges.reshape(-1, 2):
        kept[begin:end] = end - begin >= least
    return kept
