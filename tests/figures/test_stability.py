"""Maps of stability: each pixel, and the rest of the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from optlab.figures import stability
from optlab.figures.figure import save

TICKS = ["0.001", "0.01", "0.1", "1"]


@dataclass
class Theory:
    x: np.ndarray
    y: np.ndarray
    radius: np.ndarray
    formula: str = "lr = 2 / L"
    fastest: Any = None


@dataclass
class Panel:
    x: np.ndarray
    y: np.ndarray
    loss: np.ndarray
    diverged: np.ndarray
    first: np.ndarray
    reached: Any = None
    target: Any = None
    minimum: Any = 0.0
    theory: Any = None
    title: str = "momentum"
    names: tuple = ("lr", "beta")
    spacings: tuple = ("log", "linear")
    best: Any = (0, 1)

    @property
    def stable(self):
        return ~self.diverged & (self.loss <= self.first)


@pytest.fixture
def panel():
    """Stable in two columns, then growing, then diverged."""
    loss = np.array([[1e-2, 1e-6, 50.0, np.inf], [1e-1, 1e-4, 60.0, np.nan]])
    return Panel(
        np.array([0.001, 0.01, 0.1, 1.0]), np.array([0.0, 0.5]), loss, ~np.isfinite(loss), np.full((2, 4), 10.0)
    )


def colour(value):
    return np.round(255 * np.array(to_rgb(value))).astype(int).tolist()


def brightness(pixel):
    return float(np.dot(pixel, [0.2126, 0.7152, 0.0722]))


def test_colours_of_pixels(panel):
    pixels = stability.image(panel, stability.common_scale([panel]))
    assert [pixels[0, 2].tolist(), pixels[0, 3].tolist()] == [colour(stability.GREW), colour(stability.DIVERGED)]
    ranked = sorted([(panel.loss[i, j], i, j) for i in range(2) for j in range(2)])
    assert np.all(np.diff([brightness(pixels[i, j]) for _, i, j in ranked]) < 0)  # a lower loss is brighter


def test_colours_of_pixels_by_steps(panel):
    counted = replace(panel, reached=np.array([[-1, 20, -1, -1], [-1, 40, -1, -1]]), target=1e-3)
    pixels = stability.image(counted, stability.common_scale([counted]))
    assert pixels[0, 0].tolist() == pixels[1, 0].tolist() == colour(stability.SHORT)
    assert pixels[0, 2].tolist() == colour(stability.GREW)
    assert brightness(pixels[0, 1]) > brightness(pixels[1, 1])


def test_a_run_that_left_the_target_again_has_a_pale_pixel(panel):
    """At the end it is above the target; where it is above the start too, its loss grew, however early it came."""
    counted = replace(panel, reached=np.array([[20, 20, 2, -1], [-1, 40, -1, 3]]), target=1e-3)
    colours = stability.common_scale([counted])
    assert (colours.low, colours.high) == (20.0, 40.0)
    pixels = stability.image(counted, colours)
    assert pixels[0, 2].tolist() == colour(stability.GREW)
    assert pixels[1, 3].tolist() == colour(stability.DIVERGED)
    assert pixels[0, 0] == pytest.approx(255 * stability.PALE + (1 - stability.PALE) * pixels[0, 1], abs=1)
    texts = [text.get_text() for text in stability.figure([counted]).legends[0].get_texts()]
    assert texts == ["best pixel", "pale: left the target again", "target not reached", "the loss grew", "diverged"]
    stayed = replace(counted, reached=np.array([[-1, 20, 2, -1], [-1, 40, -1, 3]]))
    assert not stability.left(stayed).any()


def test_the_plain_colours_differ_in_brightness():
    plain = [brightness(colour(c)) for c in (stability.SHORT, stability.GREW, stability.DIVERGED)]
    assert (-np.diff(plain) > 40).all()


def test_losses_are_shown_above_the_known_minimum(panel):
    values, where = stability.shown(replace(panel, loss=panel.loss - 3.0, first=panel.first - 3.0, minimum=-3.0))
    assert values[where] == pytest.approx(panel.loss[panel.stable])


def test_the_axes_boundary_and_best_pixel_of_the_picture(panel, tmp_path):
    x, y = np.geomspace(0.001, 1.0, 50), np.linspace(0.0, 0.5, 50)
    radius = np.broadcast_to(np.abs(1 - x / 0.025), (50, 50))  # stable below lr = 0.05
    shown = replace(panel, theory=Theory(x, y, radius, fastest=(0.01, 0.25)))
    sheet = stability.figure([shown], title="t")
    axes = sheet.axes[0]
    assert axes.images[0].get_extent() == pytest.approx([-3.5, 0.5, -0.25, 0.75])  # pixels around their values
    (line,) = axes.collections[0].get_paths()
    assert line.vertices[:, 0] == pytest.approx(np.full(len(line.vertices), np.log10(0.05)), abs=0.01)
    assert [text.get_text() for text in axes.get_xticklabels()] == TICKS
    texts = [text.get_text() for text in sheet.legends[0].get_texts()]
    assert texts == ["theory: lr = 2 / L", "fastest in theory", "best pixel", "the loss grew", "diverged"]
    assert (axes.get_xlabel(), axes.get_ylabel(), sheet.axes[1].get_ylabel()) == ("learning rate", "beta", "final loss")
    for kind in ("png", "svg", "pdf"):
        save(sheet, tmp_path / f"a.{kind}")
    assert (tmp_path / "a.svg").read_text().count("<image") == 2


def test_the_legend_is_on_as_few_lines_as_it_needs(panel):
    def rows(sheet):
        FigureCanvasAgg(sheet)
        sheet.draw_without_rendering()
        box = sheet.legends[0]
        assert box.get_window_extent().x0 >= 0
        assert box.get_window_extent().x1 <= sheet.bbox.x1
        return len({round(text.get_window_extent().y0) // 4 for text in box.get_texts()})

    x, y = np.geomspace(0.001, 1.0, 50), np.linspace(0.0, 0.5, 50)
    radius = np.broadcast_to(np.abs(1 - x / 0.025), (50, 50))
    theory = Theory(x, y, radius, "lr = 2 (1 + beta) / L", fastest=(0.01, 0.25))
    bounded = replace(panel, theory=theory, diverged=np.zeros((2, 4), bool))
    assert rows(stability.figure([bounded])) == 1  # four entries
    assert rows(stability.figure([replace(panel, theory=theory)])) == 2  # five, three above two


def test_tick_labels_do_not_overlap(panel):
    """Of four decades and more, the powers of ten; of two, what lies between as well."""
    wide = replace(panel, x=np.geomspace(1e-5, 1e-1, 4))
    assert [text.get_text() for text in stability.figure([wide]).axes[0].get_xticklabels()] == [
        *("1e-05", "0.0001", "0.001", "0.01", "0.1"),
    ]
    narrow = replace(panel, x=np.geomspace(0.01, 1.0, 4))
    assert len(stability.figure([narrow]).axes[0].get_xticklabels()) == 7


def test_a_pair_out_of_view_is_not_marked(panel):
    x, y = np.geomspace(0.001, 1.0, 5), np.linspace(0.0, 0.5, 5)
    for fastest in ((5.0, 0.2), (-1.0, 0.2)):
        shown = replace(panel, theory=Theory(x, y, np.full((5, 5), 0.5), fastest=fastest))
        axes = stability.figure([shown]).axes[0]
        assert len(axes.lines) == 1  # the best pixel
        assert not axes.collections  # and no limit: all of the view is stable


def test_a_map_on_which_nothing_is_stable(panel, tmp_path):
    lost = replace(panel, diverged=np.ones((2, 4), bool), best=None)
    sheet = stability.figure([lost])
    assert [text.get_text() for text in sheet.legends[0].get_texts()] == ["diverged"]
    save(sheet, tmp_path / "a.png")


def test_long_titles_and_entries_of_the_legend_are_wrapped_and_whole(panel, tmp_path):
    long = (
        "optimizer with a very long label, warm restarts, lookahead and averaging of its weights  lr=0.000316, beta=0.9"
    )
    theory = Theory(panel.x, panel.y, np.array([[0.5, 0.9, 1.5, 2.0]] * 2), "lr = 2 / L or another formula " * 8)
    panels = [replace(panel, title=f"{i} {long}", theory=theory) for i in range(6)]
    sheet = stability.figure(panels, title="ellipsoid")
    save(sheet, tmp_path / "x.png")
    page = sheet.bbox
    (legend,) = sheet.legends
    box = legend.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= page.x1
    assert 0 <= box.y0 < box.y1 <= page.y1
    panes = sheet.axes[:6]
    titles = [axes._left_title.get_window_extent() for axes in panes]  # Matplotlib has no other name for it
    assert all(title.x1 <= page.x1 for title in titles)
    assert all(not a.overlaps(b) for i, a in enumerate(titles) for b in titles[:i])
    assert box.y1 <= min(axes.get_tightbbox().y0 for axes in panes) + 1


def test_losses_far_from_1_have_a_scale_in_units(panel, tmp_path):
    tiny = replace(panel, loss=panel.loss * 1e-300, first=panel.first * 1e-300)
    sheet = stability.figure([tiny])
    assert save(sheet, tmp_path / "x.png").stat().st_size > 5000
    assert sheet.axes[-1].get_ylabel().startswith("final loss (in units of 10")
    pixels = [stability.image(one, stability.common_scale([one])) for one in (panel, tiny)]
    assert (np.abs(pixels[0].astype(int) - pixels[1]) <= 1).all()
