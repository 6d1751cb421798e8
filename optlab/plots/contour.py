"""Trajectories on the level lines of a problem of two parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from optlab.plots import balls, overlap, style
from optlab.plots import figure as figures
from optlab.plots.style import Look

Floats = NDArray[np.float64]

# light throughout, so that trajectories stand out; the valley is deepest in colour
HEIGHTS = LinearSegmentedColormap.from_list(
    "heights", ["#7FA8CA", "#A9C7DC", "#CFE0EA", "#E9EFF0", "#F5F4EF", "#FBF9F4"], N=256
)
_START: dict[str, Any] = {"marker": "o", "markersize": 8, "markerfacecolor": "white", "markeredgewidth": 1.8}
_MINIMUM: dict[str, Any] = {"marker": "*", "markersize": 16, "markerfacecolor": "#FFD23F", "markeredgewidth": 0.9}
_TURN = "turn"
_START["markeredgecolor"] = _MINIMUM["markeredgecolor"] = style.INK
_LEVELS, _LINES_EVERY = 36, 3
_DECADES = 7  # shown below the highest value: a deeper valley would be all that is seen
_MARGIN = 0.08  # around what is to be seen, as a share of its size
_WIDEST = 1.4  # width : height that fills a slide beside a legend
_FAR = 50.0  # views away from the middle, where a trajectory is cut


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


def view(domain: ArrayLike | None, start: ArrayLike | None, minima: Sequence[ArrayLike], paths: pd.DataFrame) -> Floats:
    """The part of the plane worth showing, as lower and upper bounds, shape (2, 2). Compute the `Surface` on it.

    It holds the start, all minima, and what the trajectories visit of the domain, with a margin. It is the domain at
    most, but for starts and minima on or beyond its border and trajectories that end not far outside. Within that, it
    is widened towards a slide's proportions.
    """
    given = [np.asarray(p, dtype=float).reshape(-1, 2) for p in (*minima, *([] if start is None else [start]))]
    marked = np.concatenate([np.empty((0, 2)), *given])
    visited = _sane(paths[["x0", "x1"]].to_numpy(float))
    if domain is None:
        everything = np.concatenate([marked, visited])
        if not len(everything):
            return np.array([[-1.0, -1.0], [1.0, 1.0]])
        limit = np.array([[-np.inf], [np.inf]]) * np.ones(2)
        is_point = (everything == everything[0]).all()  # which says nothing of sizes but how large its numbers are
        least = np.maximum(1.0, np.abs(everything[0])) if is_point else np.full(2, 1e-3)
    else:
        box = np.broadcast_to(np.asarray(domain, dtype=float), (2, 2))
        size = box[1] - box[0]
        ends = _sane(paths.drop_duplicates("label", keep="last")[["x0", "x1"]].to_numpy(float))
        marked = np.concatenate([marked, ends[_within(ends, box + np.outer([-0.25, 0.25], size))]])
        everything = np.concatenate([marked, visited[_within(visited, box)]])
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
    """Draw level lines, one trajectory per label (from start to ball), and the minima (stars).

    Balls that would cover each other are moved aside, each on a line to where its trajectory ends. Where trajectories
    run one on another, they take turns as dashes of all their colours.

    Args:
        surface: heights over the view; its grid sets the limits of the axes.
        paths: columns `label`, `step`, `x0`, `x1`, each label's rows in the order of steps.
        looks: how each label is drawn; by default by order of appearance.
        minima: all known minimisers.
        minimum: the known value at the minima; levels are logarithmic in the height above it.
        lost: labels whose trajectories go on from where they were last recorded to nowhere: they have no ball.
    """
    looks = looks or style.looks(paths["label"])
    limits = surface.limits
    _heights(surface, axes, minimum)
    for label, path in paths.groupby("label", sort=False):
        look = looks[str(label)]
        points = _cut(path[["x0", "x1"]].to_numpy(float), limits)
        halo = [Stroke(linewidth=3.8, foreground="white", alpha=0.85), Normal()]
        axes.plot(*points.T, color=look.colour, linestyle=look.dash, linewidth=1.7, path_effects=halo, label=label,
                  solid_joinstyle="round", zorder=3)  # fmt: skip
    _in_turns(axes, paths, looks, limits)
    _marks(axes, _starts(paths), _START, 4)
    _marks(axes, np.array([np.ravel(point) for point in minima]), _MINIMUM, 5)
    ends = _ends(paths[~paths["label"].isin(lost)], limits)
    colours = [looks[str(label)].colour for label in ends.index]
    placed = balls.gathered(ends.to_numpy(), limits)
    balls.draw_strings(axes, ends.to_numpy(float), placed, colours)
    balls.draw(axes, placed, colours)
    axes.set(xlim=limits[:, 0], ylim=limits[:, 1], xlabel="x0", ylabel="x1")
    width, height = limits[1] - limits[0]
    axes.set_aspect("equal" if 0.4 < height / width < 2.5 else "auto")  # equal: steps are at right angles to the lines
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.set_anchor("W")
    axes.spines[:].set_visible(True)
    return axes


def _in_turns(axes: Axes, paths: pd.DataFrame, looks: Mapping[str, Look], limits: NDArray[np.float64]) -> None:
    """Draw what other trajectories hide of one once more, as dashes on top of them."""
    low, size = limits[0], limits[1] - limits[0]
    by_label = {str(label): path[["x0", "x1"]].to_numpy(float) for label, path in paths.groupby("label", sort=False)}
    cut = [(_cut(points, limits) - low) / size for points in by_label.values()]
    for label, shares in zip(by_label, overlap.in_turns_along(cut), strict=True):
        if np.isfinite(shares).any():
            axes.plot(*(low + size * shares).T, color=looks[label].colour, linewidth=1.7, solid_capstyle="butt",
                      gid=_TURN, zorder=3.5)  # fmt: skip


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
        sheet, (axes,) = figures.new(title=title, subtitle=subtitle, size=_size(surface.limits))
        lost = {*best.loc[best["shown_status"] != "done", "label"]}
        draw(surface, paths, axes, looks=looks, minima=minima, minimum=minimum, lost=lost)
        handles = [_handle(looks[label]) for label in best["label"]]
        outside = {*paths["label"]} - {*_ends(paths, surface.limits).index}
        labels = [_entry(row, row["label"] in outside) for row in best.to_dict("records")]
        if len(_starts(paths)):
            handles.append(Line2D([], [], linestyle="", **_START))
            labels.append("start")
        if len(minima):
            handles.append(Line2D([], [], linestyle="", **_MINIMUM))
            labels.append("minimum" if len(minima) == 1 else "minima")
        if any(line.get_gid() == balls.ASIDE for line in axes.get_lines()):
            handles.append(Line2D([], [], color=style.MUTED, marker="o", markersize=6, markevery=[1], **balls.STRING))
            labels.append("moved aside from its end")
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
    axes.contour(surface.x, surface.y, z, steps[1::_LINES_EVERY], colors="#6F8FA8", linewidths=0.5,
                 linestyles="solid", alpha=0.6, zorder=1)  # fmt: skip


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


def _within(points: Floats, box: Floats) -> NDArray[np.bool_]:
    return ((points >= box[0]) & (points <= box[1])).all(-1)


def _sane(points: Floats) -> Floats:
    """The points that arithmetic can be done with."""
    return points[(np.abs(points) < 1e150).all(1)]


def _marks(axes: Axes, points: Floats, mark: dict[str, Any], zorder: int) -> None:
    if points.size:  # not clipped: a minimum on the border is a whole star
        axes.plot(*points.T, linestyle="", clip_on=False, zorder=zorder, **mark)


def _starts(paths: pd.DataFrame) -> Floats:
    """Where the trajectories start whose start was recorded, each place once."""
    return paths.loc[paths["step"] == 0, ["x0", "x1"]].drop_duplicates().to_numpy(float)


def _ends(paths: pd.DataFrame, limits: Floats) -> pd.DataFrame:
    """Where the trajectories end that end in view, by label."""
    ends = paths.drop_duplicates("label", keep="last").set_index("label")[["x0", "x1"]]
    return ends[_within(ends.to_numpy(float), limits)]


def _handle(look: Look) -> Line2D:
    return Line2D([], [], color=look.colour, linestyle=look.dash, linewidth=2.2, marker="o", markersize=8,
                  markevery=[1], markeredgecolor="white")  # fmt: skip


def _entry(row: Mapping[Any, Any], outside: bool) -> str:
    """What the legend says of one trajectory, which may end outside of the map."""
    lost = row["shown_status"] != "done"
    result = row["shown_status"] if lost else style.loss(row["shown_loss"])
    facts = [row["settings"], result, "ends off the map" if outside and not lost else ""]
    return f"{row['label']}\n{', '.join(fact for fact in facts if fact)}"


def _size(limits: Floats) -> tuple[float, float]:
    """The size of the figure in inches: as high as the map wants to be beside its legend, within reason."""
    width, height = limits[1] - limits[0]
    return figures.SIZE[0], float(np.clip(6.2 * height / width + 1.3, figures.SIZE[1], 6.8))
