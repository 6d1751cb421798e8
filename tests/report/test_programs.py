"""The programs in the page: their starts, numbers and sliders, and reasons for runs without a program."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import optlab
from optlab.execution.rule import Part
from optlab.plugins import registry
from optlab.report.document import document
from optlab.report.programs import NO_ROOM
from optlab.report.sliders import slider
from tests.report.conftest import HOSTILE
from tests.report.unpacked import unpacked


@pytest.fixture(scope="module")
def programs(small):
    return with_starts(document(small, small.judged())["cases"][0])


def with_starts(case):
    """The programs of a case with the starts that they share."""
    every = [one | {"starts": case["starts"][one["starts"]]} if "starts" in one else one for one in case["programs"]]
    assert len(case["starts"]) == 1
    return every


def test_each_label_has_its_program_with_the_judged_starts(small, programs):
    assert [HOSTILE[program["label"]] for program in programs] == list(small.ranking()["label"][:3])
    adam = next(program for program in programs if program["label"] == 0)
    row = small.ranking().query("label == @HOSTILE[0]").iloc[0]
    rate = small.runs.set_index("run").loc[row["run"], "hp.lr"]
    assert adam["steps"] == 40
    assert next(one for one in adam["parameters"] if one["name"] == "lr")["value"] == rate
    runs = small.runs.query("label == @HOSTILE[0] and case == @row['case']")
    runs = runs[runs["hp.lr"] == rate].sort_values("seed")["run"]
    points = small.trajectories.query("step == 0").set_index("run").loc[runs, ["x0", "x1"]].to_numpy()
    np.testing.assert_array_equal([unpacked(start) for start in adam["starts"]], points)


@pytest.fixture
def made(tmp_path):
    """The programs of an experiment, by the name of the optimizer."""

    def programs_of(problem, *rules, seeds=2):
        spec = {"name": "made", "steps": 5, "seeds": seeds, "problem": [problem], "optimizer": list(rules)}
        results = optlab.run(spec, tmp_path, plots=False)
        found = document(results, results.judged())
        return {found["labels"][one["label"]]["name"]: one for one in with_starts(found["cases"][0])}, found["notes"]

    return programs_of


def test_schedules_and_transforms_can_be_left_out(made):
    rule = {"name": "momentum", "label": "all", "lr": 0.01, "schedule": "cosine", "transforms": ["clip_norm"]}
    program = made({"name": "beale", "start": "random"}, rule)[0]["all"]
    assert [one["parts"] for one in program["variants"]] == [["cosine", "clip_norm"], ["cosine"], ["clip_norm"], []]
    shown = [one["shown"] for one in program["parameters"]]
    assert shown[:2] == ["lr", "beta"]
    assert "clip_norm.max_norm" in shown
    owners = [{number["owner"] for number in one["program"]["numbers"]} for one in program["variants"]]
    assert ["transform" in own for own in owners] == [True, False, True, False]


@pytest.mark.parametrize(("most", "count"), [(4_000, 2), (30, 1), (1, 1)])
def test_networks_have_programs_with_some_of_their_starts(made, monkeypatch, most, count):
    """A network of 22 parameters with two seeds."""
    monkeypatch.setattr("optlab.report.programs.START_NUMBERS", most)
    network = {"name": "mlp", "dataset": "xor", "hidden": [4]}
    program = made(network, {"name": "adam"})[0]["adam"]
    assert len(program["starts"]) == count
    assert program["seeds"] == 2
    assert len(unpacked(program["starts"][0])) == program["variants"][0]["program"]["dim"]


def test_starts_of_many_seeds_are_thinned_and_no_program_is_left_out_for_them(made, monkeypatch):
    """Five starts of two numbers fit into each of the cases."""
    monkeypatch.setattr("optlab.report.programs.START_NUMBERS", 10)
    found, notes = made({"name": "beale", "start": "random"}, {"name": "gd"}, {"name": "adam"}, seeds=9)
    assert [(len(found[name]["starts"]), found[name]["seeds"]) for name in ("gd", "adam")] == [(5, 9)] * 2
    assert notes == []


def test_runs_without_a_program_have_a_reason(made):
    found, _ = made({"name": "beale", "start": "random"}, {"name": "sgld"}, {"name": "gd"})
    assert found["sgld"]["reason"] == "It has no WebAssembly module because it draws random numbers."
    assert "reason" not in found["gd"]


def test_there_is_room_for_the_best_only(made, monkeypatch):
    monkeypatch.setattr("optlab.report.programs.MOST", 1)
    found, notes = made({"name": "sphere", "start": "random"}, {"name": "gd", "lr": 1e-9}, {"name": "adam", "lr": 0.1})
    assert found["gd"]["reason"] == NO_ROOM
    assert "reason" not in found["adam"]
    assert notes == ["1 path cannot be computed in the page, which has no room for more programs"]


@pytest.mark.parametrize(
    ("name", "number", "value", "scale", "ends"),
    [
        ("gd", "lr", 0.1, "log", (1e-6, 100)),
        ("momentum", "beta", 0.9, "one", (0, 0.99999)),
        ("adagrad", "initial", 0.0, "linear", (0, 1)),
        ("qhm", "nu", 0.7, "linear", (0, 1)),
        ("polyak", "beta", 0.0, "linear", (0, 0.999)),
        ("rprop", "shrink", 0.5, "one", (0.001, 0.99999)),
        ("polyak", "f_star", -3.0, "linear", (-6, 6)),
    ],
)
def test_sliders_are_made_from_ranges(name, number, value, scale, ends):
    plugin = registry.load(()).optimizer(name)
    made = slider(Part("hyperparameter", plugin, {}), number, value)
    assert (made["shown"], made["value"], made["scale"]) == (number, value, scale)
    assert made["ends"] == pytest.approx(ends)
    allowed = plugin.signature.ranges.get(number)
    assert allowed is None or all(end in allowed for end in made["ends"])


def test_the_step_graphs_of_the_runs_give_the_report_that_new_graphs_give(tmp_path):
    """Many optimizers, a schedule and a transform: a run keeps its graphs, and loaded results build new ones."""
    names = ["gd", "momentum", "adam", "lion", "rprop"]
    rules: list[dict[str, Any]] = [{"name": name, "lr": 0.01} for name in names]
    rules += [{"name": "adam", "label": "all parts", "schedule": {"name": "cosine"}, "transforms": ["clip_norm"]}]
    problems = [{"name": "beale"}, {"name": "mlp", "dataset": "xor", "hidden": [2]}]
    experiment = {"name": "e", "steps": 12, "seeds": 2, "problem": problems, "optimizer": rules}
    results = optlab.run(experiment, tmp_path, plots=False)
    made = results.report().text
    assert made.count('"code"') > len(names)
    assert made == optlab.load(results.folder).report().text


def test_without_a_plan_the_reason_is_the_plugin_that_is_gone(small, monkeypatch):
    again = optlab.load(small.folder)
    gone = {"optimizer adam": "there is no optimizer 'adam'; it came from plugins/adam.py"}
    origin = replace(again.origin, plan=None, changed_plugins=gone, why="/home/me/spec.toml:3:1: there is no optimizer")
    monkeypatch.setitem(again.__dict__, "origin", origin)
    found = document(again, again.judged())["cases"][0]["programs"]
    assert {one["reason"] for one in found} == set(gone.values())
