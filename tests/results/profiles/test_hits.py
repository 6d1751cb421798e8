"""Costs from the losses that were recorded along the steps."""

import numpy as np
import pandas as pd
import pytest

from optlab.errors import UserError
from optlab.results.profiles.hits import Targets, checked_levels, coco_targets, costs, rounding


def frames(losses, steps=(0, 5, 10), **columns):
    """Runs with these recorded losses, one row each, and two gradients per step."""
    losses = np.asarray(losses, float)
    count = len(losses)
    runs = pd.DataFrame(
        {
            "run": np.arange(count) * 3, "case": "a", "label": "gd", "seed": np.arange(count), "steps": steps[-1],
            "grad_evals": 2 * steps[-1], "seconds": 0.5, "first_loss": losses[:, 0],
        }
    )  # fmt: skip
    history = pd.DataFrame(
        {"run": np.repeat(runs["run"], len(steps)), "step": np.tile(steps, count), "loss": losses.ravel()}
    )
    return runs, history.assign(**{name: np.ravel(values) for name, values in columns.items()})


def absolute(count, *levels, reference=0.0):
    return Targets(np.array(levels), np.full(count, reference), np.zeros(count, bool))


def test_the_first_record_at_the_target_counts():
    runs, history = frames([[9, 4, 1], [9, 5, 5], [4, 9, 1]])
    table = costs(runs, history, absolute(3, 4.0, 1.0))
    assert table["cost"].tolist() == [10, 20, np.inf, np.inf, 0, 20]
    assert table["spent"].tolist() == [20] * 6
    assert table["target"].tolist() == [4.0, 1.0] * 3
    assert table["seed"].tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(("unit", "cost", "spent"), [("gradients", 10, 20), ("steps", 5, 10), ("seconds", 0.25, 0.5)])
def test_the_unit(unit, cost, spent):
    table = costs(*frames([[9, 4, 1]]), absolute(1, 4.0), unit)
    assert (table["cost"].item(), table["spent"].item()) == (cost, spent)


def test_relative_targets_are_shares_of_the_own_decrease():
    runs, history = frames([[11, 6, 1], [21, 12, 7]])
    targets = Targets(np.array([0.5]), np.array([1.0, 1.0]), np.array([True, True]))
    assert costs(runs, history, targets)["cost"].tolist() == [10, 20]  # 1 + 5 and 1 + 10


def test_values_that_are_not_numbers_never_reach_a_target():
    runs, history = frames([[9, np.nan, 1], [9, np.inf, np.nan], [np.nan, 1, 1]])
    assert costs(runs, history, absolute(3, 1.0))["cost"].tolist() == [20, np.inf, 10]
    relative = Targets(np.array([0.5]), np.zeros(3), np.full(3, True))
    assert costs(runs, history, relative)["cost"].tolist() == [20, np.inf, np.inf]  # the last has no start


def test_a_run_that_diverges_later_has_reached_the_target():
    runs, history = frames([[9, 1, 1]])
    runs["steps"], runs["grad_evals"] = 7, 14
    table = costs(runs, history[history["step"] <= 7], absolute(1, 2.0, 0.5))
    assert (table["cost"].tolist(), table["spent"].tolist()) == ([10, np.inf], [14, 14])


def test_a_run_that_ended_at_its_start():
    runs, history = frames([[9, 1, 1]])
    runs[["steps", "grad_evals", "seconds"]] = 0
    table = costs(runs, history[history["step"] == 0], absolute(1, 10.0, 2.0))
    assert (table["cost"].tolist(), table["spent"].tolist()) == ([0, np.inf], [0, 0])


def test_the_loss_on_all_data_counts_for_minibatches():
    nan = np.nan
    runs, history = frames([[9, 1, 1], [9, 1, 1]], train_loss=[[9, nan, 1], [9, nan, 1]])
    batches = runs.assign(**{"opt.batch_size": [32, 0]})
    assert costs(batches, history, absolute(2, 1.0))["cost"].tolist() == [20, 10]  # without batches, both are equal
    assert costs(batches, history.drop(columns="train_loss"), absolute(2, 1.0))["cost"].tolist() == [10, 10]
    assert rounding(batches.head(1), history) == 10
    assert rounding(batches.tail(1), history) == 5


def test_without_records_there_is_no_cost():
    runs, history = frames([[9, 1, 1]])
    with pytest.raises(UserError, match=r"no losses were recorded along the steps: .* points = 200"):
        costs(runs, history.head(0), absolute(1, 1.0))


def test_the_targets_of_coco():
    targets = coco_targets()
    assert len(targets) == 51
    np.testing.assert_allclose(np.log10(targets), np.linspace(2, -8, 51), atol=1e-12)


@pytest.mark.parametrize("wrong", [[], [1.0, 0.0], [np.nan], [-1.0], [np.inf]])
def test_impossible_targets(wrong):
    with pytest.raises(UserError, match="targets must be positive numbers above the minimum"):
        checked_levels(wrong)
