"""The page's performance profile of fewer optimizers, computed in Node, against Python's."""

import itertools

import numpy as np
import pytest

import optlab
from optlab.report import profiles
from optlab.results import caption
from optlab.results.profiles import chosen, hits
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


def runs_of(results, own):
    """Recorded runs as those that the page computes. `own`: rows of the table of runs."""
    ordered = own.sort_values("seed")
    losses = hits.losses(ordered, results.history).pivot(index="step", columns="run", values="value")[ordered["run"]]
    return {
        "runs": len(ordered),
        "record": losses.index.tolist(),
        "loss": [value if np.isfinite(value) else "inf" for value in losses.to_numpy().ravel()],
        "first": ordered["first_loss"].tolist(),
        "recorded": None,
        "cost": float(ordered["grad_evals"].iloc[0] / ordered["steps"].iloc[0]),
    }


@needs_node
def test_runs_in_the_page_with_the_recorded_losses_give_the_recorded_profile(relative, in_node):
    labels, costs = labels_and_costs(relative)
    runs, _ = chosen.chosen(relative.runs)
    cases = list(dict.fromkeys(runs["case"]))
    live = [
        {labels.index(label): runs_of(relative, own) for label, own in runs[runs["case"] == case].groupby("label")}
        for case in cases
    ]
    exact = next(index for index, case in enumerate(costs["cases"]) if case["own"] is not None)
    live[exact] = {}  # its target may be reached between two recorded steps
    (found,) = in_node({"costs": costs, "names": labels, "live": live})
    frame = relative.profile()
    for line in found["lines"]:
        rows = frame[frame["label"] == labels[line["label"]]]
        np.testing.assert_array_equal(line["x"], rows["x"])
        np.testing.assert_allclose(line["y"], rows["y"], rtol=1e-15)


@needs_node
def test_the_targets_of_runs_in_the_page(in_node):
    """Two runs from a loss of 100 with the minimum 0: the first is below 1 at step 2, the second never. With the
    steps 0 and 3 recorded, and two gradients per step, the first costs 6; with a target of its own, 20, it costs 2."""
    losses = [100, 100, 20, 90, 0.5, 80, 0.4, 70]
    run = {"runs": 2, "record": [0, 1, 2, 3], "loss": losses, "first": [100, 100], "cost": 2}
    common, own = {"floors": [0], "own": None}, {"floors": [], "own": 20}
    given = [(common, None), (common, [0, 3]), (own, [0, 3])]
    found = in_node({"targets": [[{**run, "recorded": recorded}, one, 0, 0.01] for one, recorded in given]})
    assert found == [[4, "inf"], [6, "inf"], [2, "inf"]]


def test_too_many_costs_are_left_out(small, monkeypatch):
    monkeypatch.setattr(profiles, "NUMBERS", 17)
    assert labels_and_costs(small)[1] is None
