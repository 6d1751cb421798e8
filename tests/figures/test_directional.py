from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

from optlab.figures import directional, figure, style
from tests.cases import first_cases


@dataclass
class Slopes:
    """A bowl x^2 + y^2 / 2 + c, whose slopes are known."""

    point: np.ndarray
    direction: np.ndarray | None = None
    smooth: bool = True
    name: str = "bowl"
    size: float = 1.0

    def f(self, p):
        return self.size * float(p[0] ** 2 + p[1] ** 2 / 2)

    def __post_init__(self):
        self.value = self.f(self.point)
        self.gradient = self.size * self.point * [2.0, 1.0]
        self.length = float(np.hypot(*self.gradient))
        self.stationary = self.length == 0
        self.angle = np.nan if self.stationary else float(np.arctan2(*self.gradient[::-1]) % (2 * np.pi))
        self.level = ((self.angle + np.pi / 2) % (2 * np.pi), (self.angle - np.pi / 2) % (2 * np.pi))
        self.steepest = self.angle
        self.angles = np.arange(0.0, 360.0, 15.0)
        radians = np.radians(self.angles)
        self.measured = np.cos(radians) * self.gradient[0] + np.sin(radians) * self.gradient[1]
        self.along = np.nan if self.direction is None else float(self.gradient @ self.direction)


def bowl(point=(1.0, 1.0), direction=None, **others):
    return Slopes(np.array(point), None if direction is None else np.array(direction), **others)


def mapped(result, **options):
    with style.sheet():
        return directional.draw(result, Figure().add_subplot(), **options)


def graph(result):
    with style.sheet():
        return directional.slopes(result, Figure().add_subplot())


def line(axes, label):
    return next(line for line in axes.get_lines() if line.get_label().startswith(label))


def arrows(axes):
    """(from, way) of each arrow, in the order they were drawn."""
    return [(c.get_offsets()[0], np.array([c.U[0], c.V[0]])) for c in axes.collections if isinstance(c, Quiver)]


# the map


def test_the_arrows_are_the_gradient_and_its_projection_to_one_scale():
    result = bowl(direction=(0.6, 0.8))  # gradient (2, 1), slope 2
    (_, e), (_, projection), (start, gradient) = arrows(mapped(result))
    assert start.tolist() == [1.0, 1.0]
    scale = np.hypot(*gradient) / np.hypot(2, 1)
    np.testing.assert_allclose(gradient, scale * np.array([2, 1]))
    np.testing.assert_allclose(projection, scale * 2 * np.array([0.6, 0.8]))
    np.testing.assert_allclose(e / np.hypot(*e), [0.6, 0.8])
    assert (gradient - projection) @ projection == pytest.approx(0, abs=1e-12)


def test_a_negative_slope_projects_backwards():
    _, (_, projection), _ = arrows(mapped(bowl(direction=(-1.0, 0.0))))
    assert projection[0] > 0
    assert projection[1] == 0


def test_axes_have_equal_scales():
    axes = mapped(bowl(direction=(0.6, 0.8)))
    assert axes.get_aspect() == 1.0
    width, height = (np.ptp(limits) for limits in (axes.get_xlim(), axes.get_ylim()))
    assert width == pytest.approx(height)
    tangent = np.diff(line(axes, "its tangent").get_xydata(), axis=0)[0]
    assert tangent @ [2, 1] == pytest.approx(0, abs=1e-12)


def test_the_point_is_in_the_middle_of_a_quarter_of_the_domain():
    axes = mapped(bowl(), domain=[[-4.0, -2.0], [4.0, 2.0]])
    assert axes.get_xlim() == (0.0, 2.0)
    assert axes.get_ylim() == (0.0, 2.0)
    assert mapped(bowl(), domain=[[-2.0], [2.0]]).get_xlim() == (0.0, 2.0)


def test_the_level_line_goes_through_the_point():
    axes = mapped(bowl())
    assert line(axes, "level line").get_label() == "level line f = 1.5"
    levels = [c for c in axes.collections if hasattr(c, "levels") and len(c.levels) == 1]
    vertices = np.vstack([path.vertices for path in levels[0].get_paths()])
    np.testing.assert_allclose(vertices[:, 0] ** 2 + vertices[:, 1] ** 2 / 2, 1.5, rtol=1e-3)
    assert np.hypot(*(vertices - [1, 1]).T).min() < 0.02


