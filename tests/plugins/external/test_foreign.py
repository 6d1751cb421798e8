"""Optimizers of other packages: names, options read from their signatures, and messages about mistakes."""

from __future__ import annotations

import importlib.util
import math

import jax
import numpy as np
import optax
import pytest
import scipy.optimize
import torch

import optlab
from optlab.errors import MissingPackage, SpecError, UnknownName
from optlab.execution.rule import Rule
from optlab.experiments.maps import linear
from optlab.plugins import external
from optlab.plugins.external import optax as of_optax
from optlab.plugins.external import scipy as of_scipy
from optlab.plugins.external import torch as of_torch
from tests.cases import every, first_cases

ROSENBROCK = {"name": "rosenbrock"}
HESSIAN = {"trust-ncg", "trust-krylov", "trust-exact", "dogleg"}
"""The methods of scipy that need a Hessian."""


def every_name():
    homes = {"torch": of_torch, "optax": of_optax, "scipy": of_scipy}
    return [f"{package}:{name}" for package, home in homes.items() for name in home.names()]


# ---- names and options -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "numbers", "choices"),
    [
        (
            "torch:Adam",
            {"lr": 1e-3, "eps": 1e-8, "weight_decay": 0.0},
            {"betas": (0.9, 0.999), "amsgrad": False, "decoupled_weight_decay": False},
        ),
        (
            "torch:SGD",
            {"lr": 1e-3, "momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0},
            {"nesterov": False},
        ),
        ("optax:lion", {"lr": 1e-3, "b1": 0.9, "b2": 0.99, "weight_decay": 1e-3}, {}),
        ("optax:sgd", {"lr": 1e-3, "momentum": math.nan}, {"nesterov": False}),
        ("scipy:L-BFGS-B", {"ftol": 2.220446049250313e-09, "gtol": 1e-5}, {"maxcor": 10, "maxls": 20}),
        ("scipy:BFGS", {"gtol": 1e-5, "norm": math.inf, "c1": 1e-4, "c2": 0.9, "xrtol": 0.0}, {}),
        (
            "scipy:trust-ncg",
            {"initial_trust_radius": 1.0, "max_trust_radius": 1000.0, "eta": 0.15, "gtol": 1e-4},
            {},
        ),
    ],
)
def test_options_are_those_of_the_signature(built_in, name, numbers, choices):
    found = built_in.optimizer(name)
    assert found.name == name
    np.testing.assert_equal(dict(found.signature.numbers), numbers)
    assert dict(found.signature.choices) == choices


def test_names_are_public_names_of_the_packages():
    assert {"Adam", "AdamW", "SGD", "LBFGS", "Rprop"} <= set(of_torch.names())
    assert "Optimizer" not in of_torch.names()
    assert {"adam", "lion", "sgd", "lamb"} <= set(of_optax.names())
    assert not any(name.startswith(("_", "scale_by")) for name in of_optax.names())
    for name in of_scipy.names():
        slopes = {"jac": scipy.optimize.rosen_der}
        slopes |= {"hess": scipy.optimize.rosen_hess} if name in HESSIAN else {}
        assert scipy.optimize.minimize(scipy.optimize.rosen, [1.1, 1.1], method=name, **slopes)


@pytest.mark.parametrize("name", every(3, every_name()))
def test_every_offered_optimizer_works(name):
    """Twenty steps down two functions; warnings are errors."""
    found = external.find(name)
    assert found.complaint(found.signature.numbers, found.signature.choices) == ""
    for problem, start in (("sphere", [1.0, -2.0]), ("rosenbrock", [-1.5, 2.0])):
        result = optlab.minimize(problem, name, x0=start, steps=20)
        if (name, problem) == ("torch:ASGD", "rosenbrock"):  # its learning rate of 0.01 is too large there
            assert result.status == "diverged"
        else:
            assert result.status == "done"
            assert result.loss < result.losses[0]


@pytest.mark.parametrize("name", ["torch:Muon", "torch:SparseAdam", "optax:optimistic_adam"])
def test_unusable_optimizers_are_not_offered(planned, name):
    assert name not in every_name()
    with pytest.raises(UnknownName, match=f"{name} cannot be used here: .*; write ") as error:
        external.find(name)
    with pytest.raises(SpecError) as mistakes:
        planned({"problem": [ROSENBROCK], "optimizer": [{"name": name}]})
    (mistake,) = mistakes.value.mistakes
    assert (mistake.path, mistake.message) == (("optimizer", 0, "name"), str(error.value))
    instead = str(error.value).rpartition("write ")[2].partition(",")[0]
    planned({"problem": [ROSENBROCK], "optimizer": [{"name": instead}]})


