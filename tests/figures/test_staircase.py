import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from optlab.figures import data_profile, ecdf, figure, profile, staircase, style

INF, NAN = np.inf, np.nan


def stairs(label, x, y, *, low=None, high=None):
    columns = {"label": label, "x": x, "y": y, "low": y if low is None else low, "high": y if high is None else high}
    return pd.DataFrame(columns)


def drawn(*frames, **options):
    return staircase.draw(pd.concat(frames), Figure().add_subplot(), **options)


def line(axes, label):
    return next(line for line in axes.get_lines() if line.get_label() == label)


def entries(sheet):
    texts = [text.get_text() for text in sheet.axes[0].get_legend().get_texts()]
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in texts]


def dashes(axes):
    return [line for line in axes.get_lines() if line.get_gid() == "turn"]


GD, ADAM = stairs("gd", [1, 4, 10], [0.25, 0.5, 0.75]), stairs("adam", [1, 2], [0.75, 1.0])


def test_a_curve_has_the_value_of_a_step_from_the_step_on():
    axes = drawn(GD, ADAM)
    gd = line(axes, "gd")
    assert gd.get_drawstyle() == "steps-post"
    right = axes.get_xlim()[1]
    assert gd.get_xdata().tolist() == [1, 4, 10, right]
    assert gd.get_ydata().tolist() == [0.25, 0.5, 0.75, 0.75]
    assert line(axes, "adam").get_ydata().tolist() == [0.75, 1.0, 1.0]  # to the end of the axis
    assert 10 < right < 15
    assert (axes.get_xscale(), axes.get_xlim()[0]) == ("log", 1)


def test_a_curve_that_begins_later_is_zero_before():
    axes = drawn(stairs("late", [8, 9], [0.5, 1.0]), stairs("early", [2, 3], [0.5, 1.0]))
    assert line(axes, "late").get_xdata().tolist()[:2] == [2, 8]
    assert line(axes, "late").get_ydata().tolist()[:2] == [0, 0.5]


def test_a_cost_of_zero_is_at_the_left_end():
    axes = drawn(stairs("a", [0, 5, 10], [0.4, 0.6, 0.8]))
    assert line(axes, "a").get_xdata().tolist()[:2] == [5, 10]
    assert line(axes, "a").get_ydata().tolist()[:2] == [0.6, 0.8]
    axes = drawn(stairs("a", [0, 10], [0.4, 0.8]), stairs("b", [5, 10], [0.1, 0.2]))
    assert line(axes, "a").get_ydata().tolist()[:2] == [0.4, 0.8]


def test_infinite_costs_are_not_drawn():
    axes = drawn(stairs("a", [1, 2, INF], [0.5, 0.6, 1.0]))
    assert line(axes, "a").get_ydata().tolist() == [0.5, 0.6, 0.6]


def test_bands_are_steps_too():
    (band,) = drawn(stairs("a", [1, 4], [0.5, 0.8], low=[0.4, 0.7], high=[0.6, 0.9])).collections
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
    assert {(1.0, 0.4), (1.0, 0.6), (4.0, 0.4), (4.0, 0.6), (4.0, 0.7), (4.0, 0.9)} <= corners


def test_one_seed_has_no_band():
    assert len(drawn(stairs("a", [1, 4], [0.5, 0.8], low=[NAN] * 2, high=[NAN] * 2)).collections) == 0


def test_equal_curves_are_dashes_of_both_colours():
    axes = drawn(stairs("a", [1, 4], [0.5, 1.0]), stairs("b", [1, 4], [0.5, 1.0]))
    (turn,) = dashes(axes)
    assert turn.get_color() == style.PALETTE[0]
    x, y = turn.get_xdata(), turn.get_ydata()
    shown = np.isfinite(y)
    assert 0.4 < shown.mean() < 0.6
    np.testing.assert_allclose(y[shown], np.where(x[shown] < 4, 0.5, 1.0), atol=1e-9)
    assert not dashes(drawn(stairs("a", [1, 4], [0.5, 1.0]), stairs("b", [1, 4], [0.25, 0.75])))


def test_faint_curves_are_thin_and_one_entry_of_the_legend():
    looks = {"a": style.looks("a")["a"], "b": style.OTHER, "c": style.OTHER}
    frame = pd.concat([stairs(label, [1, 4], [0.1, 0.9], low=[0, 0.8], high=[0.2, 1]) for label in "abc"])
    sheet = profile.figure(frame, looks=looks)
    thin = [line for line in sheet.axes[0].get_lines() if line.get_color() == style.FAINT]
    assert len(thin) == 2
    assert len(sheet.axes[0].collections) == 1
    assert entries(sheet) == ["a\nbest on 10 %, solves 90 %", "2 others"]


@pytest.mark.parametrize(
    ("module", "x", "y", "entry"),
    [
        (profile, "seconds, as a multiple of the best optimizer's", "share of problems solved",
         "gd\nbest on 25 %, solves 75 %"),
        (data_profile, "budget: seconds per run", "share of problems solved", "gd\nsolves 75 %"),
        (ecdf, "seconds", "share of problems and targets reached", "gd\nreaches 75 %"),
    ],
)  # fmt: skip
def test_the_texts_of_each_kind(module, x, y, entry, tmp_path):
    looks = style.looks(["gd", "adam"])
    sheet = module.figure(pd.concat([GD, ADAM]), looks=looks, cost="seconds", caption="gd solves all.", title="t")
    (axes,) = sheet.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == (x, y)
    assert entries(sheet)[0] == entry
    assert [text.get_text() for text in sheet.texts] == ["t", "gd solves all."]
    assert axes.yaxis.get_major_formatter()(0.2) == "20 %"
    figure.save(sheet, tmp_path / "x.png")
    caption = sheet.texts[1].get_window_extent()
    assert 0 < caption.y0 < caption.y1 < axes.get_tightbbox().y0


@pytest.mark.parametrize("x", [[], [INF], [0.0], [7.0], [1e-10, 1e12]], ids=str)
def test_hard_values_can_be_saved(x, tmp_path):
    frame = stairs("gd", np.array(x), np.linspace(0.5, 1, len(x)))
    sheet = ecdf.figure(frame, looks=style.looks(["gd"]))
    assert figure.save(sheet, tmp_path / "x.png").stat().st_size > 5000


def test_a_short_axis_has_ticks():
    axes = drawn(stairs("gd", [40, 45], [0.5, 1.0]))
    ticks = axes.get_xticks()
    assert len(ticks) >= 3
    assert [text.get_text() for text in axes.get_xticklabels()] == [f"{tick:g}" for tick in ticks]


def test_a_share_below_one_is_not_rounded_to_one():
    assert staircase.percent(0.9999) == "99.9\N{NO-BREAK SPACE}%"
    assert staircase.percent(0.0001) == "0.1\N{NO-BREAK SPACE}%"
    assert staircase.percent(1.0) == "100\N{NO-BREAK SPACE}%"


def test_an_axis_without_steps_is_a_decade():
    left, right = drawn(stairs("a", [1], [0.5]), stairs("b", [1], [0.0])).get_xlim()
    assert (left, right) == pytest.approx((1, 10**1.04))
