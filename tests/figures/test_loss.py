import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from optlab.figures import figure, loss, style


def curve(label, median, *, quantity="loss", low=None, high=None):
    median = np.array(median, dtype=float)
    return pd.DataFrame(
        {
            "case": "bowl", "label": label, "quantity": quantity, "step": np.arange(len(median)), "median": median,
            "low": median if low is None else low, "high": median if high is None else high, "n": 5,
        }
    )  # fmt: skip


def best(*labels, median=0.5, n_diverged=1):
    columns = {"case": "bowl", "label": labels, "settings": "lr=0.1", "median": median, "n_diverged": n_diverged}
    return pd.DataFrame(columns)


def drawn(*curves, **options):
    return loss.draw(pd.concat(curves), Figure().add_subplot(), **options)


def line(axes, label):
    return next(line for line in axes.get_lines() if line.get_label() == label)


def test_lines_are_the_medians():
    axes = drawn(curve("gd", [10, 1, 0.01]), curve("adam", [10, 5, 3]))
    assert line(axes, "gd").get_ydata().tolist() == [10, 1, 0.01]
    assert line(axes, "adam").get_ydata().tolist() == [10, 5, 3]
    assert line(axes, "gd").get_xdata().tolist() == [0, 1, 2]
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "loss"


def test_a_label_with_failed_runs_has_no_curve_and_the_word_error():
    chosen = pd.concat([best("gd", n_diverged=0), best("bad", median=np.nan, n_diverged=0).assign(settings="")])
    sheet = loss.figure(curve("gd", [10, 1, 0.5]), chosen, looks=style.looks(["gd", "bad"]))
    (axes,) = sheet.axes
    assert {line.get_label() for line in axes.get_lines() if not line.get_label().startswith("_")} == {"gd"}
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts[-1] == "bad\nerror"
    assert "the last finite loss" not in texts


def test_bands_are_the_quantiles():
    axes = drawn(curve("gd", [3, 2], low=[2, 1], high=[4, 3]))
    corners = axes.collections[0].get_paths()[0].vertices
    assert {tuple(corner) for corner in corners} == {(0.0, 2.0), (1.0, 1.0), (1.0, 3.0), (0.0, 4.0)}


def test_one_seed_has_no_band():
    assert len(drawn(curve("gd", [3, 2])).collections) == 0


def test_a_linear_axis_for_a_small_range():
    assert drawn(curve("gd", [3, 2])).get_yscale() == "linear"
    assert drawn(curve("gd", [300, -2])).get_yscale() == "linear"


def test_distance_to_a_known_minimum():
    axes = drawn(curve("gd", [0, -39, -39.999, -40.0 - 1e-14]), minimum=-40.0)
    assert axes.get_ylabel() == "loss − minimum"
    assert axes.get_yscale() == "log"
    np.testing.assert_allclose(line(axes, "gd").get_ydata()[:3], [40, 1, 0.001])
    assert line(axes, "gd").get_ydata()[3] < axes.get_ylim()[0]  # zero: it leaves the picture


def test_a_minimum_of_zero_changes_nothing():
    assert drawn(curve("gd", [3, 2]), minimum=0.0).get_ylabel() == "loss"


def test_an_infinite_median_ends_the_line_and_does_not_move_the_axis():
    axes = drawn(curve("gd", [3, 2, np.inf], high=[4, np.inf, np.inf]), curve("adam", [3, 2, 1]))
    assert np.isnan(line(axes, "gd").get_ydata()).tolist() == [False, False, True]
    assert axes.get_ylim()[1] < 4


def test_diverging_curves_leave_the_picture():
    axes = drawn(curve("gd", [1, 1e10, 1e300]), curve("adam", [1, 0.1, 0.01]))
    assert axes.get_ylim()[1] < 1000
    assert line(axes, "gd").get_ydata()[2] > axes.get_ylim()[1]


@pytest.mark.parametrize(
    "values", [[3, 3], [np.inf, np.inf], [np.nan, np.nan], [0, 0], [1e-300, 1e300], [-1e308, 1e308]]
)
def test_hard_values_can_be_saved(values, tmp_path):
    looks = style.looks(["gd"])
    sheet = loss.figure(curve("gd", values), best("gd", median=values[-1]), looks=looks, title="hard")
    assert figure.save(sheet, tmp_path / "x.png").stat().st_size > 5000


def test_colours_are_those_of_the_looks():
    looks = style.looks(["other", "gd"])
    assert to_hex(line(drawn(curve("gd", [3, 2]), looks=looks), "gd").get_color()).upper() == style.PALETTE[1]