# the slopes


def test_the_curve_the_dots_and_the_marked_directions():
    result = bowl(direction=(0.6, 0.8))
    axes = graph(result)
    angles, slopes = line(axes, "|∇f| cos θ").get_data()
    np.testing.assert_allclose(slopes, np.hypot(2, 1) * np.cos(np.radians(angles) - np.arctan2(1, 2)), atol=1e-12)
    np.testing.assert_allclose(line(axes, "limit").get_xydata(), np.transpose([result.angles, result.measured]))
    top = np.degrees(np.arctan2(1, 2))
    np.testing.assert_allclose(line(axes, "steepest").get_xydata(), [[top, np.sqrt(5)]])
    np.testing.assert_allclose(line(axes, "slope 0").get_xydata(), [[top + 90, 0], [top + 270, 0]])
    np.testing.assert_allclose(line(axes, "e, 53.1°: slope 2").get_xydata(), [[np.degrees(np.arctan2(0.8, 0.6)), 2.0]])


# special cases


def test_a_stationary_point_has_no_gradient_to_show():
    result = bowl((0.0, 0.0), direction=(0.0, 1.0))
    axes = mapped(result)
    assert len(arrows(axes)) == 1
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["direction e"]
    axes = graph(result)
    assert axes.get_ylim() == (-1.0, 1.0)
    assert "stationary" in "".join(text.get_text() for text in directional.figure(result).texts)


def test_a_kink_is_noted():
    said = "".join(text.get_text() for text in directional.figure(bowl(smooth=False)).texts)
    assert "the function has a kink here" in said


def test_only_a_requested_direction_is_shown():
    assert len(arrows(mapped(bowl()))) == 1
    assert not any(entry.get_label().startswith("e, ") for entry in graph(bowl()).get_lines())


@pytest.mark.parametrize("f", [lambda p: np.nan, lambda p: 3.0, lambda p: np.inf if p[0] > 1 else p[0]], ids="ncp")
def test_a_surface_without_heights_or_with_holes_can_be_drawn(f, tmp_path):
    result = bowl()
    result.f = f
    assert figure.save(directional.figure(result), tmp_path / "x.png").stat().st_size > 5000


@pytest.mark.parametrize("direction", [None, (0.6, 0.8), (-1.0, 0.0), (-0.9578262852211513, -0.2873478855663454)])
@pytest.mark.parametrize("scale", first_cases(1, [1e4, 1e-3, 1.0]))
def test_nothing_is_cut_off(direction, scale, tmp_path):
    result = bowl((-scale, 1.5 * scale), direction)
    sheet = directional.figure(result, [[-3.0 * scale] * 2, [3.0 * scale] * 2])
    figure.save(sheet, tmp_path / "x.png")
    whole = sheet.bbox
    for axes in sheet.axes:
        for box in (axes.get_legend().get_window_extent(), axes.get_tightbbox()):
            assert box.x0 >= whole.x0
            assert box.y0 >= whole.y0
            assert box.x1 <= whole.x1
            assert box.y1 <= whole.y1
    left, right = (axes.get_tightbbox() for axes in sheet.axes)
    assert left.x1 <= right.x0


@pytest.mark.parametrize("kind", first_cases(1, ["svg", "png", "pdf"]))
def test_the_same_picture_gives_the_same_bytes(kind, tmp_path):
    first, second = (
        figure.save(directional.figure(bowl(direction=(0.6, 0.8))), tmp_path / f"{name}.{kind}").read_bytes()
        for name in "ab"
    )
    assert first == second


@pytest.mark.parametrize("size", [1e-300, 1e307])
def test_slopes_of_any_size_have_an_axis_in_units(size, tmp_path):
    sheet = directional.figure(bowl(size=size))
    assert figure.save(sheet, tmp_path / "x.png").stat().st_size > 5000
    right = sheet.axes[1]
    assert right.get_ylabel().startswith("slope df/dl (in units of 10")
    low, high = right.get_ylim()
    assert -100 < low < 0 < high < 100
