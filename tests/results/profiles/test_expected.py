"""The expected running time and the median cost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab.results.profiles import ert, median
from tests.results.profiles.oracles import random_costs


@settings(max_examples=8)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 6), st.floats(0, 1))
def test_equal_to_the_definition(seed, cases, seeds, missed):
    costs = random_costs(seed, cases=cases, seeds=seeds, missed=missed)
    expected, middle = ert(costs), median(costs)
    assert len(expected) == len(middle) == cases * 3 * 2
    for frame, statistic in ((expected, _ert), (middle, lambda cost, spent: np.median(cost))):
        for row in frame.itertuples():
            mine = costs[(costs["case"] == row.case) & (costs["label"] == row.label) & (costs["target"] == row.x)]
            assert row.y == pytest.approx(statistic(mine["cost"].to_numpy(), mine["spent"].to_numpy()))
            assert (row.successes, row.n) == (np.isfinite(mine["cost"]).sum(), seeds)


def _ert(cost, spent):
    reached = np.isfinite(cost)
    return (cost[reached].sum() + spent[~reached].sum()) / reached.sum() if reached.any() else np.inf


def test_the_targets_keep_their_order_and_bands_contain_the_value():
    frame = ert(random_costs(targets=(1.0, 0.1, 0.01, 0.001)))
    assert frame["x"].tolist() == [1.0, 0.1, 0.01, 0.001] * 9
    assert (frame["low"] <= frame["y"]).all()
    assert (frame["y"] <= frame["high"]).all()


def test_one_seed_has_no_band():
    assert ert(random_costs(seeds=1))[["low", "high"]].isna().to_numpy().all()


def test_the_band_covers_the_truth():
    """Exponential costs with mean 50, all targets reached: the 90 % band of 20 seeds contains 50 in about 90 % of
    tables; the percentile bootstrap of a skewed mean is known to be a little below."""
    random = np.random.default_rng(0)
    hits, tables = 0, 6
    costs = random_costs(cases=50, seeds=20, labels=("p",), targets=(0.0,))
    for _ in range(tables):
        frame = ert(costs.assign(cost=random.exponential(50, size=len(costs))))
        hits += int(((frame["low"] <= 50) & (frame["high"] >= 50)).sum())
    assert 0.82 <= hits / (50 * tables) <= 0.93