def test_a_function_has_one_panel_with_settings_in_the_legend():
    sheet = loss.figure(curve("gd", [3, 2]), best("gd"), looks=style.looks(["gd"]), title="bowl", subtitle="2 steps")
    (axes,) = sheet.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["gd\nlr=0.1, loss 0.5"]
    assert [text.get_text() for text in sheet.texts] == ["bowl", "2 steps"]


@pytest.mark.parametrize(("diverged", "said"), [(2, "diverged"), (0, "failed")])
def test_the_legend_names_diverged_labels(diverged, said):
    row = best("gd", median=np.inf, n_diverged=diverged)
    sheet = loss.figure(curve("gd", [3, np.inf]), row, looks=style.looks(["gd"]))
    assert sheet.axes[0].get_legend().get_texts()[0].get_text() == f"gd\nlr=0.1, {said}"


def crosses(axes):
    return [line.get_xydata().tolist() for line in axes.get_lines() if line.get_marker() == "x"]


def test_diverged_labels_end_with_a_cross_even_without_a_line():
    curves = pd.concat([curve("a", [3, 1e200, np.inf]), curve("b", [3, np.inf, np.inf]), curve("c", [3, 2, 1])])
    rows = best("a", "b", "c", median=[np.inf, np.inf, 1])
    sheet = loss.figure(curves, rows, looks=style.looks("abc"))
    ((one,), (other,)) = crosses(sheet.axes[0])
    assert one[0] == 1
    assert 3 < one[1] <= sheet.axes[0].get_ylim()[1]  # off the axis: at its upper end
    assert other == [0, 3]
    assert sheet.axes[0].get_legend().get_texts()[-1].get_text() == "the last finite loss"


def test_a_single_point_is_a_marker():
    (only,) = drawn(curve("gd", [2.0]).assign(step=50)).get_lines()
    assert only.get_marker() not in ("", "None", None)
    assert not only.get_clip_on()


def test_a_network_has_the_loss_on_all_training_data_without_the_noise_of_minibatches_and_accuracy():
    curves = pd.concat(
        [
            curve("gd", [3.3, 1.9, 1.2]),
            curve("gd", [3, 2, 1], quantity="train_loss"),
            curve("gd", [0.1, 0.9, 0.95], quantity="test_accuracy"),
        ]
    )
    left, right = loss.figure(curves, best("gd"), looks=style.looks(["gd"])).axes
    assert [a.get_ydata().tolist() for a in left.get_lines()] == [[3, 2, 1]]
    assert (left.get_ylabel(), right.get_ylabel()) == ("training loss (all data)", "test accuracy")
    assert line(right, "gd").get_ydata().tolist() == [0.1, 0.9, 0.95]
    assert 0.7 < right.get_ylim()[0] < 0.9
    assert right.yaxis.get_major_formatter()(0.95) == "95 %"


def test_markers_come_with_more_labels_than_colours():
    few = drawn(*(curve(str(i), [3, 2]) for i in range(8)))
    many = drawn(*(curve(str(i), [3, 2]) for i in range(9)))
    assert {line.get_marker() for line in few.get_lines() if line.get_gid() != "turn"} == {"None"}
    assert "None" not in {line.get_marker() for line in many.get_lines() if line.get_gid() != "turn"}


def test_a_number_and_its_word_are_on_one_line_of_the_legend():
    curves = pd.DataFrame({"label": "a", "quantity": "loss", "step": [0, 1], "median": [3.0, 0.0458]})
    curves["low"] = curves["high"] = curves["median"]
    chosen = pd.DataFrame({"label": ["a"], "settings": ["lr=0.0316, beta=0.9"], "median": [0.0458], "n_diverged": 0})
    sheet = loss.figure(curves, chosen, looks=style.looks(["a"]))
    (entry,) = sheet.axes[0].get_legend().get_texts()
    assert entry.get_text() == "a\nlr=0.0316, beta=0.9,\nloss 0.0458"


def test_equal_lines_are_drawn_as_alternating_dashes():
    same = [8.0, 4.0, 2.0, 1.0, 0.5, 0.01]
    axes = loss.draw(
        pd.concat([curve("a", same), curve("b", same), curve("c", [8.0, 7, 6, 5, 4, 3])]), Figure().add_subplot()
    )
    (turn,) = (line for line in axes.get_lines() if line.get_gid() == "turn")
    assert turn.get_color() == style.PALETTE[0]
    shown = np.isfinite(turn.get_ydata())
    assert 0.4 < shown.mean() < 0.6
    logs = np.interp(turn.get_xdata()[shown], range(6), np.log(same))
    np.testing.assert_allclose(np.log(turn.get_ydata()[shown]), logs, rtol=1e-9, atol=1e-9)
    apart = loss.draw(pd.concat([curve("a", same), curve("b", [9.0, 7, 5, 3, 2, 1])]), Figure().add_subplot())
    assert not [line for line in apart.get_lines() if line.get_gid() == "turn"]


