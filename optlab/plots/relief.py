"""The heights of a function of two parameters as a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# light throughout, so that trajectories stand out; the valley is deepest in colour
HEIGHTS = LinearSegmentedColormap.from_list(
    "heights", ["#7FA8CA", "#A9C7DC", "#CFE0EA", "#E9EFF0", "#F5F4EF", "#FBF9F4"], N=256
)
LEVELS = np.linspace(0.0, 1.0, 36)
"""The shares at which the shade of a map changes. Some of them are drawn as lines."""
_LINES_EVERY = 3
_DECADES = 7  # shown below the highest value: a deeper valley would be all that is seen


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
    """Draw filled levels, with every third as a line. `minimum` is the known value at the minima."""
    z = shares(surface.z, minimum)
    if z is None:
        axes.set_facecolor(HEIGHTS(0.5) if np.isfinite(surface.z).any() else "white")
        return
    filled: Any = axes.contourf(surface.x, surface.y, z, [*LEVELS[:-1], 1 + 1e-9], cmap=HEIGHTS, zorder=0)
    filled.set_rasterized(True)  # in SVG and PDF: one picture instead of some thousand corners
    axes.contour(surface.x, surface.y, z, LEVELS[1::_LINES_EVERY], colors="#6F8FA8", linewidths=0.5,
                 linestyles="solid", alpha=0.6, zorder=1)  # fmt: skip


def shares(heights: Floats, minimum: float | None = None) -> Any:
    """How high each place is on the map: a masked array from 0, the lowest level, to 1, the highest.

    Masked where a height is not finite; None where there are no two different heights. Evenly spaced in the height; or
    in its logarithm, where the heights above the minimum (the known one, or else the lowest seen) span more than two
    decades, over the highest seven of them.
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
    """Masked heights, and a value of that kind, as shares of what the heights span, from 0 to 1.

    Where all heights are the same, they are 0.
    """
    if not z.count():
        return z, value
    exponent = -_exponent(z.compressed())
    z, value = _times_two_to(z, exponent), float(_times_two_to(np.float64(value), exponent))
    low, size = z.min(), z.max() - z.min() or 1.0
    return (z - low) / size, (value - low) / size


def _exponent(heights: Floats) -> int:
    """The power of two over which heights are between -1 and 1: there no difference and no ratio of them overflows."""
    return int(np.frexp(np.abs(heights).max(initial=0.0))[1])


def _times_two_to(values: Any, exponent: int) -> Any:
    """The values times a power of two, which rounds nothing but what becomes subnormal."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.ldexp(values, exponent)
