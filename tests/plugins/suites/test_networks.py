"""The suite of networks: what it has, and that the targets are reached by the best of the field."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab.errors import SpecError
from optlab.plugins.suites.networks import NETWORKS

FIELD = [
    {"name": "momentum", "lr": [0.01, 0.1, 1.0]},
    {"name": "adam", "lr": [1e-3, 1e-2, 1e-1]},
    {"name": "rmsprop", "lr": [1e-3, 1e-2]},
    {"name": "adamw", "lr": 1e-2, "schedule": "cosine"},
]


def median_steps(tmp_path, name, **more):
    """The median over seeds of the steps to the target, for each setting; infinite if most seeds do not reach it."""
    document = {"name": name, "steps": 500, "seeds": 3, "problem": [{"suite": "networks", "networks": name} | more]}
    runs = optlab.run(document | {"optimizer": FIELD}, out=tmp_path, plots=False).runs
    steps = runs["reached"].astype(float).where(runs["reached"] >= 0, np.inf)
    return steps.groupby([runs["label"], runs["hp.lr"]]).median()


def test_ten_networks(planned):
    plan = planned({"problem": [{"suite": "networks"}], "optimizer": [{"name": "adam"}]})
    assert len(plan.sweeps) == 10
    assert [sweep.case.dim for sweep in plan.sweeps] == [62, 530, 22, 42, 1218, 650, 610, 9610, 2570, 4744]
    targets = [table["target"] for table in NETWORKS.values()]
    of = [next(iter(target), None) if isinstance(target, dict) else None for target in targets]
    values = [target[name] if name else target for target, name in zip(targets, of, strict=True)]
    assert [sweep.target[0] for sweep in plan.sweeps] == values
    assert [sweep.target_of and sweep.target_of.name for sweep in plan.sweeps] == of
    assert of.count("test_accuracy") == 4
    assert len(set(plan.cases)) == 10


def test_a_target_in_the_table_replaces_that_of_the_suite(tmp_path):
    usual, hard = (median_steps(tmp_path, "xor", **more) for more in ({}, {"target": 1e-9}))
    assert 100 < usual.min() <= 500 < usual.max()
    assert np.isinf(hard).all()


def test_an_accuracy_is_reached_at_the_evaluations_that_are_recorded(tmp_path):
    """Against the recorded evaluations; the steps of runs that never come there are -1."""
    problem = {"suite": "networks", "networks": "softmax", "target": {"test_accuracy": 0.9}}
    rules = [{"name": "momentum", "lr": [1e-5, 0.1]}, {"name": "torch:SGD", "lr": [0.5]}]
    document = {"name": "accuracy", "steps": 60, "seeds": 2, "problem": [problem], "optimizer": rules}
    found = optlab.run(document | {"record": {"evaluations": 13}}, out=tmp_path, plots=False)
    good = found.history[found.history["test_accuracy"] >= 0.9].groupby("run")["step"].min()
    wanted = good.reindex(found.runs["run"]).fillna(-1).astype(int)
    assert found.runs["reached"].tolist() == wanted.tolist()
    assert set(wanted) > {-1}
    assert (wanted[wanted >= 0] % 5 == 0).all()
    ranked = found.ranking(by="steps_to_target")
    assert ranked["median"].tolist() == sorted(ranked["median"])
    assert "Solved: the target of the problem was reached" in optlab.results.caption(found.profile())


def test_the_target_may_be_another_loss_on_data(tmp_path):
    problem = {"name": "mlp", "dataset": "moons", "hidden": [4], "target": {"test_loss": 0.2}}
    document = {"name": "e", "steps": 200, "problem": [problem], "optimizer": [{"name": "adam", "lr": 0.05}]}
    found = optlab.run(document, out=tmp_path, plots=False)
    assert found.runs["reached"].item() == found.history[found.history["test_loss"] <= 0.2]["step"].min() > 0


def test_tuning_by_the_steps_to_an_accuracy(tmp_path):
    problem = {"suite": "networks", "networks": "softmax", "target": {"test_accuracy": 0.9}}
    rules = [{"name": "momentum", "lr": [1e-5, 0.1]}]
    document = {"name": "e", "steps": 60, "seeds": 2, "problem": [problem], "optimizer": rules,
                "tuning": {"select": "steps_to_target", "seeds": 1}}  # fmt: skip
    runs = optlab.run(document, out=tmp_path, plots=False).runs
    judged = runs[runs["phase"] == "judging"]
    assert (judged["hp.lr"] == 0.1).all()
    assert (judged["reached"] > 0).all()


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ({"name": "mlp", "target": {"test_acuracy": 0.9}}, "mlp has no test_acuracy (did you mean 'test_accuracy'?); "
         "there are: train_loss, test_loss, test_accuracy"),
        ({"name": "sphere", "target": {"test_accuracy": 0.9}}, "sphere has no test_accuracy; it is not trained on "
         "data; write a loss, as in target = 1e-3"),
        ({"name": "mlp", "target": {}}, "must be a loss, or a table with one quantity: write target = {"),
        ({"name": "mlp", "target": {"test_accuracy": "high"}}, "target"),
    ],
)  # fmt: skip
def test_mistakes_in_targets(planned, problem, said):
    with pytest.raises(SpecError) as info:
        planned({"problem": [problem], "optimizer": [{"name": "adam"}]})
    assert said in str(info.value)


@pytest.mark.many
@pytest.mark.parametrize("name", NETWORKS)
def test_the_best_of_the_field_reaches_the_target(tmp_path, name):
    steps = median_steps(tmp_path, name)
    assert 50 < steps.min() <= 500
    assert np.isinf(steps).any()  # others do not, so the target separates settings
