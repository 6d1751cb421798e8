"""Maps side by side in one figure: panels of one size, a legend below all of them, a scale beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from optlab.plots import figure as figures
from optlab.plots import style

COLUMNS = 3
_PANEL, _ALONE = 4.1, 5.6  # inches along the longer side of a panel, among others and alone
_ENTRY = 2.15  # of an entry of the legend
Entry = tuple[Any, str]
"""A handle of the legend, and what it says."""


def figure(
    count: int,
    draw: Callable[[int, Axes], Any],
    entries: Sequence[Entry],
    *,
    ratio: float = 1.0,
    labels: tuple[str, str],
    title: str = "",
    subtitle: str = "",
    bar: Callable[[Figure, Sequence[Axes]], Any] | None = None,
    entry: float = _ENTRY,
) -> Figure:
    """A figure of `count` panels, each drawn by `draw(number, axes)`.

    Args:
        ratio: the height of a panel over its width.
        labels: what is along the sides; panels inside share those of their neighbours.
        bar: draws the scale of colours beside the panels.
        entry: the width of an entry of the legend, in inches.
    """
    columns = 2 if count == 4 else min(count, COLUMNS)
    rows = -(-count // columns)
    wide = (_ALONE if count == 1 else _PANEL) * min(1.0, 1 / ratio)
    width = max(columns * (wide + 0.35) + 1.6, 6.8)
    per_line = max(1, int((width - 0.3) / entry))
    below = 0.27 * -(-len(entries) // per_line) + 0.15
    size = (width, rows * (wide * ratio + 0.75) + 0.85 + below)
    with style.sheet():
        sheet, axes = figures.new(columns, rows=rows, title=title, subtitle=subtitle, size=size)
        for number in range(count):
            draw(number, axes[number])
            axes[number].set_xlabel(labels[0])
            if number % columns == 0:
                axes[number].set_ylabel(labels[1])
            else:
                axes[number].tick_params(axis="y", left=False, labelleft=False)
        for unused in axes[count:]:
            unused.set_axis_off()
        if bar is not None:
            bar(sheet, axes)
        _legend(sheet, entries, per_line)
    return sheet


def _legend(sheet: Figure, entries: Sequence[Entry], columns: int) -> None:
    if not entries:
        return
    handles, texts = zip(*entries, strict=True)
    box = sheet.legend(handles, [str(i) for i in range(len(texts))], ncols=columns, loc="outside lower left",
                       fontsize=9.5, handlelength=1.8, columnspacing=1.4)  # fmt: skip
    for shown, text in zip(box.get_texts(), texts, strict=True):
        shown.set_text(text)


def colour_bar(
    sheet: Figure, axes: Sequence[Axes], colours: Colormap, norm: Normalize, ticks: tuple[Any, Any], label: str
) -> None:
    """A scale of colours to the right of all panels, with ticks as (positions, texts)."""
    bar = sheet.colorbar(ScalarMappable(norm, colours), ax=list(axes), shrink=0.72, aspect=24, pad=0.02)
    bar.ax.yaxis.set_major_locator(FixedLocator(list(ticks[0])))
    bar.ax.yaxis.set_major_formatter(FixedFormatter(list(ticks[1])))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.set_label(label)
    outline: Any = bar.outline
    outline.set_visible(False)


def bytes_of(colour: Any) -> np.ndarray:
    """Colours from 0 to 1 as bytes."""
    return np.round(255 * np.asarray(colour)).astype(np.uint8)
