"""Captions say what the curves say."""

import numpy as np
import pandas as pd
import pytest

import optlab
from optlab.results.profiles import caption, performance
from optlab.results.profiles.examples import FACTS
from optlab.results.profiles.of_results import KINDS
from tests.results.profiles.oracles import random_costs


def said(kind, costs, **facts):
    """The sentences of the caption of a profile."""
    frame = KINDS[kind](costs)
    frame.attrs = FACTS | {"kind": kind, "cases": costs["case"].nunique(), "seeds": costs["seed"].nunique()} | facts
    return caption(frame).removesuffix(".").split(". ")


def one_seed(costs):
    """Costs of several problems (rows) and labels "a", "b", ... (columns)."""
    costs = np.asarray(costs, float)
    frame = pd.DataFrame(costs, columns=list("abcdef")[: costs.shape[1]]).melt(var_name="label", value_name="cost")
    return frame.assign(case=[f"p{i % len(costs)}" for i in range(len(frame))], seed=0, target=1e-3, spent=1000.0)


def test_the_sentence_of_the_field():
    costs = one_seed([[30, 10], [10, 30], [15, 10], [25, 10], [np.inf, 10]])
    assert said("performance", costs)[:2] == [
        "Within 3 times the best's gradients, b solves 100 % of problems and a 80 %",
        "As the fastest, b solves 80 % of problems and a 20 %",
    ]


def test_the_share_is_that_of_the_curve_at_the_cost_that_is_named():
    for seed in range(20):
        costs = random_costs(seed, targets=(1e-3,), missed=0.3)
        frame = performance(costs)
        for sentence in said("performance", costs)[:2]:
            words = sentence.replace(",", "").split()
            factor = {"Within": words[1], "In": "inf", "As": "1"}[words[0]]
            shares = [(words[n - 2 if words[n - 2] != "solves" else n - 3], float(words[n - 1]))
                      for n, word in enumerate(words) if word == "%"]  # fmt: skip
            assert len(shares) == 2
            for label, share in shares:
                curve = frame[(frame["label"] == label) & (frame["x"] <= float(factor))]["y"].iloc[-1]
                assert share == pytest.approx(100 * curve, abs=0.51)


def test_an_optimizer_that_is_first_wherever_it_solves():
    costs = one_seed([[10, 30], [10, 30], [10, 30], [10, 30], [np.inf, np.inf]])
    assert said("performance", costs)[:2] == [
        "Within 3 times the best's gradients, a solves 80 % of problems and b 80 %",
        "As the fastest, a solves 80 % of problems and b 0 %",
    ]
    assert said("performance", costs[costs["label"] == "a"])[:2] == [
        "In the end, a solves 80 % of problems",
        "As the fastest, a solves 80 % of problems",
    ]
    assert said("performance", costs[costs["label"] == "a"].assign(cost=np.inf))[0] == "No problem is solved"


def test_data_profiles_and_distributions():
    costs = one_seed([[180], [90], [420], [110], [np.inf]])
    assert said("data", costs)[0] == "Within 500 gradients, a solves 80 % of problems"
    assert said("ecdf", costs)[0] == "Within 500 gradients, a reaches 80 % of all targets"
    assert said("data", costs.assign(cost=np.inf))[0] == "No problem is solved"
    assert said("ecdf", costs.assign(cost=np.inf))[0] == "No target is reached"


def test_two_curves_are_compared_at_the_same_cost():
    """b needs 500 gradients for 80 % of what it solves, and a, which is ahead, 20."""
    costs = one_seed([[10, 100], [10, 200], [20, 300], [20, 450], [5000, np.inf]])
    assert said("data", costs)[:2] == [
        "Within 500 gradients, a solves 80 % of problems and b 80 %",
        "In the end, a solves 100 % of problems and b 80 %",
    ]


def test_costs_are_those_of_a_target_that_both_reach():
    costs = pd.concat([one_seed([[10, 30]]).assign(target=1.0), one_seed([[20, np.inf]]).assign(target=0.1)])
    assert said("ert", costs)[0] == (
        "On p0, a comes within 1 of the minimum with 10 gradients (expected) and b with 30 gradients (expected); "
        "the hardest target of a is 0.1"
    )


def test_costs_of_the_hardest_target_that_was_reached():
    costs = random_costs(targets=(1.0, 0.1), missed=0.0, labels=("p",), cases=1)
    costs.loc[costs["target"] == 0.1, "cost"] = np.inf
    cost = costs.loc[costs["target"] == 1.0, "cost"]
    expected, median = said("ert", costs)[0], said("to_target", costs)[0]
    assert expected.startswith(
        f"On case 0, p comes within 1 of the minimum with {cost.mean():.3g} gradients (expected, "
    )
    assert median.startswith(
        f"On case 0, p comes within 1 of the minimum with {cost.median():.3g} gradients (in the me"
    )
    relative = said("ert", costs, unknown=["case 0"])[0]
    assert "comes within 1 of the whole decrease to the lowest loss with" in relative
    none = costs.assign(cost=np.inf)
    assert said("ert", none)[0] == "On case 0, p reaches no target"
    assert said("to_target", none)[0] == "On case 0, p reaches no target with half of its runs"


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({}, "Solved: the loss came 99.9 % of the way from the start to the minimum"),
        ({"unknown": ["a", "b"]}, "Solved: the loss came 99.9 % of the way from the start to the lowest loss of any "
         "optimizer shown"),
        ({"unknown": ["b"]}, "Solved: the loss came 99.9 % of the way from the start to the minimum (for b, whose "
         "minimum is not known: the lowest loss of any optimizer shown)"),
        ({"failed": ["x", "y"]}, "Left out, because runs failed: x, y"),
        ({"every": 10}, "Costs are rounded up to recorded steps, every 10"),
        ({"seeds": 1}, "2 problems, 1 seed: there is no band, and other starts may change the order"),
        ({}, "2 problems, 4 seeds each; bands: 5 % to 95 % of bootstrap draws of the seeds"),
        ({}, "Ratios are to the best of the optimizers shown; compare others without it"),
    ],
)  # fmt: skip
def test_sentences_for_facts_of_all_labels(facts, sentence):
    assert sentence in said("performance", random_costs(targets=(1e-3,), cases=2), **facts)


def test_several_targets():
    costs = random_costs(cases=2)
    several = {"is_solved": False, "targets": [100.0, 1.0, 1e-8]}
    assert "3 targets per problem, 100 to 1e-08 above the minimum" in said("ecdf", costs, **several)
    assert (
        "3 targets per problem, 100 to 1e-08 of the decrease from the start to the lowest loss of any optimizer shown"
        in said("ecdf", costs, **several, unknown=["a", "b"])
    )
    assert "Runs that missed a target are restarted by simulation" in said("ecdf_restarts", costs, **several)


def test_the_caption_is_also_in_results():
    assert optlab.results.caption is caption
    with pytest.raises(AttributeError, match=r"module 'optlab\.results' has no attribute 'captain'"):
        _ = optlab.results.captain
