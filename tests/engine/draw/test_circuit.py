"""Pictures of graphs: the texts on gates; no shape overlaps another, is cut off or points backwards."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pytest

import optlab
from optlab.engine.draw.circuit import draw
from optlab.explain.gates import gates
from optlab.explain.parser import parse
from optlab.explain.rule_drawing import draw_rule
from optlab.markup.svg import Box, Circle, Line, Text, width_of


def of(text, *values):
    parsed = parse(text)
    return gates(parsed.function, values, parsed.names).draw()


def large(x):
    """About sixty gates."""
    for i in range(1, 9):
        x = np.tanh(x[::-1] * i + x) / (1.0 + x**2) - np.sin(x) * x[0]
    return np.sum(x)


@pytest.fixture(scope="module")
def pictures(built_in):
    def problem(name):
        found = built_in.problem(name)
        function = partial(found.function, t=1.0) if found.changes else found.function
        return gates(function, (found.start_at(found.default_dim),)).draw()

    return {
        "the text's": of("(x + y) * z", -2, 5, -4),
        "the second": of("2*(x*y + max(z, w))", 3, -4, 2, -1),
        "a neuron": of("1/(1+exp(-(w0*x0+w1*x1+w2)))", 2, -1, -3, -2, -3),
        "one name": of("x", 3),
        "many uses": of("x*y + x/y - max(x, y)**y + exp(x*y)", 0.3, 1e-9),
        "long names": of("learning_rate * exp(-decay_per_step * step_number)", 0.1, 0.01, 1e6),
        **{name: problem(name) for name, one in built_in.problems.items() if isinstance(one.start, np.ndarray)},
        **{rule.name: draw_rule(rule) for rule in built_in.optimizers.values()},
        "large": gates(large, ([0.1, 0.2, 0.3],)).draw(),
        "without values": optlab.trace(large, np.ones(3)).draw(),
        "conditions": gates(lambda x, y: np.where((x > 0) & (y < x), x, y), (1.0, 2.0)).draw(),
        "data": optlab.trace(lambda w: np.sum((np.ones((3, 4)) @ w - np.arange(3.0)) ** 2), np.ones(4)).draw(),
    }


def rectangle(shape):
    """Left, top, right and bottom; for a text, those of its letters."""
    if isinstance(shape, Circle):
        (x, y), r = shape.centre, shape.radius
        return x - r, y - r, x + r, y + r
    if isinstance(shape, Box):
        x, y = shape.corner
        return x, y, x + shape.width, y + shape.height
    (x, y), width = shape.at, width_of(shape.text, shape.size)
    left = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.anchor] * width
    return left, y - 0.4 * shape.size, left + width, y + 0.4 * shape.size


def solid(picture):
    return [s for s in picture.shapes if isinstance(s, Circle | Box)]


def texts(picture):
    """The texts outside of gates."""
    found = [s for s in picture.shapes if isinstance(s, Text)]
    return [t for t, inside in zip(found, touching(found, solid(picture)).any(1), strict=True) if not inside]


def lines(picture):
    return [s for s in picture.shapes if isinstance(s, Line)]


def touching(first, second):
    """The pairs of rectangles of two lists that overlap."""
    a, b = (np.reshape(np.array(list(map(rectangle, shapes))), (-1, 4)) for shapes in (first, second))
    a, b = a[:, None], b[None]
    return (a[..., :2] < b[..., 2:]).all(-1) & (b[..., :2] < a[..., 2:]).all(-1)


def test_lines_go_from_left_to_right(pictures):
    for name, picture in pictures.items():
        for line in lines(picture):
            for (x0, _), (x1, _) in itertools.pairwise(line.points):
                assert x1 >= x0, name


def test_gates_do_not_overlap_each_other(pictures):
    for name, picture in pictures.items():
        gates = solid(picture)
        assert not np.triu(touching(gates, gates), 1).any(), name


def test_texts_overlap_neither_each_other_nor_gates(pictures):
    for name, picture in pictures.items():
        outside = texts(picture)
        every = [s for s in picture.shapes if isinstance(s, Text)]
        assert len(every) == len(outside) + len(solid(picture)), name  # each gate holds its sign
        assert not np.triu(touching(outside, outside), 1).any(), name


def test_signs_fit_into_their_gates(pictures):
    for name, picture in pictures.items():
        for gate, text in itertools.pairwise(picture.shapes):
            if isinstance(gate, Circle | Box):
                g, t = rectangle(gate), rectangle(text)
                assert g[0] < t[0] < t[2] < g[2], (name, text)


def test_all_shapes_are_on_the_page(pictures):
    for name, picture in pictures.items():
        for shape in picture.shapes:
            if not isinstance(shape, Line):
                left, top, right, bottom = rectangle(shape)
                assert left >= 4, (name, shape)
                assert top >= 4, (name, shape)
                assert right <= picture.width - 4, (name, shape)
                assert bottom <= picture.height - 4, (name, shape)
        for x, y in (point for line in lines(picture) for point in line.points):
            assert 0 <= x <= picture.width, name
            assert 0 <= y <= picture.height, name


def test_no_line_runs_through_a_text_or_another_gate(pictures):
    for name, picture in pictures.items():
        points = []
        for line in lines(picture):
            path = np.array(line.points)
            path = path[: len(path) - (line.arrow and len(path) > 2)]  # the tip may reach into a gate's corner
            points += [a + t * (b - a) for a, b in itertools.pairwise(path) for t in (0.1, 0.3, 0.5, 0.7, 0.9)]
        x, y = np.array(points).T
        for shape in [*texts(picture), *solid(picture)]:
            left, top, right, bottom = rectangle(shape)
            within = (left < x) & (x < right) & (top < y) & (y < bottom)
            assert not within.any(), (name, shape)


def test_every_input_of_a_gate_arrives_with_an_arrow():
    graph = optlab.trace(lambda x, y: (x + y) * x - y, 1.0, 1.0)
    arrows = [line for line in lines(draw(graph)) if line.arrow]
    assert len(arrows) == 3 * 2 + 1
    assert len({line.points[-1] for line in arrows}) == len(arrows)


def test_the_first_operand_arrives_above_the_second():
    picture = draw(optlab.trace(lambda x, y: (x * 2) - (y * 2), 1.0, 1.0))
    minus = next(shape for shape in picture.shapes if isinstance(shape, Circle))
    assert minus.radius > 0
    swapped = draw(optlab.trace(lambda x, y: y - x, 1.0, 1.0))
    names = {s.text: s.at[1] for s in swapped.shapes if isinstance(s, Text)}
    assert names["y"] < names["x"]  # the order of the inputs changes, so that no lines cross


def test_without_values_lines_show_the_types_of_arrays():
    found = [s.text for s in optlab.trace(lambda x: np.sum(x * 2.0), np.ones(3)).draw().shapes if isinstance(s, Text)]
    assert sorted(found) == ["*2", "f64[3]", "f64[3]", "sum", "x"]


def test_outputs_may_have_names():
    graph = optlab.trace(lambda x, m: (x - m, m * 0.9), 1.0, 1.0)
    found = [s.text for s in draw(graph, outputs=("x", "m")).shapes if isinstance(s, Text)]
    assert sorted(found) == ["*0.9", "-", "m", "m", "x", "x"]


def test_the_same_graph_gives_the_same_picture():
    pictures = [optlab.trace(large, np.ones(3)).draw().svg() for _ in range(2)]
    assert pictures[0] == pictures[1]


def test_a_graph_has_html_for_notebooks():
    graph = optlab.trace(lambda x: x * x, 1.0)
    assert graph._repr_svg_() == graph.draw().svg()
