"""Lines that run one on another."""

from __future__ import annotations

import numpy as np

from optlab.plots import overlap

X = np.arange(41.0)


def shares(*lines):
    """The share of the axis on which each line is drawn once more."""
    fine, turns = overlap.in_turns(X, np.array(lines))
    seen = np.isfinite(np.array(turns))
    assert (seen.sum(axis=0) <= 1).all()  # never two at once
    assert (fine[0], fine[-1]) == (X[0], X[-1])
    return np.round(seen.mean(axis=1), 2).tolist()


def test_lines_that_are_one_have_equal_shares():
    level = np.full(41, 0.1)
    assert shares(level, level) == [0.5, 0]
    assert shares(level, level, level) == [0.33, 0.33, 0]


def test_a_line_takes_turns_only_where_it_is_hidden():
    level = np.full(41, 0.1)
    half = np.where(X <= 20, 0.1, 0.6)
    assert shares(level, half) == [0.25, 0]
    (_, (turn, _)) = overlap.in_turns(X, np.array([level, half]))
    assert np.nanmax(turn) == np.nanmin(turn) == 0.1


def test_lines_that_cross_or_are_nowhere_hide_nothing():
    assert shares(X / 40, 1 - X / 40) == [0, 0]
    assert shares(np.full(41, np.nan), np.full(41, np.nan)) == [0, 0]
    assert shares(X / 40) == [0]
