"""The page's performance profile of fewer optimizers, computed in Node, against Python's."""

import itertools

import numpy as np
import pytest

import optlab
from optlab.report import profiles
from optlab.results import caption
from tests.node import needs_node


@pytest.fixture(scope="module")
def in_node(node_page):
    return node_page("profiles.mjs")


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
