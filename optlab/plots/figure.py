"""Figures: made with a header, given a legend, saved whole or not at all."""

from __future__ import annotations

import os
import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend

from optlab.plots import style

SIZE = (10.0, 5.625)  # inches, 1600 x 900 pixels: a slide
FORMATS = ("png", "svg", "pdf")
_MARGIN = 0.16  # inches around everything
_LEGEND_CHARACTERS, _LEGEND_LINES = 26, 26
_TITLE, _SUBTITLE = 15.0, 10.5  # points
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
}


def new(columns: int = 1, *, title: str = "", subtitle: str = "", size: tuple[float, float] = SIZE) -> tuple[Figure, list[Axes]]:  # fmt: skip
    """A figure with a header and `columns` axes side by side. Use within `style.sheet()`."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    top = size[1] - _MARGIN
    for text, points, weight, colour in (
        (title, _TITLE, "bold", style.INK),
        (subtitle, _SUBTITLE, "normal", style.MUTED),
    ):
        for line in _wrapped(figure, text, FontProperties(size=points, weight=weight)):
            figure.text(_MARGIN / size[0], top / size[1], line, size=points, weight=weight, color=colour, va="top")
            top -= points * 1.32 / 72
    header = size[1] - top + (0.06 if title or subtitle else 0)
    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=_MARGIN, h_pad=_MARGIN / 2, rect=(0, 0, 1, 1 - header / size[1]))
    return figure, [figure.add_subplot(1, columns, i + 1) for i in range(columns)]


def legend(axes: Axes, handles: Sequence[Any], labels: Sequence[str]) -> Legend:
    """A legend to the right of the axes, where it covers nothing.

    The labels are a user's: shown as they are, without mathematics, also where they begin with `_` (which Matplotlib would take for
    a reason to leave the entry out); long ones are wrapped, and many are set smaller or in columns.
    """
    texts = [wrap(label) for label in labels]
    lines = sum(text.count("\n") + 1 for text in texts)
    columns = -(-lines // (2 * _LEGEND_LINES))
    scale = min(1.0, _LEGEND_LINES * columns / max(lines, 1))
    box = axes.legend(
        handles,
        [str(i) for i in range(len(texts))],
        loc="upper left",
        bbox_to_anchor=(1.015, 1.0),
        fontsize=10 * scale,
        ncols=columns,
        handlelength=2.4,
        labelspacing=0.55,
        borderaxespad=0.0,
    )
    for entry, text in zip(box.get_texts(), texts, strict=True):
        entry.set_text(text)
        entry.set_parse_math(False)
    return box


def wrap(text: str, width: int = _LEGEND_CHARACTERS) -> str:
    """Text in lines of at most `width` characters; line breaks stay.

    >>> wrap("one two three", 8)
    'one two\\nthree'
    """
    return "\n".join("\n".join(textwrap.wrap(printable(line), width)) for line in text.split("\n"))


def printable(text: str) -> str:
    """Text without what no font can show: control characters become spaces."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG, SVG or PDF, by the path's suffix. The same figure gives the same bytes.

    The file appears whole or not at all: it is written under a temporary name next to its own and renamed.
    """
    path = Path(path)
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise ValueError(f"{path}: cannot save a figure as '{path.suffix}'; use one of {', '.join(FORMATS)}")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with style.sheet(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # a box is shown in its place
            figure.savefig(part, format=kind, metadata=_METADATA[kind])
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _wrapped(figure: Figure, text: str, font: FontProperties) -> list[str]:
    """The lines of a text that is to be as wide as the figure."""
    text = printable(text)
    if not text.strip():
        return []
    canvas: Any = figure.canvas
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        width = canvas.get_renderer().get_text_width_height_descent(text, font, False)[0]
    room = figure.bbox.width - 2 * _MARGIN * figure.dpi
    if width <= room:
        return [text]
    return textwrap.wrap(text, max(8, int(0.9 * len(text) * room / width)))
