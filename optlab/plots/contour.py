"""Trajectories on the level lines of a problem of two parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import ArrayLike, NDArray

from optlab.plots import figure as figures
from optlab.plots import style
from optlab.plots.style import Look

Floats = NDArray[np.float64]

# light throughout, so that trajectories stand out; the valley is deepest in colour
HEIGHTS = LinearSegmentedColormap.from_list(
    "heights", ["#8FB3CF", "#B4CEDF", "#D3E2EA", "#E9EFF0", "#F5F4EF", "#FBF9F4"], N=256
)
_GOLD = "#FFD23F"
_LEVELS, _LINES_EVERY = 36, 3
_DECADES = 7  # shown below the highest value: a deeper valley would be all that is seen
_FAR = 50.0  # views away from the middle, where a trajectory is cut
_BALL = ((1.0, 0.0, 0.0), (0.78, 0.12, 0.25), (0.55, 0.2, 0.45), (0.33, 0.28, 0.7), (0.13, 0.34, 1.0))
"""A shaded ball: discs one on another as (diameter, offset to the upper left, share of white)."""


@dataclass(frozen=True)
class Surface:
    """Heights over a grid: `z[i, j]` is the objective at `(x[j], y[i])`. Values that are not finite are left blank."""

    x: Floats
    y: Floats
    z: Floats


def view(domain: ArrayLike | None, start: ArrayLike | None, minima: Sequence[ArrayLike], paths: pd.DataFrame) -> Floats:
    """The part of the plane worth showing, as lower and upper bounds, shape (2, 2).

    It holds the start, all minima, and what the trajectories visit of the domain, with a margin; it never leaves the
    domain unless start or minima do (outside, the objective need not be defined), and is not narrower than 5 : 8. Compute the `Surface` on it.
    """
    points = [np.asarray(p, dtype=float).reshape(-1, 2) for p in minima]
    if start is not None:
        points.append(np.asarray(start, dtype=float).reshape(-1, 2))
    visited = paths[["x0", "x1"]].to_numpy(float)
    visited = visited[(np.abs(visited) < 1e150).all(1)]
    box = None
    if domain is not None:
        box = np.broadcast_to(np.asarray(domain, dtype=float), (2, 2)).copy()
        visited = visited[(visited >= box[0]).all(1) & (visited <= box[1]).all(1)]
    marked = np.concatenate([np.empty((0, 2)), *points])
    everything = np.concatenate([marked, visited])
    if not len(everything):
        return box if box is not None else np.array([[-1.0, -1.0], [1.0, 1.0]])
    limit = None if box is None else np.array([np.min([box[0], *marked], 0), np.max([box[1], *marked], 0)])

    low, high = everything.min(0), everything.max(0)
    least = 0.1 * (box[1] - box[0]) if box is not None else np.full(2, 1e-3)
    size = np.maximum(1.2 * (high - low), least)
    size = np.maximum(size, 0.625 * size[::-1])
    middle = (low + high) / 2
    if limit is None:
        return np.array([middle - size / 2, middle + size / 2])
    size = np.minimum(size, limit[1] - limit[0])
    middle = np.clip(middle, limit[0] + size / 2, limit[1] - size / 2)  # shifted rather than cut at the border
    return np.array([middle - size / 2, middle + size / 2])


def draw(
    surface: Surface,
    paths: pd.DataFrame,
    axes: Axes,
    *,
    looks: Mapping[str, Look] | None = None,
    minima: Sequence[ArrayLike] = (),
    minimum: float | None = None,
) -> Axes:
    """Draw level lines, one trajectory per label (from start to ball), and the minima (stars).

    Args:
        surface: heights over the view; its grid sets the limits of the axes.
        paths: columns `label`, `x0`, `x1`, each label's rows in the order of steps.
        looks: how each label is drawn; by default by order of appearance.
        minima: all known minimisers.
        minimum: the known value at the minima; levels are logarithmic in the height above it.
    """
    looks = looks or style.looks(paths["label"])
    limits = np.array([[surface.x[0], surface.y[0]], [surface.x[-1], surface.y[-1]]])
    _heights(surface, axes, minimum)
    ends, colours = [], []
    for label, path in paths.groupby("label", sort=False):
        look = looks[str(label)]
        points = _cut(path[["x0", "x1"]].to_numpy(float), limits)
        halo = [Stroke(linewidth=3.8, foreground="white", alpha=0.85), Normal()]
        axes.plot(*points.T, color=look.colour, linestyle=look.dash, linewidth=1.9, path_effects=halo, label=label,
                  solid_joinstyle="round", zorder=3)  # fmt: skip
        if len(points) and _inside(points[-1], limits):
            ends.append(points[-1])
            colours.append(look.colour)
    starts = paths.groupby("label", sort=False)[["x0", "x1"]].first().drop_duplicates().to_numpy(float)
    _marks(axes, starts, _start_mark(), 4)
    _marks(axes, np.array([np.ravel(point) for point in minima]), _minimum_mark(), 5)
    _balls(axes, np.array(ends), colours)
    axes.set(xlim=limits[:, 0], ylim=limits[:, 1], xlabel="x0", ylabel="x1")
    width, height = limits[1] - limits[0]
    axes.set_aspect("equal" if 0.4 < height / width < 2.5 else "auto")  # equal: steps are at right angles to the lines
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.spines[:].set_visible(True)
    return axes


def figure(
    surface: Surface,
    paths: pd.DataFrame,
    best: pd.DataFrame,
    *,
    looks: Mapping[str, Look],
    minima: Sequence[ArrayLike] = (),
    minimum: float | None = None,
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """The finished picture of one case: header, map, and a legend with settings and final losses.

    `paths` and `best` are the case's rows of `analysis.best_paths` and `analysis.best`.
    """
    with style.sheet():
        sheet, (axes,) = figures.new(title=title, subtitle=subtitle)
        draw(surface, paths, axes, looks=looks, minima=minima, minimum=minimum)
        handles = [_handle(looks[label]) for label in best["label"]]
        labels = [_entry(row) for row in best.to_dict("records")]
        handles.append(Line2D([], [], linestyle="", **_start_mark()))
        labels.append("start")
        if len(minima):
            handles.append(Line2D([], [], linestyle="", **_minimum_mark()))
            labels.append("minimum" if len(minima) == 1 else "minima")
        figures.legend(axes, handles, labels)
    return sheet


def levels(heights: Floats, minimum: float | None = None) -> tuple[Floats, float | None]:
    """Levels that show the valley, and the value they are logarithmic above (None where they are linear).

    Logarithmic where the heights above the minimum (the known one, or else the lowest seen) span more than two
    decades; the levels are then evenly spaced in the logarithm, over at most seven decades.
    """
    finite = heights[np.isfinite(heights)]
    if not finite.size or finite.min() == finite.max():
        return np.empty(0), None
    low, high = float(finite.min()), float(finite.max())
    floor = low if minimum is None else min(minimum, low)
    above = finite[finite > floor] - floor
    lowest = max(float(np.quantile(above, 0.0005)), high - floor if np.isinf(high - floor) else 0.0)
    decades = np.log10(high - floor) - np.log10(lowest)
    if decades <= 2 or not np.isfinite(decades):
        return np.linspace(low, high, _LEVELS), None
    return np.geomspace((high - floor) * 10.0 ** -min(decades, _DECADES), high - floor, _LEVELS), floor


def _heights(surface: Surface, axes: Axes, minimum: float | None) -> None:
    """The map: filled levels, with every third as a line."""
    steps, floor = levels(surface.z, minimum)
    if not steps.size:
        axes.set_facecolor(HEIGHTS(0.5))
        return
    z = np.ma.masked_invalid(surface.z)
    if floor is not None:  # contour what is even in the logarithm
        z = np.ma.log10(np.ma.maximum(z - floor, steps[0]))
        steps = np.log10(steps)
    z = np.ma.clip(z, steps[0], steps[-1])
    steps[-1] += 1e-9 * abs(steps[-1] - steps[0])
    filled: Any = axes.contourf(surface.x, surface.y, z, steps, cmap=HEIGHTS, zorder=0)
    filled.set_rasterized(True)  # in SVG and PDF: one picture instead of some thousand corners
    axes.contour(surface.x, surface.y, z, steps[1::_LINES_EVERY], colors="#6F8FA8", linewidths=0.5, alpha=0.6, zorder=1)


def _cut(points: Floats, limits: Floats) -> Floats:
    """The trajectory up to where it is lost: its first point far outside, moved near along the last step."""
    points = points[: len(points) if np.isfinite(points).all() else np.argmin(np.isfinite(points).all(1))]
    middle, size = limits.mean(0), limits[1] - limits[0]
    away = np.abs((points - middle) / size).max(1, initial=0.0)
    if not (away > _FAR).any():
        return points
    last = int(np.argmax(away > _FAR))
    if last == 0:
        return points[:0]
    step = points[last] / 2 - points[last - 1] / 2  # halves: the difference of two huge numbers may overflow
    end = points[last - 1] + step * min(1.0, float(_FAR / np.abs(step / size).max()))
    return np.vstack([points[:last], end])


def _inside(point: Floats, limits: Floats) -> bool:
    return bool((point >= limits[0]).all() and (point <= limits[1]).all())


def _marks(axes: Axes, points: Floats, mark: dict[str, Any], zorder: int) -> None:
    if points.size:  # not clipped: a minimum on the border is a whole star
        axes.plot(*points.T, linestyle="", clip_on=False, zorder=zorder, **mark)


def _start_mark() -> dict[str, Any]:
    return {"marker": "o", "markersize": 8, "markerfacecolor": "white", "markeredgecolor": style.INK, "markeredgewidth": 1.8}  # fmt: skip


def _minimum_mark() -> dict[str, Any]:
    return {"marker": "*", "markersize": 16, "markerfacecolor": _GOLD, "markeredgecolor": style.INK, "markeredgewidth": 0.9}  # fmt: skip


def _balls(axes: Axes, points: Floats, colours: list[str], diameter: float = 13.0) -> None:
    """A ball for each point, lit from the upper left."""
    if not len(points):
        return
    base = np.array([to_rgb(colour) for colour in colours])
    for size, offset, white in _BALL:
        shift = ScaledTranslation(
            -offset * diameter / 144, offset * diameter / 144, axes.get_figure(root=True).dpi_scale_trans
        )
        axes.scatter(
            *points.T,
            s=(size * diameter) ** 2,
            c=base + (1 - base) * white,
            edgecolors="white" if size == 1 else "none",
            linewidths=1.2,
            transform=axes.transData + shift,
            clip_on=False,
            zorder=6,
        )


def _handle(look: Look) -> Line2D:
    return Line2D([], [], color=look.colour, linestyle=look.dash, linewidth=2.2, marker="o", markersize=8,
                  markevery=[1], markeredgecolor="white")  # fmt: skip


def _entry(row: Mapping[Any, Any]) -> str:
    """What the legend says of one trajectory."""
    lost = row["shown_status"] != "done"
    result = row["shown_status"] if lost else f"loss {style.number(row['shown_loss'])}"
    return f"{row['label']}\n{row['settings']}{', ' if row['settings'] else ''}{result}"