def test_curves_without_a_point_are_an_empty_axis():
    axes = loss.draw(curve("a", []), Figure().add_subplot())
    assert not [line for line in axes.get_lines() if line.get_gid() == "turn"]


FEW = {"a": style.looks("a")["a"], "b": style.OTHER, "c": style.OTHER}


def test_faint_lines_are_thin_and_grey_and_one_entry_of_the_legend():
    curves = pd.concat([curve("a", [3, 2, 1]), curve("b", [3, 3, 3e-9], high=[4, 4, 4]), curve("c", [3, 4, np.inf])])
    sheet = loss.figure(curves, best("a", "b", "c", median=[1, 3e-9, np.inf]), looks=FEW)
    (axes,) = sheet.axes
    thin = [line for line in axes.get_lines() if line.get_color() == style.FAINT]
    assert [line.get_xdata().tolist() for line in thin] == [[0, 1, 2]] * 2
    assert {line.get_linewidth() for line in thin} == {style.THIN["linewidth"]}
    assert max(line.get_zorder() for line in thin) < line(axes, "a").get_zorder()
    assert len(axes.collections) == 0  # no bands of theirs
    assert axes.get_ylim()[0] > 0.5  # and the axis does not depend on them
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a\nlr=0.1, loss 1", "2 others"]


def test_an_infinite_upper_half_of_a_band_is_left_out():
    axes = drawn(curve("gd", [3, 2, 1], low=[2, 1, 0.5], high=[4, np.inf, np.inf]))
    corners = {tuple(corner) for corner in axes.collections[0].get_paths()[0].vertices}
    assert corners == {(0.0, 2.0), (1.0, 1.0), (2.0, 0.5), (2.0, 1.0), (1.0, 2.0), (0.0, 4.0)}


def test_the_legend_has_the_number_of_diverged_seeds():
    row = best("gd", median=1.0, n_diverged=2).assign(n=10)
    sheet = loss.figure(curve("gd", [3, 1]), row, looks=style.looks(["gd"]))
    (entry,) = sheet.axes[0].get_legend().get_texts()
    assert entry.get_text().replace("\n", " ") == "gd lr=0.1, loss 1, 2 of 10 diverged"


@pytest.mark.parametrize("unit", [1e-300, 1e295], ids=str)
def test_losses_far_from_1_have_an_axis_in_units(unit):
    axes = drawn(curve("gd", [4 * unit, 3 * unit, 2 * unit]))
    np.testing.assert_allclose(line(axes, "gd").get_ydata(), [4, 3, 2])
    assert axes.get_ylabel() == f"loss (in units of {'10⁻³⁰⁰' if unit < 1 else '10²⁹⁵'})"
    assert axes.get_ylim() == pytest.approx((1.9, 4.1))


def test_crosses_of_diverged_labels_are_at_the_ends_of_lines_and_do_not_overlap(tmp_path):
    ends = [3e295, 1e297, np.inf, np.inf, *[np.inf] * 96]
    curves = pd.concat([curve(label, [3e295, *ends[1:]]) for label in "abc"] + [curve("d", [3e295, *[np.inf] * 99])])
    sheet = loss.figure(curves, best(*"abcd", median=np.inf), looks=style.looks("abcd"))
    figure.save(sheet, tmp_path / "x.png")
    (axes,) = sheet.axes
    marks = [line for line in axes.get_lines() if line.get_gid() == "cross"]
    assert [line.get_xdata().tolist() for line in marks] == [[1], [1], [1], [0]]
    assert axes.get_xlim()[1] == 2  # not all steps, of which almost none has a line
    places = [line.get_transform().transform(line.get_xydata())[0] for line in marks]
    assert min(np.hypot(*(a - b)) for i, a in enumerate(places) for b in places[:i]) > 10  # pixels
    assert places[0].tolist() == pytest.approx(axes.transData.transform(line(axes, "a").get_xydata()[1]).tolist())


