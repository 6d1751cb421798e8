"""Stability in two hyperparameters: the result for every pair of values, and the theoretical limit of stability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from optlab.figures import scale, style, tiles
from optlab.figures.figure import InlineFigure
from optlab.results.loss_scale import Scale
from optlab.results.stability_colours import DIVERGED as DIVERGED
from optlab.results.stability_colours import GREW as GREW
from optlab.results.stability_colours import NAMES, StabilityPanel, StabilityTheory, ends, quantity, states
from optlab.results.stability_colours import PALE as PALE
from optlab.results.stability_colours import SHORT as SHORT
from optlab.results.stability_colours import common_scale as common_scale
from optlab.results.stability_colours import left as left
from optlab.results.stability_colours import shown as shown

Floats = NDArray[np.float64]

_COLOURS = matplotlib.colormaps["viridis"].reversed()  # bright: a low loss, few steps
_LINE: dict[str, Any] = {"color": style.INK, "linestyle": (0, (5, 2.5)), "linewidth": 1.6}
_FASTEST: dict[str, Any] = {"marker": "D", "markersize": 8, "markerfacecolor": "white", "markeredgecolor": style.INK,
                            "markeredgewidth": 1.4}  # fmt: skip
_BEST: dict[str, Any] = {"marker": "o", "markersize": 12, "markerfacecolor": "none", "markeredgecolor": "#D55E00",
                         "markeredgewidth": 2.2}  # fmt: skip


def image(panel: StabilityPanel, colours: Scale) -> NDArray[np.uint8]:
    """The pixels of a panel, shape (rows, columns, 3); the first row is the lowest."""
    values, where = shown(panel)
    low, high = ends(colours)
    level = np.where(where, _level(np.where(where, values, np.nan), colours), low)
    shades = _COLOURS((level - low) / (high - low or 1.0))[..., :3]
    pixels = tiles.bytes_of(np.where(left(panel)[..., None], PALE + (1 - PALE) * shades, shades))
    plain = [(~where, SHORT), (~where & ~panel.stable, GREW), (panel.diverged, DIVERGED)]
    for mask, colour in plain:
        pixels[mask] = tiles.bytes_of(to_rgb(colour))
    return pixels


def _level(values: Floats, colours: Scale) -> Floats:
    clipped = colours.clip(colours.in_units(values))
    return np.log10(clipped) if colours.log else clipped


def draw(panel: StabilityPanel, axes: Axes, colours: Scale) -> Axes:
    """Draw one panel: the pixels, the limit of stability (dashed), the fastest pair (diamond), the best pixel (ring).

    Logarithmically spaced values are drawn on a logarithmic axis, so that all pixels have the same size.
    """
    u, v = (_positions(side, spaced) for side, spaced in zip((panel.x, panel.y), panel.spacings, strict=True))
    extent = _extent(panel)
    axes.imshow(image(panel, colours), extent=extent, origin="lower", interpolation="none", aspect="auto", zorder=0)
    if panel.theory is not None:
        _theory(panel.theory, panel.spacings, axes, extent)
    if panel.best is not None:
        row, column = panel.best
        axes.plot(u[column], v[row], linestyle="", clip_on=False, zorder=5, **_BEST)
    axes.set(xlim=extent[:2], ylim=extent[2:], box_aspect=1)
    for axis, values, spaced in ((axes.xaxis, panel.x, panel.spacings[0]), (axes.yaxis, panel.y, panel.spacings[1])):
        positions, texts = _ticks(values, spaced)
        axis.set_major_locator(FixedLocator(positions))
        axis.set_minor_locator(NullLocator())
        if texts:
            axis.set_major_formatter(FixedFormatter(texts))
    axes.set_title(panel.title, fontsize=10.5)
    axes.spines[:].set_visible(True)
    return axes


def _extent(panel: StabilityPanel) -> tuple[float, float, float, float]:
    u, v = (_positions(side, spaced) for side, spaced in zip((panel.x, panel.y), panel.spacings, strict=True))
    return (*_borders(u), *_borders(v))


def _theory(theory: StabilityTheory, spacings: tuple[str, str], axes: Axes, extent: Any) -> None:
    u, v = (_positions(side, spaced) for side, spaced in zip((theory.x, theory.y), spacings, strict=True))
    if _has_limit(theory):
        lines = axes.contour(u, v, theory.radius, [1.0], colors=[_LINE["color"]], linewidths=_LINE["linewidth"],
                             linestyles=[_LINE["linestyle"]], zorder=3)  # fmt: skip
        lines.set_path_effects([Stroke(linewidth=3.4, foreground="white", alpha=0.8), Normal()])
    if theory.fastest is not None and (at := _inside(theory.fastest, spacings, extent)) is not None:
        axes.plot(*at, linestyle="", clip_on=False, zorder=4, **_FASTEST)


def _has_limit(theory: StabilityTheory) -> bool:
    return bool(theory.radius.min() < 1 < theory.radius.max())


def _inside(pair: tuple[float, float], spacings: tuple[str, str], extent: Any) -> tuple[float, float] | None:
    """The position of a pair of hyperparameters in the panel; None if it is not in view."""
    if any(value <= 0 and spaced == "log" for value, spaced in zip(pair, spacings, strict=True)):
        return None
    a, b = (float(_positions(np.array(value), spaced)) for value, spaced in zip(pair, spacings, strict=True))
    return (a, b) if extent[0] <= a <= extent[1] and extent[2] <= b <= extent[3] else None


def _positions(values: Floats, spaced: str) -> Floats:
    return np.log10(values) if spaced == "log" else values


def _borders(positions: Floats) -> tuple[float, float]:
    """The outer borders of the pixels with these centres."""
    half = (positions[-1] - positions[0]) / (len(positions) - 1) / 2
    return float(positions[0] - half), float(positions[-1] + half)


def _ticks(values: Floats, spaced: str) -> tuple[list[float], list[str]]:
    """The positions and labels of ticks; no labels if Matplotlib's own are used."""
    low, high = float(values[0]), float(values[-1])
    if spaced == "log":
        ticks, texts = scale.log_labels(low, high)
        powers = np.log10(ticks)
        chosen = (np.abs(powers - np.round(powers)) < 1e-9) | (
            len(texts) <= 8
        )  # if there are many ticks, only powers of ten fit
        return powers[chosen].tolist(), [text for text, wanted in zip(texts, chosen, strict=True) if wanted]
    ticks = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    margin = 1e-9 * (high - low)
    return [tick for tick in ticks if low - margin <= tick <= high + margin], []


