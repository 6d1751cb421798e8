"""Data profiles and empirical distributions, compared with their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab.results.profiles import data, ecdf, ert
from optlab.results.profiles.arrange import arranged
from optlab.results.profiles.restarts import simulated
from tests.results.profiles.oracles import at, random_costs


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 4), st.floats(0, 130))
def test_equal_to_the_definition(seed, cases, seeds, x):
    costs = random_costs(seed, cases=cases, seeds=seeds, targets=(1.0, 0.1, 0.01))
    frame = ecdf(costs)
    one = costs[costs["target"] == 0.1]
    profile = data(one)
    for label in "pqr":
        assert at(frame, label, x) == pytest.approx((costs.loc[costs["label"] == label, "cost"] <= x).mean(), abs=1e-12)
        assert at(profile, label, x) == pytest.approx((one.loc[one["label"] == label, "cost"] <= x).mean(), abs=1e-12)


def test_bands_contain_the_curve():
    for frame in (data(random_costs(targets=(0.0,))), ecdf(random_costs())):
        assert (frame["low"] <= frame["y"] + 1e-12).all()
        assert (frame["y"] <= frame["high"] + 1e-12).all()


def test_the_mean_of_simulated_restarts_is_the_expected_running_time():
    costs = random_costs(7, cases=2, seeds=6, missed=0.4)
    table = arranged(costs)
    random = np.random.default_rng(0)
    units = np.arange(len(table.case_of_unit))
    mean = np.mean([simulated(table, units, random) for _ in range(800)], axis=0)
    expected = ert(costs)
    compared = 0
    for place, label in enumerate(table.labels):
        for number, case in enumerate(table.cases):
            for target in np.unique(table.target):
                rows = (table.case == number) & (table.target == target)
                theirs = expected[(expected["case"] == case) & (expected["label"] == label) & (expected["x"] == target)]
                assert mean[rows, place].mean() == pytest.approx(theirs["y"].item(), rel=0.1)
                compared += 1
    assert compared == 12


def test_restarts_change_nothing_where_all_runs_succeed():
    costs = random_costs(missed=0.0)
    plain, again = ecdf(costs), ecdf(costs, restarts=True)
    for row in again.itertuples():
        assert row.y == pytest.approx(at(plain, row.label, row.x * (1 + 1e-12)), abs=1e-9)


def test_restarts_reach_whatever_one_run_of_the_case_reached():
    costs = random_costs(5, missed=0.5)
    frame = ecdf(costs, restarts=True)
    possible = np.isfinite(costs["cost"]).groupby([costs["label"], costs["case"], costs["target"]]).any()
    for label in "pqr":
        assert frame.loc[frame["label"] == label, "y"].max() == pytest.approx(possible[label].mean())
    assert (frame["low"] <= frame["high"]).all()
