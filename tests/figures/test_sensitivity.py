import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from optlab.figures import figure, loss, sensitivity, style

INF = np.inf


def table(label, values, median, *, low=None, high=None, first=10.0, diverged=None):
    median = np.array(median, dtype=float)
    return pd.DataFrame(
        {
            "case": "bowl", "label": label, "value": values, "median": median, "low": median if low is None else low,
            "high": median if high is None else high, "first": first, "n": 1,
            "diverged": np.isinf(median) * 1.0 if diverged is None else diverged,
        }
    )  # fmt: skip


def drawn(*tables, **options):
    return sensitivity.draw(pd.concat(tables), Figure().add_subplot(), **options)


def marks(axes, marker):
    return [line for line in axes.get_lines() if line.get_marker() == marker]


LRS = [0.001, 0.01, 0.1, 1.0]


def test_values_with_failed_runs_have_no_point_and_the_legend_has_error():
    """No cross among those of runs that diverged, and no best value."""
    some = table("some", LRS, [np.nan, 1, 0.5, np.nan]).assign(best=False)
    all_ = table("all", LRS, [np.nan] * 4).assign(best=False)
    good = table("gd", LRS, [5, 1, 1 + 1e-12, INF]).assign(best=[False, True, True, False])
    sheet = sensitivity.figure(pd.concat([some, all_, good]), looks=style.looks(["some", "all", "gd"]))
    (axes,) = sheet.axes
    assert [line.get_xdata().tolist() for line in marks(axes, "x")] == [[1.0]]
    lines = {line.get_label(): line.get_xdata().tolist() for line in axes.get_lines()}
    assert lines["some"] == [0.01, 0.1]
    assert "all" not in lines
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts[:3] == ["some\nerror at 2 of 4 values", "all\nerror", "gd\nlowest loss 1"]
    rings = [line for line in axes.get_lines() if line.get_markersize() == 12]
    assert [ring.get_xdata().tolist() for ring in rings if len(ring.get_xdata())] == [[0.01, 0.1]]


def test_lines_are_the_medians():
    axes = drawn(table("gd", LRS, [5, 1, 0.01, 3]))
    (line,) = (line for line in axes.get_lines() if line.get_label() == "gd")
    assert line.get_xdata().tolist() == LRS
    assert line.get_ydata().tolist() == [5, 1, 0.01, 3]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("learning rate", "final loss")


def test_the_best_value_has_a_ring():
    axes = drawn(table("gd", LRS, [5, 1, 0.01, 3]))
    (ring,) = (line for line in axes.get_lines() if line.get_markersize() == 12)
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (0.1, 0.01)


def test_diverged_values_are_crosses_in_a_strip_above_the_data():
    axes = drawn(table("gd", LRS, [5, 1, INF, INF]), table("adam", LRS, [5, 1, 2, INF]))
    gd, adam = marks(axes, "x")
    assert gd.get_xdata().tolist() == [0.1, 1.0]
    assert adam.get_xdata().tolist() == [1.0]
    (strip,) = axes.patches
    bottom = strip.get_y()
    assert all(bottom < y < 1 for mark in (gd, adam) for y in mark.get_ydata())
    highest = axes.transAxes.inverted().transform(axes.transData.transform((0.1, 5)))[1]
    assert highest < bottom
    ticks = axes.transAxes.inverted().transform([axes.transData.transform((0.1, t)) for t in axes.get_yticks()])[:, 1]
    assert (ticks < bottom).all()
    assert [text.get_text() for text in axes.texts] == ["diverged"]


def test_nothing_diverged_needs_no_strip():
    axes = drawn(table("gd", LRS, [5, 1, 2, 3]))
    assert not axes.patches
    assert not axes.texts


def test_failed_runs_are_not_called_diverged():
    axes = drawn(table("gd", LRS, [5, 1, 2, INF], diverged=0.0))
    assert axes.texts[0].get_text() == "diverged,\nfailed"


def test_losses_of_zero_are_in_a_separate_strip_and_equal_best_values_have_a_ring():
    axes = drawn(table("gd", LRS, [0.01, 0, 0, 0.5]), table("adam", LRS, [0.5, 0, 0.05, 0.2]))
    gd, adam = (m for m in marks(axes, "v") if len(m.get_xdata()))
    assert (gd.get_xdata().tolist(), adam.get_xdata().tolist()) == ([0.01, 0.1], [0.01])
    (strip,) = axes.patches
    top = strip.get_y() + strip.get_height()
    assert strip.get_y() == 0
    shares = [share(axes, y) for mark in (gd, adam) for y in mark.get_ydata()]
    assert 0 < shares[2] < shares[0] == shares[1] < top  # each label has a row
    assert all(share(axes, y) > top for y in [0.01, 0.5, *axes.get_yticks()])
    assert [text.get_text() for text in axes.texts] == ["0"]
    rings = [line.get_xdata().tolist() for line in axes.get_lines() if line.get_markersize() == 12]
    assert rings == [[0.01, 0.1], [0.01]]


