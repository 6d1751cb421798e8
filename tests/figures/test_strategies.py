import pandas as pd
from matplotlib.figure import Figure

from optlab.figures import strategies, style


def rows(strategy, places, *, half=0.1, **more):
    trials = [0, 25, 50][: len(places)]
    low, high = ([place + sign * half for place in places] for sign in (-1, 1))
    return pd.DataFrame(
        {"strategy": strategy, "trials": trials, "place": places, "place_low": low, "place_high": high, **more}
    )


def test_lines_are_the_places_and_the_level_is_that_of_all_with_the_fewest_trials():
    frame = pd.concat([rows("all", [0.4, 0.2, 0.1]), rows("one", [0.7, 0.5, 0.4]), rows("adam", [0.6, 0.3, 0.2])])
    axes = strategies.draw(frame, Figure().add_subplot())
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}
    assert lines["all"] == [[0, 0.4], [25, 0.2], [50, 0.1]]
    assert lines["one"] == [[0, 0.7], [25, 0.5], [50, 0.4]]
    (level,) = [line for line in axes.get_lines() if line.get_gid() == strategies.LEVEL]
    assert set(level.get_ydata()) == {0.4}
    (faint,) = [line for line in axes.get_lines() if line.get_color() == style.FAINT]
    assert faint.get_ydata().tolist() == [0.6, 0.3, 0.2]
    corners = [{tuple(corner) for corner in band.get_paths()[0].vertices} for band in axes.collections]
    assert {(0.0, 0.5), (50.0, 0.0)} <= corners[0]
    assert axes.get_xticks().tolist() == [0, 25, 50]


def test_a_panel_for_each_value_of_a_column():
    parts = [rows(name, [0.4, 0.2], schedule=schedule) for schedule in ("cosine", None) for name in ("all", "one")]
    sheet = strategies.figure(pd.concat(parts), within="schedule", title="t", subtitle="s")
    assert [axes.get_title(loc="left") for axes in sheet.axes] == ["cosine", "no schedule"]
    entries = [text.get_text() for text in sheet.axes[-1].get_legend().get_texts()]
    assert sheet.axes[0].get_ylabel().startswith("place: ")
    assert entries == ["try all, use the best", "tune one, the mean", "each optimizer", "all with the fewest trials"]
