"""The suite of networks: what it has, and that the targets are reached by the best of the field."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
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
    assert [sweep.target[0] for sweep in plan.sweeps] == [table["target"] for table in NETWORKS.values()]
    assert len(set(plan.cases)) == 10


def test_a_target_in_the_table_replaces_that_of_the_suite(tmp_path):
    usual, hard = (median_steps(tmp_path, "xor", **more) for more in ({}, {"target": 1e-9}))
    assert 100 < usual.min() <= 500 < usual.max()
    assert np.isinf(hard).all()


@pytest.mark.many
@pytest.mark.parametrize("name", NETWORKS)
def test_the_best_of_the_field_reaches_the_target(tmp_path, name):
    steps = median_steps(tmp_path, name)
    assert 50 < steps.min() <= 500
    assert np.isinf(steps).any()  # others do not, so the target separates settings
