"""Lines that overlap."""

from __future__ import annotations

import numpy as np

from optlab.figures import overlap

X = np.arange(41.0)


def shares(*lines):
    """The share of the axis on which each line is drawn once more."""
    fine, turns = overlap.in_turns(X, np.array(lines))
    seen = np.isfinite(np.array(turns))
    assert (seen.sum(axis=0) <= 1).all()  # never two at once
    assert (fine[0], fine[-1]) == (X[0], X[-1])
    return np.round(seen.mean(axis=1), 2).tolist()


def test_equal_lines_have_equal_shares():
    level = np.full(41, 0.1)
    assert shares(level, level) == [0.5, 0]
    assert shares(level, level, level) == [0.33, 0.33, 0]


def test_a_line_is_dashed_only_where_it_is_hidden():
    level = np.full(41, 0.1)
    half = np.where(X <= 20, 0.1, 0.6)
    assert shares(level, half) == [0.25, 0]
    (_, (turn, _)) = overlap.in_turns(X, np.array([level, half]))
    assert np.nanmax(turn) == np.nanmin(turn) == 0.1


def test_crossing_or_missing_lines_hide_nothing():
    assert shares(X / 40, 1 - X / 40) == [0, 0]
    assert shares(np.full(41, np.nan), np.full(41, np.nan)) == [0, 0]
    assert shares(X / 40) == [0]


BEND = np.array([[0.1, 0.1], [0.5, 0.1], [0.5, 0.9]])


def shown(*paths):
    """The share of each path's points that are drawn once more."""
    turns = overlap.in_turns_along([np.array(path, dtype=float).reshape(-1, 2) for path in paths])
    return [round(float(np.isfinite(points).all(axis=1).mean()), 2) if len(points) else 0 for points in turns]


def test_equal_paths_have_equal_shares():
    assert shown(BEND, BEND) == [0.5, 0]
    assert shown(BEND, BEND[::-1]) == [0.5, 0]
    assert shown(BEND, BEND, BEND) == [0.33, 0.33, 0]


def test_a_path_is_dashed_only_where_it_is_hidden():
    branch = np.array([[0.1, 0.1], [0.5, 0.1], [0.9, 0.1]])
    assert shown(BEND, branch) == [0.17, 0]  # 0.4 of 1.2
    (points, _) = overlap.in_turns_along([BEND, branch])
    assert np.nanmax(points[:, 1]) < 0.1 + 2 * overlap.TOLERANCE


def test_the_dashes_lie_on_the_path():
    (points, _) = overlap.in_turns_along([BEND, BEND])
    x, y = points[np.isfinite(points).all(axis=1)].T
    np.testing.assert_allclose(np.where(y < 0.1 + 1e-9, 0.1, x), np.where(y < 0.1 + 1e-9, y, 0.5))


def test_crossing_or_missing_paths_hide_nothing():
    assert shown([[0, 0], [1, 1]], [[0, 1], [1, 0]]) == [0, 0]
    assert shown([], BEND, [[0.1, 0.1]]) == [0, 0, 0]
    assert shown(BEND) == [0]
    assert shown() == []


def test_distances_of_two_paths_in_both_directions():
    rng = np.random.default_rng(0)
    for count, other in ((1, 1), (7, 30), (30, 7), (5, 0), (0, 5), (64, 3), (65, 2), (200, 130)):
        points, others = rng.normal(size=(count, 2)), rng.normal(size=(other, 2))
        there, back = overlap._distances(points, others)
        nearest = [min((np.hypot(*(p - q)) for q in others), default=np.inf) for p in points]
        farther = [min((np.hypot(*(p - q)) for p in points), default=np.inf) for q in others]
        np.testing.assert_allclose(there, nearest, rtol=1e-14)
        np.testing.assert_allclose(back, farther, rtol=1e-14)
