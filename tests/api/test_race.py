"""Races from end to end: the document, the runs and the messages."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

import optlab
from optlab.api import race
from optlab.errors import SpecError, UserError
from optlab.plugins.optimizers.momentum import momentum

PLUGIN = '''\
import numpy as np
from optlab import optimizer

@optimizer
def fixed(x, g, *, length=0.1):
    """A step of one length, and no learning rate."""
    return x - length * np.sign(g)
'''


def document(built_in, optimizers, on=("sphere",), start=None, schedule=None, lr="0.01:1:3"):
    return race.race_document(optimizers, on, 20, 3, start, lr, schedule, "r", built_in)


@pytest.mark.parametrize(
    ("written", "table"),
    [
        ("gd", {"name": "gd", "lr": {"log": [0.01, 1.0], "num": 3}}),
        ("gd lr=0.5", {"name": "gd", "lr": 0.5}),
        ({"name": "adam", "beta1": 0.5}, {"name": "adam", "beta1": 0.5, "lr": {"log": [0.01, 1.0], "num": 3}}),
        ("adm", {"name": "adm"}),
    ],
)
def test_an_optimizer_without_a_learning_rate_gets_several(built_in, written, table):
    assert document(built_in, written)["optimizer"] == [table]


def test_an_optimizer_of_another_package_is_tuned_too(built_in):
    pytest.importorskip("torch")
    rules = document(built_in, ["adam", "torch:Adam"])["optimizer"]
    assert [rule.get("lr") for rule in rules] == [{"log": [0.01, 1.0], "num": 3}] * 2


def test_a_common_schedule_and_start_apply_to_tables_without_one(built_in):
    made = document(
        built_in,
        ["gd lr=0.1", "adam lr=0.1 schedule=linear"],
        ["sphere", {"name": "beale", "start": [1, 2]}],
        "random",
        "cosine warmup=5",
    )
    assert made["problem"] == [{"name": "sphere", "start": "random"}, {"name": "beale", "start": [1, 2]}]
    assert [rule["schedule"] for rule in made["optimizer"]] == [{"name": "cosine", "warmup": 5}, "linear"]


def test_repeated_optimizers_are_labelled_with_their_settings(built_in):
    made = document(built_in, ["momentum", "momentum beta=0.5", "momentum beta=0.7 label=mine", "gd"])
    labels = [rule.get("label") for rule in made["optimizer"]]
    assert labels == ["momentum", "momentum beta=0.5", "mine", None]
    twice = document(built_in, ["adam", "adam", "adam lr=0.1"])["optimizer"]
    assert [rule.get("label") for rule in twice] == [None, None, "adam lr=0.1"]  # the plan calls them adam and adam (2)
    assert race.tuned(made) == ["momentum", "momentum beta=0.5", "mine", "gd"]
    assert race.tuned(document(built_in, ["gd lr=0.1", "adam lr=[0.1,0.2]"])) == ["adam"]


@pytest.mark.parametrize(
    "text", ["", "1", "0.1:1", "0.1:1:1", "0.1:1:x", "0.1:1:2:3", "1:0.1:3", "0:1:3", "a:1:3", 0.1, [0.1, 1.0]]
)
def test_an_invalid_range_of_learning_rates(text):
    with pytest.raises(UserError, match=r"^lr: "):
        race.grid(text)


def test_losses_equal_those_of_a_plain_loop(tmp_path):
    """Momentum on x^2 in each of three coordinates, at two learning rates."""
    on = {"name": "sphere", "dim": 3, "start": [1.0, -2.0, 0.5]}
    results = optlab.race("momentum beta=0.5", on, steps=7, lr="0.01:0.1:2", out=tmp_path, plots=False)
    assert results.folder == tmp_path / "race"
    expected = []
    for lr in (0.01, 0.1):
        x, b = np.array([1.0, -2.0, 0.5]), np.zeros(3)
        for _ in range(7):
            x, b = momentum(x, 2 * x, b, lr=lr, beta=0.5)
        expected.append(np.sum(x**2))
    np.testing.assert_allclose(results.runs["final_loss"], expected, rtol=1e-12)


def test_the_stored_document_runs_as_a_file(tmp_path, computed):
    results = optlab.race(["gd", "adam lr=0.1"], "beale", steps=10, start="random", seeds=2, out=tmp_path, plots=False)
    assert len(results.runs) == 2 * (11 + 1)
    assert computed
    computed.clear()
    again = optlab.run(results.folder / "spec.toml", out=tmp_path, plots=False)
    assert computed == []
    assert again.runs.equals(results.runs)
    assert tomllib.loads((results.folder / "spec.toml").read_text())["optimizer"][1] == {"name": "adam", "lr": 0.1}


def test_a_plugin_without_a_learning_rate_is_not_tuned(tmp_path):
    (tmp_path / "fixed.py").write_text(PLUGIN)
    results = optlab.race("fixed", "sphere", steps=3, plugins=iter([tmp_path]), out=tmp_path / "out", plots=False)
    assert len(results.runs) == 1


def test_mistakes_are_those_of_an_experiment(tmp_path):
    with pytest.raises(SpecError, match="there is no optimizer 'adm' \\(did you mean 'adam'\\?\\)"):
        optlab.race("adm", "sphere", out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_pictures_show_what_is_selected(tmp_path):
    with pytest.raises(UserError, match=r"no optimizer has the label 'adm' \(did you mean 'adam'\?\)"):
        optlab.race(["gd", "adam"], "sphere", steps=2, lr="0.1:1:2", out=tmp_path, only=["adm"])
    raced = [optlab.race(["gd", "adam"], "sphere", steps=2, lr="0.1:1:2", out=tmp_path, top=top) for top in (2, 1)]
    assert len(raced[0].plots) == len(raced[1].plots) == 4
