"""The points that are drawn for tuning: against SciPy directly, and what they depend on."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import qmc

from optlab.errors import SpecError
from optlab.execution.randomness import generator
from optlab.experiments.document.axes import Interval
from optlab.experiments.draws import Sampling, values_at

ADAM = {
    "name": "adam",
    "lr": {"log_uniform": [1e-4, 1.0]},
    "beta1": {"uniform": [0.5, 0.99]},
    "beta2": [0.9, 0.99, 0.999],
}
TUNING = {"trials": 40, "search": "sobol"}


def drawn(planned, *optimizers, tuning=TUNING, **rest):
    """The points of each label, as a set of its settings, from the plan."""
    document = {"tuning": tuning, "problem": [{"name": "sphere"}], "optimizer": list(optimizers), **rest}
    found = {}
    for sweep in planned(document).sweeps:
        columns = {name: column.tolist() for (_, name), column in sweep.numbers.items()}
        choices = [json.dumps(dict(sweep.rule.choices))] * len(sweep)
        found.setdefault(sweep.label, []).extend(zip(*columns.values(), choices, strict=True))
    return found


@pytest.mark.parametrize("search", ["sobol", "random"])
def test_points_are_those_of_scipy_and_numpy(planned, search):
    random = generator(7, "\0".join(["trials", search, "hyperparameter", "adam", "beta1", "beta2", "lr"]))
    if search == "sobol":
        u = qmc.Sobol(3, scramble=True, seed=random).random_base2(6)[:40]
    else:
        u = np.array([[random.random() for _ in range(3)] for _ in range(40)])
    (sweep,) = planned(
        {"tuning": {"trials": 40, "search": search}, "seed": 7, "problem": [{"name": "sphere"}], "optimizer": [ADAM]}
    ).sweeps
    numbers = sweep.numbers_of("hyperparameter")
    assert len(sweep) == 40
    np.testing.assert_allclose(numbers["beta1"], 0.5 + u[:, 0] * 0.49, rtol=1e-15)
    assert numbers["beta2"].tolist() == [[0.9, 0.99, 0.999][int(3 * share)] for share in u[:, 1]]
    np.testing.assert_allclose(numbers["lr"], 10.0 ** (-4 + 4 * u[:, 2]), rtol=1e-13)
    assert set(numbers["eps"]) == {1e-8}


def test_points_do_not_depend_on_labels_order_or_other_optimizers(planned):
    alone = drawn(planned, ADAM)["adam"]
    momentum = {"name": "momentum", "lr": {"log_uniform": [1e-4, 1.0]}}
    turned = dict(reversed(ADAM.items()))
    found = drawn(planned, momentum, turned | {"label": "other"}, backend="replay")
    assert found["other"] == alone
    assert found["momentum"] != drawn(planned, momentum, seed=1)["momentum"]
    assert drawn(planned, ADAM, tuning=TUNING | {"trials": 25})["adam"] == alone[:25]
    assert drawn(planned, ADAM, tuning=TUNING | {"search": "random"})["adam"] != alone
    assert drawn(planned, ADAM, tuning={"trials": 40})["adam"] == alone  # the default search


def test_trials_are_spread_over_the_whole_range(planned):
    rates = np.log10([point[0] for point in drawn(planned, {"name": "gd", "lr": {"log_uniform": [1e-4, 1.0]}})["gd"]])
    assert np.histogram(rates, bins=np.linspace(-4, 0, 9))[0].min() >= 4


def test_integers_and_choices_that_change_the_graph(planned):
    document = {
        "tuning": {"trials": 12},
        "problem": [{"name": "rosenbrock"}],
        "optimizer": [{"name": "lbfgs", "history": {"integers": [2, 5]}, "lr": {"log_uniform": [1e-3, 1.0]}}],
    }
    sweeps = planned(document).sweeps
    assert {sweep.rule.choices["history"] for sweep in sweeps} <= {2, 3, 4, 5}
    assert sum(map(len, sweeps)) == 12
    assert len(sweeps) >= 3
    assert len({float(rate) for sweep in sweeps for rate in sweep.numbers["hyperparameter", "lr"]}) == 12


@pytest.mark.parametrize("search", ["sobol", "random"])
def test_no_point_is_drawn_twice_and_a_small_space_is_tried_whole(planned, search):
    axes = {"lr": {"choice": [0.1, 0.2, 0.3]}, "beta": {"choice": [0.5, 0.6, 0.7, 0.8]}}
    for trials in (10, 11, 12, 50):
        found = drawn(planned, {"name": "momentum", **axes}, tuning={"trials": trials, "search": search})["momentum"]
        assert len(found) == len(set(found)) == min(trials, 12)


def test_intervals_reach_both_ends_and_never_beyond():
    shares = np.array([0.0, np.nextafter(1, 0)])
    assert values_at(Interval("integers", 1, 8), shares).tolist() == [1, 8]
    assert values_at(Interval("uniform", -1.0, 3.0), shares)[1] <= 3.0
    low, high = values_at(Interval("log_uniform", 1e-4, 0.3), shares)
    assert 1e-4 <= low < 1.0001e-4
    assert 0.2999 < high <= 0.3


def test_more_axes_than_a_sobol_sequence_has():
    assert Sampling(2, "random", 0).shares([], 30_000, 2).shape == (2, 30_000)


# ---- axes that go together, and tables of trials, also without tuning ------------------------------------------------


def settings(planned, optimizer, **rest):
    document = {"problem": [{"name": "sphere"}], "optimizer": [optimizer], **rest}
    return [
        (sweep.rule.choices.get("nesterov"), sweep.rule.choices.get("lr_inside"), *map(float, row))
        for sweep in planned(document).sweeps
        for row in zip(sweep.numbers["hyperparameter", "lr"], sweep.numbers["hyperparameter", "beta"], strict=True)
    ]


def test_zipped_axes_go_together(planned):
    table = {"name": "momentum", "lr": [0.1, 0.2, 0.3], "beta": [0.5, 0.6, 0.7], "zip": [["lr", "beta"]]}
    assert [row[2:] for row in settings(planned, table)] == [(0.1, 0.5), (0.2, 0.6), (0.3, 0.7)]
    with_choice = table | {"lr_inside": [True, False, True], "zip": [["lr_inside", "lr", "beta"]]}
    assert [row[1:] for row in settings(planned, with_choice)] == [
        (True, 0.1, 0.5),
        (True, 0.3, 0.7),
        (False, 0.2, 0.6),
    ]


def test_zipped_axes_of_schedules_and_transforms(planned):
    table = {
        "name": "gd",
        "lr": [0.1, 0.2],
        "schedule": {"name": "step", "every": 5, "factor": [0.5, 0.25]},
        "transforms": [{"name": "clip_norm", "max_norm": [1.0, 2.0]}],
        "zip": [["lr", "schedule.factor", "clip_norm.max_norm"]],
    }
    (sweep,) = planned({"problem": [{"name": "sphere"}], "optimizer": [table]}).sweeps
    keys = [("hyperparameter", "lr"), ("schedule", "factor"), ("transform", "clip_norm.max_norm")]
    assert [sweep.numbers[key].tolist() for key in keys] == [[0.1, 0.2], [0.5, 0.25], [1.0, 2.0]]


def test_a_table_of_trials_with_another_axis(planned):
    rows = [{"lr": 0.1, "beta": 0.5}, {"lr": 0.2}]
    table = {"name": "momentum", "trials": rows, "lr_inside": [True, False]}
    assert [row[1:] for row in settings(planned, table)] == [
        (True, 0.1, 0.5),
        (True, 0.2, 0.9),
        (False, 0.1, 0.5),
        (False, 0.2, 0.9),
    ]


def test_zipped_runs_are_those_of_single_settings(planned, tmp_path):
    import optlab

    table = {"name": "momentum", "lr": [0.1, 0.2], "beta": [0.5, 0.6], "zip": [["lr", "beta"]]}
    common = {"name": "e", "steps": 20, "problem": [{"name": "rosenbrock"}], "record": {"points": 0}}
    both = optlab.run(common | {"optimizer": [table]}, out=tmp_path, plots=False).runs["final_loss"].tolist()
    singles = [{"name": "momentum", "lr": lr, "beta": beta} for lr, beta in ((0.1, 0.5), (0.2, 0.6))]
    assert both == [
        optlab.run(common | {"optimizer": [one]}, out=tmp_path, plots=False).runs["final_loss"][0] for one in singles
    ]


MOMENTUM = {"name": "momentum", "lr": [0.1, 0.2], "beta": [0.5, 0.6]}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (MOMENTUM | {"beta": [0.5], "zip": [["lr", "beta"]]}, "lr has 2 values and beta has 1 value"),
        (MOMENTUM | {"zip": [["lr", "bta"]]}, "no axis 'bta' in this table (did you mean 'beta'?)"),
        ({"name": "momentum", "lr": [1.0], "zip": [["lr", "beta"]]}, "beta has no values in this table"),
        (MOMENTUM | {"zip": [["lr", "beta", "lr"]]}, "lr is given twice"),
        (MOMENTUM | {"lr": [1, 1.0], "beta": [0.5, 0.5], "zip": [["lr", "beta"]]}, "[0] and [1] are equal"),
        (MOMENTUM | {"zip": ["lr", "beta"]}, 'as in [["lr", "beta"]]'),
        ({"name": "momentum", "trials": [{"lr": 0.1, "bta": 1}]}, "no option 'bta' (did you mean 'beta'?)"),
        ({"name": "momentum", "trials": [{"lr": 0.1}, {"lr": 0.1}]}, "[0] and [1] are equal"),
        ({"name": "momentum", "trials": [{"lr": -0.1}]}, "must lie in"),
        ({"name": "momentum", "trials": [{"lr": "x"}]}, "takes a number"),
        (MOMENTUM | {"trials": [{"lr": 0.1}]}, "lr has values here and in trials"),
        ({"name": "momentum", "trials": 5}, "must be a list of tables"),
    ],
)
def test_mistakes_in_zip_and_trials(planned, table, message):
    with pytest.raises(SpecError) as caught:
        planned({"problem": [{"name": "sphere"}], "optimizer": [table]})
    assert message in str(caught.value)
    assert len(caught.value.mistakes) == 1


def test_rules_may_have_hyperparameters_named_as_keys(planned):
    """The value of `trials` says whether it is a table of trials or the number of trials of a line search."""
    table = {"name": "lbfgs", "line_search": "armijo"}
    for given in ({"trials": [5, 9], "lr": 0.5}, {"trials": [{"trials": 5, "lr": 0.5}, {"trials": 9, "lr": 0.5}]}):
        sweeps = planned({"problem": [{"name": "rosenbrock"}], "optimizer": [table | given]}).sweeps
        assert [sweep.rule.choices["trials"] for sweep in sweeps] == [5, 9]
        assert [sweep.numbers["hyperparameter", "lr"].tolist() for sweep in sweeps] == [[0.5], [0.5]]
