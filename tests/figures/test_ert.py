import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from optlab.figures import ert, figure, style

INF = np.inf
TARGETS = [100.0, 1.0, 0.01, 1e-4]


def costs(label, y, *, low=None, high=None, targets=TARGETS):
    y = np.array(y, dtype=float)
    return pd.DataFrame(
        {"label": label, "x": targets, "y": y, "low": y if low is None else low, "high": y if high is None else high}
    )


def drawn(*frames, **options):
    return ert.draw(pd.concat(frames), Figure().add_subplot(), **options)


def line(axes, label):
    return next(line for line in axes.get_lines() if line.get_label() == label)


def test_lines_are_the_costs_from_the_easiest_target_to_the_hardest():
    axes = drawn(costs("gd", [10, 100, 300, 1000]))
    assert line(axes, "gd").get_xydata().tolist() == [[100, 10], [1, 100], [0.01, 300], [1e-4, 1000]]
    assert axes.get_xlim() == (100, 1e-4)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_a_line_ends_with_an_open_circle_at_the_hardest_target_that_was_reached():
    sheet = ert.figure(pd.concat([costs("gd", [10, 100, INF, INF]), costs("adam", [20, 30, 40, 50])]),
                       looks=style.looks(["gd", "adam"]), cost="steps")  # fmt: skip
    (axes,) = sheet.axes
    (mark,) = (line for line in axes.get_lines() if line.get_gid() == "last")
    assert mark.get_xydata().tolist() == [[1, 100]]
    assert np.isnan(line(axes, "gd").get_ydata()).tolist() == [False, False, True, True]
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["gd\nreaches 1", "adam\nreaches 0.0001", "harder targets were not\nreached"]
    assert axes.get_ylabel() == "expected steps to the target"


def test_bands_and_equal_lines():
    axes = drawn(costs("a", [10, 20, 30, 40], low=[9, 18, 28, 35], high=[12, 25, 33, INF]),
                 costs("b", [10, 20, 30, 40]))  # fmt: skip
    (band,) = axes.collections
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
    assert {(100.0, 9.0), (100.0, 12.0), (1e-4, 35.0), (1e-4, 40.0)} <= corners  # without an end above
    assert len([line for line in axes.get_lines() if line.get_gid() == "turn"]) == 1


@pytest.mark.parametrize("values", [[INF] * 4, [0.0] * 4, [0.0, 1.0, 5.0, 1e300]], ids=str)
def test_hard_values_can_be_saved(values, tmp_path):
    sheet = ert.figure(costs("gd", values), looks=style.looks(["gd"]), caption="A caption.")
    assert figure.save(sheet, tmp_path / "x.png").stat().st_size > 4000
    said = [text.get_text() for text in sheet.axes[0].texts]
    is_empty = max(value for value in [0.0, *values] if np.isfinite(value)) == 0
    assert said == ["no target below the loss at the start was reached"] * is_empty
    empty = ert.figure(costs("gd", [], targets=[]), looks=style.looks(["gd"]))
    assert figure.save(empty, tmp_path / "y.png").stat().st_size > 4000


def test_the_axis_has_the_targets_that_cost_something():
    """The loss at the start is below the first target, and nobody reaches the last."""
    axes = drawn(costs("gd", [0, 20, 300, INF]), costs("adam", [0, 50, INF, INF]))
    assert axes.get_xlim() == (1, 0.01)
    low, high = axes.get_ylim()
    assert 0 < low < 20 < 300 < high < 500
