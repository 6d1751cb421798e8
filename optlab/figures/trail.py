"""Marks along trajectories: dots for the steps, and an arrow where a trajectory leaves the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEP = "step"
"""The gid of dots."""
DOT = 4.6
"""The diameter of the dot of the first step, in points."""
_APART = 0.012
"""The least way along a trajectory from one dot to the next, as a share of the map: about a diameter."""
_LAST = 0.4
"""The diameter of the dot of the last step, and its opacity, as shares of those of the first."""
_ARROW = 0.05
"""The length of an arrow as a share of the map."""


def draw_dots(
    axes: Axes,
    paths: Sequence[Floats],
    limits: Floats,
    colours: Sequence[str],
    seen: Sequence[NDArray[np.bool_]] | None = None,
) -> None:
    """Draw a dot for each step, smaller and fainter from step to step. Where steps are shorter than a dot, only some
    have one. `seen` tells which points of each path are seen; by default all."""
    low, size = limits[0], limits[1] - limits[0]
    all_kept = [spaced((points - low) / size) for points in paths]
    places = np.concatenate([np.empty((0, 2)), *(points[kept] for points, kept in zip(paths, all_kept, strict=True))])
    fading = [1 + (_LAST - 1) * kept / max(len(points) - 1, 1) for points, kept in zip(paths, all_kept, strict=True)]
    rgba = [(*to_rgb(colour), share) for colour, fade in zip(colours, fading, strict=True) for share in fade]
    is_inside = ((places >= limits[0]) & (places <= limits[1])).all(1)
    if seen is not None:
        is_inside &= np.concatenate([flags[kept] for flags, kept in zip(seen, all_kept, strict=True)] or [is_inside])
    if is_inside.any():
        shares = np.concatenate(fading)[is_inside]
        axes.scatter(*places[is_inside].T, s=(DOT * shares) ** 2, c=np.array(rgba)[is_inside], linewidths=0, gid=STEP,
                     zorder=3.6)  # fmt: skip


def spaced(points: Floats) -> NDArray[np.intp]:
    """The positions of the points after the first with at least `_APART` between them, along the path.

    >>> spaced(np.array([[0, 0], [0.5, 0], [0.5001, 0], [0.5, 0.5]])).tolist()
    [1, 3]
    """
    way = np.append(0.0, np.hypot(*np.diff(points, axis=0).T).cumsum())
    return np.flatnonzero(np.diff(way // _APART)) + 1


def draw_exit(axes: Axes, points: Floats, limits: Floats, colour: str) -> None:
    """Draw an arrow at the border of the map where a trajectory left it for good."""
    found = exit_of(points, limits)
    if found is None:
        return
    draw_arrow(axes, *found, colour)


def draw_arrow(axes: Axes, tip: Floats, direction: Floats, colour: str) -> None:
    """Draw an arrow of the length of `direction`."""
    ends: Any = tip, tip - direction
    props: Any = {
        "arrowstyle": "-|>",
        "color": colour,
        "linewidth": 1.7,
        "mutation_scale": 17,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", *ends, arrowprops=props, annotation_clip=False, zorder=5.5)


def exit_of(points: Floats, limits: Floats) -> tuple[Floats, Floats] | None:
    """Where a trajectory crosses the border for the last time, and the direction of this step; None if it ends inside
    or is never inside.

    The direction has the length of an arrow.

    >>> at, direction = exit_of(np.array([[0.0, 0.0], [0.5, 0.0], [2.5, 1.0]]), np.array([[-1.0, -1.0], [1.0, 1.0]]))
    >>> at.tolist(), (direction / direction[0]).tolist()
    ([1.0, 0.25], [1.0, 0.5])
    """
    inside = ((points >= limits[0]) & (points <= limits[1])).all(1)
    if not inside.any() or inside[-1]:
        return None
    last = int(np.flatnonzero(inside)[-1])
    begin, step = points[last], points[last + 1] - points[last]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(step > 0, limits[1] - begin, limits[0] - begin) / step
    share = float(np.nanmin(np.where(step == 0, np.nan, shares)))
    size = limits[1] - limits[0]
    return begin + share * step, _ARROW * step / np.hypot(*(step / size))
