"""Basins of attraction: each pixel is a start, its hue is the minimum reached, its lightness the number of steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from optlab.figures import relief, tiles
from optlab.figures.figure import InlineFigure
from optlab.figures.relief import Surface
from optlab.results.basin_colours import DIVERGED as DIVERGED
from optlab.results.basin_colours import FAST, SLOW, BasinPanel, legend, steps_of
from optlab.results.basin_colours import HUES as HUES
from optlab.results.basin_colours import NOWHERE as NOWHERE
from optlab.results.basin_colours import hues as hues
from optlab.results.basin_colours import scale as scale
from optlab.results.basin_colours import ticks as ticks

Floats = NDArray[np.float64]

LEVELS = 256
"""The number of levels of lightness."""


def image(panel: BasinPanel, colours: Sequence[str], share: Floats) -> NDArray[np.uint8]:
    """The pixels of a panel, shape (rows, columns, 3); the first row is the lowest."""
    table = np.stack([_shades(to_rgb(colour)) for colour in colours]) if colours else np.zeros((0, LEVELS, 3), np.uint8)
    plain = [np.broadcast_to(tiles.bytes_of(to_rgb(colour)), (1, LEVELS, 3)) for colour in (DIVERGED, NOWHERE)]
    table = np.concatenate([table, *plain])  # row -1 is NOWHERE, row -2 DIVERGED
    number = np.where(panel.diverged, -2, panel.minimum)
    level = np.where(number >= 0, share[np.where(number >= 0, panel.reached, 0)] * (LEVELS - 1), 0)
    return table[number, level.astype(np.int64)]


def _shades(colour: Any) -> NDArray[np.uint8]:
    """The shades of a colour from the lightest (fastest) to the darkest (slowest), shape (LEVELS, 3)."""
    t = np.linspace(-1.0, 1.0, LEVELS)[:, None]
    base = np.array(colour)
    light = base + (1 - base) * FAST * np.maximum(-t, 0)
    return tiles.bytes_of(light * (1 - SLOW * np.maximum(t, 0)))


def draw(
    panel: BasinPanel, axes: Axes, share: Floats, surface: Surface | None = None, lowest: float | None = None
) -> Axes:
    """Draw one panel: the pixels, thin level lines of the function, and the minima in view (stars)."""
    left, right, bottom, top = panel.extent
    colours = hues(len(panel.minima))
    axes.imshow(image(panel, colours, share), extent=panel.extent, origin="lower", interpolation="none",
                aspect="auto", zorder=0)  # fmt: skip
    if surface is not None:
        _lines(surface, axes, lowest)
    for point, colour in zip(panel.minima, colours, strict=True):
        if left <= point[0] <= right and bottom <= point[1] <= top:
            axes.plot(*point, linestyle="", clip_on=False, zorder=5, **_star(colour, 13 if len(colours) <= 12 else 7))
    axes.set(xlim=(left, right), ylim=(bottom, top), box_aspect=_ratio(left, right, bottom, top))
    axes.set_title(panel.title, fontsize=10.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.spines[:].set_visible(True)
    return axes


def _lines(surface: Surface, axes: Axes, lowest: float | None) -> None:
    z = relief.shares(surface.z, lowest)
    if z is not None:
        axes.contour(surface.x, surface.y, z, relief.LEVELS[1::4], colors="white", linewidths=0.45, linestyles="solid",
                     alpha=0.45, zorder=1)  # fmt: skip


def _star(colour: str, size: float) -> dict[str, Any]:
    return {"marker": "*", "markersize": size, "markerfacecolor": colour, "markeredgecolor": "white",
            "markeredgewidth": 1.1}  # fmt: skip


def figure(
    panels: Sequence[BasinPanel],
    *,
    among: Sequence[BasinPanel] = (),
    surface: Surface | None = None,
    lowest: float | None = None,
    title: str = "",
    subtitle: str = "",
    notes: Sequence[str] = (),
) -> InlineFigure:
    """The complete figure of one problem: a panel for each optimizer, with a common scale, and a legend of the minima.

    Args:
        panels: the maps, all of the same problem and view.
        among: all maps with the common scale, if this figure does not contain all of them.
        surface: the function over this view.
        lowest: its value at the lowest minimum.
        notes: none, or one text per panel, which is drawn over its pixels.
    """
    left, right, bottom, top = panels[0].extent
    share, steps = scale(among or panels), steps_of(among or panels)
    return tiles.figure(
        len(panels),
        lambda number, axes: draw(panels[number], axes, share, surface, lowest),
        _entries(panels),
        notes=notes,
        ratio=_ratio(left, right, bottom, top),
        labels=("x0", "x1"),
        title=title,
        subtitle=subtitle,
        bar=(lambda sheet, axes: _bar(sheet, axes, share, steps)) if steps.size else None,
    )


def _ratio(left: float, right: float, bottom: float, top: float) -> float:
    """The ratio of a panel's height to its width: true to scale, unless the panel would be a narrow strip."""
    ratio = (top - bottom) / (right - left)
    return ratio if 0.4 < ratio < 2.5 else 1.0


def _entries(panels: Sequence[BasinPanel]) -> list[tiles.Entry]:
    """The entries of the legend."""
    return [
        (Line2D([], [], linestyle="") if colour is None else Patch(facecolor=colour), text)
        for colour, text in legend(panels)
    ]


def _bar(sheet: Figure, axes: Sequence[Axes], share: Floats, steps: NDArray[np.int64]) -> None:
    """The scale of lightness, in grey, with numbers of steps as ticks."""
    shades = ListedColormap(_shades((0.5, 0.5, 0.5)) / 255.0)
    marked = ticks(share, steps)
    marks = share[marked].tolist(), [f"{step:,}" for step in marked]
    tiles.colour_bar(sheet, axes, shades, Normalize(0.0, 1.0), marks, "steps needed (shades of equal area)")
