"""Figures with a header and a legend. They are saved atomically and shown in notebooks."""

from __future__ import annotations

import base64
import io
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from PIL import Image

from optlab.experiments.choices import FORMATS
from optlab.figures import fonts, style
from optlab.markup.files import replacing

SIZE = (10.0, 5.625)  # inches, 1600 x 900 pixels: a slide
_MARGIN = 0.16  # inches around the whole figure
_LEGEND, _SMALLEST = 10.0, 5.5  # default and minimum font size of legends, in points
_LINE, _GAP, _HANDLE, _PAD, _BETWEEN = 1.22, 0.55, 2.4, 0.8, 2.0  # lengths in a legend, in units of the font size
_LEGEND_CHARACTERS = 26
_COLUMNS, _WIDEST_ALONE, _WIDEST = 5, 0.52, 0.4  # of a legend: maximum columns, maximum shares of the width
_SHOWN, _SHARP = 80.0, 1.6  # pixels per inch in a notebook, and pixels of the picture per pixel in the notebook
_COMPRESSION = 3  # of PNG; the usual 6 takes 60 % longer for files that are 10 % smaller
UNBROKEN = "\N{NO-BREAK SPACE}"
OPAQUE = 255
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
}


class InlineFigure(Figure):
    """A figure that a notebook shows by itself.

    Matplotlib's own figures are shown only after `%matplotlib inline` or an import of pyplot.
    """

    def png(self, dpi: float = _SHOWN * _SHARP) -> bytes:
        """The picture as PNG."""
        page = io.BytesIO()
        _write(self, page, "png", dpi)
        return page.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        """The picture and its size on the page. IPython prefers this method to the formatter of pyplot."""
        width, height = (round(_SHOWN * inches) for inches in self.get_size_inches())
        picture = base64.b64encode(self.png()).decode("ascii")
        return {"image/png": picture}, {"image/png": {"width": width, "height": height}}


def inline(figure: Figure) -> InlineFigure:
    """A figure that is Matplotlib's own, as one that a notebook shows."""
    if not isinstance(figure, InlineFigure):
        figure.__class__ = type(f"Inline{type(figure).__name__}", (InlineFigure, type(figure)), {})
    assert isinstance(figure, InlineFigure)
    return figure


def new(
    columns: int = 1,
    *,
    rows: int = 1,
    title: str = "",
    subtitle: str = "",
    caption: str = "",
    size: tuple[float, float] = SIZE,
) -> tuple[InlineFigure, list[Axes]]:
    """A figure with a header and `columns` axes side by side, in `rows`. The caption is below the axes.

    Use within `style.sheet()`.
    """
    figure = InlineFigure(figsize=size, layout="constrained")
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
    footer = _write_caption(figure, caption)
    engine: Any = figure.get_layout_engine()
    rect = (0, footer / size[1], 1, 1 - (header + footer) / size[1])
    engine.set(w_pad=_MARGIN, h_pad=_MARGIN / 2, rect=rect)
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(rows * columns)]


def _write_caption(figure: Figure, caption: str) -> float:
    """Write the caption at the lower border. Returns the height that it needs, in inches."""
    width, height = figure.get_size_inches()
    lines, points = _fitted(figure, printable(caption).strip(), (10.5, 9.0), "normal")
    line = points * 1.32 / 72
    for number, text in enumerate(lines):
        bottom = _MARGIN + (len(lines) - 1 - number) * line
        figure.text(_MARGIN / width, bottom / height, text, size=points, color=style.INK, va="bottom")
    return _MARGIN + len(lines) * line if lines else 0.0


def legend(axes: Axes, handles: Sequence[Any], labels: Sequence[str]) -> Legend:
    """A legend to the right of the axes, where it covers nothing and all of it can be seen.

    The labels are a user's texts. They are shown unchanged, without mathtext, even if they begin with `_`, for which
    Matplotlib omits the entry. Long labels are wrapped. Many labels get a smaller font or several columns. If the font
    would be too small to read, entries are omitted, and the last line shows their number.
    """
    sheet: Any = axes.get_figure(root=True)
    engine = sheet.get_layout_engine()
    height = (engine.get()["rect"][3] if engine else 1.0) * sheet.get_figheight() - 2 * _MARGIN
    room = 72 * height, 72 * sheet.get_figwidth() * (_WIDEST_ALONE if len(sheet.axes) == 1 else _WIDEST)
    texts, handles = [wrap(label) for label in labels], list(handles)
    sizes = [_size(text) for text in texts]
    columns, scale = _arranged(sizes, room)
    left_out = 0
    while scale < _SMALLEST / _LEGEND and len(texts) - left_out > 1:
        left_out += 1
        columns, scale = _arranged([*sizes[: len(texts) - left_out], _size(_more(left_out))], room)
    if left_out:
        texts = [*texts[:-left_out], _more(left_out)]
        handles = [*handles[:-left_out], Line2D([], [], linestyle="")]
    box = axes.legend(
        handles,
        [str(i) for i in range(len(texts))],
        loc="upper left",
        bbox_to_anchor=(1.015, 1.0),
        fontsize=_LEGEND * scale,
        ncols=columns,
        handlelength=_HANDLE,
        handletextpad=_PAD,
        columnspacing=_BETWEEN,
        labelspacing=_GAP,
        borderpad=0.4,
        borderaxespad=0.0,
    )
    for entry, text in zip(box.get_texts(), texts, strict=True):
        entry.set_text(text)
        entry.set_parse_math(False)
        entry.set_fontfamily(fonts.families(text))
    return box


