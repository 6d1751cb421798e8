"""Optimizers of other packages in experiments, against the rules of optlab and against direct calls of the packages."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import optax
import pytest
import scipy.optimize
import torch

import optlab
from optlab import optimizer, problem
from optlab.api import pipeline
from optlab.errors import UserError
from optlab.execution import fingerprint, runner
from optlab.execution.records import STATUSES
from optlab.plugins.problems.functions.rosenbrock import rosenbrock
from tests.cases import first_cases

ROSENBROCK = {"name": "rosenbrock", "start": [-1.5, 2.0]}
MLP = {"name": "mlp", "dataset": "digits", "hidden": [8], "batch_size": 32}
START = np.array([-1.5, 2.0])


def run(planned, problem, optimizer, steps=100, plugins=(), **rest):
    tables = {"problem": [problem], "optimizer": [optimizer], "steps": steps, "record": {"points": steps + 1}, **rest}
    (sweep,) = planned(tables, *plugins).sweeps
    return runner.run(sweep)


def assert_same(found, expected, tolerance=1e-12):
    """All recorded values are equal except for rounding."""
    assert found.status.tolist() == expected.status.tolist()
    assert found.steps.tolist() == expected.steps.tolist()
    assert found.grad_evals.tolist() == expected.grad_evals.tolist()
    for name in ("loss", "first_loss", "final_loss", "best_loss", "x", "final_x"):
        a, b = getattr(found, name), getattr(expected, name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=name)
    assert found.metrics.keys() == expected.metrics.keys()
    for name, values in found.metrics.items():
        np.testing.assert_allclose(values, expected.metrics[name], rtol=tolerance, atol=tolerance, err_msg=name)


# ---- one update per step ---------------------------------------------------------------------------------------------

PAIRS = [
    ({"name": "torch:Adam", "lr": [0.01, 0.1], "betas": [0.8, 0.99]}, {"lr": [0.01, 0.1], "beta1": 0.8, "beta2": 0.99}),
    (
        {"name": "optax:adam", "lr": [0.01, 0.1], "b1": 0.8, "b2": 0.99},
        {"lr": [0.01, 0.1], "beta1": 0.8, "beta2": 0.99},
    ),
]


@pytest.mark.parametrize(("theirs", "ours"), PAIRS, ids=["torch", "optax"])
@pytest.mark.parametrize(
    "problem", first_cases(1, [MLP | {"batch_size": 32}, ROSENBROCK, MLP | {"batch_size": 0}]), ids=str
)
def test_adam_of_other_packages_equals_that_of_optlab(planned, problem, theirs, ours):
    seeds = 1 if problem["name"] == "rosenbrock" else 2
    found = run(planned, problem, theirs, seeds=seeds)
    expected = run(planned, problem, {"name": "adam", **ours}, seeds=seeds, backend="replay")
    assert len(found.status) == 2 * seeds
    assert_same(found, expected)
    assert abs(expected.final_loss - expected.first_loss).min() > 0.1  # the parameters have changed


@pytest.mark.parametrize(("theirs", "ours"), PAIRS, ids=["torch", "optax"])
def test_a_schedule_multiplies_the_learning_rate(planned, theirs, ours):
    schedule = {"name": "cosine"}
    found = run(planned, ROSENBROCK, theirs | {"schedule": schedule})
    assert_same(found, run(planned, ROSENBROCK, {"name": "adam", **ours, "schedule": schedule}, backend="replay"))
    assert abs(found.final_loss - run(planned, ROSENBROCK, theirs).final_loss).min() > 1e-3


@pytest.mark.parametrize(
    ("name", "kind"), [("torch:RAdam", torch.optim.RAdam), ("torch:Rprop", torch.optim.Rprop)], ids=["RAdam", "Rprop"]
)
def test_a_class_of_torch_against_a_direct_call(planned, name, kind):
    found = run(planned, ROSENBROCK, {"name": name, "lr": 0.02}, steps=50)
    x = torch.tensor(START, requires_grad=True)
    made, losses = kind([x], lr=0.02), []
    for _ in range(50):
        made.zero_grad()
        loss = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
        loss.backward()
        losses.append(loss.item())
        made.step()
    np.testing.assert_allclose(found.loss[:50, 0], losses, rtol=1e-10)
    np.testing.assert_allclose(found.x[50, :, 0], x.detach().numpy(), rtol=1e-10)


def test_a_function_of_optax_gets_the_tensors_of_a_network(planned, built_in):
    """LAMB scales the step of each tensor by its norm, so that it is not the same on one long vector."""
    tables = {"problem": [MLP | {"batch_size": 0}], "optimizer": [{"name": "optax:lamb", "lr": 0.01}], "steps": 3}
    (sweep,) = planned(tables).sweeps
    shapes = sweep.case.tensors
    assert len(shapes) == 4
    found = runner.run(sweep)
    flat = dataclasses.replace(sweep.case.problem, tensors=None)
    other = runner.run(dataclasses.replace(sweep, case=dataclasses.replace(sweep.case, problem=flat)))
    assert abs(found.final_loss - other.final_loss)[0] > 1e-6


def test_a_line_search_uses_more_than_one_gradient_per_step(planned):
    found = run(planned, ROSENBROCK, {"name": "torch:LBFGS", "line_search_fn": "strong_wolfe"}, steps=5)
    x, count = torch.tensor(START, requires_grad=True), 0
    made = torch.optim.LBFGS([x], line_search_fn="strong_wolfe")

    def closure():
        nonlocal count
        count += 1
        made.zero_grad()
        loss = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
        loss.backward()
        return loss

    for _ in range(5):
        made.step(closure)
    assert found.grad_evals.tolist() == [count]
    assert count > 20
    np.testing.assert_allclose(found.loss[:, 0], [rosenbrock(p) for p in found.x[:, :, 0]], rtol=1e-10)
    assert found.final_loss[0] < 1e-8


@pytest.mark.parametrize("name", ["torch:Adam", "optax:adam"])
def test_float32_is_kept(planned, name):
    found = run(planned, ROSENBROCK, {"name": name, "lr": 0.1}, precision="float32")
    wide = run(planned, ROSENBROCK, {"name": name, "lr": 0.1})
    assert (found.x == found.x.astype(np.float32)).all()
    np.testing.assert_allclose(found.final_loss, wide.final_loss, rtol=1e-3)
    assert (found.final_loss != wide.final_loss).any()


def test_divergence_of_an_external_optimizer(planned):
    """At the same step as gradient descent."""
    found = run(planned, ROSENBROCK, {"name": "torch:SGD", "lr": [1e-4, 1.0]})
    expected = run(planned, ROSENBROCK, {"name": "gd", "lr": [1e-4, 1.0]}, backend="replay")
    assert [STATUSES[s] for s in found.status] == ["done", "diverged"]
    assert found.steps.tolist() == expected.steps.tolist()
    np.testing.assert_allclose(found.final_loss, expected.final_loss, rtol=1e-12)
    np.testing.assert_allclose(found.best_loss, expected.best_loss, rtol=1e-12)
    assert found.grad_evals.tolist() == [100, found.steps[1] + 1]


def test_an_objective_that_hides_nan():
    def steps(x):
        return np.sum(np.where(x > 1, 1.0, 0.5))

    result = optlab.minimize(steps, "torch:SGD", x0=[2.0], steps=3, lr=np.inf)  # infinity times a slope of 0
    assert result.status == "diverged"


# ---- minimizers of scipy ---------------------------------------------------------------------------------------------


def by_hand(method, **options):
    """The result of scipy, and the losses at each of its gradients."""
    points = []

    def slope(x):
        points.append(x.copy())
        return scipy.optimize.rosen_der(x)

    found = scipy.optimize.minimize(scipy.optimize.rosen, START, jac=slope, method=method, options=options)
    return found, [scipy.optimize.rosen(x) for x in points]


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "SLSQP"])
def test_each_gradient_of_scipy_is_a_step(planned, method):
    expected, losses = by_hand(method)
    found = run(planned, ROSENBROCK, {"name": f"scipy:{method}"}, steps=200)
    assert found.grad_evals.tolist() == [expected.njev] == [len(losses)]
    np.testing.assert_allclose(found.loss[: len(losses), 0], losses, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found.x[-1, :, 0], [1.0, 1.0], atol=1e-3)
    assert found.final_loss[0] < 1e-7
    assert (found.loss[len(losses) :, 0] == found.final_loss[0]).all()  # x does not change
    assert found.steps.tolist() == [200]


@pytest.mark.parametrize("method", ["trust-ncg", "trust-krylov", "trust-exact", "dogleg"])
def test_a_hessian_times_a_vector_is_two_gradients(planned, method):
    asked = []  # the losses, one for each gradient that is counted

    def slope(x):
        asked.append(scipy.optimize.rosen(x))
        return scipy.optimize.rosen_der(x)

    def product(x, v):
        asked.extend([scipy.optimize.rosen(x)] * 2)
        return scipy.optimize.rosen_hess_prod(x, v)

    def hessian(x):
        return np.stack([product(x, e) for e in np.eye(2)])

    second = {"hessp": product} if method in ("trust-ncg", "trust-krylov") else {"hess": hessian}
    options = {"eta": 0.1, "max_trust_radius": 10.0}
    expected = scipy.optimize.minimize(scipy.optimize.rosen, START, jac=slope, method=method, options=options, **second)
    found = run(planned, ROSENBROCK, {"name": f"scipy:{method}", **options}, steps=500)
    assert found.grad_evals.tolist() == [len(asked)]
    np.testing.assert_allclose(found.loss[: len(asked), 0], asked, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found.x[-1, :, 0], expected.x, atol=1e-6)
    assert found.final_loss[0] < 1e-8


def test_the_hessian_is_that_of_the_problem_with_its_options(planned):
    found = run(planned, ROSENBROCK | {"b": [1.0, 30.0]}, {"name": "scipy:trust-ncg"}, steps=400)
    for n, b in enumerate([1.0, 30.0]):
        options = dict(jac=lambda x, b=b: slope(x, b), hess=lambda x, b=b: hessian(x, b), method="trust-ncg")
        expected = scipy.optimize.minimize(lambda x, b=b: rosenbrock(x, b=b), START, **options)
        assert found.final_loss[n] < 1e-8
        np.testing.assert_allclose(found.x[-1, :, n], expected.x, atol=1e-6)


def slope(x, b):
    return np.array([-4 * b * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 2 * b * (x[1] - x[0] ** 2)])


def hessian(x, b):
    return np.array([[12 * b * x[0] ** 2 - 4 * b * x[1] + 2, -4 * b * x[0]], [-4 * b * x[0], 2 * b]])


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "TNC", "Newton-CG", "trust-ncg", "trust-exact"])
def test_runs_end_when_the_budget_is_used(planned, method):
    found = run(planned, ROSENBROCK, {"name": f"scipy:{method}"}, steps=10)
    assert found.grad_evals.tolist() == [10]
    assert found.final_loss[0] == found.loss[:10, 0].min() == found.best_loss[0]
    assert rosenbrock(found.x[-1, :, 0]) == pytest.approx(found.final_loss[0], rel=1e-12)
    assert STATUSES[found.status[0]] == "done"


def test_options_reach_scipy(planned):
    loose = run(planned, ROSENBROCK, {"name": "scipy:L-BFGS-B", "gtol": [1e-5, 10.0], "maxcor": 3}, steps=200)
    for n, gtol in enumerate([1e-5, 10.0]):
        assert loose.grad_evals[n] == by_hand("L-BFGS-B", gtol=gtol, maxcor=3)[0].njev
    assert loose.grad_evals[0] > loose.grad_evals[1]


def test_scipy_on_a_network_with_all_of_its_data(planned):
    found = run(planned, MLP | {"batch_size": 0}, {"name": "scipy:L-BFGS-B"}, steps=40, seeds=2)
    assert found.metrics["test_accuracy"].shape[1] == 2
    assert (found.final_loss < 0.1 * found.first_loss).all()
    np.testing.assert_array_equal(found.metrics["train_loss"][-1], found.final_loss)


def test_scipy_with_second_derivatives_of_a_network(planned):
    problem = {"name": "mlp", "dataset": "xor", "hidden": [6]}
    found = run(planned, problem, {"name": "scipy:trust-krylov"}, steps=1500, seeds=2)
    assert (found.final_loss < 0.01 * found.first_loss).all()


def test_scipy_with_a_loss_that_is_not_finite(planned):
    @problem(start=(1.0,), domain=(-2.0, 2.0), minimum=(0.0,))
    def broken(x):
        """A loss that is finite nowhere."""
        return np.sum(np.sqrt(x - 5.0))

    found = run(planned, {"name": "broken"}, {"name": "scipy:BFGS"}, plugins=[broken])
    assert [STATUSES[s] for s in found.status] == ["diverged"]
    assert found.steps.tolist() == [0]


# ---- in the house ----------------------------------------------------------------------------------------------------


def sweep_of(planned, optimizer, **rest):
    tables = {"problem": [ROSENBROCK | {"start": "random"}], "optimizer": [optimizer], "steps": 30, "seeds": 4, **rest}
    return planned(tables).sweeps[0]


@pytest.mark.parametrize("name", ["torch:NAdam", "optax:yogi", "scipy:BFGS"])
def test_results_are_equal_to_the_bit_alone_and_repeated(planned, name):
    sweep = sweep_of(planned, {"name": name})
    whole, again = runner.run(sweep), runner.run(sweep)
    for n in range(len(sweep)):
        alone = runner.run(sweep.block(slice(n, n + 1)))
        assert alone.loss[:, 0].tobytes() == whole.loss[:, n].tobytes() == again.loss[:, n].tobytes()
        assert alone.x[..., 0].tobytes() == whole.x[..., n].tobytes()
        assert alone.grad_evals[0] == whole.grad_evals[n]


@pytest.mark.parametrize("backend", ["auto", "native", "replay"])
def test_the_back_end_and_its_reason(planned, backend):
    sweep = sweep_of(planned, {"name": "optax:adam"}, backend=backend)
    task = runner.Runner([sweep])
    task(sweep)
    assert task.backend(sweep) == "foreign"
    plan = planned({"problem": [ROSENBROCK], "optimizer": [{"name": "optax:adam"}], "steps": 30})
    (prospect,) = pipeline.prospects(plan)
    assert prospect.gradients == 30
    assert prospect.choice == runner.Choice("foreign", "it is an optimizer of optax")


def test_other_starts_and_other_options_of_a_problem(planned):
    table = {"name": "rosenbrock", "start": "random", "b": [1.0, 10.0]}
    found = run(planned, table, {"name": "torch:SGD", "lr": 1e-3}, steps=20, seeds=3)
    assert_same(found, run(planned, table, {"name": "gd", "lr": 1e-3}, steps=20, seeds=3, backend="replay"))


def test_the_step_that_reaches_a_target(planned):
    sweep = sweep_of(planned, {"name": "torch:SGD", "lr": 1e-3})
    ours = sweep_of(planned, {"name": "gd", "lr": 1e-3})
    target = np.array([0.5, 1.0, 5.0, 1e9]) * runner.run(ours).final_loss
    found, expected = (runner.run(dataclasses.replace(s, target=target)) for s in (sweep, ours))
    assert found.reached.tolist() == expected.reached.tolist()
    assert found.reached[0] == -1
    assert found.reached[3] == 0


def test_exceptions_of_the_package_are_errors_of_its_runs(planned, monkeypatch):
    sweep = sweep_of(planned, {"name": "torch:Adam"})

    def broken(*args):
        raise RuntimeError("out of luck")

    done = runner.run(
        dataclasses.replace(
            sweep,
            rule=dataclasses.replace(sweep.rule, optimizer=dataclasses.replace(sweep.rule.optimizer, begin=broken)),
        )
    )
    assert {STATUSES[s] for s in done.status} == {"error"}
    assert done.log.splitlines()[-1] == "in torch: RuntimeError: out of luck"


def test_exceptions_that_stop_optlab_are_raised(planned):
    class Stop(Exception):
        pass

    def progress(run_steps):
        raise Stop

    for name in ("torch:Adam", "scipy:BFGS"):
        with pytest.raises(Stop):
            runner.run(sweep_of(planned, {"name": name}), progress)


@pytest.mark.parametrize("name", ["torch:Adam", "scipy:BFGS", "torch:SGD"])
def test_all_run_steps_are_reported(planned, name):
    told = []
    lr = {"lr": 1e6} if name == "torch:SGD" else {}
    runner.run(sweep_of(planned, {"name": name, **lr}), told.append)
    assert sum(told) == 4 * 30


def test_another_version_is_another_experiment(planned):
    sweep = sweep_of(planned, {"name": "torch:Adam"})
    newer = dataclasses.replace(sweep.rule.optimizer, versions={"torch": "99"})
    assert fingerprint.of_plugin(sweep.rule.optimizer) != fingerprint.of_plugin(newer)
    assert fingerprint.of_plugin(sweep.rule.optimizer) == fingerprint.of_plugin(
        dataclasses.replace(sweep.rule.optimizer)
    )


def test_an_experiment_with_three_packages(tmp_path, computed):
    experiment = {
        "name": "race",
        "steps": 60,
        "problem": [ROSENBROCK],
        "optimizer": [
            {"name": "adam", "lr": [0.01, 0.1]},
            {"name": "torch:Adam", "label": "the real thing", "lr": [0.01, 0.1], "betas": [[0.9, 0.999], [0.8, 0.9]]},
            {"name": "optax:adam", "lr": [0.01, 0.1]},
            {"name": "scipy:L-BFGS-B"},
        ],
    }
    results = optlab.run(experiment, tmp_path)
    runs = results.runs
    assert runs["optimizer"].tolist() == ["adam"] * 2 + ["torch:Adam"] * 4 + ["optax:adam"] * 2 + ["scipy:L-BFGS-B"]
    assert runs["hp.betas"].dropna().unique().tolist() == ["[0.9, 0.999]", "[0.8, 0.9]"]
    np.testing.assert_allclose(runs["final_loss"][:2], runs["final_loss"][2:4], rtol=1e-12)
    np.testing.assert_allclose(runs["final_loss"][:2], runs["final_loss"][6:8], rtol=1e-12)
    assert runs["grad_evals"].tolist()[:8] == [60] * 8
    assert runs["grad_evals"].tolist()[8] < 60
    versions = results.manifest["versions"]
    assert (versions["torch"], versions["optax"], versions["scipy"]) == (
        torch.__version__,
        optax.__version__,
        scipy.__version__,
    )
    assert {s["label"]: s["backend"] for s in results.manifest["sweeps"]}["the real thing"] == "foreign"
    assert len(results.plots) > 0
    count = len(computed)
    optlab.run(experiment, tmp_path)
    assert len(computed) == count > 0  # it is finished already


def test_the_experiment_of_the_repository():
    root = Path(__file__).parents[3]
    job = pipeline.prepare(root / "experiments/plugin_vs_torch.toml", plugins=[root / "plugins"])
    assert job.plan.runs == 188
    assert {sweep.rule.optimizer.name for sweep in job.plan.sweeps} >= {"lion", "optax:lion", "nesterov", "torch:SGD"}


def test_one_run_in_a_notebook():
    result = optlab.minimize("rosenbrock", "scipy:BFGS", x0=START, steps=200)
    np.testing.assert_allclose(result.x, [1.0, 1.0], atol=1e-6)
    assert result.grad_evals == by_hand("BFGS")[0].njev
    result = optlab.minimize(lambda x: np.sum(x**2), "torch:SGD", x0=[1.0], steps=2, lr=0.25)
    assert result.path.tolist() == [[1.0], [0.5], [0.25]]
    with pytest.raises(UserError, match=r"Invalid learning rate: -1\.0"):
        optlab.minimize("rosenbrock", "torch:Adam", x0=START, lr=-1.0)
    with pytest.raises(UserError, match="clip_norm needs a rule of optlab, but torch:Adam is an optimizer of torch"):
        optlab.minimize("rosenbrock", "torch:Adam", x0=START, transforms=["clip_norm"])
    result = optlab.minimize(lambda x: np.sum(x**2), "torch:SGD", x0=[1.0], steps=2, lr=0.25, schedule="linear")
    ours = optlab.minimize(lambda x: np.sum(x**2), "gd", x0=[1.0], steps=2, lr=0.25, schedule="linear")
    np.testing.assert_allclose(result.path, ours.path, rtol=1e-15)


def test_further_gradients_of_a_rule_are_counted(planned):
    """The counts of gradients of a rule and of an external optimizer are comparable."""

    @optimizer
    def extragradient(x, g, *, grad, lr=1e-3):
        """The gradient half a step ahead."""
        return x - lr * grad(x - lr * g)

    found = run(planned, ROSENBROCK, {"name": "extragradient"}, plugins=[extragradient])
    assert found.grad_evals.tolist() == [200]