def share(axes, y):
    """The height of a value in the picture, from 0 to 1."""
    return axes.transAxes.inverted().transform(axes.transData.transform((0.1, y)))[1]


def test_open_triangles_are_named_in_the_legend():
    far = table("gd", LRS, [1e-200, 1e-3, 1.0, 1e200])
    sheet = sensitivity.figure(far, looks=style.looks(["gd"]))
    labels = [text.get_text() for text in sheet.axes[0].get_legend().get_texts()]
    assert labels == [
        "gd\nlowest loss 1e-200",
        "best value",
        "too large for the axis",
        "too small for the axis",
        "loss at the start",
    ]
    assert [text.get_text() for text in sheet.axes[0].texts] == ["smaller"]


def test_values_outside_the_axis_are_open_triangles_at_its_end():
    axes = drawn(table("gd", LRS, [1e-200, 1e-3, 1.0, 1e200]))
    (up,), (down,) = ([m for m in marks(axes, k) if len(m.get_xdata())] for k in "^v")
    assert (up.get_xdata()[0], down.get_xdata()[0]) == (1.0, 0.001)
    assert {up.get_markerfacecolor(), down.get_markerfacecolor()} == {"white"}
    low, high = axes.get_ylim()
    assert low < down.get_ydata()[0] < up.get_ydata()[0] < high


@pytest.mark.parametrize(
    ("grids", "log"),
    [
        ([np.geomspace(1e-5, 1e-1, 9)], True),
        ([np.linspace(0.01, 1.0, 10)], False),
        ([np.geomspace(1e-5, 1e-1, 9), np.geomspace(2e-4, 1, 9)], True),
        ([[0.8, 0.9]], False),
        ([[0.01, 0.1]], True),
        ([[0.1]], False),
        ([[0.0, 0.5, 1.0]], False),
    ],
)
def test_a_logarithmic_grid_has_a_logarithmic_axis(grids, log):
    assert sensitivity.is_logarithmic([np.array(grid) for grid in grids]) is log


def test_the_loss_at_the_start_is_a_line_that_the_legend_names():
    sheet = sensitivity.figure(table("gd", LRS, [5, 1, 2, 30]), looks=style.looks(["gd"]))
    labels = [text.get_text() for text in sheet.axes[0].get_legend().get_texts()]
    assert labels == ["gd\nlowest loss 1", "best value", "loss at the start"]
    beyond = sensitivity.figure(table("gd", LRS, [5, 1, 2, 3]), looks=style.looks(["gd"]))
    assert "loss at the start" not in [text.get_text() for text in beyond.axes[0].get_legend().get_texts()]


def test_distance_to_a_known_minimum():
    axes = drawn(table("gd", LRS, [-1, -2, -39, -39.9], first=0.0), minimum=-40.0)
    assert axes.get_ylabel() == "final loss − minimum"
    (line,) = (line for line in axes.get_lines() if line.get_label() == "gd")
    np.testing.assert_allclose(line.get_ydata(), [39, 38, 1, 0.1])


def test_an_optimizer_has_one_colour_in_all_figures():
    looks = style.looks(["a", "b", "c"])
    curves = pd.DataFrame({"label": ["c", "c"], "quantity": "loss", "step": [0, 1], "median": [3.0, 2.0]})
    curves["low"] = curves["high"] = curves["median"]
    there = loss.draw(curves, Figure().add_subplot(), looks=looks).get_lines()[0].get_color()
    axes = drawn(table("b", LRS, [1, 2, 3, 4]), table("c", LRS, [1, 2, 3, 4]), looks=looks)
    here = next(line for line in axes.get_lines() if line.get_label() == "c").get_color()
    assert here == there == style.PALETTE[2]


@pytest.mark.parametrize(
    "median", [[INF] * 4, [3.0] * 4, [0.0] * 4, [1e-300, 1, 1e300, INF], [-1e308, 0, 1e308, 1]], ids=str
)
def test_hard_values_can_be_saved(median, tmp_path):
    sheet = sensitivity.figure(table("gd", LRS, median), looks=style.looks(["gd"]), title="hard")
    assert figure.save(sheet, tmp_path / "x.png").stat().st_size > 5000


