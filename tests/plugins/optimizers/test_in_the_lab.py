"""Rules that need more than the gradient, in experiments: the same numbers as plain NumPy on both back ends, and the
number of gradients."""

import dataclasses

import numpy as np
import pytest

import optlab
from optlab.execution import runner
from optlab.execution.records import DONE
from optlab.execution.step import build_for
from tests.plugins.optimizers.descent import ROSENBROCK, VALLEY, Objective, descend, path

RULES = [
    # the arguments of the rule, gradients per step
    ({"name": "sam"}, 2),
    ({"name": "polyak", "lr": 0.5, "beta": 0.2}, 1),
    ({"name": "barzilai_borwein"}, 1),
    ({"name": "barzilai_borwein", "step": "long"}, 1),
    ({"name": "conjugate_gradient"}, 2),
    ({"name": "conjugate_gradient", "formula": "fletcher_reeves"}, 2),
    ({"name": "conjugate_gradient", "formula": "hestenes_stiefel", "trials": 8}, 2),
    ({"name": "conjugate_gradient", "formula": "dai_yuan", "line_search": "backtracking"}, 1),
    ({"name": "conjugate_gradient", "line_search": "strong_wolfe", "trials": 9}, 10),
    ({"name": "lbfgs", "lr": 0.5}, 1),
    ({"name": "lbfgs", "history": 4, "line_search": "armijo"}, 1),
    ({"name": "lbfgs", "history": 4, "line_search": "strong_wolfe", "trials": 6}, 7),
    ({"name": "newton", "halvings": 6}, 5),
    ({"name": "prodigy", "d0": 0.01}, 1),
    ({"name": "schedule_free", "lr": 1e-3}, 1),
]
STEPS = 8


def sweep_of(planned, rule, problem, steps=STEPS, **rest):
    (sweep,) = planned({"problem": [problem], "optimizer": [rule], "steps": steps, **rest}).sweeps
    return sweep


def named(value):
    return "-".join(map(str, value.values())) if isinstance(value, dict) else None


@pytest.mark.parametrize(("rule", "gradients"), RULES, ids=named)
def test_traced_rules_equal_plain_numpy(planned, built_in, rule, gradients):
    record = {"points": STEPS + 1, "trajectories": True}
    sweep = sweep_of(planned, rule, {"name": "rosenbrock", "start": VALLEY.tolist()}, record=record)
    options = {name: value for name, value in rule.items() if name != "name"}
    expected = path(built_in.optimizer(rule["name"]), ROSENBROCK, VALLEY, STEPS, **options)
    for backend in ("replay", "native"):
        task = runner.Runner([chosen := dataclasses.replace(sweep, backend=backend)])
        done = task(chosen)
        assert done.log == ""
        assert task.backend(chosen) == ("replay" if rule["name"] == "newton" else backend)  # solve has no native rule
        np.testing.assert_allclose(done.x[:, :, 0], expected, rtol=1e-7)
        assert done.grad_evals.tolist() == [gradients * STEPS]


def test_newton_runs_on_replay_with_a_reason(planned):
    sweep = sweep_of(planned, {"name": "newton"}, {"name": "rosenbrock"}, backend="native")
    assert runner.choose(sweep, build_for(sweep)) == runner.Choice("replay", "solve has no native rule")


@pytest.mark.parametrize("dim", [2, 5])
def test_newton_costs_two_gradients_per_parameter_and_one(planned, dim):
    sweep = sweep_of(planned, {"name": "newton"}, {"name": "rosenbrock", "dim": dim})
    assert build_for(sweep).grad_evals == 2 * dim + 1


@pytest.mark.parametrize("history", [1, 6])
def test_the_history_of_lbfgs_has_the_requested_length(planned, history):
    graph = build_for(sweep_of(planned, {"name": "lbfgs", "history": history}, {"name": "rosenbrock", "dim": 3}))
    assert [v.shape for v in graph.initial.outputs] == [(3,), (3,), (history, 3), (history, 3)]


@pytest.mark.parametrize(
    "rule",
    [
        {"name": "lbfgs", "line_search": "armijo"},
        {"name": "lbfgs", "line_search": "strong_wolfe", "trials": 5},
        {"name": "conjugate_gradient"},
    ],
    ids=named,
)
def test_a_network_is_trained_in_few_steps(planned, rule):
    problem = {"name": "mlp", "dataset": "xor", "hidden": [6]}
    done = runner.run(sweep_of(planned, rule, problem, 150, seeds=5))
    plain = runner.run(sweep_of(planned, {"name": "gd", "lr": 0.5}, problem, 150, seeds=5))
    assert (done.status == DONE).all()
    assert np.median(done.final_loss) < 0.1 * np.median(plain.final_loss)


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_all_rules_are_finite_at_the_minimum(built_in, rule):
    """From a start where g = 0 and f = 0: no 0 / 0 anywhere."""
    table, _ = rule
    options = {name: value for name, value in table.items() if name != "name"}
    bowl = Objective(lambda x: np.sum(x * x), lambda x: 2 * x, lambda x: 2 * np.eye(len(x)))
    for values in descend(built_in.optimizer(table["name"]), bowl, [0.0, 0.0, 0.0], 3, **options):
        assert all(np.isfinite(value).all() for value in values)
        np.testing.assert_array_equal(values[0], np.zeros(3))


def test_an_experiment_with_all_rules(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    optimizers = [{**rule, "label": named(rule)} for rule, _ in RULES]
    document = {"name": "e", "steps": 60, "problem": [{"name": "rosenbrock"}], "optimizer": optimizers}
    results = optlab.run(document, plots=False)
    runs = results.runs
    assert set(runs["status"]) == {"done"}
    evaluations = runs.set_index("label")["grad_evals"]
    assert {label: int(n) for label, n in evaluations.items()} == {named(rule): 60 * n for rule, n in RULES}
