import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from optlab.figures import figure, ranks, style
from tests.cases import first_cases

NAN = np.nan


def ranking(*rows):
    return pd.DataFrame(rows, columns=["label", "rank", "rank_low", "rank_high", "first", "with_first"])


TABLE = ranking(("adam", 1, 1, 2, 0.8, True), ("gd", 2, 1, 3, 0.2, True), ("slow", 3, 2, 3, 0.0, False))


def drawn(table, **options):
    return ranks.draw(table, Figure().add_subplot(), **options)


def marked(axes):
    return {line.get_label(): line for line in axes.get_lines() if line.get_marker() not in ("None", "", None)}


def intervals(axes):
    return [line.get_xydata().tolist() for line in axes.get_lines() if line.get_gid() == "interval"]


def test_each_label_has_a_row_with_its_rank_and_its_interval():
    axes = drawn(TABLE)
    assert intervals(axes) == [[[1, 0], [2, 0]], [[1, 1], [3, 1]], [[2, 2], [3, 2]]]
    assert {label: line.get_xydata().tolist() for label, line in marked(axes).items()} == {
        "adam": [[1, 0]], "gd": [[2, 1]], "slow": [[3, 2]]
    }  # fmt: skip
    assert [text.get_text() for text in axes.get_yticklabels()] == ["adam", "gd", "slow"]
    low, high = axes.get_ylim()
    assert low > high  # the first is at the top
    assert axes.get_xticks().tolist() == [1, 2, 3]
    assert to_hex(marked(axes)["gd"].get_color()).upper() == style.PALETTE[1]


def test_labels_with_the_first_are_shaded_and_the_axis_says_what_it_means():
    axes = drawn(TABLE)
    shaded = [patch.get_extents().intervaly for patch in axes.patches]
    rows = axes.transData.inverted()
    assert [sorted(np.round(rows.transform([(1, y) for y in pair])[:, 1], 6)) for pair in shaded] == [
        [-0.5, 0.5], [0.5, 1.5]
    ]  # fmt: skip
    assert axes.get_xlabel() == "rank; line: its interval; shaded: not distinguished from the first"
    assert drawn(TABLE.assign(with_first=False)).get_xlabel() == "rank; line: its interval"


def test_without_intervals_ranks_are_open_and_there_are_no_probabilities():
    table = ranking(("a", 1, NAN, NAN, NAN, True), ("b", 2, NAN, NAN, NAN, True))
    sheet = ranks.figure(table, looks=style.looks("ab"))
    (axes,) = sheet.axes
    assert intervals(axes) == []
    assert [to_hex(line.get_markerfacecolor()) for line in marked(axes).values()] == ["#ffffff"] * 2


@pytest.mark.parametrize("missing", [NAN, pd.NA])
def test_a_label_without_a_rank_has_a_row_that_says_so(missing):
    table = ranking(("a", 1, 1, 1, 1.0, True), ("bad", missing, missing, missing, missing, missing))
    axes = drawn(table)
    assert [text.get_text() for text in axes.texts] == ["no rank"]
    assert list(marked(axes)) == ["a"]
    right = ranks.draw_chances(table, Figure().add_subplot())
    assert [text.get_text() for text in right.texts] == ["100 %"]


def test_probabilities_are_bars():
    axes = ranks.draw_chances(TABLE, Figure().add_subplot())
    assert [bar.get_width() for bar in axes.patches] == [0.8, 0.2, 0.0]
    assert [text.get_text() for text in axes.texts] == ["80 %", "20 %", "0 %"]
    assert [to_hex(bar.get_facecolor()).upper() for bar in axes.patches] == list(style.PALETTE[:3])


@pytest.mark.parametrize("count", first_cases(1, [18, 2, 40]))
def test_rows_do_not_overlap(count, tmp_path):
    labels = [f"{i} $a rather long$ label of an optimizer, with a schedule" for i in range(count)]
    table = ranking(*((label, i + 1, max(1, i), i + 2, 1 / count, i < 3) for i, label in enumerate(labels)))
    looks = dict.fromkeys(labels, style.OTHER) | style.looks(labels[:8])
    sheet = ranks.figure(table, looks=looks, title="bowl", caption="A caption.")
    figure.save(sheet, tmp_path / "x.png")
    texts = sheet.axes[0].get_yticklabels()
    heights = [text.get_window_extent() for text in texts]
    assert all(above.y0 > below.y1 for above, below in itertools.pairwise(heights))
    assert min(extent.x0 for extent in heights) >= 0
    assert all(len(text.get_text()) <= 40 for text in texts)
    assert not any(text.get_parse_math() for text in texts)
    assert sheet.axes[1].get_tightbbox().x1 <= sheet.bbox.x1
    assert sheet.get_figheight() == (figure.SIZE[1] if count <= 18 else pytest.approx(10.1, abs=0.2))
