"""The heights of a function of two parameters as a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# All colours are light, so that trajectories are visible; the valley has the strongest colour.
HEIGHTS = LinearSegmentedColormap.from_list(
    "heights", ["#7FA8CA", "#A9C7DC", "#CFE0EA", "#E9EFF0", "#F5F4EF", "#FBF9F4"], N=256
)
LEVELS = np.linspace(0.0, 1.0, 36)
"""The shares at which the shade of a map changes. Some of them are drawn as lines."""
_LINES_EVERY = 3
_DECADES = 7  # the maximum range below the highest value; otherwise a deep valley would dominate the map


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


def shares(heights: Floats, minimum: float | None = None) -> Any:
    """The heights scaled to the map, as a masked array from 0 (the lowest level) to 1 (the highest level).

    Heights that are not finite are masked. The result is None if no two heights differ. The scale is linear. If the
    heights above the minimum (the known minimum, or else the lowest height) span more than two decades, the scale is
    logarithmic and covers the highest seven decades.
    """
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
    decades = min(np.log10(float(above.max())) - np.log10(lowest), _DECADES)
    if decades <= 2:
        return spread(z, floor)[0]
    logarithms = np.ma.log10(np.ma.maximum(above / above.max(), 10.0**-decades))
    return np.ma.clip(1 + logarithms / decades, 0.0, 1.0)


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
