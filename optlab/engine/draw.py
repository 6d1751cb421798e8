"""A graph as a picture: operations as gates on a circuit, values over the lines and gradients under them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optlab.drawing import GRADIENT, MUTED, VALUE, Box, Circle, Drawing, Line, Point, Shape, Text, width_of
from optlab.engine.graph import Graph, Node, Var, names_in, show
from optlab.engine.layout import Item, Lane, Layout, lay_out

RADIUS, MARGIN, GAP = 16.0, 20.0, 40.0
LABEL, SMALL = 12.0, 11.0
ITEM, NAMED_ITEM, LANE = 46.0, 58.0, 16.0
"""The vertical space of a gate with its labels, of one with a name over it, and of a line that passes by."""

_FORMS = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "remainder": "{} % {}",
    "power": "{}**{}",
    "matmul": "{} @ {}",
    "negative": "-{}",
    "square": "{}**2",
    "reciprocal": "1 / {}",
    "absolute": "abs({})",
    "maximum": "max({}, {})",
    "minimum": "min({}, {})",
    "less": "{} < {}",
    "less_equal": "{} <= {}",
    "greater": "{} > {}",
    "greater_equal": "{} >= {}",
    "equal": "{} == {}",
    "not_equal": "{} != {}",
}
_SIGNS = {
    **{name: form.replace("{}", "").strip() for name, form in _FORMS.items()},
    **{"negative": "-x", "square": "x²", "sqrt": "√x", "reciprocal": "1/x", "absolute": "|x|", "power": "x^y"},
    **{"maximum": "max", "minimum": "min"},
}
_SYMMETRIC = ("add", "multiply")


def written(node: Node, names: Sequence[str]) -> str:
    """An operation as one would write it, its inputs having these names: `x + y`, `max(z, w)`, `x[1:]`."""
    name, params = node.op.name, dict(node.params)
    if name == "getitem":
        return f"{names[0]}[{', '.join(map(show, params['index']))}]"
    if name in _FORMS:
        return _FORMS[name].format(*names)
    if node.op.kind == "reduce" and len(params["axis"]) == len(node.inputs[0].shape):
        params = {}
    params.pop("keepdims", None)
    return f"{name}({', '.join([*names, *(f'{key}={show(value)}' for key, value in params.items())])})"


def number(value: Any) -> str:
    """A number in four digits."""
    return f"{value:.4g}"


def sign(node: Node, numbers: Mapping[Var, str]) -> str:
    """What stands on a gate. Inputs that are single numbers known beforehand stand there too: `*2`, `1/x`."""
    if not any(v in numbers for v in node.inputs):
        bare = written(node, [""] * len(node.inputs)) if node.op.name == "getitem" else node.op.name
        return _SIGNS.get(node.op.name, bare)
    if node.op.name in _SYMMETRIC:
        return _SIGNS[node.op.name] + "".join(numbers[v] for v in node.inputs if v in numbers)
    letters = iter("xyzuvw")
    return written(node, [numbers.get(v) or next(letters) for v in node.inputs]).replace(" ", "").replace("**", "^")


def draw(
    graph: Graph,
    above: Mapping[Var, str] | None = None,
    below: Mapping[Var, str] | None = None,
    names: Mapping[Var, str] | None = None,
    outputs: Sequence[str] = (),
    title: str = "",
) -> Drawing:
    """The picture of a graph, from the inputs on the left to the outputs on the right.

    Args:
        above: what stands over the line of each value, in green (forward values); by default the types of arrays.
        below: what stands under it, in red (gradients).
        names: names of values; those of operations stand over the gates. By default the inputs have theirs.
        outputs: names of the outputs, which stand where they leave.
        title: what the SVG says of itself.

    >>> from optlab.engine import trace
    >>> svg = draw(trace(lambda x, y, z: (x + y) * z, -2.0, 5.0, -4.0)).svg()
    >>> [sign in svg for sign in (">+<", ">*<", ">x<", ">y<", ">z<")]
    [True, True, True, True, True]
    """
    return _Picture(graph, above, below or {}, names, outputs).drawing(title)


@dataclass(frozen=True)
class _End:
    """Where an output leaves the picture."""

    output: int


@dataclass(frozen=True)
class _Column:
    """The place of a layer: gates between `left` and `middle`, then labels up to `right`."""

    left: float
    middle: float
    right: float


class _Picture:
    def __init__(
        self,
        graph: Graph,
        above: Mapping[Var, str] | None,
        below: Mapping[Var, str],
        names: Mapping[Var, str] | None,
        outputs: Sequence[str],
    ) -> None:
        self.below, self.names, self.outputs = below, names or {}, outputs
        self.over = MUTED if above is None else VALUE
        self.makers = graph.producers()
        numbers = {v: number(value.item()) for v, value in graph.constants.items() if not v.shape}
        self.signs = {node.output: sign(node, numbers) for node in graph.nodes}
        self.sources = names_in(graph) | self.names
        used = {v for node in graph.nodes for v in node.inputs} | set(graph.outputs)
        constants = [v for v in graph.constants if v in used and (v not in numbers or v in graph.outputs)]
        self.ends: Mapping[Item, Var] = {_End(i): v for i, v in enumerate(graph.outputs)}
        self.inputs: dict[Item, list[Var]] = {v: [] for v in (*graph.inputs, *constants)}
        self.inputs |= {node.output: [v for v in node.inputs if v in self.inputs or v in self.makers] for node in graph.nodes}
        self.inputs |= {end: [v] for end, v in self.ends.items()}
        self.above = {v: str(v) for v in self.inputs if isinstance(v, Var) and v.shape} if above is None else above
        self.layout: Layout = lay_out(self.inputs, constants, list(self.ends), self.space)
        self.columns = self.place_columns()

    def drawing(self, title: str) -> Drawing:
        shapes: list[Shape] = []
        for layer, column in zip(self.layout.layers, self.columns, strict=True):
            for item in layer:
                shapes += self.item(item, column)
        lines = [shape for shape in shapes if isinstance(shape, Line)]
        for at, links in enumerate(self.layout.links):
            lines += self.lines(at, links)
        rest = [shape for shape in shapes if not isinstance(shape, Line)]
        height = max(y + self.space(item) / 2 for item, y in self.layout.height.items())
        return Drawing(self.columns[-1].right + MARGIN, height + 2 * MARGIN, (*lines, *rest), title)

    # ---- sizes and places ----

    def space(self, item: Item) -> float:
        if isinstance(item, Lane | _End):
            return LANE
        return NAMED_ITEM if item in self.names and item in self.makers else ITEM

    def width(self, item: Item) -> float:
        """The width of a gate, or of the name of an input."""
        if isinstance(item, Lane):
            return 0.0
        if isinstance(item, _End):
            return width_of(self.outputs[item.output]) + 4 if self.outputs else 0.0
        if item not in self.makers:
            return width_of(self.sources[item]) + 6
        text = width_of(self.signs[item])
        return 2 * RADIUS if text < 2 * RADIUS - 4 else text + 16

    def place_columns(self) -> list[_Column]:
        columns, x = [], MARGIN
        for at, layer in enumerate(self.layout.layers):
            gates = max(self.width(item) for item in layer)
            labels = max(width_of(t.get(item, ""), LABEL) for item in layer for t in (self.above, self.below))
            columns.append(_Column(x, x + gates, x + gates + labels + (12 if labels else 6)))
            crowd = len(self.layout.links[at + 1]) if at + 1 < len(self.layout.links) else 0
            x = columns[-1].right + GAP + min(3.0 * crowd, GAP)
        return columns

    def y(self, item: Item) -> float:
        return self.layout.height[item] + MARGIN

    # ---- shapes ----

    def item(self, item: Item, column: _Column) -> list[Shape]:
        """A gate, an input or a lane, and the beginning of the line that leaves it, with its labels."""
        y, middle, width = self.y(item), (column.left + column.middle) / 2, self.width(item)
        if isinstance(item, _End):
            return [Text((column.left + 4, y), self.outputs[item.output], anchor="start", bold=True)] if self.outputs else []
        if isinstance(item, Lane):
            return [Line(((column.left, y), (column.right, y)))]
        shapes: list[Shape] = []
        if item not in self.makers:
            begin = column.middle
            shapes.append(Text((begin - 6, y), self.sources[item], anchor="end", bold=True))
        else:
            begin = middle + width / 2
            round_ = width == 2 * RADIUS
            box = Box((middle - width / 2, y - RADIUS), width, 2 * RADIUS, radius=RADIUS)
            shapes.append(Circle((middle, y), RADIUS) if round_ else box)
            shapes.append(Text((middle, y), self.signs[item]))
            shapes += [Text((middle, y - RADIUS - 8), self.names[item], SMALL, MUTED)] if item in self.names else []
        shapes.append(Line(((begin, y), (column.right, y))))
        for labels, shift, colour in ((self.above, -9, self.over), (self.below, 10, GRADIENT)):
            if labels.get(item):
                shapes.append(Text((begin + 5, y + shift), labels[item], LABEL, colour, "start"))
        return shapes

    def lines(self, at: int, links: Sequence[tuple[Item, Item, int]]) -> list[Line]:
        """The lines into a layer; at a gate whose inputs are alike they arrive in the order they come from."""
        arrivals: dict[Item, list[tuple[float, Item]]] = {}
        for source, target, port in links:
            maker = self.makers.get(target)
            alike = maker is not None and (maker.op.name in _SYMMETRIC or maker.op.name in ("maximum", "minimum"))
            arrivals.setdefault(target, []).append((self.y(source) if alike else port, source))
        return [
            self.line(at, source, target, i - (len(all_) - 1) / 2, len(all_))
            for target, all_ in arrivals.items()
            for i, (_, source) in enumerate(sorted(all_, key=lambda a: a[0]))
        ]

    def line(self, at: int, source: Item, target: Item, port: float, ports: int) -> Line:
        """From the end of the source's column to the target's gate, or to its lane."""
        column, gates = self.columns[at], target in self.makers
        shift = port * min(11.0, 1.5 * RADIUS / ports) if gates else 0.0
        end = column.left - 8 * gates  # room for the arrow head
        points = _curve((self.columns[at - 1].right, self.y(source)), (end, self.y(target) + shift))
        if not gates:
            return Line(points, arrow=isinstance(target, _End))
        width = self.width(target)
        rim = math.sqrt(RADIUS**2 - shift**2)
        edge = (column.left + column.middle) / 2 - (width / 2 - RADIUS) - rim
        return Line((*points, (edge, points[-1][1])), arrow=True)


def _curve(start: Point, end: Point, steps: int = 12) -> list[Point]:
    """From left to right, level at both ends."""
    (x0, y0), (x1, y1) = start, end
    share = [i / steps for i in range(steps + 1)]
    return [(x0 + t * (x1 - x0), y0 + (y1 - y0) * t * t * (3 - 2 * t)) for t in share]
