"""A network and its gradients as a drawing: layers are columns of neurons, and edges are labelled with weights.

The distance between neurons is the same in all columns. The labels of the n edges that leave a neuron are placed at
1/(n + 1) of the length of the edges. So they form one column of evenly spaced labels that do not overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import hypot

from optlab.explain.backprop_numbers import BackpropNumbers, Layer
from optlab.explain.backprop_text import SHOWN, letter
from optlab.explain.network import LOSSES
from optlab.markup.svg import GRADIENT, INK, MUTED, VALUE, Box, Circle, Drawing, Line, Point, Shape, Text, width_of

RADIUS = 36.0
ACROSS, DOWN = 290.0, 140.0
"""The distances between adjacent columns, and between adjacent neurons in a column; labels may increase them."""
LABEL = 36.0
"""The height of a label on an edge, a weight and its gradient, with the space around it."""
OUT = 92.0
"""The horizontal distance of a label from its neuron."""
LABELLED = 4
"""The edges are not labelled if a layer has more units than this."""
WHITE, PALE = "#FFFFFF", "#B5B5B5"


def draw(result: BackpropNumbers) -> Drawing:
    """Draw the result of `backprop`. If a layer is large, only its first neurons are drawn, and no weights."""
    labelled = max(result.sizes) <= SHOWN and max(result.sizes[1:]) <= LABELLED
    title = f"{'-'.join(map(str, result.sizes))} network, C = {LOSSES[result.loss].cost_formula} = {result.cost:.4g}"
    legend = f"red: errors delta = dC/dz = dC/db{', and dC/dw under each weight w' if labelled else ''}"
    places = _places(result.sizes, labelled)
    right, bottom = places[-1][0][0] + 180.0, max(y for column in places for _, y in column) + RADIUS + 32.0
    bottom += 50.0 * (max(result.sizes) > SHOWN)
    width = max(right, width_of(title, 16.0) + 40.0, width_of(legend, 12.0) + 40.0)
    places = [[(x + (width - right) / 2, y) for x, y in column] for column in places]
    shapes: list[Shape] = [Text((width / 2, 26.0), title, 16.0, bold=True)]
    for layer, (sources, targets) in zip(result.layers, pairwise(places), strict=True):
        shapes += _edges(sources, targets, labelled)
        shapes += _weights(layer, sources, targets) if labelled else ()
    for n, column in enumerate(places):
        shapes += _column(result, n, column)
    for (x, y), target in zip(places[-1], result.targets, strict=False):
        shapes.append(Text((x + RADIUS + 14.0, y), f"y = {_number(target)}", anchor="start"))
    shapes.append(Text((width / 2, bottom + 14.0), "green: activations a", 12.0, VALUE))
    shapes.append(Text((width / 2, bottom + 34.0), legend, 12.0, GRADIENT))
    return Drawing(width, bottom + 56.0, shapes, title)


def _places(sizes: list[int], labelled: bool) -> list[list[Point]]:
    """The centres of the drawn neurons, by layer."""
    shown = [min(size, SHOWN) for size in sizes]
    down = max(DOWN, LABEL * (max(shown[1:]) + 1)) if labelled else DOWN
    middle = 160.0 + down * (max(shown) - 1) / 2
    xs = [76.0]
    for count in shown[1:]:
        xs.append(xs[-1] + (max(ACROSS, OUT * (count + 1)) if labelled else ACROSS))
    return [
        [(x, middle + down * (j - (count - 1) / 2)) for j in range(count)] for x, count in zip(xs, shown, strict=True)
    ]


def _edges(sources: list[Point], targets: list[Point], labelled: bool) -> Iterator[Line]:
    for x0, y0 in sources:
        for x1, y1 in targets:
            share = RADIUS / hypot(x1 - x0, y1 - y0)
            dx, dy = share * (x1 - x0), share * (y1 - y0)
            ends = ((x0 + dx, y0 + dy), (x1 - dx, y1 - dy))
            yield Line(ends, MUTED if labelled else PALE, 1.0, arrow=labelled)


def _weights(layer: Layer, sources: list[Point], targets: list[Point]) -> Iterator[Shape]:
    share = 1 / (len(targets) + 1)
    for k, (x0, y0) in enumerate(sources):
        for j, (x1, y1) in enumerate(targets):
            at = (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
            yield from _two_lines(at, _number(layer.weights[j, k]), _number(layer.grad_weights[j, k]))


def _two_lines(at: Point, weight: str, gradient: str) -> Iterator[Shape]:
    (x, y), size = at, 10.5
    for text, top, colour in ((weight, y - 13.0, INK), (gradient, y, GRADIENT)):
        wide = width_of(text, size) + 4
        yield Box((x - wide / 2, top), wide, 13.0, edge=WHITE, radius=2.0)
        yield Text((x, top + 6.5), text, size, colour)


def _column(result: BackpropNumbers, n: int, places: list[Point]) -> Iterator[Shape]:
    layer = result.layers[n - 1] if n else None
    x = places[0][0]
    yield Text((x, 60.0), f"layer {n + 1}", 13.0)
    yield Text((x, 78.0), layer.activation if layer else "inputs", 12.0, MUTED)
    for j, (_, y) in enumerate(places):
        yield Circle((x, y), RADIUS)
        yield Text((x, y - RADIUS - 11.0), f"{letter(result, n + 1)}{j + 1}", 12.0, MUTED)
        if layer is None:
            yield Text((x, y), _number(result.inputs[j], 4), 13.0, VALUE)
            continue
        yield Text((x, y - 9.0), _number(layer.a[j], 4), 13.0, VALUE)
        yield Text((x, y + 10.0), _number(layer.delta[j]), 11.0, GRADIENT)
        bias = f"b = {_number(layer.biases[j])}"
        wide = width_of(bias, 11.0) + 4
        yield Box((x - wide / 2, y + RADIUS + 5.0), wide, 15.0, edge=WHITE, radius=2.0)
        yield Text((x, y + RADIUS + 12.5), bias, 11.0)
    if result.sizes[n] > len(places):
        bottom = places[-1][1] + RADIUS + 34.0
        yield from (Circle((x, bottom + 9.0 * i), 2.0, MUTED, MUTED) for i in range(3))
        yield Text((x, bottom + 36.0), f"{result.sizes[n] - len(places)} more", 12.0, MUTED)


def _number(value: float, digits: int = 3) -> str:
    """A number as text of at most eight characters."""
    text = f"{value + 0.0:.{digits}g}"  # + 0.0 makes 0 of -0
    return text if len(text) <= 8 else f"{value:.1e}"
