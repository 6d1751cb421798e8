"""Performance profiles, compared with the package perfprof and with the definition."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab.results.profiles import performance
from tests.results.profiles.oracles import at, random_costs


def table(costs):
    """A table of costs with one seed from a matrix (problems, solvers)."""
    costs = np.asarray(costs, float)
    problems, solvers = costs.shape
    return pd.DataFrame(
        {
            "case": np.repeat([f"p{i}" for i in range(problems)], solvers),
            "label": [f"s{i}" for i in range(solvers)] * problems,
            "seed": 0, "target": 0.0, "cost": costs.ravel(), "spent": 100.0,
        }
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_the_package_perfprof(seed):
    mpl.use("agg")
    from matplotlib import pyplot as plt
    from perfprof import perfprof

    random = np.random.default_rng(seed)
    costs = random.integers(1, 30, size=(25, 4)).astype(float)
    costs[random.random(costs.shape) < 0.2] = np.inf
    plt.figure()
    _, lines = perfprof(costs, ["-"] * 4)
    theirs = [(line[0].get_xdata(), line[0].get_ydata()) for line in lines]
    plt.close("all")
    frame = performance(table(costs))
    compared = 0
    for solver, (x, y) in enumerate(theirs):
        ours = frame[frame["label"] == f"s{solver}"]
        np.testing.assert_allclose([at(frame, f"s{solver}", place + 1e-12) for place in x], y, rtol=1e-14)
        assert set(np.round(ours["x"], 9)) <= set(np.round(x, 9))  # no other steps
        compared += len(x)
    assert compared > 50


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 4), st.floats(1, 60))
def test_equal_to_the_definition(seed, cases, seeds, x):
    costs = random_costs(seed, cases=cases, seeds=seeds, targets=(0.0,), missed=0.3)
    frame = performance(costs)
    instances = costs.groupby(["case", "seed"])
    for label in "pqr":
        solved = []
        for _, rows in instances:
            best = rows["cost"].min()
            own = rows.loc[rows["label"] == label, "cost"].item()
            solved.append(np.isfinite(own) and own / best <= x)
        assert at(frame, label, x) == pytest.approx(np.mean(solved), abs=1e-12)


def test_every_case_has_the_same_weight():
    many = random_costs(1, cases=1, seeds=9, targets=(0.0,), missed=0.0).assign(case="many")
    one = random_costs(2, cases=1, seeds=1, targets=(0.0,), missed=0.0).assign(case="one", cost=np.inf)
    frame = performance(pd.concat([many, one]))
    assert frame["y"].max() == pytest.approx(0.5)


def test_without_the_best_the_ratios_are_to_the_next():
    costs = table([[1, 4, 8], [1, 6, 3]])
    everything, rest = performance(costs), performance(costs[costs["label"] != "s0"])
    assert (at(everything, "s1", 1), at(everything, "s1", 4)) == (0, 0.5)
    assert (at(rest, "s1", 1), at(rest, "s2", 1), at(rest, "s1", 2)) == (0.5, 0.5, 1.0)


def test_no_solver_solves_anything():
    frame = performance(table([[np.inf, np.inf]]))
    assert frame[["label", "x", "y"]].to_numpy().tolist() == [["s0", 1.0, 0.0], ["s1", 1.0, 0.0]]


def test_one_seed_has_no_band_and_several_have_one_around_the_curve():
    assert performance(table([[1, 2]]))[["low", "high"]].isna().to_numpy().all()
    frame = performance(random_costs(3, targets=(0.0,)))
    assert (frame["low"] <= frame["y"] + 1e-12).all()
    assert (frame["y"] <= frame["high"] + 1e-12).all()
    assert (frame["low"] < frame["high"]).any()


def test_the_band_is_paired():
    """The same label twice: with the same seeds drawn, both have the same ratios and the same band."""
    costs = random_costs(4, labels=("p",), targets=(0.0,))
    frame = performance(pd.concat([costs, costs.assign(label="q")]))
    first, second = (frame[frame["label"] == label].drop(columns="label").reset_index(drop=True) for label in "pq")
    pd.testing.assert_frame_equal(first, second)
    assert (first["x"] == 1).all()
