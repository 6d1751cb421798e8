"""Which losses are equal: the floor compared with real rounding errors, and differences above the floor."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optlab.plugins import registry
from optlab.results import analysis
from optlab.results.analysis.ties import Ties

EPS = {"float64": 2.0**-52, "float32": 2.0**-23}


def runs_of(losses, first=14.2, precision="float64"):
    """A run for each of the losses, of labels "0", "1", ... on one case."""
    labels = [str(n) for n in range(len(losses))]
    return pd.DataFrame(
        {
            "run": range(len(losses)), "case": "bowl", "label": labels, "seed": 0, "hp.lr": 0.1, "status": "done",
            "first_loss": first, "final_loss": np.array(losses, dtype=float), "precision": precision,
        }
    )  # fmt: skip


def ranks(losses, **options):
    table = analysis.ranking(runs_of(losses, **options)).set_index("label")["rank"]
    return [table[str(n)] for n in range(len(losses))]


@pytest.mark.parametrize(
    ("losses", "first", "precision", "expected"),
    [
        ([0.0, 7.9e-31], 14.2, "float64", [1, 1]),
        ([7.89e-31, 4.6e-23, 0.0, 1e-9], 100.0, "float64", [1, 1, 1, 4]),
        ([1e-9, 2e-9], 14.2, "float64", [1, 2]),
        ([1e6, np.nextafter(1e6, np.inf), 1e6 + 1e-9], 1e6 + 14, "float64", [1, 1, 1]),
        ([1e6, 1e6 + 1e-6], 1e6 + 14, "float64", [1, 2]),  # a constant hides nothing above the floor
        ([-1e6, -1e6 + 1e-9, -1e6 + 1e-6], 14 - 1e6, "float64", [1, 1, 3]),
        ([-39.0, -39.0 + 1e-13, -39.0 + 1e-5], 12.0, "float64", [1, 1, 3]),
        ([0.0, 1e-7, 1e-3], 14.2, "float32", [1, 1, 3]),
        ([1e6, 1e6 + 0.5, 1e6 + 13], 1e6 + 14, "float32", [1, 1, 3]),
        (
            [0.1234567885, 0.12345678850000003, 0.1234567884999999],
            14.2,
            "float64",
            [1, 1, 1],
        ),  # at the limit of rounding
        ([94.1, 94.1 * (1 + 1e-12), 94.1 * (1 + 1e-7)], 200.0, "float64", [1, 1, 3]),
        ([3.0, 2.9e-13, 0.0], np.nan, "float64", [3, 2, 1]),  # the scale is unknown
        ([np.inf, np.inf, 1.0], 14.2, "float64", [2, 2, 1]),
        ([1.7e308, -1.7e308, 1.6e308], 1.7e308, "float64", [3, 1, 2]),
        ([0.0, 0.9e-14, 1.8e-14, 2.7e-14], 5.0, "float64", [1, 1, 3, 3]),  # measured from the best of the equal losses
    ],
)
def test_ranks(losses, first, precision, expected):
    assert ranks(losses, first=first, precision=precision) == expected


def test_frames_without_a_precision_are_of_float64():
    runs = runs_of([0.0, 1e-7, 1e-31]).drop(columns="precision")
    assert analysis.ranking(runs)["rank"].tolist() == [1, 1, 3]
    assert analysis.ranking(runs)["label"].tolist() == ["0", "2", "1"]


LOSSES = st.lists(st.sampled_from([0.0, 1e-31, 1e-20, 1e-15, 3e-14, 1e-13, 1e-9, 1.0, 1 + 1e-12, 13.0]), min_size=1)


@settings(max_examples=30)
@given(LOSSES, st.integers(-900, 900), st.sampled_from(["float64", "float32"]))
def test_a_scaled_function_has_the_same_ranks(losses, power, precision):
    """Powers of two: the products are exact."""
    scale = 2.0**power
    small = [loss * scale for loss in losses]
    assert ranks(small, first=14.0 * scale, precision=precision) == ranks(losses, first=14.0, precision=precision)


@settings(max_examples=30)
@given(LOSSES)
def test_a_shifted_function_has_the_same_winners_but_for_its_larger_floor(losses):
    plain, shifted = ranks(losses, first=14.0), ranks([1e3 + loss for loss in losses], first=1014.0)
    floor = 10 * EPS["float64"] * 1014
    for loss, before, after in zip(losses, plain, shifted, strict=True):
        assert after == before or loss < floor + min(losses) or after <= before


def test_equal_labels_share_a_win():
    table = analysis.overall(runs_of([0.0, 7.9e-31, 1.0]))
    assert table["wins"].tolist() == [1, 1, 0]


def cells(losses, seeds=1, first=14.2):
    """One label with a cell for each row of losses."""
    losses = np.array(losses, dtype=float).reshape(-1, seeds)
    runs = runs_of(losses.ravel(), first=first).assign(label="gd", seed=np.tile(np.arange(seeds), len(losses)))
    return runs.assign(**{"hp.lr": np.repeat(10.0 ** np.arange(len(losses)), seeds)})


@pytest.mark.parametrize(
    ("losses", "best"),
    [
        ([1.0, 4.6e-23, 7.9e-31, 1.0], 10.0),  # the earlier cell
        ([1.0, 7.9e-31, 4.6e-23, 1.0], 10.0),
        ([0.0, 7.9e-31, 4.6e-23, 1.0], 10.0),  # off the edge
        ([1.0, 1e-12, 1e-15, 1.0], 100.0),  # above the floor the lower one
    ],
)
def test_rounding_does_not_choose_the_best_setting(losses, best):
    runs = cells(losses)
    assert analysis.best(runs)["hp.lr"].tolist() == [best]


def test_bands_decide_only_by_more_than_rounding():
    runs = cells([[1, 1], [1e-20, 3e-20], [0, 9e-31], [1, 1]], seeds=2)
    assert analysis.best(runs)["hp.lr"].tolist() == [10.0]
    runs = cells([[1, 1], [0.0, 2.0], [1.0 - 1e-13, 1.0], [1, 1], [3, 3]], seeds=2)
    assert analysis.best(runs)["hp.lr"].tolist() == [100.0]


def test_equal_values_are_all_marked_as_best_in_a_sensitivity():
    table = analysis.sensitivity(cells([1.0, 7.9e-31, 4.6e-23, 1e-9]))
    assert table["best"].tolist() == [False, True, True, False]


FUNCTIONS = {name: one for name, one in registry.load(()).problems.items() if not name.startswith("bbob")}


@pytest.mark.parametrize("name", [name for name, one in FUNCTIONS.items() if one.minima and not one.trains_on_data])
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_floor_is_above_the_rounding_errors_of_a_function_near_its_minimum(name, precision):
    """Against the same function in 64 or, for float32, 53 binary digits, at points a few roundings from the minimum."""
    problem = FUNCTIONS[name]
    dim = problem.default_dim
    finer = np.longdouble if precision == "float64" else np.float64
    # a problem with a random start has a domain
    start = problem.start_at(dim) if problem.start is not None else problem.bounds(dim)[1]
    runs = runs_of([0.0], first=float(problem(start.astype(float))), precision=precision)
    rng = np.random.default_rng(0)
    for minimum in problem.minima_at(dim):
        near = minimum + np.concatenate([np.zeros((1, dim)), rng.normal(size=(40, dim)) * EPS[precision] ** 0.5])
        for x in near.astype(precision):
            rounded, exact = float(problem(x)), problem(x.astype(finer))
            width = Ties.of(runs).width(runs["case"], np.array([float(exact)]))
            assert abs(finer(rounded) - exact) <= width, (name, x)
