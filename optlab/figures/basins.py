"""Basins of attraction: each pixel is a start, its hue is the minimum reached, its lightness the number of steps."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from optlab.errors import short
from optlab.figures import relief, tiles
from optlab.figures.figure import InlineFigure
from optlab.figures.relief import Surface

Floats = NDArray[np.float64]

HUES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255")
"""The first hues, distinct for every common colour blindness; grey and black mark runs that reach no minimum."""
NOWHERE, DIVERGED = "#C9C9C9", "#2B2B2B"
LEVELS = 256
"""The number of levels of lightness."""
_FAST, _SLOW = 0.72, 0.62  # the shares of white and of black in the colours at the two ends of the scale
_APART = 0.06  # the minimum distance of ticks, as a share of the scale
_SHOWN = 10  # the maximum number of minima in the legend: the lowest and the ones with the most pixels


class BasinPanel(Protocol):
    """The data of a panel: an `optlab.experiments.maps.panels.BasinMap`, or any object with these attributes."""

    @property
    def title(self) -> str: ...
    @property
    def extent(self) -> tuple[float, float, float, float]: ...
    @property
    def minima(self) -> Floats: ...
    @property
    def minimum(self) -> Any: ...
    @property
    def reached(self) -> Any: ...
    @property
    def diverged(self) -> Any: ...
    @property
    def shares(self) -> Floats: ...


def hues(count: int) -> list[str]:
    """A colour for each minimum: first the distinct colours, then further hues spaced by the golden angle.

    >>> hues(2), len(set(hues(40)))
    (['#0072B2', '#D55E00'], 40)
    """
    more = []
    for i in range(len(HUES), count):
        saturation, value = (0.75, 0.85) if i % 2 else (0.55, 0.7)
        r, g, b = colorsys.hsv_to_rgb(0.11 + i * 0.381966 % 1.0, saturation, value)
        more.append(f"#{round(255 * r):02X}{round(255 * g):02X}{round(255 * b):02X}")
    return [*HUES[:count], *more]


def scale(panels: Sequence[BasinPanel]) -> Floats:
    """The share of pixels that took at most n steps, for n = 0, 1, ..., shape (steps + 1,).

    This share determines the lightness. So all shades cover equal areas, and structure is visible everywhere.
    """
    steps = _steps(panels)
    if not steps.size:
        return np.zeros(1)
    counts = np.bincount(steps)
    return (np.cumsum(counts) - counts / 2) / steps.size


def _steps(panels: Sequence[BasinPanel]) -> NDArray[np.int64]:
    return np.concatenate([panel.reached[panel.minimum >= 0] for panel in panels])


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
    light = base + (1 - base) * _FAST * np.maximum(-t, 0)
    return tiles.bytes_of(light * (1 - _SLOW * np.maximum(t, 0)))


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
    share, steps = scale(among or panels), _steps(among or panels)
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
    """The entries of the legend: some of the minima that are reached, and the colours of runs that reach none."""
    minima, colours = panels[0].minima, hues(len(panels[0].minima))
    area = np.sum([panel.shares for panel in panels], axis=0)
    reached = np.flatnonzero(area > 0).tolist()
    many = len(reached) > _SHOWN
    largest = np.argsort(-area, kind="stable").tolist()
    chosen = sorted([0, *(k for k in largest if k)][:_SHOWN]) if many else reached
    entries: list[tiles.Entry] = []
    for k in chosen:
        point = ", ".join(short(value) for value in minima[k])
        entries.append((Patch(facecolor=colours[k]), f"({point})" + ", the lowest" * (many and k == 0)))
    if rest := set(reached) - set(chosen):
        entries.append((Line2D([], [], linestyle=""), f"and {len(rest)} more minima (some look alike)"))
    if any(((panel.minimum < 0) & ~panel.diverged).any() for panel in panels):
        entries.append((Patch(facecolor=NOWHERE), "not yet at a minimum"))
    if any(panel.diverged.any() for panel in panels):
        entries.append((Patch(facecolor=DIVERGED), "diverged"))
    return entries


def _bar(sheet: Figure, axes: Sequence[Axes], share: Floats, steps: NDArray[np.int64]) -> None:
    """The scale of lightness, in grey, with numbers of steps as ticks."""
    shades = ListedColormap(_shades((0.5, 0.5, 0.5)) / 255.0)
    marked = ticks(share, steps)
    marks = share[marked].tolist(), [f"{step:,}" for step in marked]
    tiles.colour_bar(sheet, axes, shades, Normalize(0.0, 1.0), marks, "steps needed (shades of equal area)")


def ticks(share: Floats, steps: NDArray[np.int64]) -> list[int]:
    """The numbers of steps that are ticks of the scale, about a quarter of the scale apart.

    >>> steps = np.array([1, 1, 2, 3, 3, 7, 8, 9])
    >>> ticks(np.array([0.0, 0.125, 0.3125, 0.5, 0.625, 0.625, 0.625, 0.6875, 0.8125, 0.9375]), steps)
    [1, 2, 3, 7, 9]
    """
    taken = np.unique(steps)
    marked: list[int] = []
    for place in (0.0, 0.25, 0.5, 0.75, 1.0):
        step = int(taken[np.abs(share[taken] - place).argmin()])
        if not marked or share[step] - share[marked[-1]] > _APART:
            marked.append(step)
    return marked