def test_a_single_value_can_be_saved(tmp_path):
    sheet = sensitivity.figure(table("gd", [0.1], [3.0]), looks=style.looks(["gd"]))
    assert figure.save(sheet, tmp_path / "x.svg").stat().st_size > 5000


def test_the_name_of_the_strip_is_not_cut_off(tmp_path):
    lost = table("gd", LRS, [INF] * 4, diverged=0.0)  # without ticks, and with the longer name
    sheet = sensitivity.figure(lost, looks=style.looks(["gd"]))
    figure.save(sheet, tmp_path / "x.png")
    name = sheet.axes[0].texts[0].get_window_extent()
    label = sheet.axes[0].yaxis.label.get_window_extent()
    assert name.x0 > 0
    assert not name.overlaps(label)


def test_equal_lines_alternate_and_so_do_their_markers():
    same = [5, 1, 0.01, 3]
    axes = drawn(table("a", LRS, same), table("b", LRS, same), table("c", LRS, [9, 8, 7, 8]))
    (turn,) = (line for line in axes.get_lines() if line.get_gid() == "turn")
    assert turn.get_color() == style.PALETTE[0]
    assert 0.3 < np.isfinite(turn.get_ydata()).mean() < 0.7
    shown = [[m for m in marks(axes, shape) if m.get_markersize() == 6.5] for shape in "os^"]
    values = [sorted(float(x) for m in of_label for x in m.get_xdata()) for of_label in shown]
    assert sorted(values[0] + values[1]) == LRS  # each point has the marker of one of the two
    assert values[0]
    assert values[1]
    assert values[2] == LRS
    rings = {line.get_markersize() for line in axes.get_lines() if line.get_gid() == "best"}
    assert len(rings) == 2  # one around the other
    apart = drawn(table("a", LRS, same), table("b", LRS, [6, 2, 0.1, 9]))
    assert not [line for line in apart.get_lines() if line.get_gid() == "turn"]


def test_equal_lines_outside_the_axis_are_visible():
    far = [1e-3, 1.0, 1e200, 1e200]
    axes = drawn(table("a", LRS, far), table("b", LRS, far))
    colours = {line.get_markeredgecolor() for line in marks(axes, "^") if len(line.get_xdata())}
    assert colours == set(style.PALETTE[:2])


def test_without_finite_values_the_crosses_fill_the_picture():
    labels = "abcdefgh"
    axes = drawn(*(table(label, LRS, [INF] * 4) for label in labels))
    heights = [mark.get_ydata()[0] for mark in marks(axes, "x")]
    assert [mark.get_xdata().tolist() for mark in marks(axes, "x")] == [LRS] * 8
    assert heights == sorted(heights, reverse=True)  # in the order of the legend
    assert min(-np.diff(heights)) > 0.05
    assert 0.05 < heights[-1] < heights[0] < 0.95
    assert axes.get_ylabel() == ""


def test_a_band_to_infinity_does_not_fill_the_picture():
    axes = drawn(table("gd", LRS, [5, 1, 0.1, 3], low=[4, 0.5, 0.05, 2], high=[6, INF, INF, INF]))
    corners = axes.collections[0].get_paths()[0].vertices
    assert corners[:, 1].max() == pytest.approx(5)  # the axis ends at the highest median


def test_faint_lines_have_neither_markers_nor_crosses():
    looks = {"a": style.looks("a")["a"], "b": style.OTHER, "c": style.OTHER}
    tables = [table("a", LRS, [5, 1, 2, INF]), table("b", LRS, [5, 1e-9, INF, INF]), table("c", LRS, [INF] * 4)]
    sheet = sensitivity.figure(pd.concat(tables), looks=looks)
    (axes,) = sheet.axes
    assert [mark.get_color() for mark in marks(axes, "x")] == [looks["a"].colour]
    thin = [line for line in axes.get_lines() if line.get_color() == style.FAINT]
    assert {line.get_marker() for line in thin} == {"None"}
    assert len(thin) == 2
    assert axes.get_ylim()[0] > 0.5
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert said == ["a\nlowest loss 1", "2 others", "best value"]


@pytest.mark.parametrize("unit", [1e-305, 1e300], ids=str)
def test_losses_far_from_1_have_an_axis_in_units(unit):
    axes = drawn(table("gd", LRS, np.array([4, 2, 3, 5]) * unit, first=6 * unit))
    (line,) = (line for line in axes.get_lines() if line.get_label() == "gd")
    np.testing.assert_allclose(line.get_ydata(), [4, 2, 3, 5])
    assert axes.get_ylabel().startswith("final loss (in units of 10")