@pytest.mark.parametrize("precision", first_cases(1, ["float64", "float32"]))
def test_lbfgs_of_optax_equals_a_direct_call_in_jax(precision):
    """Its line search evaluates losses and gradients within an update, which optlab supplies."""
    with jax.enable_x64(precision == "float64"):

        def f(x):
            return jax.numpy.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

        solver, x = optax.lbfgs(), jax.numpy.array([-1.5, 2.0])

        @jax.jit
        def advance(x, state):
            value, slope = jax.value_and_grad(f)(x)
            updates, state = solver.update(slope, state, x, value=value, grad=slope, value_fn=f)
            return optax.apply_updates(x, updates), state

        state = solver.init(x)
        path = [x]
        for _ in range(10):
            x, state = advance(x, state)
            path.append(x)

    def look(p):
        asked.append(p)
        x, y = map(float, p)
        slope = [-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)]
        return 100 * (y - x * x) ** 2 + (1 - x) ** 2, np.array(slope, p.dtype)

    asked, found = [], external.find("optax:lbfgs")
    step = found.begin(np.array([-1.5, 2.0], precision), ((2,),), found.arguments(found.signature.numbers, {}))
    mine = [step(look, 1.0).copy() for _ in range(10)]
    assert mine[-1].dtype == precision
    np.testing.assert_allclose(mine, path[1:], rtol=1e-9 if precision == "float64" else 2e-3)
    assert len(asked) > 20


def test_exceptions_within_a_line_search_are_raised():
    class Ended(Exception):
        pass

    def look(p):
        if len(asked) == 1:
            raise Ended
        asked.append(p)
        return float(p @ p), 2 * p

    asked, found = [], external.find("optax:lbfgs")
    step = found.begin(np.array([3.0, 2.0]), ((2,),), found.arguments(found.signature.numbers, {}))
    with pytest.raises(Ended):
        step(look, 1.0)
    assert len(asked) == 1


def test_only_set_options_are_passed_to_the_package():
    found = external.find("optax:sgd")
    assert found.arguments({"lr": 0.1, "momentum": math.nan}, {"nesterov": False}) == {"lr": 0.1}
    assert found.arguments({"lr": 0.1, "momentum": 0.9}, {"nesterov": True}) == {
        "lr": 0.1,
        "momentum": 0.9,
        "nesterov": True,
    }


def test_theory_of_linear_rules_does_not_cover_them():
    found = external.find("torch:SGD")
    numbers = {("hyperparameter", name): value for name, value in found.signature.numbers.items()}
    assert linear.matrices(Rule(found, dict(found.signature.choices)), numbers, np.array([1.0])) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("torch:Adm", "there is no optimizer 'torch:Adm' (did you mean 'torch:Adam'?)"),
        ("torch:adam", "there is no optimizer 'torch:adam' (did you mean 'torch:Adam'?)"),
        ("scipy:bfgs", "there is no optimizer 'scipy:bfgs' (did you mean 'scipy:BFGS'?)"),
        ("optax:Adam", "there is no optimizer 'optax:Adam' (did you mean 'optax:adam'?)"),
        ("optax:scale", "there is no optimizer 'optax:scale' (did you mean 'optax:sgd'?)"),
        ("scipy:LBFGS", "there is no optimizer 'scipy:LBFGS' (did you mean 'scipy:BFGS'?)"),
        ("troch:Adam", "there is no optimizer 'troch:Adam' (did you mean 'torch'?)"),
        (
            "os:system",
            "there is no optimizer 'os:system'; names of other packages begin with torch:, optax: or scipy:",
        ),
        ("torch:Optimizer", "there is no optimizer 'torch:Optimizer'"),
        ("torch:lr_scheduler.StepLR", "there is no optimizer 'torch:lr_scheduler.StepLR'"),
    ],
)
def test_messages_about_wrong_names(built_in, name, message):
    with pytest.raises(UnknownName) as error:
        built_in.optimizer(name)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("package", external.PACKAGES)
def test_a_missing_package(planned, monkeypatch, package):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == package else real(name, *more))
    external.find.cache_clear()
    message = f"{package}:x needs {package}, which is not installed; pip install 'optlab[{package}]'"
    with pytest.raises(MissingPackage) as error:
        external.find(f"{package}:x")
    assert str(error.value) == message
    with pytest.raises(SpecError) as mistakes:
        planned({"problem": [ROSENBROCK], "optimizer": [{"name": "gd"}, {"name": f"{package}:x"}]})
    (mistake,) = mistakes.value.mistakes
    assert (mistake.path, mistake.message) == (("optimizer", 1, "name"), message)


# ---- mistakes in an experiment ---------------------------------------------------------------------------------------

MLP = {"name": "mlp", "dataset": "xor", "hidden": [3]}


