"""Trajectories on the surface of a problem of two parameters, in three dimensions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import ArrayLike, NDArray

from optlab.figures import balls, contour, edges, in_view, overlap, path_legend, solid, style, trail
from optlab.figures import figure as figures
from optlab.figures.figure import InlineFigure
from optlab.figures.in_view import InView
from optlab.figures.projection import Projection
from optlab.figures.style import Look
from optlab.results.surface import Surface, power_of, shares, within

Floats = NDArray[np.float64]

SIZE = (10.0, 6.4)
_PIXELS = 950
"""The width of the picture of the surface."""
_FAINT = 0.4
"""The opacity of marks and balls that are behind a hill."""
_ARROW = 0.1
"""The length of arrows at the border; the longer side of the surface is 2."""
_HALO = [Stroke(linewidth=3.4, foreground="white", alpha=0.7), Normal()]


@dataclass(frozen=True)
class View:
    """A surface from one side: its projection, its heights from 0 to 1 (masked), and its corners, shape (2, 2)."""

    projection: Projection
    z: Any
    limits: Floats

    @staticmethod
    def of(
        surface: Surface, paths: pd.DataFrame, minima: Sequence[ArrayLike] = (), minimum: float | None = None
    ) -> View:
        """The view from the side from which the least of the trajectories, the minima and the surface is hidden.

        The heights are `shares` to the power `power_of`.
        """
        z = shares(surface.z, minimum)
        if z is None:
            z = np.ma.array(np.full(surface.z.shape, 0.5), mask=~np.isfinite(surface.z))
        power = power_of(surface.z, minimum)
        limits = surface.limits
        sides = (limits[1] - limits[0]) / (limits[1] - limits[0]).max()
        stars = np.array([np.ravel(point) for point in minima]).reshape(-1, 2)
        seen = [(points[within(points, limits)] - limits[0]) / (limits[1] - limits[0])
                for points in (contour.within_reach(paths, limits), stars)]  # fmt: skip
        narrow = not 0.4 < sides[1] / sides[0] < 2.5
        heights = np.ma.filled(z, 0.0).astype(float) ** power
        return View(solid.view_of(heights, (1.0, 1.0) if narrow else (sides[0], sides[1]), seen), z, limits)

    def path(self, points: Floats) -> InView:
        """A trajectory in the picture. Shape of `points`: (n, 2)."""
        return in_view.on_surface(points, self.limits, self.projection)

    def places(self, points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """The places of points in the picture, and whether each is seen. Shape of `points`: (n, 2), from 0 to 1."""
        is_seen: NDArray[np.bool_] = within(points, in_view.UNIT)
        is_seen[is_seen] = ~self.projection.is_hidden(points[is_seen])
        return self.projection.place(points).astype(np.float64), is_seen

    def seen(self, points: Floats) -> Floats:
        """The places of points in the picture, NaN where they are not seen. Shape of `points`: (n, 2), from 0 to 1."""
        places, is_seen = self.places(points)
        return np.where(is_seen[:, None], places, np.nan)


def draw(
    view: View,
    paths: pd.DataFrame,
    axes: Axes,
    *,
    looks: Mapping[str, Look] | None = None,
    minima: Sequence[ArrayLike] = (),
    lost: Collection[str] = (),
    pixels: int | None = None,
) -> Axes:
    """Draw the lit surface, one trajectory per label, and the minima (stars), as in `contour.draw`.

    Parts of trajectories behind a hill are faint dashes, and balls and marks there are faint.
    """
    looks = looks or style.looks(paths["label"])
    left, right, bottom, top = view.projection.extent
    axes.imshow(solid.picture(view.projection, view.z, pixels or _PIXELS), extent=(left, right, bottom, top), zorder=0)
    edges.draw(axes, view.projection, view.limits)
    visible = {str(label): contour.cut(path[["x0", "x1"]].to_numpy(float), view.limits)
               for label, path in paths.groupby("label", sort=False)}  # fmt: skip
    coloured = [label for label in visible if label not in style.faint(looks)]
    for label, points in visible.items():
        _line(axes, view.path(points), looks[label], label)
    low, size = view.limits[0], view.limits[1] - view.limits[0]
    overlap.draw_in_turns(axes, [(visible[label] - low) / size for label in coloured],
                          [looks[label].colour for label in coloured], view.seen)  # fmt: skip
    _marks(axes, view, contour.starts_of(paths[paths["label"].isin(coloured)]), path_legend.START, 4)
    _marks(axes, view, np.array([np.ravel(point) for point in minima]), path_legend.MINIMUM, 5)
    frame = np.array([[left, bottom], [right, top]])
    _dots(axes, view, [visible[label] for label in coloured], frame, [looks[label].colour for label in coloured])
    _balls(axes, view, contour.ends_of(paths[paths["label"].isin(coloured) & ~paths["label"].isin(lost)], view.limits),
           frame, looks)  # fmt: skip
    for label in coloured:
        if (found := in_view.exit_of(view.path(visible[label]).places)) is not None:
            trail.draw_arrow(axes, found[0], _ARROW * found[1], looks[label].colour)
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.set_axis_off()
    axes.set_anchor("NW")
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
    view: View | None = None,
    pixels: int | None = None,
) -> InlineFigure:
    """The complete figure of one case; see `contour.figure`. With a `view`, it is the background of an animation:
    without trajectories and balls. `pixels` is the width of the surface."""
    spaced = "the logarithm of the loss above its minimum" if power_of(surface.z, minimum) else "the loss"
    caption = f"Higher is a larger loss. From one level line to the next, {spaced} grows by the same amount."
    with style.sheet():
        sheet, (axes,) = figures.new(title=title, subtitle=subtitle, caption=caption, size=SIZE)
        lost = {*best.loc[best["shown_status"] != "done", "label"]}
        drawn, lost = (paths, lost) if view is None else (paths[paths["step"] == 0], {*looks})
        draw(view or View.of(surface, paths, minima, minimum), drawn, axes, looks=looks, minima=minima, lost=lost,
             pixels=pixels)  # fmt: skip
        outside = {*paths["label"].unique()} - {*contour.ends_of(paths, surface.limits).index}
        path_legend.draw(axes, best, looks, outside, has_start=len(contour.starts_of(paths)) > 0, minima=len(minima),
                         has_blanks=not np.isfinite(surface.z).all())  # fmt: skip
    return sheet


def _line(axes: Axes, path: InView, look: Look, label: str) -> None:
    """Draw a trajectory; the parts behind a hill are faint."""
    is_hidden = path.is_hidden
    shown = np.where(is_hidden[:, None], np.nan, path.places)
    if look.faint:
        axes.plot(*shown.T, **style.THIN)
        return
    axes.plot(*shown.T, color=look.colour, linestyle=look.dash, linewidth=1.7, path_effects=_HALO, label=label,
              solid_joinstyle="round", zorder=3)  # fmt: skip
    if is_hidden.any():
        behind = is_hidden | np.append(is_hidden[1:], False) | np.append(False, is_hidden[:-1])
        axes.plot(*np.where(behind[:, None], path.places, np.nan).T, color=look.colour, zorder=2.5,
                  **path_legend.HIDDEN)  # fmt: skip


def _marks(axes: Axes, view: View, points: Floats, mark: dict[str, Any], zorder: int) -> None:
    for point in points.reshape(-1, 2):
        path = view.path(point[None])
        axes.plot(*path.places.T, linestyle="", clip_on=False, zorder=zorder,
                  alpha=_FAINT if path.is_hidden[0] else 1.0, **mark)  # fmt: skip


def _dots(axes: Axes, view: View, paths: Sequence[Floats], frame: Floats, colours: Sequence[str]) -> None:
    """Draw a dot for each step that is seen."""
    low, size = view.limits[0], view.limits[1] - view.limits[0]
    found = [view.places((points - low) / size) for points in paths]
    trail.draw_dots(axes, [places for places, _ in found], frame, colours, [is_seen for _, is_seen in found])


def _balls(axes: Axes, view: View, ends: pd.DataFrame, frame: Floats, looks: Mapping[str, Look]) -> None:
    paths = [view.path(end[None]) for end in ends.to_numpy(float)]
    places = np.array([path.places[0] for path in paths]).reshape(-1, 2)
    colours = [looks[str(label)].colour for label in ends.index]
    placed = balls.gathered(places, frame)
    balls.draw_strings(axes, places, placed, colours)
    balls.draw(axes, placed, colours, opacity=[_FAINT if path.is_hidden[0] else 1.0 for path in paths])
