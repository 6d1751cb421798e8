"""Intervals of medians: hand calculations, exact coverage, and simulated coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from optlab.results.analysis.intervals import median_interval


def test_a_single_value_has_no_interval():
    assert np.isnan(median_interval(np.array([3.0]))).all()


@pytest.mark.parametrize("n", [2, 3, 4])
def test_few_values_give_the_smallest_and_the_largest(n):
    assert median_interval(np.arange(n, 0.0, -1)) == (1.0, n)


def test_ten_values_by_hand():
    """c[2] = 1 - 22/1024 = 0.9785, c[3] = 1 - 112/1024 = 0.8906: i = 0.8933, w = 8 i / (2 + 6 i) = 0.9710."""
    low, high = median_interval(np.arange(1.0, 11.0))
    assert low == pytest.approx(2.9710, abs=1e-4)
    assert high == pytest.approx(8.0290, abs=1e-4)


def test_where_the_coverage_is_exact_nothing_is_interpolated():
    level = 1 - 2 * stats.binom.cdf(1, 10, 0.5)
    assert median_interval(np.arange(1.0, 11.0), level) == pytest.approx((2.0, 9.0))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0, 3.0, 4.0, np.inf], (1.353, np.inf)),
        ([np.inf] * 6, (np.inf, np.inf)),
        ([2.0] * 7, (2.0, 2.0)),
        ([1.0, np.inf, np.inf, np.inf, np.inf, np.inf], (np.inf, np.inf)),
    ],
)
def test_infinite_and_equal_values(values, expected):
    low, high = median_interval(np.array(values))
    assert low == pytest.approx(expected[0], rel=1e-3)
    assert high == expected[1]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.randoms())
def test_the_interval_holds_the_median_and_does_not_depend_on_the_order(values, random):
    low, high = median_interval(np.array(values))
    assert low <= np.median(values) <= high
    random.shuffle(values)
    assert median_interval(np.array(values)) == (low, high)


@pytest.mark.parametrize("n", [10, 15, 30])
@pytest.mark.parametrize("kind", ["norm", "lognorm", "t"])
def test_ninety_percent_hold_the_median(n, kind):
    drawn = {"norm": stats.norm, "lognorm": stats.lognorm(1.0), "t": stats.t(2)}[kind]
    values = drawn.rvs(size=(2000, n), random_state=n)
    ends = np.array([median_interval(row) for row in values])
    assert 0.88 <= np.mean((ends[:, 0] <= drawn.median()) & (drawn.median() <= ends[:, 1])) <= 0.92


def test_with_many_equal_values_the_interval_is_too_wide_and_without_its_ends_far_too_narrow():
    """The median of the binomial distribution of 20 is 10, which is often an end itself: 18 % of the values are 10."""
    values = np.random.default_rng(0).binomial(20, 0.5, size=(2000, 30)).astype(float)
    low, high = np.array([median_interval(row) for row in values]).T
    assert np.mean((low <= 10) & (high >= 10)) == pytest.approx(0.98, abs=0.01)
    assert np.mean((low < 10) & (high > 10)) == pytest.approx(0.51, abs=0.04)


def test_the_coverage_of_ten_values_with_ties_by_hand():
    """The median 10 is left out if at least 8 of the 10 values are above it, or at least 8 below: each has 41 %."""
    values = np.random.default_rng(3).binomial(20, 0.5, size=(4000, 10)).astype(float)
    ends = np.array([median_interval(row) for row in values])
    expected = 1 - 2 * stats.binom.sf(7, 10, stats.binom.cdf(9, 20, 0.5))
    assert np.mean((ends[:, 0] <= 10) & (ends[:, 1] >= 10)) == pytest.approx(expected, abs=0.01)
