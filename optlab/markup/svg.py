"""A drawing as a list of shapes, and its SVG. It needs no Matplotlib; `figures/canvas.py` writes the same shapes as PNG
and PDF.

Lengths are in pixels, and y grows downwards, as in SVG. Texts are monospaced, so that their width can be computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]

INK, MUTED, VALUE, GRADIENT = "#222222", "#666666", "#00785A", "#C0392B"
"""The colours of main lines, of secondary lines, of forward values (green) and of gradients (red). All are readable on
white."""

CHARACTER = 0.602
"""The width of a character of DejaVu Sans Mono, in units of the font's size."""


@dataclass(frozen=True)
class Line:
    """A line through points; if `arrow` is true, it ends in an arrow head."""

    points: Sequence[Point]
    colour: str = INK
    width: float = 1.2
    arrow: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Circle:
    centre: Point
    radius: float
    fill: str = "#FFFFFF"
    edge: str = INK


@dataclass(frozen=True)
class Box:
    """A rectangle with rounded corners; `corner` is the upper left corner."""

    corner: Point
    width: float
    height: float
    fill: str = "#FFFFFF"
    edge: str = INK
    radius: float = 6.0


@dataclass(frozen=True)
class Text:
    """A text whose `anchor` ("start", "middle" or "end") is at `at`; it is vertically centred there."""

    at: Point
    text: str
    size: float = 13.0
    colour: str = INK
    anchor: str = "middle"
    bold: bool = False


Shape = Line | Circle | Box | Text


def width_of(text: str, size: float = 13.0) -> float:
    """The width of a text in pixels.

    >>> round(width_of("abc", 10.0), 2)
    18.06
    """
    return CHARACTER * size * len(text)


def arrow_head(points: Sequence[Point], length: float = 8.0) -> tuple[Point, Point, Point]:
    """The triangle at the end of a line: its tip and its two other corners."""
    (x0, y0), (x, y) = points[-2], points[-1]
    distance = max(((x - x0) ** 2 + (y - y0) ** 2) ** 0.5, 1e-9)
    ux, uy = (x - x0) / distance, (y - y0) / distance
    bx, by, half = x - length * ux, y - length * uy, 0.4 * length
    return (x, y), (bx - half * uy, by + half * ux), (bx + half * uy, by - half * ux)


@dataclass(frozen=True)
class Drawing:
    """Shapes on a white page, drawn in order. Notebooks show the drawing.

    >>> page = Drawing(40.0, 20.0, (Text((20.0, 10.0), "f < g"),), title="a comparison")
    >>> "f &lt; g" in page.svg()
    True
    """

    width: float
    height: float
    shapes: Sequence[Shape]
    title: str = ""

    def svg(self) -> str:
        """The drawing as a complete SVG document without external references."""
        size = f'width="{self.width:.0f}" height="{self.height:.0f}" viewBox="0 0 {self.width:.0f} {self.height:.0f}"'
        font = "font-family=\"'DejaVu Sans Mono', Menlo, Consolas, monospace\""
        lines = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font} role="img">']
        lines += [f"<title>{escape(self.title)}</title>"] * bool(self.title)
        lines.append('<rect width="100%" height="100%" fill="#FFFFFF"/>')
        lines += map(_svg, self.shapes)
        return "\n".join([*lines, "</svg>\n"])

    def _repr_svg_(self) -> str:
        return self.svg()


def _svg(shape: Shape) -> str:
    if isinstance(shape, Line):
        dash = ' stroke-dasharray="5 4"' if shape.dashed else ""
        path = f'<polyline points="{_points(shape.points)}" fill="none" stroke="{shape.colour}"'
        path += f' stroke-width="{shape.width:g}"{dash}/>'
        head = f'<polygon points="{_points(arrow_head(shape.points))}" fill="{shape.colour}"/>' if shape.arrow else ""
        return path + head
    if isinstance(shape, Circle):
        (x, y), paint = shape.centre, f'fill="{shape.fill}" stroke="{shape.edge}" stroke-width="1.2"'
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{shape.radius:.1f}" {paint}/>'
    if isinstance(shape, Box):
        (x, y), paint = shape.corner, f'fill="{shape.fill}" stroke="{shape.edge}" stroke-width="1.2"'
        size = f'width="{shape.width:.1f}" height="{shape.height:.1f}" rx="{shape.radius:g}"'
        return f'<rect x="{x:.1f}" y="{y:.1f}" {size} {paint}/>'
    (x, y), weight = shape.at, ' font-weight="bold"' if shape.bold else ""
    place = f'x="{x:.1f}" y="{y + 0.35 * shape.size:.1f}" text-anchor="{shape.anchor}"'
    paint = f'font-size="{shape.size:g}" fill="{shape.colour}"{weight} xml:space="preserve"'
    return f"<text {place} {paint}>{escape(shape.text)}</text>"


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
