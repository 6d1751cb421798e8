"""Maps side by side in one figure: panels of equal size, with a common legend below and a colour scale to the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from optlab.figures import figure as figures
from optlab.figures import fonts, style
from optlab.figures.figure import InlineFigure

COLUMNS = 3
_PANEL, _ALONE = 4.1, 5.6  # inches: the longer side of one of several panels, and of a single panel
_TITLE = 10.5  # font size of panel titles, in points
_LEGEND, _ROW = 9.5, 0.27  # of the legend: font size in points, height of a line in inches
_BESIDE = 4.4  # width of the handle and gaps of a legend entry, in units of the font size
NOTE = "note"
"""The gid of a text that is drawn over the pixels of a panel."""
Entry = tuple[Any, str]
"""A legend entry: handle and text."""


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
    notes: Sequence[str] = (),
) -> InlineFigure:
    """A figure of `count` panels, each drawn by `draw(number, axes)`.

    Args:
        ratio: the ratio of a panel's height to its width.
        labels: the labels of the x and y axes; only the panels of the first column have a y label.
        bar: draws the colour scale next to the panels.
        notes: none, or one text per panel, which is drawn over its pixels.
    """
    columns = 2 if count == 4 else min(count, COLUMNS)
    rows = -(-count // columns)
    wide = (_ALONE if count == 1 else _PANEL) * min(1.0, 1 / ratio)
    width = max(columns * (wide + 0.35) + 1.6, 6.8)
    entries = [(handle, _wrapped(text, 72 * (width - 0.6), _LEGEND)) for handle, text in entries]
    lines = _lines([text for _, text in entries], width - 0.3)
    below = _ROW * lines * max((text.count("\n") + 1 for _, text in entries), default=1) + 0.15
    size = (width, rows * (wide * ratio + 0.75) + 0.85 + below)
    with style.sheet():
        sheet, axes = figures.new(columns, rows=rows, title=title, subtitle=subtitle, size=size)
        for number in range(count):
            draw(number, axes[number])
            _fit_title(axes[number], 72 * wide)
            if number < len(notes) and notes[number]:
                _note(axes[number], notes[number])
            axes[number].set_xlabel(labels[0])
            if number % columns == 0:
                axes[number].set_ylabel(labels[1])
            else:
                axes[number].tick_params(axis="y", left=False, labelleft=False)
        for unused in axes[count:]:
            unused.set_axis_off()
        if bar is not None:
            bar(sheet, axes)
        _legend(sheet, entries, lines)
    return sheet


def _lines(texts: Sequence[str], room: float) -> int:
    """The smallest number of lines with which a legend of these texts is at most `room` inches wide."""
    widths = [max(_width(line, _LEGEND) for line in text.split("\n")) / 72 for text in texts]
    for lines in range(1, len(texts)):
        columns = np.array_split(widths, -(-len(texts) // lines))
        if sum(column.max() + _BESIDE * _LEGEND / 72 for column in columns) <= room:
            return lines
    return len(texts)


def _width(text: str, points: float) -> float:
    """The width of a line of text, in points."""
    return figures.measured(text, FontProperties(family=fonts.families(text), size=points))


def _wrapped(text: str, room: float, points: float) -> str:
    """Wrap a text to a width of `room` points."""
    width = _width(text, points)
    return text if width <= room else figures.wrap(text, max(8, int(0.9 * len(text) * room / width)))


def _fit_title(axes: Axes, room: float) -> None:
    """Wrap the title of a panel to the width of the panel."""
    title = axes.get_title(loc="left")
    axes.set_title(_wrapped(title, room, _TITLE), fontsize=_TITLE)


def _note(axes: Axes, text: str) -> None:
    box = {"boxstyle": "round,pad=0.6", "facecolor": "white", "edgecolor": style.MUTED, "linewidth": 0.8}
    axes.text(0.5, 0.5, figures.wrap(text, 30), transform=axes.transAxes, ha="center", va="center", size=10, zorder=7,
              bbox=box, gid=NOTE)  # fmt: skip


def _legend(sheet: Figure, entries: Sequence[Entry], lines: int) -> None:
    if not entries:
        return
    handles, texts = zip(*entries, strict=True)
    box = sheet.legend(handles, [str(i) for i in range(len(texts))], ncols=-(-len(texts) // lines),
                       loc="outside lower left", fontsize=_LEGEND, handlelength=1.8, columnspacing=1.4)  # fmt: skip
    for shown, text in zip(box.get_texts(), texts, strict=True):
        shown.set_text(text)


def colour_bar(
    sheet: Figure, axes: Sequence[Axes], colours: Colormap, norm: Normalize, ticks: tuple[Any, Any], label: str
) -> None:
    """Draw a colour scale to the right of all panels, with ticks as (positions, texts)."""
    bar = sheet.colorbar(ScalarMappable(norm, colours), ax=list(axes), shrink=0.72, aspect=24, pad=0.02)
    bar.ax.yaxis.set_major_locator(FixedLocator(list(ticks[0])))
    bar.ax.yaxis.set_major_formatter(FixedFormatter(list(ticks[1])))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.set_label(label)
    outline: Any = bar.outline
    outline.set_visible(False)


def bytes_of(colour: Any) -> np.ndarray:
    """Convert colours in the range from 0 to 1 to bytes."""
    return np.round(255 * np.asarray(colour)).astype(np.uint8)
