"""Scores and profiles of tables; the published scores of AlgoPerf."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import optlab
from optlab.errors import UnknownName, UserError
from optlab.results.imported.loading import from_table

ALGOPERF = Path(__file__).parents[3] / "docs" / "data" / "algoperf_v05.csv"


@pytest.fixture(scope="module")
def algoperf():
    columns = {"solver": "submission", "problem": "workload", "cost": "seconds_to_target", "group": "ruleset"}
    return from_table(ALGOPERF, **columns)


def test_all_published_scores_of_algoperf_to_four_digits(algoperf):
    published = pd.read_csv(ALGOPERF).groupby(["ruleset", "submission"])["published_score"].first()
    scores = algoperf.scores().set_index(["group", "label"])["score"]
    assert len(scores) == len(published) == 17
    assert [f"{scores[pair]:.4f}" for pair in published.index] == [f"{score:.4f}" for score in published]


def test_the_exact_integral_is_the_mean_over_the_workloads(algoperf):
    """Score = mean of max(0, (4 - r) / 3); the trapezoidal rule of the benchmark is within half of a step of it."""
    exact = algoperf.scores(points=0).set_index(["group", "label"])["score"]
    published = algoperf.scores().set_index(["group", "label"])["score"]
    costs = pd.read_csv(ALGOPERF)
    for ruleset, rows in costs.groupby("ruleset"):
        wide = rows.pivot(index="workload", columns="submission", values="seconds_to_target")
        ratio = wide.div(wide.min(axis=1), axis=0).fillna(np.inf)
        for label in wide.columns:
            assert exact[ruleset, label] == pytest.approx(np.maximum(0, (4 - ratio[label]) / 3).mean(), abs=1e-12)
    assert (exact - published).abs().max() <= 0.5 / 99
    assert (exact - published).abs().max() > 1e-4  # so that the rule matters for the published digits


def test_scores_without_a_submission_are_of_the_others(algoperf):
    """A score is relative to the best: without it, the scores of others rise."""
    scores = algoperf.scores().set_index(["group", "label"])["score"]
    without = algoperf.scores(without=["schedule_free_adamw"]).set_index(["group", "label"])["score"]
    assert len(without) == 15
    assert (without >= scores.loc[without.index]).all()
    assert without["external_tuning", "baseline"] > scores["external_tuning", "baseline"]


def test_profiles_of_a_table(algoperf):
    frame = algoperf.profile("performance")
    assert list(frame.columns) == ["group", "case", "label", "x", "y", "low", "high"]
    best = frame[(frame["group"] == "self_tuning") & (frame["label"] == "schedule_free_adamw")]
    costs = pd.read_csv(ALGOPERF).query("ruleset == 'self_tuning'")
    solved = costs[np.isfinite(costs["seconds_to_target"])]
    fastest = solved.loc[solved.groupby("workload")["seconds_to_target"].idxmin(), "submission"]
    assert best["y"].iloc[0] == (fastest == "schedule_free_adamw").sum() / 8
    own = costs[(costs["submission"] == "schedule_free_adamw")]["seconds_to_target"]
    assert best["y"].iloc[-1] == np.isfinite(own).mean()
    caption = optlab.results.caption(from_table(ALGOPERF, group="ruleset").profile("data"))
    assert "8 problems, 1 seed: there is no band" in caption


def test_seeds_make_medians_and_bands():
    random = np.random.default_rng(0)
    rows = [
        (solver, problem, seed, scale * random.uniform(0.5, 2))
        for solver, scale in (("fast", 10), ("slow", 20))
        for problem in "abc"
        for seed in range(5)
    ]
    frame = pd.DataFrame(rows, columns=["solver", "problem", "seed", "cost"])
    scores = from_table(frame).scores(points=0).set_index("label")
    medians = frame.groupby(["problem", "solver"])["cost"].median().unstack()
    ratio = medians.div(medians.min(axis=1), axis=0)
    for label in ("fast", "slow"):
        assert scores.at[label, "score"] == pytest.approx(np.clip((4 - ratio[label]) / 3, 0, None).mean())
        assert scores.at[label, "low"] <= scores.at[label, "score"] <= scores.at[label, "high"]
    assert (scores["low"] < scores["high"]).any()


def test_a_problem_without_a_solving_optimizer_has_no_effect():
    frame = pd.DataFrame({"solver": ["p", "q"] * 2, "problem": ["a", "a", "b", "b"], "cost": [1, 2, np.inf, np.inf]})
    assert from_table(frame).scores(points=0)["score"].tolist() == [0.5, pytest.approx(1 / 3)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ceiling": 1.0}, r"ceiling: must be a ratio above 1, such as 4, not 1\.0"),
        ({"ceiling": np.inf}, r"ceiling: must be a ratio above 1, such as 4, not inf"),
        ({"points": 1}, r"points: must be at least 2, or 0 for the exact integral, not 1"),
        ({"points": -3}, r"points: must be at least 2"),
        ({"without": ["p", "q"]}, r"the table: no solver is left"),
    ],
)
def test_mistakes(arguments, message):
    frame = pd.DataFrame({"solver": ["p", "q"], "problem": "a", "cost": [1, 2]})
    with pytest.raises(UserError, match=message):
        from_table(frame).scores(**arguments)


def test_further_mistakes():
    found = from_table(pd.DataFrame({"solver": ["adam", "gd"], "problem": "a", "cost": [1, -2]}))
    with pytest.raises(UserError, match=r"^the table: gd on a has the cost -2; a cost is 0 or more"):
        found.scores()
    with pytest.raises(UnknownName, match=r"there is no solver 'adma' \(did you mean 'adam'\?\); there are: adam, gd"):
        found.scores(without=["adma"])
    with pytest.raises(UserError, match=r"there is no profile 'ert' of a table; there are: performance, data"):
        found.profile("ert")
