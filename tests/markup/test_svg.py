"""Drawings as SVG: the position of every shape, and texts that are never parsed as markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from optlab.markup.svg import Box, Circle, Drawing, Line, Text, arrow_head, width_of

SVG = "{http://www.w3.org/2000/svg}"
ALL = (
    Line(((0, 0), (10, 0)), arrow=True, dashed=True),
    Circle((5, 5), 2),
    Box((1, 2), 3, 4),
    Text((10, 10), "<script> & 'x' \"y\"", bold=True),
)


def parsed(drawing):
    return ET.fromstring(drawing.svg())


def test_every_shape_is_in_the_svg_in_order():
    root = parsed(Drawing(20, 30, ALL, title="a < b"))
    tags = [element.tag.removeprefix(SVG) for element in root]
    assert tags == ["title", "rect", "polyline", "polygon", "circle", "rect", "text"]
    assert (root.get("width"), root.get("height"), root[0].text) == ("20", "30", "a < b")


def test_texts_are_never_read_as_markup():
    text = parsed(Drawing(20, 30, ALL)).find(f"{SVG}text")
    assert text.text == "<script> & 'x' \"y\""


def test_an_svg_loads_no_other_files():
    svg = Drawing(20, 30, ALL).svg().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "http" not in svg
    assert "href" not in svg


def test_an_arrow_head_ends_at_the_tip_and_points_along_the_line():
    tip, left, right = arrow_head(((0, 0), (10, 0)), length=5)
    assert tip == (10, 0)
    assert left == pytest.approx((5, 2))
    assert right == pytest.approx((5, -2))


def test_the_width_of_a_text_is_that_of_matplotlibs_font():
    from matplotlib.textpath import TextPath

    path = TextPath((0, 0), "M" * 20, size=10, prop={"family": "DejaVu Sans Mono"})
    assert width_of("M" * 20, 10) == pytest.approx(path.get_extents().width, rel=0.02)


def test_a_notebook_shows_the_svg():
    page = Drawing(20, 30, ALL)
    assert page._repr_svg_() == page.svg()
