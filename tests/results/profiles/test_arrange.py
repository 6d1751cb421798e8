"""The table of costs as arrays: repeated, missing and double runs."""

import numpy as np
import pandas as pd
import pytest

from optlab.errors import UserError
from optlab.results.profiles import ert
from optlab.results.profiles.arrange import arranged
from tests.results.profiles.oracles import random_costs


def test_the_order_of_the_rows_does_not_matter():
    costs = random_costs()
    table, mixed = arranged(costs), arranged(costs.sample(frac=1, random_state=0))
    sizes = (3, 3, 12, 24)
    for one in (table, mixed):
        assert (len(one.cases), len(one.labels), len(one.case_of_unit), len(one.case)) == sizes
    for case, label in [("case 2", "q"), ("case 0", "r")]:
        values = [
            np.sort(one.cost[one.case == one.cases.index(case), one.labels.index(label)]) for one in (table, mixed)
        ]
        np.testing.assert_array_equal(*values)


def test_the_grid_of_a_case_has_a_row_per_seed_and_a_column_per_target():
    costs = random_costs(targets=(1.0, 0.1, 0.01), missed=0.0)
    table = arranged(costs)
    rows, units = table.grid(1)
    assert rows.shape == (4, 3)
    assert (table.case_of_unit[units] == 1).all()
    assert table.target[rows].tolist() == [[1.0, 0.1, 0.01]] * 4
    assert (np.diff(table.cost[rows], axis=1) > 0).all()  # harder targets cost more


def test_a_run_that_does_not_depend_on_the_seed_counts_for_every_seed():
    costs = random_costs(seeds=3, missed=0.0)
    alone = costs[(costs["label"] != "q") | (costs["seed"] == 0)]
    table = arranged(alone)
    q = table.labels.index("q")
    assert all(len(np.unique(table.cost[rows, q])) == 1 for case in range(3) for rows in table.grid(case)[0].T)
    frame = ert(alone)
    assert (frame["n"] == 3).all()
    one = alone[(alone["label"] == "q") & (alone["case"] == "case 1") & (alone["target"] == 0.1)]["cost"].item()
    assert frame[(frame["label"] == "q") & (frame["case"] == "case 1") & (frame["x"] == 0.1)]["y"].item() == one


def test_a_missing_run_is_named():
    costs = random_costs()
    missing = (costs["label"] == "q") & (costs["case"] == "case 1") & (costs["seed"] == 2)
    with pytest.raises(UserError, match=r"^q has no run on case 1 with seed 2; every label needs the same cases"):
        arranged(costs[~missing])


def test_a_second_run_is_named():
    costs = random_costs()
    with pytest.raises(UserError, match=r"^p has several costs on case 0 with seed 0"):
        arranged(pd.concat([costs, costs.head(1)]))
