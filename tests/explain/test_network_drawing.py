"""The drawing of a network: all shapes are on the page, and none overlaps another."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from optlab.explain.backprop import backprop
from optlab.explain.network_drawing import RADIUS
from optlab.markup.svg import GRADIENT, VALUE, Circle, Line, Text, width_of


def drawn(sizes, scale=1.0, **choices):
    rng = np.random.default_rng(1)
    weights = [scale * rng.normal(size=(n, m)) for m, n in pairwise(sizes)]
    biases = [scale * rng.normal(size=n) for n in sizes[1:]]
    return backprop(weights, biases, rng.normal(size=sizes[0]), rng.normal(size=sizes[-1]), **choices).draw()


PAGES = {
    "text": lambda: backprop().draw(),
    "3-4-4-2": lambda: drawn([3, 4, 4, 2], activation="tanh", loss="cross_entropy"),
    "tiny numbers": lambda: drawn([3, 4, 4, 2], 1e-3, activation="tanh"),
    "large numbers": lambda: drawn([3, 4, 4, 2], 1e5, activation="linear"),
    "one neuron": lambda: drawn([1, 1], loss="cross_entropy"),
    "5-4-3": lambda: drawn([5, 4, 3]),
    "64-32-10": lambda: drawn([64, 32, 10], activation="relu", output="linear"),
    "5-5-5": lambda: drawn([5, 5, 5]),
}


@pytest.fixture(params=PAGES)
def page(request):
    return PAGES[request.param]()


def texts(page):
    return [shape for shape in page.shapes if isinstance(shape, Text)]


def neurons(page):
    return [shape for shape in page.shapes if isinstance(shape, Circle) and shape.radius == RADIUS]


def box(text):
    """Left, right, top and bottom of a text."""
    (x, y), wide = text.at, width_of(text.text, text.size)
    left = {"start": x, "middle": x - wide / 2, "end": x - wide}[text.anchor]
    return left, left + wide, y - text.size / 2, y + text.size / 2


def test_everything_is_on_the_page(page):
    for circle in neurons(page):
        (x, y), r = circle.centre, circle.radius
        assert r < x < page.width - r
        assert r < y < page.height - r
    for text in texts(page):
        left, right, top, bottom = box(text)
        assert min(left, top) > 0, text
        assert right < page.width, text
        assert bottom < page.height, text


def test_no_two_texts_overlap(page):
    for one, other in combinations(texts(page), 2):
        (a, b, c, d), (e, f, g, h) = box(one), box(other)
        assert b <= e or f <= a or d <= g or h <= c, (one, other)


def test_a_text_is_inside_a_neuron_or_outside(page):
    for text in texts(page):
        left, right, top, bottom = box(text)
        for circle in neurons(page):
            (x, y), r = circle.centre, circle.radius
            if abs(text.at[0] - x) < 1e-9 and abs(text.at[1] - y) < r:
                corners = [(u - x) ** 2 + (v - y) ** 2 for u in (left, right) for v in (top, bottom)]
                assert max(corners) <= r**2, text
            else:
                nearest = (min(max(x, left), right) - x) ** 2 + (min(max(y, top), bottom) - y) ** 2
                assert nearest >= r**2, text


def test_no_two_neurons_overlap(page):
    for one, other in combinations(neurons(page), 2):
        assert np.hypot(*np.subtract(one.centre, other.centre)) > 2 * RADIUS


def test_the_texts_of_the_drawing():
    page = backprop().draw()
    said = {(text.text, text.colour) for text in texts(page)}
    assert {("0.7989", VALUE), ("0.839", VALUE), ("0.6457", VALUE), ("0.1", VALUE)} <= said
    assert {("0.127", GRADIENT), ("-0.0204", GRADIENT), ("0.0112", GRADIENT), ("0.0818", GRADIENT)} <= said
    assert {"b = 0.55", "b = 0.67", "y = 0.01", "y = 0.99", "0.5", "0.8"} <= {text for text, _ in said}
    assert page.title == "2-2-2 network, C = 1/2 sum_j (y_j - a_j)^2 = 0.3226"
    assert len(neurons(page)) == 6
    assert sum(isinstance(shape, Line) for shape in page.shapes) == 8


def test_a_weight_is_written_on_its_edge():
    """w5 = 0.5 leads from h1 to o1, w6 = 0.6 from h2 to o1, w7 = 0.7 from h1 to o2."""
    page = backprop().draw()
    centres = dict(zip(["i1", "i2", "h1", "h2", "o1", "o2"], (c.centre for c in neurons(page)), strict=True))
    for weight, source, target in (("0.5", "h1", "o1"), ("0.6", "h2", "o1"), ("0.7", "h1", "o2"), ("0.3", "i1", "h2")):
        (text,) = [text for text in texts(page) if text.text == weight]
        (x0, y0), (x1, y1) = centres[source], centres[target]
        on_the_edge = y0 + (y1 - y0) * (text.at[0] - x0) / (x1 - x0)
        assert x0 < text.at[0] < (x0 + x1) / 2  # nearer to its source
        assert text.at[1] == pytest.approx(on_the_edge, abs=7)  # with the gradient on the other side of it


def test_only_the_first_neurons_of_large_layers_are_drawn():
    page = PAGES["64-32-10"]()
    assert len(neurons(page)) == 15
    assert {"59 more", "27 more", "5 more"} <= {text.text for text in texts(page)}


def test_a_notebook_shows_the_drawing():
    assert backprop()._repr_svg_() == backprop().draw().svg()
