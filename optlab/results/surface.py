"""The heights of a function of two parameters over a grid, on the scale of maps, and the part of the plane to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_LINEAR = 2  # decades up to which the scale is linear
_DECADES = 7  # the maximum range below the highest value; otherwise a deep valley would dominate the map
_MARGIN = 0.08  # around the visible points, as a share of their extent
_WIDEST = 1.4  # the ratio width : height that fills a slide next to a legend


@dataclass(frozen=True)
class Surface:
    """Heights over a grid: `z[i, j]` is the objective at `(x[j], y[i])`. Values that are not finite are left blank."""

    x: Floats
    y: Floats
    z: Floats

    @property
    def limits(self) -> Floats:
        """Lower and upper bounds, shape (2, 2)."""
        return np.array([[self.x[0], self.y[0]], [self.x[-1], self.y[-1]]])


def shares(heights: Floats, minimum: float | None = None) -> Any:
    """The heights scaled to the map, as a masked array from 0 (the lowest level) to 1 (the highest level).

    Heights that are not finite are masked. The result is None if no two heights differ. The scale is linear. If the
    heights above the minimum (the known minimum, or else the lowest height) span more than two decades, the scale is
    logarithmic and covers the highest seven decades.
    """
    found = _above(heights, minimum)
    if found is None:
        return None
    z, floor, above, decades = found
    if decades <= _LINEAR:
        return spread(z, floor)[0]
    logarithms = np.ma.log10(np.ma.maximum(above / above.max(), 10.0**-decades))
    return np.ma.clip(1 + logarithms / decades, 0.0, 1.0)


def power_of(heights: Floats, minimum: float | None = None) -> int:
    """The power of `shares` that is the height of a solid: 2 if their scale is logarithmic, because minima would be
    deep pits, and what is in them would be hidden; otherwise 1.

    >>> power_of(np.array([1.0, 10.0, 1000.0]), 0.0), power_of(np.array([1.0, 10.0]), 0.0)
    (2, 1)
    """
    found = _above(heights, minimum)
    return 2 if found is not None and found[-1] > _LINEAR else 1


def _above(heights: Floats, minimum: float | None) -> tuple[Any, float, Any, float] | None:
    """The masked heights, the lowest level, the heights above it over a power of two, and the decades that these span;
    None if no two heights differ."""
    finite = heights[np.isfinite(heights)]
    if not finite.size or finite.min() == finite.max():
        return None
    z = np.ma.masked_invalid(heights)
    floor = float(z.min())
    if minimum is not None and np.isfinite(minimum):
        floor = min(minimum, floor)
    exponent = _exponent(np.append(finite, floor))
    above = _times_two_to(z, -exponent) - _times_two_to(floor, -exponent)
    lowest = max(float(np.quantile(above[above > 0].compressed(), 0.0005)), 1e-300)
    return z, floor, above, min(np.log10(float(above.max())) - np.log10(lowest), _DECADES)


def spread(z: Any, value: float) -> tuple[Any, float]:
    """Scale masked heights linearly to the range from 0 to 1, and a value with them.

    If all heights are equal, they become 0.
    """
    if not z.count():
        return z, value
    exponent = -_exponent(z.compressed())
    z, value = _times_two_to(z, exponent), float(_times_two_to(np.float64(value), exponent))
    low, size = z.min(), z.max() - z.min() or 1.0
    return (z - low) / size, (value - low) / size


def _exponent(heights: Floats) -> int:
    """The exponent of a power of two: divided by it, the heights are between -1 and 1, so that no difference and no
    ratio of them overflows."""
    return int(np.frexp(np.abs(heights).max(initial=0.0))[1])


def _times_two_to(values: Any, exponent: int) -> Any:
    """The values times a power of two. Only results that become subnormal are rounded."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.ldexp(values, exponent)


def view(domain: ArrayLike | None, start: ArrayLike | None, minima: Sequence[ArrayLike], paths: pd.DataFrame) -> Floats:
    """The part of the plane to show, as lower and upper bounds, shape (2, 2). Compute the `Surface` on it.

    It contains the start, all minima, and the points of the trajectories in the domain, with a margin. It exceeds the
    domain only for starts and minima on or outside of its border, and for trajectories that end slightly outside.
    Within these limits it is widened to the proportions of a slide.
    """
    given = [np.asarray(p, dtype=float).reshape(-1, 2) for p in (*minima, *([] if start is None else [start]))]
    marked = np.concatenate([np.empty((0, 2)), *given])
    visited = sane(paths[["x0", "x1"]].to_numpy(float))
    if domain is None:
        everything = np.concatenate([marked, visited])
        if not len(everything):
            return np.array([[-1.0, -1.0], [1.0, 1.0]])
        limit = np.array([[-np.inf], [np.inf]]) * np.ones(2)
        is_point = (everything == everything[0]).all()  # a single point gives no scale except its magnitude
        least = np.maximum(1.0, np.abs(everything[0])) if is_point else np.full(2, 1e-3)
    else:
        box = np.broadcast_to(np.asarray(domain, dtype=float), (2, 2))
        size = box[1] - box[0]
        ends = sane(paths.drop_duplicates("label", keep="last")[["x0", "x1"]].to_numpy(float))
        marked = np.concatenate([marked, ends[within(ends, box + np.outer([-0.25, 0.25], size))]])
        everything = np.concatenate([marked, visited[within(visited, box)]])
        if not len(everything):
            return box.copy()
        room = _MARGIN * size
        limit = np.array([np.min([box[0], *(marked - room)], 0), np.max([box[1], *(marked + room)], 0)])
        least = 0.1 * size
    low, high = everything.min(0), everything.max(0)
    size = np.maximum((1 + 2 * _MARGIN) * (high - low), least)
    size = np.maximum(size, size[::-1] * [_WIDEST, 1 / _WIDEST])
    size = np.minimum(size, limit[1] - limit[0])
    middle = np.clip(
        (low + high) / 2, limit[0] + size / 2, limit[1] - size / 2
    )  # shifted rather than cut at the border
    return np.array([middle - size / 2, middle + size / 2])


def within(points: Floats, box: Floats) -> NDArray[np.bool_]:
    return ((points >= box[0]) & (points <= box[1])).all(-1)


def sane(points: Floats) -> Floats:
    """The finite points that are small enough for arithmetic without overflow."""
    return points[(np.abs(points) < 1e150).all(1)]
