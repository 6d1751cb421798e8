"""HTML for notebooks: escaped, well formed, and never an exception."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html import unescape

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optlab
from optlab.errors import ResultsError
from optlab.explain.directional import directional
from optlab.markup import html as markup
from optlab.markup.line_chart import line_chart
from tests.safe_html import assert_safe


@given(st.text())
def test_any_text_is_escaped(text):
    html = markup.line(text) + markup.block(text) + markup.table([text, "n>"], [[text, 1.5]])
    assert_safe(html + markup.image(b"", 3, text), images=1)
    assert unescape(markup.text(text)) == unescape(text.replace("&", "&amp;"))


def test_half_a_surrogate_pair_can_be_encoded():
    markup.text("a\ud800").encode("utf-8")


@pytest.mark.parametrize("error", [ResultsError("<gone>"), ValueError("<gone>"), KeyError("<gone>")])
def test_an_error_is_shown_in_place_of_the_html(error):
    def fails():
        raise error

    html = markup.never_raises(fails, "it")
    assert_safe(html, images=0)
    assert html.count("&lt;gone&gt;") == 1


def test_long_texts_are_collapsed():
    assert "<details>" not in markup.block("a\n" * 23)
    assert "<details>" in markup.block("a\n" * 24)


# ---- what is shown ---------------------------------------------------------------------------------------------------


def minus(x):
    return -np.sum(x)


RUNS = {
    "done": lambda: optlab.minimize("rosenbrock", "adam", steps=30, lr=0.1),
    "diverged": lambda: optlab.minimize(lambda x: np.sum(x**4), "gd", x0=np.full(30, 9.0), lr=1.0),
    "of a number": lambda: optlab.minimize(lambda x: x**2, "gd", x0=3.0, steps=1, lr=0.5),
    "below zero": lambda: optlab.minimize(minus, "gd", x0=[1.0, 2.0], steps=600, lr=0.5),
}


@pytest.mark.parametrize("name", RUNS)
def test_html_of_a_run(name):
    result = RUNS[name]()
    html = result._repr_html_()
    assert_safe(html, images=1)
    assert f"{result.status}: loss {result.loss:.6g} after {result.steps:,} step" in html
    assert "losses" not in repr(result)


def test_html_of_a_check_of_a_gradient():
    check = optlab.check_grad(lambda x: np.sum(np.abs(x) * x[0]), np.array([0.5, -1.0, 0.0]))
    assert repr(check) == "<check of the gradient of <lambda>: right; a kink in 1 of 3 components>"
    html = check._repr_html_()
    assert_safe(html, images=0)
    assert "gradient of &lt;lambda&gt;" in html
    assert html.count("<tr") == 4
    wrong = optlab.check_grad(lambda x: np.sum(x**2), np.ones(20), lambda x: 3 * x)
    assert wrong._repr_html_().count(">wrong<") == 8
    assert "... and 12 more" in wrong._repr_html_()


@pytest.mark.parametrize("at", [[-1.5, 2.0], [1.0, 1.0]])
def test_html_of_directional_derivatives(at):
    found = directional("rosenbrock", at, [1.0, 1.0])
    assert repr(found).startswith(f"<directional derivatives of rosenbrock at ({at[0]:g}, {at[1]:g}): ∇f = (")
    assert ("stationary" in repr(found)) == (at == [1.0, 1.0])
    assert_safe(found._repr_html_(), images=1)


# ---- the chart -------------------------------------------------------------------------------------------------------


def points(drawing):
    """The points of the lines of a chart, without those of the axes."""
    lines = ET.fromstring(drawing.svg()).findall("{http://www.w3.org/2000/svg}polyline")
    return [[tuple(map(float, point.split(","))) for point in line.get("points").split()] for line in lines[1:]]


def test_a_power_of_ten_is_as_high_as_the_next():
    ((a, b, c),) = points(line_chart([1.0, 0.1, 0.01], "loss"))
    assert b[1] - a[1] == pytest.approx(c[1] - b[1], abs=0.2)
    ((a, b, c),) = points(line_chart([1.0, 0.5, 0.0], "loss"))  # 0 has no logarithm
    assert b[1] - a[1] == pytest.approx(c[1] - b[1], abs=0.2)


@given(st.lists(st.floats(), min_size=1, max_size=1000), st.lists(st.floats(), max_size=5))
def test_any_numbers_are_within_the_chart(values, dots):
    drawing = line_chart(values, "a < b", dots[: len(values)])
    circles = ET.fromstring(drawing.svg()).findall("{http://www.w3.org/2000/svg}circle")
    placed = [point for line in points(drawing) for point in line]
    placed += [(float(circle.get("cx")), float(circle.get("cy"))) for circle in circles]
    for x, y in placed:
        assert 0 <= x <= drawing.width
        assert 0 <= y <= drawing.height


def test_many_values_are_drawn_with_few_points():
    (line,) = points(line_chart(np.linspace(1, 2, 100_000).tolist(), "loss"))
    assert len(line) == 401
