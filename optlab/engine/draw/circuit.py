"""The picture of a graph: operations are gates of a circuit, with values above the lines and gradients below them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optlab.engine.draw.layout import Lane, lay_out
from optlab.engine.draw.symbols import SYMMETRIC, number, sign
from optlab.engine.nodes import Content, Node, Var, names_in
from optlab.markup.svg import GRADIENT, MUTED, VALUE, Box, Circle, Drawing, Line, Point, Shape, Text, width_of

Labels = Mapping[Var, str]

RADIUS, MARGIN, GAP = 16.0, 20.0, 40.0
HEAD, BESIDE = 8.0, 6.0
LABEL, SMALL = 12.0, 11.0
ITEM, NAMED_ITEM, LANE = 46.0, 58.0, 16.0
"""The vertical space of a gate with its labels, of a gate with a name above it, and of a line without a gate."""


def draw(
    graph: Content,
    above: Labels | None = None,
    below: Labels | None = None,
    names: Labels | None = None,
    outputs: Sequence[str] = (),
    title: str = "",
) -> Drawing:
    """The picture of a graph, from the inputs on the left to the outputs on the right.

    Args:
        above: the label above the line of each value, in green (forward values); by default the types of arrays.
        below: the label below the line of each value, in red (gradients).
        names: names of values. The name of an operation's value is written above its gate. Inputs have a name already.
        outputs: names of the outputs, written at the right end of their lines.
        title: the title of the SVG.

    >>> from optlab.engine import trace
    >>> svg = draw(trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0)).svg()
    >>> [sign in svg for sign in (">+<", ">*<", ">x<", ">y<", ">z<")]
    [True, True, True, True, True]
    """
    return _Picture(graph, above, below, names, outputs).drawing(title)


@dataclass(frozen=True)
class _End:
    """The right end of the line of an output."""

    output: int


@dataclass(frozen=True)
class _Column:
    """The horizontal position of a layer: gates between `left` and `middle`, then labels up to `right`."""

    left: float
    middle: float
    right: float


class _Picture:
    """Computes the shapes of a picture. Its items are the inputs, the constants that are arrays, the outputs of the
    operations, and the ends. Lanes connect items across layers."""

    def __init__(
        self, graph: Content, above: Labels | None, below: Labels | None, names: Labels | None, outputs: Sequence[str]
    ) -> None:
        numbers = {v: number(value.item()) for v, value in graph.constants.items() if not v.shape}
        used = {v for node in graph.nodes for v in node.inputs if v not in numbers} | set(graph.outputs)
        constants = [v for v in graph.constants if v in used]
        ends = {_End(i): v for i, v in enumerate(graph.outputs)}
        drawn = {*graph.inputs, *constants, *(node.output for node in graph.nodes)}
        inputs: dict[Any, list[Var]] = {v: [] for v in (*graph.inputs, *constants)}
        inputs |= {node.output: [v for v in node.inputs if v in drawn] for node in graph.nodes}
        inputs |= {end: [v] for end, v in ends.items()}

        self.makers: Mapping[Any, Node] = {node.output: node for node in graph.nodes}
        self.names: Mapping[Any, str] = {**(names or {})}
        self.sources: Mapping[Any, str] = {**names_in(graph), **self.names}
        self.signs: Mapping[Any, str] = {node.output: sign(node, numbers) for node in graph.nodes}
        self.ends: Mapping[Any, str] = dict(zip(ends, outputs, strict=True)) if outputs else {}
        types = {v: str(v) for v in drawn if v.shape}
        self.labels: Sequence[tuple[Mapping[Any, str], float, str]] = (
            ({**(types if above is None else above)}, -9, MUTED if above is None else VALUE),
            ({**(below or {})}, 10, GRADIENT),
        )
        self.layout = lay_out(inputs, constants, list(ends), self.space)
        self.columns = self.place_columns()

    def drawing(self, title: str) -> Drawing:
        lines = [line for at, links in enumerate(self.layout.links) for line in self.arrivals(at, links)]
        shapes: list[Shape] = []
        for layer, column in zip(self.layout.layers, self.columns, strict=True):
            for item in layer:
                shapes += self.item(item, column)
        height = max(y + self.space(item) / 2 for item, y in self.layout.height.items())
        return Drawing(self.columns[-1].right + MARGIN, height + 2 * MARGIN, (*lines, *shapes), title)

    # ---- sizes and places ----

    def space(self, item: Any) -> float:
        """The vertical space of an item."""
        if isinstance(item, Lane | _End):
            return LANE
        return NAMED_ITEM if item in self.names and item in self.makers else ITEM

    def width(self, item: Any) -> float:
        """The width of a gate, or of the name of an input or an output."""
        if isinstance(item, Lane):
            return 0.0
        if item not in self.makers:
            name = self.ends.get(item, "") if isinstance(item, _End) else self.sources[item]
            return width_of(name) + BESIDE if name else 0.0
        text = width_of(self.signs[item])
        return 2 * RADIUS if text < 2 * RADIUS - 4 else text + 16

    def place_columns(self) -> list[_Column]:
        columns: list[_Column] = []
        for links, layer in zip(self.layout.links, self.layout.layers, strict=True):
            left = columns[-1].right + GAP + min(4.0 * len(links), 2 * GAP) if columns else MARGIN
            middle = left + max(self.width(item) for item in layer)
            labels = max(width_of(texts.get(item, ""), LABEL) for item in layer for texts, _, _ in self.labels)
            columns.append(_Column(left, middle, middle + labels + (2 * BESIDE if labels else BESIDE)))
        return columns

    def y(self, item: Any) -> float:
        return self.layout.height[item] + MARGIN

    # ---- shapes ----

    def item(self, item: Any, column: _Column) -> list[Shape]:
        """The shapes of a gate or a name, and of its outgoing line up to the end of the column, with the labels."""
        y = self.y(item)
        if isinstance(item, Lane):
            return [Line(((column.left, y), (column.right, y)))]
        if isinstance(item, _End):
            name = self.ends.get(item)
            return [Text((column.left + BESIDE, y), name, anchor="start", bold=True)] if name else []
        if item in self.makers:
            begin = (column.left + column.middle + self.width(item)) / 2
            shapes = self.gate(item, (column.left + column.middle) / 2, y)
        else:
            begin = column.middle
            shapes = [Text((begin - BESIDE, y), self.sources[item], anchor="end", bold=True)]
        shapes = [Line(((begin, y), (column.right, y))), *shapes]
        for texts, shift, colour in self.labels:
            if texts.get(item):
                shapes.append(Text((begin + BESIDE, y + shift), texts[item], LABEL, colour, "start"))
        return shapes

    def gate(self, item: Any, x: float, y: float) -> list[Shape]:
        """A circle with its sign, or a box if the sign is too long, and the name above it."""
        width = self.width(item)
        box = Box((x - width / 2, y - RADIUS), width, 2 * RADIUS, radius=RADIUS)
        shapes = [Circle((x, y), RADIUS) if width == 2 * RADIUS else box, Text((x, y), self.signs[item])]
        if item in self.names:
            shapes.append(Text((x, y - RADIUS - 8), self.names[item], SMALL, MUTED))
        return shapes

    def arrivals(self, at: int, links: Sequence[tuple[Any, Any, int]]) -> Iterator[Line]:
        """The lines into a layer. At a commutative gate, the lines are sorted by the height of their sources."""
        sources: dict[Any, list[tuple[float, Any]]] = {}
        for source, target, port in links:
            commutes = target in self.makers and self.makers[target].op.name in SYMMETRIC
            sources.setdefault(target, []).append((self.y(source) if commutes else port, source))
        for target, arriving in sources.items():
            step = min(11.0, 1.5 * RADIUS / len(arriving))
            for i, (_, source) in enumerate(sorted(arriving, key=lambda arrival: arrival[0])):
                yield self.line(at, source, target, step * (i - (len(arriving) - 1) / 2))

    def line(self, at: int, source: Any, target: Any, shift: float) -> Line:
        """A line from the end of the source's column to the rim of the target's gate, `shift` below its middle; or to
        the beginning of the target's lane."""
        column, is_gate = self.columns[at], target in self.makers
        end = column.left - HEAD * is_gate  # leaves room for a horizontal arrowhead
        points = _curve((self.columns[at - 1].right, self.y(source)), (end, self.y(target) + shift))
        if not is_gate:
            return Line(points, arrow=isinstance(target, _End))
        left = (column.left + column.middle - self.width(target)) / 2
        rim = left + RADIUS - math.sqrt(RADIUS**2 - shift**2)
        return Line((*points, (rim, self.y(target) + shift)), arrow=True)


def _curve(start: Point, end: Point, steps: int = 12) -> list[Point]:
    """A curve from left to right, horizontal at both ends."""
    (x0, y0), (x1, y1) = start, end
    share = [i / steps for i in range(steps + 1)]
    return [(x0 + t * (x1 - x0), y0 + (y1 - y0) * t * t * (3 - 2 * t)) for t in share]