@pytest.mark.parametrize(
    ("ends", "low", "high"),
    [
        ([0.95, 0.97, 0.96], 0.8, 1.0),
        ([0.95, 0.97, 0.7], 0.7, 1.0),  # the worst is not far off
        ([0.95, 0.97, 0.1], 0.8, 1.0),
        ([0.12, 0.13, 0.11], 0.1, 0.15),  # no more than they span
        ([1.0, 1.0, 1.0], 0.9, 1.0),
        ([0.0, 0.0, 0.0], 0.0, 0.1),
    ],
    ids=str,
)
def test_an_axis_of_accuracies_shows_where_lines_end(ends, low, high):
    curves = [
        curve(label, [0.1, (0.1 + end) / 2, end], quantity="test_accuracy")
        for label, end in zip("abc", ends, strict=True)
    ]
    axes = drawn(*curves, quantity="test_accuracy")
    margin = 0.05 * (high - low)
    assert axes.get_ylim() == pytest.approx((low - margin, high + margin))
    marks = [line for line in axes.get_lines() if line.get_gid() == "under"]
    assert len(marks) == sum(end < low for end in ends)
    assert all(line.get_ydata()[0] == pytest.approx(axes.get_ylim()[0]) for line in marks)


@pytest.mark.parametrize("last", [1e60, 1e212, 1e308])
def test_if_all_diverged_the_axis_reaches_from_the_start_to_the_last_finite_loss(last, tmp_path):
    curves = pd.concat([curve("a", [14.0, 1e24, last, np.inf]), curve("b", [14.0, 1e30, last, np.inf])])
    sheet = loss.figure(curves, best("a", "b", median=np.inf), looks=style.looks("ab"))
    (axes,) = sheet.axes
    unit = 1e308 if last > 1e250 else 1.0
    low, high = axes.get_ylim()
    assert low <= max(14.0, last * 1e-250) / unit
    assert high >= last / unit
    assert [cross for (cross,) in crosses(axes)] == [[2, pytest.approx(last / unit)]] * 2
    figure.save(sheet, tmp_path / "a.png")


@pytest.mark.parametrize(
    ("x", "factor", "name"), [("gradients", 3, "gradients\n(steps times"), ("seconds", 0.1, "seconds per")]
)
def test_curves_along_what_the_steps_cost(x, factor, name):
    """Each label has its own places on the axis, which ends where the most expensive one ends."""
    cheap, dear = curve("cheap", [8, 4, 2, 1]), curve("dear", [9, 7, 6, 5])
    axes = drawn(cheap.assign(**{x: cheap["step"] * 0.01}), dear.assign(**{x: dear["step"] * factor}), x=x)
    np.testing.assert_allclose(line(axes, "cheap").get_xdata(), [0, 0.01, 0.02, 0.03])
    np.testing.assert_allclose(line(axes, "dear").get_xdata(), np.arange(4) * factor)
    assert axes.get_xlim() == pytest.approx((0, 3 * factor))
    assert axes.get_xlabel().startswith(name)


def test_equal_curves_along_different_places_take_turns():
    """Both fall along the same line, recorded at different places."""
    a = curve("a", np.linspace(4, 1, 41)).assign(gradients=np.linspace(0, 30, 41))
    b = curve("b", np.linspace(4, 1, 61)).assign(gradients=np.linspace(0, 30, 61))
    turns = [line for line in drawn(a, b, x="gradients").get_lines() if line.get_gid() == "turn"]
    assert len(turns) == 1
    shown = np.isfinite(turns[0].get_ydata())
    np.testing.assert_allclose(turns[0].get_ydata()[shown], 4 - turns[0].get_xdata()[shown] / 10, atol=1e-9)


def test_the_last_finite_loss_is_where_its_cost_is():
    curves = curve("a", [3, 2, np.inf]).assign(gradients=[0.0, 5.0, 10.0])
    other = curve("b", [3, 2, 1]).assign(gradients=[0.0, 1.0, 2.0])
    axes = drawn(curves, other, lost=["a"], x="gradients")
    assert crosses(axes) == [[[5.0, 2.0]]]
    alone = drawn(curves, lost=["a"], x="gradients")
    assert alone.get_xlim() == (0, 6.25)


@pytest.mark.parametrize("x", ["gradients", "seconds"])
def test_the_names_of_the_axes_of_two_panels_do_not_overlap(x, tmp_path):
    curves = pd.concat(
        [curve("gd", [3, 2, 1], quantity="train_loss"), curve("gd", [0.1, 0.9, 0.95], quantity="test_accuracy")]
    )
    sheet = loss.figure(
        curves.assign(**{x: curves["step"] * 100.0}),
        best("a rather long label"),
        looks=style.looks(["gd", "a rather long label"]),
        x=x,
    )
    figure.save(sheet, tmp_path / "x.png")
    left, right = (axes.xaxis.label.get_window_extent() for axes in sheet.axes)
    assert 0 < left.x0 < left.x1 < right.x0 < right.x1 < sheet.bbox.x1
