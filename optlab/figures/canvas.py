"""A `Drawing` as a Matplotlib figure, for PNG and PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.patches import Circle as Disc
from matplotlib.patches import FancyBboxPatch, Polygon

from optlab.figures import style
from optlab.figures.figure import InlineFigure, save
from optlab.markup.svg import Box, Circle, Drawing, Line, Shape, arrow_head

DPI = 96.0
"""Pixels of a drawing per inch. A PNG has twice this resolution."""

_POINTS = 72.0 / DPI


def figure(drawing: Drawing) -> InlineFigure:
    """The drawing at its own size."""
    with style.sheet():
        made = InlineFigure(figsize=(drawing.width / DPI, drawing.height / DPI), dpi=2 * DPI, facecolor="white")
        axes: Any = made.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, drawing.width), ylim=(drawing.height, 0))
        axes.set_axis_off()
        for shape in drawing.shapes:
            _add(axes, shape)
    return made


def save_drawing(drawing: Drawing, path: Path) -> Path:
    """Write a drawing as SVG, PNG or PDF, by the suffix of the path."""
    if path.suffix == ".svg":
        path.write_text(drawing.svg(), encoding="utf-8")
        return path
    return save(figure(drawing), path)


def _add(axes: Any, shape: Shape) -> None:
    if isinstance(shape, Line):
        x, y = zip(*shape.points, strict=True)
        dash = (0, (4, 3)) if shape.dashed else "-"
        axes.plot(x, y, color=shape.colour, linewidth=shape.width * _POINTS, linestyle=dash, solid_capstyle="butt")
        if shape.arrow:
            axes.add_patch(Polygon(arrow_head(shape.points), facecolor=shape.colour, edgecolor="none"))
    elif isinstance(shape, Circle):
        axes.add_patch(Disc(shape.centre, shape.radius, **_paint(shape)))
    elif isinstance(shape, Box):
        corners = f"round,pad=0,rounding_size={shape.radius:g}"
        axes.add_patch(FancyBboxPatch(shape.corner, shape.width, shape.height, boxstyle=corners, **_paint(shape)))
    else:
        side = {"start": "left", "middle": "center", "end": "right"}[shape.anchor]
        axes.text(
            *shape.at,
            shape.text,
            fontsize=shape.size * _POINTS,
            color=shape.colour,
            ha=side,
            va="center_baseline",
            family="DejaVu Sans Mono",
            fontweight="bold" if shape.bold else "normal",
            zorder=3,
        )


def _paint(shape: Circle | Box) -> dict[str, Any]:
    return dict(facecolor=shape.fill, edgecolor=shape.edge, linewidth=1.2 * _POINTS, zorder=2)