def figure(
    panels: Sequence[StabilityPanel],
    *,
    among: Sequence[StabilityPanel] = (),
    title: str = "",
    subtitle: str = "",
    notes: Sequence[str] = (),
) -> InlineFigure:
    """The complete figure of one problem: a panel for each optimizer, and a legend.

    Args:
        panels: the maps, all of the same problem.
        among: all maps with the common scale, if this figure does not contain all of them.
        notes: none, or one text per panel, which is drawn over its pixels.
    """
    colours = common_scale(among or panels)
    level = ends(colours)
    names = panels[0].names

    def bar(sheet: Figure, axes: Sequence[Axes]) -> None:
        if colours.log:
            ticks, texts = scale.log_labels(colours.low, colours.high)
            marks = np.log10(ticks).tolist(), texts
        else:
            ticks = [t for t in MaxNLocator(6).tick_values(*level) if level[0] <= t <= level[1]]
            marks = ticks, [f"{tick:g}" for tick in ticks]
        tiles.colour_bar(sheet, axes, _COLOURS, Normalize(*level), marks, quantity(panels[0]) + colours.suffix)

    return tiles.figure(
        len(panels),
        lambda number, axes: draw(panels[number], axes, colours),
        _entries(panels),
        notes=notes,
        labels=(NAMES.get(names[0], names[0]), NAMES.get(names[1], names[1])),
        title=title,
        subtitle=subtitle,
        bar=bar if any(where.any() for _, where in map(shown, panels)) else None,
    )


def _entries(panels: Sequence[StabilityPanel]) -> list[tiles.Entry]:
    entries: list[tiles.Entry] = []
    theories = [panel.theory for panel in panels if panel.theory is not None]
    if formulas := dict.fromkeys(t.formula or "spectral radius 1" for t in theories if _has_limit(t)):
        entries.append((Line2D([], [], **_LINE), f"theory: {' or '.join(formulas)}"))
    if any(p.theory and p.theory.fastest and _inside(p.theory.fastest, p.spacings, _extent(p)) for p in panels):
        entries.append((Line2D([], [], linestyle="", **_FASTEST), "fastest in theory"))
    if any(panel.best for panel in panels):
        entries.append((Line2D([], [], linestyle="", **_BEST), "best pixel"))
    r, g, b = _COLOURS(0.5)[:3]
    for _, colour, text in states(panels):
        shade = colour or to_hex((PALE + (1 - PALE) * r, PALE + (1 - PALE) * g, PALE + (1 - PALE) * b))
        edge: dict[str, Any] = {"edgecolor": "#BBBBBB"} if colour == SHORT else {}
        entries.append((Patch(facecolor=shade, **edge), text))
    return entries