@pytest.mark.parametrize(
    ("problem", "table", "path", "message"),
    [
        (ROSENBROCK, {"name": "torch:Adm"}, ("name",), "did you mean 'torch:Adam'"),
        (
            ROSENBROCK,
            {"name": "torch:Adam", "beta": 0.9},
            ("beta",),
            "torch:Adam has no option 'beta' (did you mean 'be",
        ),
        (ROSENBROCK, {"name": "torch:Adam", "fused": True}, ("fused",), "torch:Adam has no option 'fused'"),
        (ROSENBROCK, {"name": "torch:Adam", "lr": "x"}, ("lr",), "torch:Adam: 'lr' takes a number, not the text 'x'"),
        (ROSENBROCK, {"name": "torch:Adam", "betas": 0.9}, ("betas",), "torch:Adam: 'betas' takes a list, not 0.9"),
        (ROSENBROCK, {"name": "torch:Adam", "lr": [0.1, -1.0]}, ("lr",), "like this: Invalid learning rate: -1.0"),
        (ROSENBROCK, {"name": "torch:Adam", "betas": [1.5, 0.9]}, ("betas",), "Invalid beta parameter at index 0: 1.5"),
        (
            ROSENBROCK,
            {"name": "torch:SGD", "lr": 0.1, "nesterov": True},
            ("nesterov",),
            "Nesterov momentum requires a mom",
        ),
        (ROSENBROCK, {"name": "torch:SparseAdam"}, ("name",), "accepts sparse gradients only"),
        (ROSENBROCK, {"name": "scipy:dogleg", "eta": -0.5}, ("eta",), "cannot be used like this: invalid acceptance"),
        (ROSENBROCK, {"name": "scipy:BFGS", "c1": 0.95}, ("c1",), "'c1' and 'c2' do not satisfy"),
        (
            ROSENBROCK,
            {"name": "scipy:BFGS", "schedule": "cosine"},
            ("schedule",),
            "scipy:BFGS has none",
        ),
        (
            ROSENBROCK,
            {"name": "torch:Adam", "transforms": ["clip_norm"]},
            ("transforms", 0),
            "clip_norm needs a rule of optlab, but torch:Adam is an optimizer of torch",
        ),
        (
            MLP | {"batch_size": 8},
            {"name": "scipy:BFGS"},
            ("name",),
            "scipy:BFGS needs the same objective in all steps, but mlp has minibatches; write batch_size = 0",
        ),
    ],
)
def test_mistakes_are_reported_with_their_place(planned, problem, table, path, message):
    with pytest.raises(SpecError) as error:
        planned({"problem": [problem], "optimizer": [table]})
    (mistake,) = error.value.mistakes
    assert mistake.path == ("optimizer", 0, *path)
    assert message in mistake.message


def test_an_option_that_another_option_makes_valid_is_accepted(planned):
    """Nesterov's momentum is right with a momentum."""
    (sweep,) = planned(
        {"problem": [ROSENBROCK], "optimizer": [{"name": "torch:SGD", "momentum": 0.9, "nesterov": True}]}
    ).sweeps
    assert sweep.rule.choices == {"nesterov": True}
    assert sweep.numbers["hyperparameter", "momentum"].tolist() == [0.9]


def test_the_size_of_a_grid_is_bounded(planned):
    table = {"name": "torch:Adam", "lr": {"log": [1e-3, 1], "num": 4000}, "eps": {"log": [1e-9, 1], "num": 4000}}
    with pytest.raises(SpecError, match="the grid has 16,000,000 runs, more than 10,000,000"):
        planned({"problem": [ROSENBROCK], "optimizer": [table]})
    table = {"name": "torch:Adam", "betas": [[0.9, n / 200] for n in range(101)]}
    with pytest.raises(SpecError, match="the grid has 10,100 sweeps, one for each combination of choices"):
        planned({"problem": [ROSENBROCK | {"dim": list(range(2, 102))}], "optimizer": [table]})


def test_versions_are_those_installed():
    assert external.find("torch:Adam").versions == {"torch": torch.__version__}
    assert external.find("optax:adam").versions["optax"] == optax.__version__
    assert set(external.find("optax:adam").versions) == {"optax", "jax"}
    assert external.find("scipy:BFGS").versions == {"scipy": scipy.__version__}


def test_a_message_that_scipy_returns_is_an_error():
    """SciPy returns the message instead of raising an exception."""
    found = external.find("scipy:L-BFGS-B")
    choices = found.signature.choices
    assert found.complaint(found.signature.numbers, choices) == ""
    said = found.complaint(found.signature.numbers, {**choices, "maxcor": 0})
    assert said.startswith("scipy:L-BFGS-B cannot be used like this: ERROR")


def test_an_exception_without_a_text_is_shown_by_its_type():
    found = external.find("torch:LBFGS")
    said = found.complaint(found.signature.numbers, {**found.signature.choices, "history_size": 10**15})
    assert said == "torch:LBFGS cannot be used like this: MemoryError"


def test_a_list_must_have_the_length_of_the_default():
    found = external.find("torch:Adam")
    said = found.complaint(found.signature.numbers, {**found.signature.choices, "betas": [0.9]})
    assert said == "torch:Adam: 'betas' takes 2 values, as in [0.9, 0.999], not 1"
