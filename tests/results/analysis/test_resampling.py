"""Ranks in resamples: medians, the choice of settings in each resample, and what is left out of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab.results.analysis import resampling
from optlab.results.analysis.contest import Contest
from optlab.results.analysis.resampling import medians_of, resampled_ranks

RNG = np.random.default_rng(0)


def contest(*values):
    return Contest.of(tuple("abcdefgh"[: len(values)]), np.array(values, dtype=float))


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_medians_are_those_of_numpy(n):
    values, draws = RNG.normal(size=(3, n)), RNG.integers(n, size=(50, n))
    np.testing.assert_allclose(medians_of(values, draws), np.median(values[:, draws], axis=-1))


def test_medians_with_infinite_values():
    draws = np.array([[0, 1, 2, 3], [0, 0, 1, 1], [2, 2, 3, 3], [0, 1, 1, 2]])
    found = medians_of(np.array([[1.0, 2.0, np.inf, np.inf]]), draws)
    np.testing.assert_array_equal(found, [[np.inf, 1.5, np.inf, 2.0]])


def test_missing_values_do_not_count():
    values, draws = RNG.normal(size=(2, 8)), RNG.integers(8, size=(200, 8))
    values[1, [2, 5]] = np.nan
    np.testing.assert_allclose(medians_of(values, draws), np.nanmedian(values[:, draws], axis=-1))
    alone = np.array([[7.0, np.nan, np.nan]])
    np.testing.assert_array_equal(medians_of(alone, np.array([[1, 2, 1], [0, 1, 1]])), [[7.0, 7.0]])


def test_blocks_change_nothing(monkeypatch):
    values, draws = RNG.normal(size=(30, 6)), RNG.integers(6, size=(100, 6))
    whole = medians_of(values, draws)
    monkeypatch.setattr(resampling, "BLOCK", 1000)
    np.testing.assert_array_equal(medians_of(values, draws), whole)


def test_a_clear_order_is_the_same_in_all_resamples():
    ranks = resampled_ranks(contest(RNG.random(5), RNG.random(5) + 2, RNG.random(5) + 4))
    np.testing.assert_array_equal(ranks, np.tile([1.0, 2.0, 3.0], (1000, 1)))


def test_labels_share_the_resampled_seeds():
    """The second label is worse at each seed, by much less than the seeds differ: pairs keep the order."""
    values = 100 * RNG.normal(size=7)
    np.testing.assert_array_equal(resampled_ranks(contest(values, values + 0.01))[:, 0], 1.0)


def test_two_labels_change_places_as_often_as_their_seeds_say():
    """The median of a resample of [0, 0, 9] is 9 if the third is drawn twice or more: with the probability 7/27."""
    share = (resampled_ranks(contest([0.0, 0.0, 9.0], [1.0, 1.0, 1.0]), 20_000)[:, 0] == 2).mean()
    assert share == pytest.approx(7 / 27, abs=0.01)


def test_settings_chosen_on_the_judged_seeds_are_chosen_again():
    """Each of two settings is good at one half of the seeds; the chosen setting of a resample is never the worse."""
    first = np.array([0.0, 0.0, 0.0, 8.0, 8.0])
    tried = np.stack([first, 8.0 - first])
    both = Contest(("a", "b"), np.stack([first, np.full(5, 4.0)]), (tried, np.full((1, 5), 4.0)), (0, 0))
    np.testing.assert_array_equal(resampled_ranks(both)[:, 0], 1.0)
    fixed = replace(both, tried=(tried[:1], both.tried[1]))
    assert (resampled_ranks(fixed)[:, 0] == 2).mean() == pytest.approx(0.3174, abs=0.05)  # P(Bin(5, 0.4) > 2)


def test_settings_chosen_on_other_seeds_are_chosen_again_there():
    """In a resample of the tuning seeds [0, 0, 9] the median is 9 with 7/27: then the other setting is chosen, whose
    tuning runs are worse than everything."""
    tried = np.array([[0.0, 0.0, 9.0], [5.0, 5.0, 5.0]])
    apart = Contest(("a", "b"), np.array([[0.0] * 4, [1.0] * 4]), (tried, np.zeros((1, 3))), (0, 0), True)
    share = (resampled_ranks(apart, 20_000)[:, 0] == 2).mean()
    assert share == pytest.approx(7 / 27, abs=0.01)


@pytest.mark.parametrize("seeds", [3, 1003])
def test_settings_are_chosen_again_by_the_metric_that_chose_them(seeds):
    """As above, with the choice by another metric: the values themselves would always choose the first setting."""
    choice = np.array([[0.0, 0.0, 9.0], [5.0, 5.0, 5.0]])
    tried = np.array([[0.0] * 3, [5.0] * 3])
    values = np.array([[0.0] * seeds, [1.0] * seeds])
    apart = Contest(("a", "b"), values, (tried, np.zeros((1, 3))), (0, 0), True, choices=(choice, np.zeros((1, 3))))
    share = (resampled_ranks(apart.limited(), 2000)[:, 0] == 2).mean()
    assert share == pytest.approx(7 / 27, abs=0.04)
    assert (resampled_ranks(replace(apart.limited(), choices=None), 2000)[:, 0] == 1).all()


def test_settings_that_are_never_better_are_left_out():
    tried = np.vstack([np.ones(6), np.full((500, 6), 2.0), np.arange(6.0)])
    kept, row = resampling.promising(tried, 0)
    assert len(kept) == 2
    assert row == 0
    kept, row = resampling.promising(RNG.random((1000, 6)), 3)
    assert len(kept) <= resampling.SETTINGS + 1
    assert 0 <= row < len(kept)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=5, max_size=5), min_size=2, max_size=5), st.randoms())
def test_the_order_of_labels_does_not_matter(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    ranks = resampled_ranks(contest(*values), 50)
    np.testing.assert_array_equal(resampled_ranks(contest(*(values[i] for i in order)), 50), ranks[:, order])
