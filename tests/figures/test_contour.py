import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from optlab.figures import contour, figure, relief, style
from tests.cases import first_cases

STEP = ["step, fading with time"]
DOMAIN = [[-2.0, -2.0], [2.0, 2.0]]


def path(label, *points):
    points = np.array(points, dtype=float).reshape(-1, 2)
    return pd.DataFrame(points, columns=["x0", "x1"]).assign(case="bowl", label=label, step=range(len(points)))


def best(*labels, status="done", shown_loss=0.5):
    return pd.DataFrame({"label": labels, "settings": "lr=0.1", "shown_status": status, "shown_loss": shown_loss})


def surface(limits=DOMAIN, function=lambda x, y: 100 * (y - x**2) ** 2 + (1 - x) ** 2):
    x, y = (np.linspace(*pair, 60) for pair in np.transpose(limits))
    return relief.Surface(x, y, function(x, y[:, None]) + 0 * x)


def drawn(paths, **options):
    return contour.draw(options.pop("surface", surface()), paths, Figure().add_subplot(), **options)


def line(axes, label):
    return next(line for line in axes.get_lines() if line.get_label() == label)


def balls(axes):
    """The positions of the balls: the largest discs are drawn first."""
    return next(c for c in axes.collections if isinstance(c, PathCollection))


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_extreme_heights_with_holes_can_be_drawn(scale, tmp_path):
    heights = surface().z * scale
    heights[:3], heights[5, 5], heights[7, 7] = np.nan, np.inf, -np.inf
    hills = relief.Surface(surface().x, surface().y, heights)
    sheet = contour.figure(hills, path("gd", (0, 0), (1, 1)), best("gd"), looks=style.looks(["gd"]), minimum=0.0)
    assert figure.save(sheet, tmp_path / "x.png").stat().st_size > 5000


# trajectories, starts, balls, minima


def test_lines_are_the_trajectories_in_the_colours_of_the_looks():
    looks = style.looks(["other", "gd"])
    axes = drawn(path("gd", (0, 0), (1, 0.5), (1, 1)), looks=looks)
    assert line(axes, "gd").get_xydata().tolist() == [[0, 0], [1, 0.5], [1, 1]]
    assert line(axes, "gd").get_color() == style.PALETTE[1]
    assert axes.get_xlim() == (-2, 2)
    assert axes.get_ylim() == (-2, 2)


def test_equal_trajectories_are_drawn_as_alternating_dashes():
    points = [(-1, 1), (0, 0), (1, 1)]
    axes = drawn(pd.concat([path("gd", *points), path("adam", *points), path("apart", (-1, 1), (-1, 0))]))
    (turns,) = [line for line in axes.lines if line.get_gid() == "turn"]
    assert to_hex(turns.get_color()) == line(axes, "gd").get_color().lower()
    seen = np.isfinite(turns.get_ydata(orig=False))
    assert 0.45 < seen.mean() < 0.55
    np.testing.assert_allclose(np.abs(turns.get_xdata(orig=False))[seen], turns.get_ydata(orig=False)[seen], atol=1e-12)


def test_starts_and_minima_are_marked():
    axes = drawn(pd.concat([path("a", (0, 0), (1, 1)), path("b", (0, 0), (1, 0))]), minima=[(1, 1), (-2, 2)])
    by_marker = {line.get_marker(): line.get_xydata().tolist() for line in axes.get_lines()}
    assert by_marker["o"] == [[0, 0]]
    assert by_marker["*"] == [[1, 1], [-2, 2]]
    assert not next(line for line in axes.get_lines() if line.get_marker() == "*").get_clip_on()


def test_a_ball_is_at_the_end_of_each_trajectory():
    axes = drawn(pd.concat([path("a", (0, 0), (1, 1)), path("b", (0, 0), (-1, 0))]))
    np.testing.assert_allclose(balls(axes).get_offsets(), [[1, 1], [-1, 0]])
    assert [to_hex(c).upper() for c in balls(axes).get_facecolors()] == list(style.PALETTE[:2])


def test_overlapping_balls_are_moved_apart():
    ends = drawn(pd.concat([path(k, (0, 0), (1 + 1e-6 * i, 1)) for i, k in enumerate("abcde")]))
    places = np.asarray(balls(ends).get_offsets())
    gaps = np.linalg.norm(places[:, None] - places, axis=-1)[~np.eye(5, dtype=bool)]
    diameter = 4 * 12 / 330
    assert gaps.min() > 0.9 * diameter
    assert gaps.max() < 4 * diameter
    np.testing.assert_allclose(places.mean(0), [1, 1], atol=1e-5)


