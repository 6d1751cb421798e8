"""`optlab.play`: the page of optimizers on problems."""

import importlib
import json
import re
import types

import numpy as np
import pytest

import optlab
from optlab.api.play import OPTIMIZERS, play_document
from optlab.errors import SpecError, UserError
from optlab.plugins import registry
from optlab.plugins.external import Foreign
from tests.report.unpacked import unpacked


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page.text, re.S)[1])


def test_a_path_is_that_of_the_rule(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = data_of(optlab.play("sphere", "gd lr=0.1", steps=5, start=[1.0, -2.0]))
    (path,) = data["cases"][0]["valley"]["paths"]
    assert unpacked(path["x"]) == pytest.approx(0.8 ** np.arange(6), rel=1e-6)  # x - 0.1 * 2 x
    assert unpacked(path["y"]) == pytest.approx(-2 * 0.8 ** np.arange(6), rel=1e-6)
    assert list(tmp_path.iterdir()) == []


def test_functions_and_rules_of_a_notebook_are_played():
    def bowl(x):
        return np.sum(x**2)

    @optlab.optimizer
    def half(x, g):
        return x - 0.25 * g

    page = optlab.play(bowl, [half, "gd lr=0.1"], steps=3, start=[1.0, 1.0], plugins=())
    data = data_of(page)
    assert [label["name"] for label in data["labels"]] == ["half", "gd"]
    path = data["cases"][0]["valley"]["paths"][0]
    assert unpacked(path["x"]) == pytest.approx([1, 0.5, 0.25, 0.125], rel=1e-6)
    assert "srcdoc" in page._repr_html_()


def test_the_default_page_has_four_surfaces_and_five_optimizers():
    data = data_of(optlab.play(steps=3, plugins=()))
    assert [label["name"] for label in data["labels"]] == list(OPTIMIZERS)
    assert len(data["cases"]) == 4
    assert all(case["valley"] for case in data["cases"])


def test_one_run_each_says_that_the_order_is_not_sure():
    once = data_of(optlab.play("beale", ["gd lr=0.01", "adam lr=0.1"], steps=3, plugins=()))
    assert once["verdict"] == ["one run each: nothing can be said about how sure the order is"]
    alone = data_of(optlab.play("beale", "adam lr=0.1", steps=3, plugins=()))
    assert alone["verdict"] == []
    often = data_of(optlab.play("beale", ["gd lr=0.01", "adam lr=0.1"], steps=3, start="random", seeds=6, plugins=()))
    assert "with 6 seeds" in often["verdict"][0]


def test_a_problem_of_more_parameters_has_curves_and_the_loss_around_the_paths():
    data = data_of(optlab.play("sphere dim=3", "gd lr=0.1", steps=3, start=[1.0, 1.0, 1.0], plugins=()))
    (case,) = data["cases"]
    assert case["valley"] is None
    assert unpacked(case["curves"]["loss"][0]["median"]) == pytest.approx(3 * 0.64 ** np.arange(4), rel=1e-6)
    assert case["landscapes"]


def test_parameters_are_recorded_if_they_are_few():
    class Runs(list):
        case = types.SimpleNamespace(dim=100)
        rule = types.SimpleNamespace(optimizer=None)

    recorded = importlib.import_module("optlab.api.play")._records_parameters
    assert recorded([Runs(range(500))], 100)
    assert not recorded([Runs(range(501))], 100)
    assert recorded([Runs([0])] * 20, 100)
    assert not recorded([Runs([0])] * 21, 100)  # more than 2,000 columns
    Runs.rule.optimizer = object.__new__(Foreign)  # its runs cannot be made again
    assert recorded([Runs([0])] * 21, 100)
    Runs.case.dim = 2  # their paths are recorded always
    assert not recorded([Runs(range(10))], 100)


def descent(x, g, *, lr=0.1):
    return x - lr * g


def test_the_default_steps_and_learning_rates():
    known = registry.load(())
    named = {"steps": 500, "lr": 9}, {"steps": 50, "lr": 4}
    for problem, expected in (("beale", named[0]), ("mlp", named[1]), ({"name": known.problems["mlp"]}, named[1])):
        document = play_document(["booth", problem], "adam", None, 1, None, None, known)
        assert {"steps": document["steps"], "lr": document["optimizer"][0]["lr"]["num"]} == expected
    document = play_document("beale", descent, None, 1, None, None, known)
    assert document["optimizer"][0]["lr"]["num"] == 9
    document = play_document("mlp", "adam", 7, 1, None, "0.1:1:2", known)
    assert (document["steps"], document["optimizer"][0]["lr"]["num"]) == (7, 2)


def test_mistakes():
    with pytest.raises(SpecError, match="did you mean 'beale'"):
        optlab.play("bale", plugins=())
    with pytest.raises(UserError, match="is not LOW:HIGH:NUM"):
        optlab.play("beale", lr="1", plugins=())
