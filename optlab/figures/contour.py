"""Trajectories on the level lines of a problem of two parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from numpy.typing import ArrayLike, NDArray

from optlab.figures import balls, overlap, path_legend, relief, style, trail
from optlab.figures import figure as figures
from optlab.figures.figure import InlineFigure
from optlab.figures.style import Look
from optlab.results.surface import Surface, within

Floats = NDArray[np.float64]

_NARROW = 1e4  # ticks use an offset if the coordinates are this many times larger than the view
_FAR = 50.0  # a trajectory is cut at this distance from the middle, in sizes of the view


def draw(
    surface: Surface,
    paths: pd.DataFrame,
    axes: Axes,
    *,
    looks: Mapping[str, Look] | None = None,
    minima: Sequence[ArrayLike] = (),
    minimum: float | None = None,
    lost: Collection[str] = (),
) -> Axes:
    """Draw the relief, one trajectory per label (from start to ball) with dots for its steps, and the minima (stars).

    A trajectory that ends outside has an arrow where it leaves the map, in place of a ball. Balls that would overlap
    are moved apart, and a line connects each to the end of its trajectory. Where trajectories overlap, they are drawn
    as alternating dashes of all their colours.

    Args:
        surface: heights over the view; its grid sets the limits of the axes.
        paths: columns `label`, `step`, `x0`, `x1`; the rows of each label are in the order of steps.
        looks: the look of each label; by default by order of appearance. A faint label is a grey line without a ball.
        minima: all known minimisers.
        minimum: the known value at the minima; levels are logarithmic in the height above it.
        lost: labels whose runs diverged or failed after the last recorded point: their trajectories have no ball.
    """
    looks = looks or style.looks(paths["label"])
    limits = surface.limits
    relief.draw(surface, axes, minimum)
    others = paths["label"].isin(style.faint(looks))
    for _, path in paths[others].groupby("label", sort=False):
        axes.plot(*cut(path[["x0", "x1"]].to_numpy(float), limits).T, **style.THIN)
    paths = paths[~others]
    visible = {str(label): cut(path[["x0", "x1"]].to_numpy(float), limits)
           for label, path in paths.groupby("label", sort=False)}  # fmt: skip
    for label, points in visible.items():
        look = looks[label]
        halo = [Stroke(linewidth=3.8, foreground="white", alpha=0.85), Normal()]
        axes.plot(*points.T, color=look.colour, linestyle=look.dash, linewidth=1.7, path_effects=halo, label=label,
                  solid_joinstyle="round", zorder=3)  # fmt: skip
    low, size = limits[0], limits[1] - limits[0]
    shares = [(points - low) / size for points in visible.values()]
    overlap.draw_in_turns(axes, shares, [looks[label].colour for label in visible], lambda dashes: low + size * dashes)
    _marks(axes, starts_of(paths), path_legend.START, 4)
    _marks(axes, np.array([np.ravel(point) for point in minima]), path_legend.MINIMUM, 5)
    ends = ends_of(paths[~paths["label"].isin(lost)], limits)
    colours = [looks[str(label)].colour for label in ends.index]
    placed = balls.gathered(ends.to_numpy(), limits)
    balls.draw_strings(axes, ends.to_numpy(float), placed, colours)
    balls.draw(axes, placed, colours)
    trail.draw_dots(axes, [*visible.values()], limits, [looks[label].colour for label in visible])
    for label, points in visible.items():
        trail.draw_exit(axes, points, limits, looks[label].colour)
    axes.set(xlim=limits[:, 0], ylim=limits[:, 1], xlabel="x0", ylabel="x1")
    width, height = limits[1] - limits[0]
    axes.set_aspect(
        "equal" if 0.4 < height / width < 2.5 else "auto"
    )  # equal: gradient steps are at right angles to the level lines
    for axis, ends in ((axes.xaxis, limits[:, 0]), (axes.yaxis, limits[:, 1])):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
        if np.abs(ends).max() > _NARROW * (ends[1] - ends[0]):  # only the digits that differ fit
            axis.set_major_formatter(ScalarFormatter(useOffset=True))
    axes.set_anchor("NW")  # aligned with the legend, which has the whole height
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
    still: bool = True,
) -> InlineFigure:
    """The complete figure of one case: header, map, and a legend with settings and final losses.

    `paths` and `best` are the case's rows of `analysis.best_paths` and `analysis.best`. If `still` is false, it is the
    background of an animation: without trajectories and balls.
    """
    with style.sheet():
        sheet, (axes,) = figures.new(title=title, subtitle=subtitle, size=_size(surface.limits))
        lost = {*best.loc[best["shown_status"] != "done", "label"]}
        drawn, lost = (paths, lost) if still else (paths[paths["step"] == 0], {*looks})
        draw(surface, drawn, axes, looks=looks, minima=minima, minimum=minimum, lost=lost)
        outside = {*paths["label"].unique()} - {*ends_of(paths, surface.limits).index}
        path_legend.draw(axes, best, looks, outside, has_start=len(starts_of(paths)) > 0, minima=len(minima),
                         has_blanks=not np.isfinite(surface.z).all())  # fmt: skip
    return sheet


def cut(points: Floats, limits: Floats) -> Floats:
    """The trajectory up to its first point far outside, which is moved closer along the last step."""
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


def _marks(axes: Axes, points: Floats, mark: dict[str, Any], zorder: int) -> None:
    if points.size:  # not clipped: a minimum on the border is a whole star
        axes.plot(*points.T, linestyle="", clip_on=False, zorder=zorder, **mark)


def starts_of(paths: pd.DataFrame) -> Floats:
    """The recorded starts of the trajectories, without duplicates."""
    return paths.loc[paths["step"] == 0, ["x0", "x1"]].drop_duplicates().to_numpy(float)


def within_reach(paths: pd.DataFrame, limits: Floats) -> Floats:
    """The points of all trajectories, each cut as in the picture, shape (n, 2)."""
    cuts = [cut(path[["x0", "x1"]].to_numpy(float), limits) for _, path in paths.groupby("label", sort=False)]
    return np.concatenate([np.empty((0, 2)), *cuts])


def ends_of(paths: pd.DataFrame, limits: Floats) -> pd.DataFrame:
    """The ends of the trajectories that end in the view, by label."""
    ends = paths.drop_duplicates("label", keep="last").set_index("label")[["x0", "x1"]]
    return ends[within(ends.to_numpy(float), limits)]


def _size(limits: Floats) -> tuple[float, float]:
    """The size of the figure in inches: the height follows the map next to its legend, within limits."""
    width, height = limits[1] - limits[0]
    return figures.SIZE[0], float(np.clip(6.2 * height / width + 1.3, figures.SIZE[1], 6.8))
