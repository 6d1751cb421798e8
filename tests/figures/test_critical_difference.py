import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from optlab.figures import critical_difference, figure, style

DEMSAR = {"C4.5": 3.143, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}
"""The mean ranks of four classifiers on 14 data sets, table 6 of Demšar (2006), with the critical difference 1.25."""


def means(given):
    return pd.DataFrame({"label": list(given), "mean_rank": list(given.values())})


def drawn(given, difference=None, **options):
    return critical_difference.draw(means(given), Figure().add_subplot(), difference=difference, **options)


def leads(axes):
    return {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines() if len(line.get_xdata()) == 3}


def bars(axes):
    return [tuple(line.get_xdata()) for line in axes.get_lines() if line.get_gid() == "group"]


def names(axes):
    return [text.get_text().strip() for text in axes.texts if "  " in text.get_text().strip()]


def test_the_diagram_of_the_source():
    """All four are joined by one bar: the extremes differ by 1.18, less than the critical difference."""
    axes = drawn(DEMSAR, 1.25)
    ((low, high),) = bars(axes)
    assert low < 1.964 < 3.143 < high
    assert {label: points[0] for label, points in leads(axes).items()} == {k: [v, 0] for k, v in DEMSAR.items()}
    assert sorted(names(axes)) == ["2.89  C4.5+cf", "3.14  C4.5", "C4.5+m  2.00", "C4.5+m+cf  1.96"]
    assert axes.get_xlim() == (1, 4)
    (scale,) = [line for line in axes.get_lines() if line.get_gid() == "critical difference"]
    assert scale.get_xdata().tolist() == [1, 2.25]
    assert "critical difference 1.25" in [text.get_text() for text in axes.texts]


def test_a_difference_that_is_larger_than_the_axis_is_drawn_up_to_its_end():
    axes = drawn({"a": 1.4, "b": 1.6}, 3.0)
    (scale,) = [line for line in axes.get_lines() if line.get_gid() == "critical difference"]
    assert scale.get_xdata().tolist() == [1, 2]
    assert "critical difference 3, larger than the axis" in [text.get_text() for text in axes.texts]


def test_without_a_difference_there_are_no_bars():
    axes = drawn(DEMSAR)
    assert bars(axes) == []
    assert not any("critical" in text.get_text() for text in axes.texts)


@given(st.lists(st.floats(1, 20), min_size=1, max_size=12), st.floats(0.1, 10))
def test_groups_are_the_longest_rows_within_the_difference(ranks, difference):
    ranks = sorted(ranks)
    pairs = {(i, k) for i, k in itertools.combinations(range(len(ranks)), 2) if ranks[k] - ranks[i] < difference}
    longest = {(i, k) for i, k in pairs if not any(a <= i and k <= b and (a, b) != (i, k) for a, b in pairs)}
    assert set(critical_difference.groups(ranks, difference)) == longest


@pytest.mark.parametrize("count", [2, 3, 14, 40])
@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_labels_do_not_overlap_and_are_in_the_picture(count, spread, tmp_path):
    """Also if all mean ranks are equal, and if labels are long."""
    labels = [f"{i} a rather long label of an $optimizer" for i in range(count)]
    middle = (count + 1) / 2
    table = means({label: middle + spread * (i + 1 - middle) for i, label in enumerate(labels)})
    looks = dict.fromkeys(labels, style.OTHER) | style.looks(labels[:8])
    sheet = critical_difference.figure(table, looks=looks, difference=count / 3, title="t", caption="A caption.")
    figure.save(sheet, tmp_path / "x.png")
    texts = [text for text in sheet.axes[0].texts if "  " in text.get_text().strip()]
    assert len(texts) == count
    extents = [text.get_window_extent() for text in texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(extents, 2))
    assert all(e.x0 >= 0 and e.x1 <= sheet.bbox.x1 and e.y0 >= 0 for e in extents)
    assert min(e.y0 for e in extents) > sheet.texts[-1].get_window_extent().y1  # the caption
    assert sheet.axes[0].bbox.width > 0.25 * sheet.bbox.width


def test_lines_do_not_cross():
    """Down from each mean rank and outwards: no line on the way of another."""
    given = dict(zip("abcdefgh", [1.2, 1.9, 3.0, 4.1, 4.4, 6.0, 7.0, 7.9], strict=True))
    found = list(leads(drawn(given, 1.0)).values())
    for one, other in itertools.permutations(found, 2):
        (x, _), (_, down), (end, _) = other
        low, high = sorted((x, end))
        assert not (low < one[0][0] < high and one[1][1] > down)


def test_labels_without_ranks_are_left_out_and_counted():
    sheet = critical_difference.figure(means({"a": 1.0, "b": 2.0, "bad": np.nan}), looks=style.looks(["a", "b", "bad"]),
                                       subtitle="3 cases")  # fmt: skip
    assert set(leads(sheet.axes[0])) == {"a", "b"}
    assert "3 cases; 1 optimizer without ranks" in [text.get_text() for text in sheet.texts]
