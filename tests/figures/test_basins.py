"""Maps of basins: each pixel, and the rest of the picture."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass, field

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from optlab.figures import basins, style
from optlab.figures.contour import Surface
from optlab.figures.figure import save


@dataclass
class Panel:
    minimum: np.ndarray
    reached: np.ndarray
    diverged: np.ndarray
    minima: np.ndarray = field(default_factory=lambda: np.array([[-1.0, 0.0], [1.0, 0.0]]))
    extent: tuple = (-2.0, 2.0, -1.0, 1.0)
    title: str = "gd  lr=0.1"

    @property
    def shares(self):
        ended = self.minimum[self.minimum >= 0]
        return np.bincount(ended, minlength=len(self.minima)) / self.minimum.size


def panel(**more):
    minimum, reached = np.array([[0, 1], [1, -1], [0, -1]]), np.array([[3, 9], [3, -1], [5, -1]])
    return Panel(minimum, reached, np.array([[False] * 2, [False, True], [False, False]]), **more)


def colour(value):
    return np.round(255 * np.array(to_rgb(value))).astype(int).tolist()


def test_the_share_of_pixels_by_steps():
    """Four pixels took 3, 3, 5 and 9 steps: each step count is in the middle of its share."""
    assert basins.scale([panel()])[[3, 5, 9]].tolist() == [0.25, 0.625, 0.875]
    assert basins.scale([panel(), panel()])[[3, 5, 9]].tolist() == [0.25, 0.625, 0.875]


def test_hue_shows_the_minimum_and_lightness_the_steps():
    pixels = basins.image(panel(), basins.hues(2), basins.scale([panel()])).astype(int)
    assert pixels.shape == (3, 2, 3)
    assert pixels[1, 1].tolist() == colour(basins.DIVERGED)
    assert pixels[2, 1].tolist() == colour(basins.NOWHERE)
    fast, slow = pixels[0, 0], pixels[2, 0]  # the same minimum after 3 and 5 steps
    assert (fast > slow).any()
    assert (fast >= slow).all()
    for pixel, hue in ((pixels[0, 0], 0), (pixels[1, 0], 1)):
        base = np.array(colour(basins.HUES[hue]))
        towards_white = (pixel - base) / (255 - base)
        assert np.ptp(towards_white) < 0.02
        assert 0 < towards_white.mean() < 1


@pytest.mark.parametrize("count", [0, 1, 7, 121])
def test_every_minimum_has_a_distinct_hue(count):
    assert len(set(basins.hues(count))) == count


def test_the_axes_legend_and_scale_of_the_picture(tmp_path):
    x, y = np.linspace(-2, 2, 20), np.linspace(-1, 1, 20)
    surface = Surface(x, y, (x[None, :] ** 2 - 1) ** 2 + y[:, None] ** 2)
    sheet = basins.figure([panel(), panel(title="adam")], surface=surface, lowest=0.0, title="wells", subtitle="s")
    first, second, bar = sheet.axes
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("gd  lr=0.1", "adam")
    assert first.images[0].get_array().shape == (3, 2, 3)
    assert first.images[0].get_extent() == [-2.0, 2.0, -1.0, 1.0]
    assert bar.get_ylabel() == "steps needed (shades of equal area)"
    assert [text.get_text() for text in bar.get_yticklabels()] == ["3", "5", "9"]
    assert bar.get_yticks().tolist() == [0.25, 0.625, 0.875]  # each at its shade
    texts = [text.get_text() for text in sheet.legends[0].get_texts()]
    assert texts == ["(-1, 0)", "(1, 0)", "not yet at a minimum", "diverged"]
    for kind in ("png", "svg", "pdf"):
        save(sheet, tmp_path / f"a.{kind}")
    svg = (tmp_path / "a.svg").read_text()
    embedded = [b64decode(text) for text in re.findall(r'data:image/png;base64,\s*([^"]+)"', svg)]
    assert len(embedded) == 3  # two maps and the scale, not a shape for each pixel
    sizes = [(int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) for png in embedded]
    assert sizes[:2] == [(2, 3), (2, 3)]  # as many pixels as there are runs


def test_a_map_without_minima_can_be_drawn(tmp_path):
    with style.sheet():
        nothing = Panel(np.full((2, 2), -1), np.full((2, 2), -1), np.zeros((2, 2), bool), minima=np.empty((0, 2)))
    sheet = basins.figure([nothing])
    assert [text.get_text() for text in sheet.legends[0].get_texts()] == ["not yet at a minimum"]
    save(sheet, tmp_path / "a.png")


def test_the_legend_names_the_largest_of_many_basins():
    many = np.stack([np.arange(30.0), np.zeros(30)], axis=1)
    minimum = np.repeat(np.arange(30), np.arange(1, 31))
    wide = Panel(minimum[None], np.ones_like(minimum)[None], np.zeros((1, len(minimum)), bool), minima=many)
    texts = [text.get_text() for text in basins.figure([wide]).legends[0].get_texts()]
    assert texts == [
        "(0, 0), the lowest",
        *(f"({k}, 0)" for k in range(21, 30)),
        "and 20 more minima (some look alike)",
    ]


def test_the_scale_marks_no_number_twice():
    """Newton's method: nine in ten runs took 6 steps."""
    reached = np.repeat([0, 5, 6, 12], [1, 6, 90, 3])
    share = basins.scale([Panel(np.zeros_like(reached), reached, np.zeros(100, bool))])
    assert basins.ticks(share, reached) == [0, 6, 12]
    assert share[[0, 6, 12]] == pytest.approx([0.005, 0.52, 0.985])


def test_pictures_of_one_map_are_shaded_alike():
    fast, slow = panel(), panel()
    slow.reached = np.where(slow.reached > 0, slow.reached + 10, -1)
    alone, together = (basins.figure([fast], among=among).axes[0].images[0].get_array() for among in ((), (fast, slow)))
    assert (together[2, 0] > alone[2, 0]).any()  # of all runs, those of 5 steps are among the faster ones
    assert (together == basins.image(fast, basins.hues(2), basins.scale([fast, slow]))).all()
