"""The main job, `experiments/sgd_vs_adam.toml`, follows the advice of docs/verdicts.md."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import optlab

FILE = Path(__file__).parents[1] / "experiments" / "sgd_vs_adam.toml"


@pytest.fixture(scope="module")
def document():
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def on_functions(document, tmp_path_factory):
    """The results on the test functions, which take a second. `test_docs.py` runs the whole file."""
    problems = [table for table in document["problem"] if table["name"] != "mlp"]
    return optlab.run(document | {"problem": problems}, out=tmp_path_factory.mktemp("results"), plots=False)


def test_all_optimizers_try_the_same_learning_rates_on_a_logarithmic_scale(document):
    first, *others = [table["lr"] for table in document["optimizer"]]
    assert set(first) == {"log", "num"}
    assert others == 4 * [first]


def test_settings_are_chosen_on_other_runs_than_those_that_judge_them(on_functions):
    runs = on_functions.runs
    assert runs.groupby("phase")["seed"].nunique().to_dict() == {"tuning": 3, "judging": 10}
    starts = runs.groupby(["case", "phase"])["first_loss"].agg(set)
    for case in runs["case"].unique():
        assert len(starts[case, "judging"]) == 10
        assert not starts[case, "judging"] & starts[case, "tuning"]


def test_all_optimizers_have_the_same_starts(on_functions):
    judging = on_functions.runs.query("phase == 'judging'")
    assert (judging.groupby(["case", "seed"])["first_loss"].nunique() == 1).all()
    assert (judging.groupby(["case", "seed"]).size() == 5).all()


def test_no_learning_rate_is_chosen_at_the_edge(on_functions):
    assert not on_functions.ranking()["at_edge"].any()
