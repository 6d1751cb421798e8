"""Distinguishing labels: permutation tests against SciPy and by hand, invariances, and the rate of false verdicts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from optlab.results.analysis import separation
from optlab.results.analysis.separation import pooled, seeds_needed, step_down
from optlab.results.analysis.ties import EXACT, Floor
from tests.cases import first_cases

NAN = np.nan


def test_pooled_ranks_are_those_of_scipy():
    values = np.random.default_rng(0).integers(0, 6, size=(4, 9)).astype(float)
    np.testing.assert_array_equal(pooled(values, EXACT), stats.rankdata(values, axis=None).reshape(4, 9))


def test_values_within_the_floor_share_a_rank():
    floor = Floor(start=10.0, scale=10.0, eps=2.0**-52)  # 2.2e-14
    values = np.array([[0.0, 1e-14, 3e-14], [5.0, np.inf, np.inf]])
    np.testing.assert_array_equal(pooled(values, floor), [[1.5, 1.5, 3.0], [4.0, 5.5, 5.5]])


@pytest.mark.parametrize("n", [6, 7, 8, 9])
def test_two_labels_are_compared_by_all_signs(n):
    """All pairs agree: only two of the 2**n choices of signs are as extreme."""
    values = np.stack([np.arange(n), np.arange(n) + 100.0])
    assert step_down(values, EXACT)[1] == 2 / 2**n
    assert np.isnan(step_down(values, EXACT)[0])


@pytest.mark.parametrize("seed", range(5))
def test_two_labels_as_by_the_permutation_test_of_scipy(seed):
    """With an odd number of seeds and the leader of the medians leading the means too, T is the absolute difference."""
    values = np.random.default_rng(seed).normal(size=(2, 9)) + [[0.0], [1.5]]
    ranks = pooled(values, EXACT)
    found = stats.permutation_test(
        (ranks[1] - ranks[0],), lambda d: np.mean(d), permutation_type="samples", n_resamples=np.inf
    )
    p = step_down(values, EXACT)[1]
    assert p == pytest.approx(found.pvalue, abs=0.05)
    assert (p < 0.01) == (found.pvalue < 0.01)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_fewer_than_six_seeds_never_separate_two_labels(n):
    values = np.stack([np.zeros(n), np.full(n, 9.0)]) + np.arange(n)
    assert step_down(values, EXACT)[1] >= 2 / 2**n > separation.LEVEL


def test_three_labels_and_three_seeds_by_hand():
    """The same order at each of 3 seeds. 6 of the 6**3 permutations have one order at all seeds, with the same T."""
    values = np.arange(3.0)[:, None] + 10 * np.arange(3)
    assert step_down(values, EXACT).tolist()[2] == pytest.approx(6 / 216)
    assert step_down(values, EXACT)[1] == 2 / 2**3  # then the second and the first, by three signs


def test_one_seed_one_label_and_equal_values_separate_nothing():
    assert np.isnan(step_down(np.array([[1.0], [2.0]]), EXACT)).all()
    assert np.isnan(step_down(np.array([[1.0, 2.0]]), EXACT)).all()
    assert np.nanmin(step_down(np.ones((3, 10)), EXACT)) == 1.0
    assert np.nanmin(step_down(np.full((3, 10), np.inf), EXACT)) == 1.0


def test_diverged_runs_are_the_worst_and_equal():
    values = np.random.default_rng(0).random((3, 10))
    values[2] = np.inf
    p = step_down(values, EXACT)
    assert p[2] < 0.02
    assert not np.nanmin(p[:2]) < 0.05


def test_adjusted_p_values_rise_along_the_steps():
    values = np.random.default_rng(1).normal(size=(5, 12)) + np.arange(5)[:, None]
    p = step_down(values, EXACT)
    assert np.isnan(p[0])
    assert (np.diff(p[:0:-1]) >= 0).all()


def test_a_missing_run_takes_part_where_both_have_the_seed():
    values = np.stack([np.arange(12.0), np.arange(12.0) + 50, np.arange(12.0) + 80])
    values[1, 8:] = NAN
    p = step_down(values, EXACT)
    assert p[1] < 0.05
    assert p[2] < 0.05
    values[1, 1:] = NAN  # one pair says nothing, and does not hinder the others
    assert step_down(values, EXACT)[2] < 0.05
    assert not step_down(values, EXACT)[1] < 0.05


def test_labels_without_a_common_seed_are_not_separated():
    values = np.full((2, 20), NAN)
    values[0, :10], values[1, 10:] = 1.0, 9.0
    assert np.isnan(step_down(values, EXACT)).all()


REACHED = [np.inf, 158.0, 134.0, 128.0, 188.0]


def test_labels_with_equal_values_have_the_same_verdict():
    """One label reaches the target at four of five seeds, the others never. Two of the 16 choices of signs at the four
    seeds are as extreme, so that one other label is not distinguished; neither are two equal ones."""
    never = np.full(5, np.inf)
    assert step_down(np.stack([REACHED, never]), EXACT).tolist()[1] == 2 / 2**4
    for place in range(3):
        values = np.insert(np.stack([never, never]), place, REACHED, axis=0)
        assert np.delete(step_down(values, EXACT), place).tolist() == [2 / 2**4] * 2


def test_equal_labels_are_distinguished_together():
    """Of the 64 choices of signs of the last two labels 2 are as extreme; the other equal labels share this p."""
    never = np.full(6, np.inf)
    values = np.stack([never, np.arange(6.0), never, never])
    p = step_down(values, EXACT)
    assert p[[0, 2, 3]].tolist() == [2 / 2**6] * 3


def test_labels_that_differ_by_rounding_have_the_same_verdict():
    floor = Floor(start=10.0, scale=10.0, eps=2.0**-52)  # 2.2e-14
    losing = 5.0 + np.arange(5)
    values = np.stack([np.arange(5) / 10, losing + 1e-15 * np.arange(5), losing - 1e-15 * np.arange(5)])
    p = step_down(values, floor)
    assert p[1] == p[2]


def test_labels_with_the_same_values_at_other_seeds_have_the_same_verdict():
    values = np.stack([REACHED, [200.0, *[np.inf] * 4], [np.inf, 200.0, *[np.inf] * 3]])
    values[0] = [100.0, 101.0, 102.0, 103.0, 104.0]
    p = step_down(values, EXACT)
    assert p[1] == p[2]


losses = st.integers(2, 4).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 30), min_size=7, max_size=7), min_size=k, max_size=k)
)


@settings(max_examples=25, deadline=None)
@given(losses, st.randoms())
def test_names_order_of_labels_and_scale_do_not_matter(values, random):
    values = np.array(values, dtype=float)
    p = step_down(values, EXACT)
    order = list(range(len(values)))
    random.shuffle(order)
    moved = step_down(values[order], EXACT)
    np.testing.assert_array_equal(moved < separation.LEVEL, p[order] < separation.LEVEL)
    if len({tuple(row) for row in values}) == len(values):  # of equal rows either can be the leader, without a p
        np.testing.assert_array_equal(moved, p[order])
    np.testing.assert_array_equal(step_down(np.exp(values / 3) - 7, EXACT), p)


def test_memory_is_bounded_and_blocks_change_nothing(monkeypatch):
    values = np.random.default_rng(2).normal(size=(3, 12)) + np.arange(3)[:, None]
    whole = step_down(values, EXACT)
    monkeypatch.setattr(separation, "BLOCK", 50)
    np.testing.assert_allclose(step_down(values, EXACT), whole, atol=0.02)
    assert sum(separation._blocks(17)) == separation.SAMPLES


@pytest.mark.parametrize("n", [326, 327])
def test_permutations_are_kept_for_contests_of_the_same_shape(monkeypatch, n):
    """Of up to 978 values: 511 permutations of them are 499,758 numbers. What is kept changes no p-value."""
    kept = separation._cached_permutations
    kept.cache_clear()
    values = np.random.default_rng(2).normal(size=(3, 3, n))
    values[2, 0, :3] = NAN  # here other labels can be permuted
    p = [step_down(of_three, EXACT) for of_three in values]
    assert np.nanmin(p) > 0.05  # so that each has one step
    assert (kept.cache_info().misses, kept.cache_info().hits) == ((2, 1) if n == 326 else (0, 0))
    monkeypatch.setattr(separation, "CACHED", 0)
    np.testing.assert_array_equal(p, [step_down(of_three, EXACT) for of_three in values])


@pytest.mark.parametrize("seed", first_cases(1, range(8)))
def test_tables_of_permutations_change_no_p_value(monkeypatch, seed):
    """Contests of random shapes with missing runs, at both sides of the most numbers that are kept, in random order."""
    rng = np.random.default_rng(seed)
    size = separation.CACHED // separation.SAMPLES
    contests = []
    for k in rng.integers(2, 7, size=2):
        for n in (size // k, size // k + 1, size // k // 2):
            values = rng.normal(size=(k, n)) + rng.choice([0.0, 0.2], size=(k, 1))
            values[rng.random((k, n)) < rng.choice([0.0, 0.01])] = NAN
            contests += [values, values[:, ::-1]]
    contests += [rng.normal(size=shape) for shape in ((2, 12), (12, 2), (4, 6), (6, 4), (3, 8), (8, 3))]
    contests = [contests[place] for place in rng.permutation(len(contests))]
    kept = separation._cached_permutations
    kept.cache_clear()
    p = [step_down(values, EXACT) for values in contests]
    assert kept.cache_info().hits > 0
    assert kept.cache_info().misses > 0
    monkeypatch.setattr(separation, "CACHED", 0)
    for values, found in zip(contests, p, strict=True):
        np.testing.assert_array_equal(found, step_down(values, EXACT))


@pytest.mark.parametrize(
    ("k", "n", "experiments"),
    [(2, 10, 150), (4, 5, 200), (4, 8, 100), pytest.param(10, 10, 2000, marks=pytest.mark.many)],
)
@pytest.mark.parametrize("kind", ["norm", "lognorm", "t", "ties", "seeds"])
def test_equal_labels_are_rarely_separated(k, n, experiments, kind):
    rng = np.random.default_rng(k * n)
    drawn = {
        "norm": lambda: rng.normal(size=(k, n)),
        "lognorm": lambda: rng.lognormal(size=(k, n)),
        "t": lambda: rng.standard_t(2, size=(k, n)),
        "ties": lambda: rng.integers(0, 4, size=(k, n)).astype(float),
        "seeds": lambda: rng.normal(size=(k, n)) + 3 * rng.normal(size=n),
    }[kind]
    false = sum((step_down(drawn(), EXACT) < 0.05).any() for _ in range(experiments))
    assert false <= stats.binom.ppf(0.9999, experiments, 0.05)


@pytest.mark.parametrize(("worse", "n", "share"), [(8, 5, 0.65), (28, 3, 0.5), (8, 10, 0.65)])
def test_a_label_that_equals_worse_ones_by_chance_is_rarely_separated(worse, n, share):
    """Two equal labels miss a target in a share of the runs, and the others always: often one of the two misses it in
    all runs of an experiment."""
    rng, experiments = np.random.default_rng(0), 200
    values = np.full((experiments, 2 + worse, n), np.inf)
    reached = rng.random((experiments, 2, n)) >= share
    values[:, :2][reached] = rng.random(np.count_nonzero(reached))
    false = sum((step_down(of_one, EXACT)[:2] < 0.05).any() for of_one in values)
    assert false <= stats.binom.ppf(0.9, experiments, 0.05)


@pytest.mark.parametrize(("k", "n"), [(2, 10), (5, 3), (10, 5)])
def test_the_rate_of_false_verdicts_is_close_to_five_percent(k, n):
    """Pooled ranks of independent losses do not depend on their distribution. p is a multiple of 1/512 here."""
    values = np.random.default_rng([k, n]).random((2000, k, n))
    p = np.array([np.nanmin(step_down(of_one, EXACT)) for of_one in values])
    for level in (0.02, 0.05):
        assert np.count_nonzero(p < level) <= stats.binom.ppf(0.999, 2000, level)
    assert np.count_nonzero(p < 0.05) >= stats.binom.ppf(0.001, 2000, 0.03)


def test_a_label_with_a_wider_spread_is_not_separated_more_often():
    rng, spread = np.random.default_rng(0), np.array([[1.0], [1.0], [1.0], [5.0]])
    false = sum((step_down(spread * rng.normal(size=(4, 10)), EXACT) < 0.05).any() for _ in range(150))
    assert false <= stats.binom.ppf(0.9999, 150, 0.05)


def test_proposed_seeds_by_hand():
    """Ranks 1, 2, 3, 6 and 4, 5, 7, 8: differences 3, 3, 4, 2, with mean 3 and deviation 0.816."""
    first, second = np.array([1.0, 2.0, 3.0, 6.0]), np.array([4.0, 5.0, 7.0, 8.0])
    assert seeds_needed(first, second, EXACT) == 6
    difference = np.array([8.0, -4.0, 6.0, -2.0, 1.0, 3.0])
    values = np.stack([np.zeros(6), difference])
    d = np.diff(pooled(values, EXACT), axis=0)[0]
    expected = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2 * d.var(ddof=1) / d.mean() ** 2
    assert seeds_needed(*values, EXACT) == int(np.ceil(expected + stats.norm.ppf(0.975) ** 2 / 2))


@pytest.mark.parametrize("second", [[1.0, 2.0, 3.0], [0.0, 1.0, 2.0], [3.0, 2.0, 1.0001], [NAN, NAN, 9.0]])
def test_no_seeds_are_proposed_without_a_difference(second):
    assert seeds_needed(np.array([1.0, 2.0, 3.0]), np.array(second), EXACT) is None
