"""Ranks of tables: the same statistics as for experiments."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optlab.errors import UserError
from optlab.results import analysis
from optlab.results.imported.loading import from_table
from tests.results.analysis import test_over_cases as demsar

DEMSAR = Path(__file__).parents[3] / "docs" / "data" / "demsar2006.csv"


def table(seed=0, problems=5, seeds=8):
    """Three solvers: c is worse, a and b are equal but for noise."""
    random = np.random.default_rng(seed)
    rows = [
        (solver, f"p{problem}", number, level * random.lognormal())
        for problem in range(problems)
        for solver, level in (("c", 50), ("a", 1), ("b", 1))
        for number in range(seeds)
    ]
    return pd.DataFrame(rows, columns=["solver", "problem", "seed", "cost"])


def test_the_ranking_is_that_of_judge():
    frame = table()
    ours = from_table(frame).ranking()
    theirs = analysis.judge(frame.rename(columns={"problem": "case", "solver": "label", "cost": "value"}))
    pd.testing.assert_frame_equal(ours, theirs)
    first = ours[ours["rank"] == 1]
    assert set(first["label"]) <= {"a", "b"}
    assert ours[ours["label"] == "c"]["rank"].eq(3).all()
    assert not ours[ours["label"] == "c"]["with_first"].any()
    assert ours[ours["label"] != "c"]["with_first"].mean() >= 0.8


def test_one_run_each_says_nothing_about_the_doubt():
    ranking = from_table(table(seeds=1).drop(columns="seed")).ranking()
    assert ranking[["rank_low", "rank_high", "first", "with_first", "p", "interval"]].isna().to_numpy().all()


def test_over_all_problems():
    results = from_table(table())
    overall = results.overall()
    ranks = results.ranking().groupby("label")["rank"].mean()
    assert overall.set_index("label")["mean_rank"].to_dict() == pytest.approx(ranks.to_dict())
    assert overall.columns.tolist() == [
        "label", "mean_rank", "mean_low", "mean_high", "cases", "wins", "among_first",
    ]  # fmt: skip
    assert (overall["cases"] == 5).all()
    test = results.friedman()
    assert test is not None
    assert (test.cases, set(test.labels)) == (5, {"a", "b", "c"})
    assert test.f_p < 0.05
    (judged,) = results.judged().values()
    assert len(judged.without_each_case) == 5 * 3


def test_groups_are_judged_apart():
    frame = pd.concat([table().assign(part="x"), table(1, problems=2).query("solver != 'a'").assign(part="y")])
    results = from_table(frame, group="part")
    ranking = results.ranking()
    assert ranking.columns[0] == "group"
    assert ranking.groupby("group")["label"].nunique().to_dict() == {"x": 3, "y": 2}
    alone = from_table(table()).ranking()
    pd.testing.assert_frame_equal(ranking[ranking["group"] == "x"].drop(columns="group").reset_index(drop=True), alone)
    assert list(results.judged()) == ["x", "y"]
    with pytest.raises(UserError, match=r"there are several groups; \.judged\(\)\[group\]\.friedman has"):
        results.friedman()


def test_infinite_costs_are_the_worst():
    frame = table(problems=1)
    frame.loc[frame["solver"] == "a", "cost"] = np.inf
    ranking = from_table(frame).ranking().set_index("label")
    assert ranking.at["a", "rank"] == 3
    assert np.isinf(ranking.at["a", "median"])


def test_without_a_solver():
    assert set(from_table(table()).ranking(without=["a"])["label"]) == {"b", "c"}


def test_more_may_be_better():
    frame = table()
    lower = from_table(frame).ranking()
    higher = from_table(frame.assign(cost=-frame["cost"]), better="higher").ranking()
    pd.testing.assert_frame_equal(
        higher.drop(columns=["median", "interval"]), lower.drop(columns=["median", "interval"])
    )
    assert (higher["median"] == -lower["median"]).all()
    assert [(-high, -low) for low, high in lower["interval"]] == higher["interval"].tolist()


def test_columns_that_are_named_like_gains():
    frame = table().rename(columns={"cost": "test accuracy"})
    with pytest.raises(UserError, match=r"more 'test accuracy' may be better, .* better='higher' or better='lower'"):
        from_table(frame, cost="test accuracy")
    worst = from_table(frame, cost="test accuracy", better="higher")
    assert (worst.ranking().groupby("label")["rank"].mean() == 1)["c"]
    low = from_table(frame, cost="test accuracy", better="lower")
    assert (low.ranking().groupby("label")["rank"].mean() == 3)["c"]
    with pytest.raises(UserError, match=r"the table: test accuracy is no cost, because more of it is better"):
        worst.scores()
    with pytest.raises(UserError, match=r"better= must be one of lower, higher, not 'more'"):
        from_table(frame, cost="test accuracy", better="more")


def test_the_table_of_demsar():
    """The published statistics: chi-square 9.28, F 3.69, a critical difference of 1.25, and the mean ranks."""
    results = from_table(DEMSAR, solver="classifier", cost="auc", better="higher")
    wide = results.runs.pivot(index="case", columns="label", values="value")[list(demsar.LABELS)]
    assert sorted(map(tuple, -wide.to_numpy())) == sorted(map(tuple, demsar.auc()))
    test = results.friedman()
    assert test is not None
    assert [f"{value:.2f}" for value in (test.chi2, test.f, test.cd)] == ["9.28", "3.69", "1.25"]
    ranks = dict(zip(test.labels, test.mean_ranks, strict=True))
    assert [f"{ranks[label]:.3f}" for label in demsar.LABELS] == ["3.143", "2.000", "2.893", "1.964"]
