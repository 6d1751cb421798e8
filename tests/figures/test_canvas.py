"""Drawings as pictures: the pixels are where the shapes are."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.image import imread

from optlab.figures.canvas import DPI, figure, save_drawing
from optlab.markup.svg import Box, Circle, Drawing, Line, Text


def pixels(drawing):
    """The picture, with two pixels for each of the drawing's: (height, width, 3), from 0 to 1."""
    buffer = io.BytesIO()
    figure(drawing).savefig(buffer, dpi=2 * DPI, format="png")
    buffer.seek(0)
    return imread(buffer)[..., :3]


RED = np.array([1.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("shape", "inside", "outside"),
    [
        (Circle((50, 20), 8, fill="#FF0000", edge="#FF0000"), (20, 50), (20, 70)),
        (Box((40, 10), 20, 10, fill="#FF0000", edge="#FF0000", radius=1), (15, 50), (25, 50)),
        (Line(((40, 30), (60, 30)), colour="#FF0000", width=4), (30, 50), (24, 50)),
        (Line(((40, 30), (60, 30)), colour="#FF0000", width=1, arrow=True), (32, 53), (34, 53)),
    ],
    ids=["circle", "box", "line", "arrow"],
)
def test_shapes_are_where_they_should_be(shape, inside, outside):
    image = pixels(Drawing(100, 60, (shape,)))
    assert image.shape == (120, 200, 3)
    assert image[2 * inside[0], 2 * inside[1]] == pytest.approx(RED, abs=0.05)
    assert image[2 * outside[0], 2 * outside[1]] == pytest.approx([1, 1, 1], abs=0.01)


@pytest.mark.parametrize(("anchor", "columns"), [("start", (50, 90)), ("middle", (30, 70)), ("end", (10, 50))])
def test_texts_are_anchored(anchor, columns):
    dark = (pixels(Drawing(100, 60, (Text((50, 30), "abc", anchor=anchor),))) < 0.5).all(axis=2)
    rows, where = np.nonzero(dark)
    assert columns[0] <= where.min() / 2 <= where.max() / 2 <= columns[1]
    assert 24 <= rows.min() / 2 <= rows.max() / 2 <= 37


@pytest.mark.parametrize(("ending", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_suffix_selects_the_format(ending, start, tmp_path):
    path = save_drawing(Drawing(100, 60, (Text((50, 30), "$x_1$"),)), tmp_path / f"page.{ending}")
    assert path.read_bytes().startswith(start)