def test_a_moved_ball_has_a_line_to_its_end_and_a_note_in_the_legend():
    paths = pd.concat([path("a", (0, 0), (1, 1)), path("b", (0, 0), (1, 1)), path("c", (0, 0), (-1, 0))])
    sheet = contour.figure(surface(), paths, best("a", "b", "c"), looks=style.looks(["a", "b", "c"]))
    axes = sheet.axes[0]
    strings = [line.get_xydata() for line in axes.get_lines() if line.get_gid() == "aside"]
    np.testing.assert_array_equal(strings, [[[1, 1], ball] for ball in balls(axes).get_offsets()[:2]])
    assert [text.get_text() for text in axes.get_legend().get_texts()][-1] == "moved aside from its end"
    apart = paths[paths["label"] != "b"]
    sheet = contour.figure(surface(), apart, best("a", "c"), looks=style.looks(["a", "c"]))
    assert [text.get_text() for text in sheet.axes[0].get_legend().get_texts()][-2:] == ["start", *STEP]


def test_a_diverged_trajectory_leaves_the_view_in_its_direction():
    axes = drawn(path("gd", (0, 0), (1, 0.5), (1e300, 1e299), (-1e305, np.nan)))
    points = line(axes, "gd").get_xydata()
    assert points[:2].tolist() == [[0, 0], [1, 0.5]]
    assert len(points) == 3
    assert np.isfinite(points).all()
    step = points[2] - points[1]
    assert step[1] / step[0] == pytest.approx(0.1)
    assert 100 < points[2, 0] < 1000  # far, but near enough for any back end's arithmetic


def test_a_trajectory_that_ends_outside_has_no_ball_and_a_note_in_the_legend():
    paths = pd.concat([path("a", (0, 0), (3, 3)), path("b", (0, 0), (1, 1))])
    sheet = contour.figure(surface(), paths, best("a", "b"), looks=style.looks(["a", "b"]), minima=[(1, 1)])
    assert len(balls(sheet.axes[0]).get_offsets()) == 1
    labels = [text.get_text().replace("\n", " ") for text in sheet.axes[0].get_legend().get_texts()]
    assert labels == ["a lr=0.1, loss 0.5, ends off the map", "b lr=0.1, loss 0.5", "start", *STEP, "minimum"]


def test_an_arrow_at_the_border_shows_where_a_ball_left():
    axes = drawn(pd.concat([path("a", (0, 0), (4, 1)), path("b", (0, 0), (1, 1))]), looks=style.looks("ab"))
    (arrow,) = axes.texts
    assert arrow.xy == pytest.approx([2, 0.5])
    assert to_hex(arrow.arrow_patch.get_facecolor()).upper() == style.PALETTE[0]


def test_the_legend_names_diverged_runs():
    paths = path("a", (0, 0), (1e200, 3))
    sheet = contour.figure(surface(), paths, best("a", status="diverged"), looks=style.looks(["a"]))
    assert sheet.axes[0].get_legend().get_texts()[0].get_text() == "a\nlr=0.1, diverged"


def test_an_unrecorded_trajectory_has_no_note_about_its_end():
    """No trajectory, or its last point alone: there is no start to show, and the ball lies where it ended."""
    for paths in (path("a"), path("a", (1, 1)).assign(step=50)):
        sheet = contour.figure(surface(), paths, best("a"), looks=style.looks(["a"]))
        labels = [text.get_text().replace("\n", " ") for text in sheet.axes[0].get_legend().get_texts()]
        assert labels == ["a lr=0.1, loss 0.5"]
        assert [line.get_xydata().tolist() for line in sheet.axes[0].get_lines() if line.get_marker() == "o"] == []
    assert balls(sheet.axes[0]).get_offsets().tolist() == [[1, 1]]


def test_a_diverged_run_has_no_ball_at_its_last_record():
    paths = pd.concat([path("a", (0, 0)), path("b", (0, 0), (1, 1))])
    both = best("a", "b").assign(shown_status=["diverged", "done"])
    axes = contour.figure(surface(), paths, both, looks=style.looks("ab")).axes[0]
    assert balls(axes).get_offsets().tolist() == [[1, 1]]


def test_axes_have_equal_scales_unless_the_map_is_very_narrow():
    assert drawn(path("gd", (0, 0), (1, 1))).get_aspect() == 1.0
    narrow = surface([[0, 0], [100, 1]])
    assert drawn(path("gd", (0, 0), (1, 1)), surface=narrow).get_aspect() == "auto"


@pytest.mark.parametrize("kind", first_cases(1, ["svg", "png", "pdf"]))
def test_the_same_picture_gives_the_same_bytes(kind, tmp_path):
    def bytes_of(name):
        paths = pd.concat([path(k, (0, 0), (1, i)) for i, k in enumerate("ab")])
        sheet = contour.figure(surface(), paths, best("a", "b"), looks=style.looks("ab"), minima=[(1, 1)], title="x")
        return figure.save(sheet, tmp_path / f"{name}.{kind}").read_bytes()

    assert bytes_of("first") == bytes_of("second")
