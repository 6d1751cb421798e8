"""The page's performance profile of fewer optimizers, computed in Node, against Python's."""

import itertools
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import optlab
import optlab.report
from optlab.report import profiles
from optlab.results import caption

WEB = Path(optlab.report.__file__).parent / "web"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed: the page is not compared")


@pytest.fixture(scope="module")
def in_node(tmp_path_factory):
    """A function that passes data to profiles.mjs, in a folder with the page's modules, and returns what it found."""
    folder = tmp_path_factory.mktemp("web")
    for module in WEB.glob("*.js"):
        shutil.copy(module, folder)
    (folder / "package.json").write_text(json.dumps({"type": "module"}))
    shutil.copy(Path(__file__).parent / "profiles.mjs", folder)

    def run(data):
        text = json.dumps(data, allow_nan=False)
        done = subprocess.run(["node", "profiles.mjs"], cwd=folder, input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def relative(tmp_path_factory):
    """Four optimizers on known and unknown minima, one with a target of its own, recorded at every second step."""
    experiment = {
        "name": "relative",
        "steps": 60,
        "seeds": 5,
        "record": {"points": 31},
        "problem": [
            {"name": "rosenbrock", "start": "random"},
            {"name": "mlp", "dataset": "moons", "hidden": [4], "batch_size": 0},
            {"name": "mlp", "dataset": "xor", "hidden": [2]},
            {"name": "sphere", "dim": 5, "start": "random", "target": 0.5},
            {"name": "himmelblau"},
        ],
        "optimizer": [
            {"name": "adam", "label": "adam, fast", "lr": [0.1, 0.3]},
            {"name": "gd", "lr": [0.001, 0.01]},
            {"name": "momentum", "lr": 0.002},
            {"name": "rmsprop", "lr": 0.02},
        ],
    }
    return optlab.run(experiment, tmp_path_factory.mktemp("relative"), plots=False)


def labels_and_costs(results):
    """The labels, and what the page has of their costs."""
    labels = list(dict.fromkeys(results.runs["label"]))
    found = profiles.profile(results, {label: place for place, label in enumerate(labels)})
    assert found is not None
    return labels, found["costs"]


@needs_node
@pytest.mark.parametrize("which", ["small", "relative"])
def test_the_page_profiles_every_subset_as_python_does(which, request, in_node):
    results = request.getfixturevalue(which)
    labels, costs = labels_and_costs(results)
    every = range(len(labels))
    subsets = [hidden for size in every for hidden in itertools.combinations(every, size)]
    found = in_node({"costs": costs, "names": labels, "subsets": subsets})
    for hidden, profile in zip(subsets, found, strict=True):
        frame = results.profile(without=[labels[place] for place in hidden])
        assert profile["caption"] == caption(frame)
        assert [labels[line["label"]] for line in profile["lines"]] == list(dict.fromkeys(frame["label"]))
        for line in profile["lines"]:
            rows = frame[frame["label"] == labels[line["label"]]]
            for name in ("x", "y", "low", "high"):
                np.testing.assert_array_equal(np.array(line[name], float), rows[name])


def test_the_lowest_loss_of_fewer_optimizers_changes_costs(relative):
    labels, costs = labels_and_costs(relative)
    rows = [max(case["of"]) + 1 if case["of"] else 1 for case in costs["cases"]]
    assert rows[0] == 1
    assert max(rows) == len(labels)


@needs_node
def test_without_any_optimizer_there_is_no_profile(small, in_node):
    labels, costs = labels_and_costs(small)
    data = {"costs": costs, "names": labels, "subsets": [list(range(len(labels)))]}
    assert in_node(data) == [{"lines": [], "caption": ""}]


def test_too_many_costs_are_left_out(small, monkeypatch):
    monkeypatch.setattr(profiles, "NUMBERS", 17)
    assert labels_and_costs(small)[1] is None
