import numpy as np
import pandas as pd
import pytest

from optlab.figures import edges, figure, path_legend, relief, solid, style, surface
from optlab.figures.projection import Projection
from optlab.results.surface import Surface, shares

SIDE = np.linspace(-2, 2, 40)
BOWL = SIDE**2 + SIDE[:, None] ** 2
PATHS = pd.DataFrame({"label": ["gd"] * 3 + ["far"] * 2, "step": [0, 1, 2, 0, 1], "x0": [-1.5, 0, 0.5, -1.5, 9],
                      "x1": [1.0, 0, 0.5, 1.0, 1.0]})  # fmt: skip
BEST = pd.DataFrame({"label": ["gd", "far"], "settings": "lr=0.1", "shown_status": "done", "shown_loss": 0.5})
LOOKS = style.looks(["gd", "far"])


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    monkeypatch.setattr(surface, "_PIXELS", 200)


def drawn(z=BOWL, **more):
    return surface.figure(Surface(SIDE, SIDE, z), PATHS, BEST, looks=LOOKS, minima=[(0, 0)], minimum=0.0, **more)


def texts(sheet):
    return [text.get_text() for text in sheet.axes[0].get_legend().get_texts()]


def test_the_figure_shows_paths_marks_and_what_they_mean(tmp_path):
    sheet = drawn(title="bowl")
    assert figure.save(sheet, tmp_path / "x.png").stat().st_size > 20_000
    said = texts(sheet)
    assert said[1].replace("\n", " ").endswith("ends off the map")
    assert {"start", "minimum"} <= {*said}
    lines = {line.get_label(): line for line in sheet.axes[0].get_lines()}
    assert {"gd", "far"} <= {*lines}
    assert lines["gd"].get_color() == LOOKS["gd"].colour


def test_a_trajectory_lies_on_the_surface():
    sheet = drawn()
    view = surface.View.of(Surface(SIDE, SIDE, BOWL), PATHS, [(0, 0)], 0.0)
    line = next(line for line in sheet.axes[0].get_lines() if line.get_label() == "gd")
    start = np.array([0.5 / 4, 3 / 4])
    np.testing.assert_allclose(line.get_xydata()[0], view.projection.place(start), atol=1e-9)


def test_the_background_of_an_animation_has_no_trajectories():
    view = surface.View.of(Surface(SIDE, SIDE, BOWL), PATHS, [(0, 0)], 0.0)
    sheet = drawn(view=view)
    assert not [line for line in sheet.axes[0].get_lines() if len(line.get_xdata()) > 2]
    assert texts(sheet) == [text for text in texts(drawn()) if text not in ("step, fading with time", "behind a hill")]


def test_heights_are_squared_only_where_the_scale_is_logarithmic():
    steep = Surface(SIDE, SIDE, np.exp(4 * BOWL))
    np.testing.assert_allclose(surface.View.of(steep, PATHS).projection.heights, shares(steep.z) ** 2)
    plain = Surface(SIDE, SIDE, 1 + 0 * BOWL + SIDE)
    np.testing.assert_allclose(surface.View.of(plain, PATHS).projection.heights, shares(plain.z))


def test_the_view_is_from_the_side_that_hides_the_least():
    """Points behind a ridge, seen from the front, are seen from the other side."""
    heights = np.zeros((101, 101))
    heights[48:53] = 1.0
    points = np.stack([np.linspace(0.1, 0.9, 9), np.full(9, 0.55)], 1)
    assert Projection(heights).is_hidden(points).all()
    assert not solid.view_of(heights, (1.0, 1.0), [points]).is_hidden(points).any()


def test_pixels_without_an_edge_look_as_the_mean_of_their_places(monkeypatch):
    """They are painted once. Here they are compared with the mean of their places; level lines are left out."""
    x = np.linspace(0.0, 1.0, 220)
    z = np.ma.masked_array(0.5 + 0.5 * np.sin(9 * x) * np.sin(9 * x[:, None]), False)
    view = Projection(np.ma.filled(z, 0.0))
    monkeypatch.setattr(solid, "_OPACITY", 0.0)
    once = solid.picture(view, z, 300).astype(float)
    monkeypatch.setattr(solid, "_NEAR", -1.0)
    each = solid.picture(view, z, 300).astype(float)
    difference = np.abs(once - each).max(-1)
    assert 0 < difference.mean() < 0.3
    assert np.quantile(difference, 0.999) < 6


def test_a_picture_does_not_depend_on_how_many_columns_are_painted_at_once(monkeypatch):
    z = np.ma.masked_array(shares(BOWL), np.arange(BOWL.size).reshape(BOWL.shape) % 50 == 0)
    view = Projection(np.ma.filled(z, 0.0))
    whole = solid.picture(view, z, 75)
    assert whole.shape[1] == 75
    for columns in (1, 6, 1000):
        monkeypatch.setattr(solid, "_AT_ONCE", columns)
        np.testing.assert_array_equal(solid.picture(view, z, 75), whole)


def test_the_picture_of_level_ground_has_its_colour_and_grey_sides():
    view = Projection(np.full((30, 30), 0.5), turn=0.0)
    painted = solid.picture(view, np.ma.array(np.full((30, 30), 0.51)), 60)
    seen = {tuple(colour) for colour in painted.reshape(-1, 4)}
    level = tuple(int(255 * part + 0.5) for part in relief.HEIGHTS(0.51))
    right = tuple(int(solid.SIDES[1][i : i + 2], 16) for i in (1, 3, 5))
    assert level in seen
    assert (*right, 255) in seen
    assert (painted[0, :, 3] == 0).all()  # above it, the picture is transparent


@pytest.mark.parametrize(
    "z",
    [np.where(BOWL > 3, np.nan, BOWL), np.full((40, 40), 3.0), np.full((40, 40), np.nan), np.exp(85 * BOWL)],
    ids=["holes", "constant", "nothing", "huge"],
)
def test_hard_heights_are_drawn(z, tmp_path):
    sheet = drawn(z)
    assert figure.save(sheet, tmp_path / "x.png").stat().st_size > 5000
    assert ("no finite value" in texts(sheet)) == (not np.isfinite(z).all())


def test_parts_behind_a_hill_are_faint_and_in_the_legend():
    ridge = np.maximum(0.0, 1 - 4 * np.abs(SIDE[:, None])) + 0.0 * SIDE
    around = pd.DataFrame({"label": "gd", "step": [0, 1, 2, 3, 4], "x0": [-1, 1, 1.0, -1, -1],
                           "x1": [-0.4, -0.4, 0.4, 0.4, -0.4]})  # fmt: skip
    sheet = surface.figure(Surface(SIDE, SIDE, ridge), around, BEST[:1], looks=LOOKS)
    assert path_legend.HIDDEN["gid"] in {line.get_gid() for line in sheet.axes[0].get_lines()}
    assert "behind a hill" in texts(sheet)


def test_labels_of_users_are_shown_as_they_are(tmp_path):
    label = "<b>动量</b> $x$"
    looks = style.looks([label])
    paths, best = PATHS[:3].assign(label=label), BEST[:1].assign(label=label)
    sheet = surface.figure(Surface(SIDE, SIDE, BOWL), paths, best, looks=looks, title="山谷 $f$")
    figure.save(sheet, tmp_path / "x.svg")
    assert texts(sheet)[0].startswith(f"{label}\n")


def test_ticks_of_a_narrow_view_have_an_offset():
    _, numbers, offset = edges._ticks(np.array([1e6 - 1e-3, 1e6 + 1e-3]))
    assert offset == "+1e6"
    assert all(len(number) < 9 for number in numbers)
