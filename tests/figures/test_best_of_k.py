import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from optlab.figures import best_of_k, figure, style

INF = np.inf


def trials(label, y, *, low=None, high=None):
    y = np.array(y, dtype=float)
    x = np.arange(1, len(y) + 1)
    return pd.DataFrame(
        {"label": label, "x": x, "y": y, "low": y if low is None else low, "high": y if high is None else high}
    )


def drawn(*frames, **options):
    return best_of_k.draw(pd.concat(frames), Figure().add_subplot(), **options)


def line(axes, label):
    return next(line for line in axes.get_lines() if line.get_label() == label)


def test_lines_are_the_expected_values():
    axes = drawn(trials("gd", [10, 1, 0.1], low=[5, 0.5, 0.05], high=[20, 2, 0.2]), trials("adam", [5, 3, 2]))
    assert line(axes, "gd").get_xydata().tolist() == [[1, 10], [2, 1], [3, 0.1]]
    assert line(axes, "adam").get_ydata().tolist() == [5, 3, 2]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("number of trials", "expected best of k: final loss")
    assert axes.get_yscale() == "log"
    assert (axes.get_xlim(), axes.get_xticks().tolist()) == ((1, 3), [1, 2, 3])
    (band,) = axes.collections
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
    assert {(1.0, 5.0), (3.0, 0.05), (3.0, 0.2), (1.0, 20.0)} <= corners


def test_infinite_values_are_not_drawn():
    axes = drawn(trials("gd", [INF, INF, 2, 1]))
    assert np.isnan(line(axes, "gd").get_ydata()).tolist() == [True, True, False, False]


def test_the_distance_to_a_known_minimum():
    axes = drawn(trials("gd", [-39, -39.9, -39.99]), minimum=-40.0, quantity="best loss")
    np.testing.assert_allclose(line(axes, "gd").get_ydata(), [1, 0.1, 0.01], rtol=1e-9)
    assert axes.get_ylabel() == "expected best of k: best loss − minimum"


def test_equal_lines_are_dashes_of_both_colours():
    axes = drawn(trials("a", [4, 2, 1]), trials("b", [4, 2, 1]))
    (turn,) = (line for line in axes.get_lines() if line.get_gid() == "turn")
    assert turn.get_color() == style.PALETTE[0]


def test_the_legend_has_the_value_after_all_trials():
    looks = style.looks(["gd", "bad"]) | {"other": style.OTHER}
    frame = pd.concat([trials("gd", [3, 2, 0.5]), trials("bad", [INF] * 3), trials("other", [3, 2, 1])])
    sheet = best_of_k.figure(frame, looks=looks, caption="After 3 trials.")
    texts = [text.get_text() for text in sheet.axes[0].get_legend().get_texts()]
    assert texts == ["gd\nafter 3 trials: 0.5", "bad\nafter 3 trials: none\nfinite", "1 other"]
    assert sheet.texts[-1].get_text() == "After 3 trials."


@pytest.mark.parametrize("values", [[], [3.0], [INF] * 4, [0.0] * 4, [1e308, 1e-300]], ids=str)
def test_hard_values_can_be_saved(values, tmp_path):
    sheet = best_of_k.figure(trials("gd", values), looks=style.looks(["gd"]))
    assert figure.save(sheet, tmp_path / "x.png").stat().st_size > 4000