def others() -> Line2D:
    """The legend handle for the thin grey lines."""
    return Line2D([], [], color=style.FAINT, linewidth=style.THIN["linewidth"])


def _more(count: int) -> str:
    return f"and {count} more"


def _size(text: str) -> tuple[float, float]:
    """The height and the width of a legend entry with this text, in points."""
    font = FontProperties(family=fonts.families(text), size=_LEGEND)
    width = max(measured(line, font) for line in text.split("\n"))
    return _LEGEND * (_LINE * (text.count("\n") + 1) + _GAP), width + _LEGEND * (_HANDLE + _PAD + _BETWEEN)


def _arranged(sizes: Sequence[tuple[float, float]], room: tuple[float, float]) -> tuple[int, float]:
    """The number of columns that allows the largest font, and the scale at which the entries fit into the space."""
    found = []
    for columns in range(1, 1 + min(_COLUMNS, max(len(sizes), 1))):
        parts = [part for part in np.array_split(np.reshape(sizes, (-1, 2)), columns) if len(part)]
        height = max((part[:, 0].sum() for part in parts), default=0.0) + 0.8 * _LEGEND
        width = sum(part[:, 1].max() for part in parts) + 0.8 * _LEGEND
        found.append(min(1.0, room[0] / height, room[1] / max(width, 1.0)))
    columns = next(
        i for i, scale in enumerate(found) if scale > 0.93 * max(found)
    )  # fewer columns, if the scale is about the same
    return columns + 1, 0.98 * found[columns] if found[columns] < 1 else 1.0


def measured(text: str, font: FontProperties) -> float:
    """The width of a line of text in points."""
    with _missing_glyphs():
        dpi = style.SHEET["figure.dpi"]  # glyphs are aligned to pixels
        return RendererAgg(1, 1, dpi).get_text_width_height_descent(text, font, False)[0] * 72 / dpi if text else 0.0


def wrap(text: str, width: int = _LEGEND_CHARACTERS) -> str:
    """Wrap text to lines of at most `width` characters. Line breaks stay, and no line is broken at an `UNBROKEN` space.

    >>> wrap("one two three", 8)
    'one two\\nthree'
    >>> wrap(f"one two{UNBROKEN}three", 9)
    'one\\ntwo three'
    """
    lines = [part for line in text.split("\n") for part in textwrap.wrap(printable(line), width) or [""]]
    return "\n".join(lines).replace(UNBROKEN, " ")


def printable(text: str) -> str:
    """Replace control characters, which no font can show, by spaces."""
    return "".join(letter if letter.isprintable() or letter == UNBROKEN else " " for letter in text)


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG, SVG or PDF, by the path's suffix. The same figure gives the same bytes.

    The file is written under a temporary name in the same folder, followed by an atomic rename.
    """
    path = Path(path)
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise ValueError(f"{path}: cannot save a figure as '{path.suffix}'; use one of {', '.join(FORMATS)}")
    with replacing(path) as part:
        _write(figure, part, kind)
    return path


def _write(figure: Figure, where: Any, kind: str, dpi: float | str = "figure") -> None:
    with style.sheet(), _missing_glyphs():
        fonts.give(figure)
        _lay_out(figure)
        if kind == "png":
            _write_png(figure, where, dpi)
        else:
            figure.savefig(where, format=kind, metadata=_METADATA[kind], dpi=dpi)


def _write_png(figure: Figure, where: Any, dpi: float | str) -> None:
    """Write the picture as PNG. Matplotlib always writes a channel for transparency; a picture without transparent
    pixels is written without it, in two thirds of the time, to a file that is a tenth smaller."""
    before = figure.dpi
    resolution = before if dpi == "figure" else float(dpi)
    figure.dpi = resolution
    pixels, size = FigureCanvasAgg(figure).print_to_buffer()
    figure.dpi = before
    picture = Image.frombuffer("RGBA", size, pixels, "raw", "RGBA", 0, 1)
    if picture.getchannel("A").getextrema() == (OPAQUE, OPAQUE):
        picture = picture.convert("RGB")
    picture.save(where, format="png", compress_level=_COMPRESSION, dpi=(resolution, resolution))


def _lay_out(figure: Figure) -> None:
    """Compute the layout of the figure once. Matplotlib would otherwise draw everything twice whenever it saves."""
    engine = figure.get_layout_engine()
    if engine is not None:
        FigureCanvasAgg(figure)
        engine.execute(figure)
        figure.set_layout_engine(None)  # "none" leaves a placeholder, for which Matplotlib draws twice


def _fitted(figure: Figure, text: str, sizes: Sequence[float], weight: str) -> tuple[list[str], float]:
    """The largest of the font sizes at which the text fits into one line; or at the smallest, in several."""
    room = 72 * (figure.get_figwidth() - 2 * _MARGIN)
    width = points = 0.0
    for points in sizes:
        width = measured(text, FontProperties(family=fonts.families(text), size=points, weight=weight))
        if width <= room:
            return [text] * bool(text), points
    font = FontProperties(family=fonts.families(text), size=points, weight=weight)
    longest = max(8, int(len(text) * room / width))  # in characters; narrow letters would allow more, wide ones fewer
    while longest > 8 and any(measured(line, font) > room for line in textwrap.wrap(text, longest)):
        longest -= 2
    return textwrap.wrap(text, longest), points


@contextmanager
def _missing_glyphs() -> Iterator[None]:
    """Let a user's label hold what the font does not: a box is shown in its place."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
