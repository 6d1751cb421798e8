"""Figures: made with a header, given a legend, saved whole or not at all."""

from __future__ import annotations

import math
import os
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend

from optlab.errors import file_errors_name
from optlab.plots import style

SIZE = (10.0, 5.625)  # inches, 1600 x 900 pixels: a slide
FORMATS = ("png", "svg", "pdf")
_MARGIN = 0.16  # inches around everything
_LEGEND, _LINE, _GAP = 10.0, 1.22, 0.55  # points; and in units of them, the height of a line and between entries
_LEGEND_CHARACTERS = 26
UNBROKEN = "\N{NO-BREAK SPACE}"
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
}


def new(
    columns: int = 1, *, rows: int = 1, title: str = "", subtitle: str = "", size: tuple[float, float] = SIZE
) -> tuple[Figure, list[Axes]]:
    """A figure with a header and `columns` axes side by side, in `rows`. Use within `style.sheet()`."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    top = size[1] - _MARGIN
    for text, sizes, weight, colour in (
        (title, (15.0, 12.5, 10.5), "bold", style.INK),
        (subtitle, (10.5, 9.5), "normal", style.MUTED),
    ):
        lines, points = _fitted(figure, printable(text).strip(), sizes, weight)
        for line in lines:
            figure.text(_MARGIN / size[0], top / size[1], line, size=points, weight=weight, color=colour, va="top")
            top -= points * 1.32 / 72
    header = size[1] - top + (0.06 if title or subtitle else 0)
    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=_MARGIN, h_pad=_MARGIN / 2, rect=(0, 0, 1, 1 - header / size[1]))
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(rows * columns)]


def legend(axes: Axes, handles: Sequence[Any], labels: Sequence[str]) -> Legend:
    """A legend to the right of the axes, where it covers nothing.

    The labels are a user's: shown as they are, without mathematics, also where they begin with `_` (a reason for
    Matplotlib to leave the entry out); long ones are wrapped, and many are set smaller or in columns.
    """
    texts = [wrap(label) for label in labels]
    height = sum(_LINE * (text.count("\n") + 1) + _GAP for text in texts) * _LEGEND
    sheet: Any = axes.get_figure(root=True)
    engine = sheet.get_layout_engine()
    room = (engine.get()["rect"][3] if engine else 1.0) * sheet.get_figheight() * 72 - 4 * _LEGEND
    columns = math.ceil(height / (1.7 * room))
    scale = min(1.0, columns * room / height)
    box = axes.legend(
        handles,
        [str(i) for i in range(len(texts))],
        loc="upper left",
        bbox_to_anchor=(1.015, 1.0),
        fontsize=_LEGEND * scale,
        ncols=columns,
        handlelength=2.4,
        labelspacing=_GAP,
        borderaxespad=0.0,
    )
    for entry, text in zip(box.get_texts(), texts, strict=True):
        entry.set_text(text)
        entry.set_parse_math(False)
    return box


def wrap(text: str, width: int = _LEGEND_CHARACTERS) -> str:
    """Text in lines of at most `width` characters; line breaks stay, and a space that is `UNBROKEN` becomes no break.

    >>> wrap("one two three", 8)
    'one two\\nthree'
    >>> wrap(f"one two{UNBROKEN}three", 9)
    'one\\ntwo three'
    """
    lines = [part for line in text.split("\n") for part in textwrap.wrap(printable(line), width) or [""]]
    return "\n".join(lines).replace(UNBROKEN, " ")


def printable(text: str) -> str:
    """Text without what no font can show: control characters become spaces."""
    return "".join(letter if letter.isprintable() or letter == UNBROKEN else " " for letter in text)


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG, SVG or PDF, by the path's suffix. The same figure gives the same bytes.

    The file appears whole or not at all: it is written under a temporary name next to its own and renamed.
    """
    path = Path(path)
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise ValueError(f"{path}: cannot save a figure as '{path.suffix}'; use one of {', '.join(FORMATS)}")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with file_errors_name(path):
        try:
            with style.sheet(), _missing_glyphs():
                _lay_out(figure)
                figure.savefig(part, format=kind, metadata=_METADATA[kind])
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    return path


def _lay_out(figure: Figure) -> None:
    """Lay the figure out, once and for good: Matplotlib would draw everything another time, at every saving."""
    engine = figure.get_layout_engine()
    if engine is not None:
        FigureCanvasAgg(figure)
        engine.execute(figure)
        figure.set_layout_engine("none")


def _fitted(figure: Figure, text: str, sizes: Sequence[float], weight: str) -> tuple[list[str], float]:
    """The largest of the font sizes at which the text fits into one line; or at the smallest, in several."""
    canvas: Any = figure.canvas
    room = figure.bbox.width - 2 * _MARGIN * figure.dpi
    width = points = 0.0
    with _missing_glyphs():
        for points in sizes:
            font = FontProperties(size=points, weight=weight)
            width = canvas.get_renderer().get_text_width_height_descent(text, font, False)[0] if text else 0.0
            if width <= room:
                return [text] * bool(text), points
    return textwrap.wrap(text, max(8, int(0.9 * len(text) * room / width))), points


@contextmanager
def _missing_glyphs() -> Iterator[None]:
    """Let a user's label hold what the font does not: a box is shown in its place."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
