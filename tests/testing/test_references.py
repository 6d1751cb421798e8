"""Comparisons of rules with their counterparts: small differences are found, and missing packages are named."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from optlab import optimizer
from optlab.errors import UserError
from optlab.plugins.optimizers.adam import adam
from optlab.plugins.optimizers.momentum import momentum
from optlab.plugins.optimizers.signsgd import signsgd
from optlab.testing import references
from optlab.testing.trials import trials

ADAM = {"torch:Adam": {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps"}}


@optimizer(references=ADAM)
def eps_in_the_root(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam, but for sqrt(v_hat + eps)."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return x - lr * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + eps), m, v


@optimizer(references=ADAM)
def not_corrected(x, g, m=0.0, v=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam without the correction of v."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return x - lr * m / (1 - beta1**t) / (np.sqrt(v) + eps), m, v


@optimizer(references=ADAM)
def one_step_late(x, g, m=0.0, v=0.0, d=0.0, *, t, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam, each update a step late."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return x - d, m, v, lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)


@optimizer(references=ADAM)
def becomes_nan(x, g, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """No number from the first step on."""
    return x * np.nan


@pytest.mark.parametrize(
    ("rule", "least"), [(eps_in_the_root, 1e-9), (not_corrected, 1e-2), (one_step_late, 1e-3), (becomes_nan, np.inf)]
)
def test_a_wrong_rule_is_found(rule, least):
    assert references.compare(rule, "torch:Adam", steps=100, seeds=3) >= least


def test_a_wrong_option_is_found():
    assert references.compare(adam, "torch:Adam", {"beta2": 0.99}, steps=50, seeds=2) < references.TOLERANCE
    mapping = {"lr": "lr", "betas": ("beta1", 0.999), "eps": "eps"}
    assert references.compare(adam, "torch:Adam", {"beta2": 0.99}, steps=50, seeds=2, mapping=mapping) > 1e-4


def test_the_error_is_that_of_the_largest_entry():
    """Twice as far in every step, by hand: SGD against half its learning rate."""
    part = trials(2, 4)
    near = references.theirs("torch:SGD", {"lr": 0.1}, part, 4)
    far = references.theirs("torch:SGD", {"lr": 0.2}, part, 4)
    expected = (abs(near - far).max(axis=-1) / abs(far).max(axis=-1)).max()
    found = references.compare(momentum, "torch:SGD", {"lr": 0.1, "beta": 0.0}, steps=4, seeds=2, mapping={"lr": 0.2})
    assert found == pytest.approx(expected, rel=1e-12)


# ---- rules that look at all of x -------------------------------------------------------------------------------------


@optimizer(references={"optax:lars": {"learning_rate": "lr", "trust_coefficient": 1.0, "momentum": 0.0}})
def in_proportion(x, g, *, lr=0.01):
    """LARS without momentum: a step in proportion to the length of x."""
    return x - lr * np.sqrt(np.sum(x**2)) / np.sqrt(np.sum(g**2)) * g


@optimizer
def by_matrix(x, g, H=lambda x: np.eye(x.size), *, lr=0.01):
    """A state that only one vector fits."""
    return x - lr * (H @ g), H


def test_rules_that_use_all_of_x_are_compared_for_each_run():
    assert references.is_elementwise(adam, adam.signature.options)
    for rule in (in_proportion, by_matrix):
        assert not references.is_elementwise(rule, rule.signature.options)
    part = next(trials(2, 5).one_by_one())
    path = references.ours(in_proportion, {"lr": 0.1}, part, 5)
    x = part.starts[0]
    for step in range(1, 6):
        g = part.grad(step, x)
        x = x - 0.1 * np.linalg.norm(x) / np.linalg.norm(g) * g
        np.testing.assert_allclose(path[step - 1, 0], x, rtol=1e-14)
    assert references.compare(by_matrix, "torch:SGD", steps=30, seeds=2, mapping={"lr": "lr"}) < references.TOLERANCE
    assert references.compare(in_proportion, "optax:lars", steps=30, seeds=2) < references.TOLERANCE


@optimizer
def asks_for_everything(x, g, *, t, steps, f, grad, loss, lr=0.01):
    """Gradient descent, from the gradient at x asked for again."""
    same = np.where((f == loss(x)) & (t <= steps), 1.0, np.nan)
    return x - lr * grad(x) * same


def test_arguments_of_a_rule_and_its_counterpart():
    mapping = {"lr": "lr"}
    assert references.compare(asks_for_everything, "torch:SGD", steps=20, seeds=2, mapping=mapping) < 1e-14


def test_a_counterpart_that_evaluates_the_loss_itself():
    """torch's L-BFGS without history is gradient descent, but for its first step."""
    part = next(trials(1, 3).one_by_one())
    path = references.theirs("torch:LBFGS", {"lr": 0.1, "max_iter": 1, "history_size": 1}, part, 3)
    g = part.grad(1, part.starts)
    expected = part.starts - 0.1 * min(1.0, 1 / abs(g).sum()) * g
    np.testing.assert_allclose(path[0], expected, rtol=1e-14)


# ---- what is missing -------------------------------------------------------------------------------------------------


def test_missing_packages_are_named(monkeypatch):
    assert references.missing("torch:Adam") is None
    assert references.missing("optax:adam") is None
    assert "unsupported package; supported are torch, optax" in references.missing("keras:Adam")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert references.missing("optax:adam") == "optax and jax not installed"
    with pytest.raises(UserError, match="torch not installed"):
        references.compare(adam, "torch:Adam")


@pytest.mark.parametrize(
    ("reference", "options", "mapping", "message"),
    [
        ("torch:Adm", {}, {}, r"there is no torch:Adm in the version installed \(did you mean 'Adam'\?\)"),
        ("optax:contrib.adm", {}, {}, "there is no optax:contrib.adm in the version installed"),
        ("torch:Adam", {"beta": 0.9}, None, r"adam has no option 'beta' \(did you mean 'beta[12]'\?\)"),
        ("torch:Adam", {}, {"lr": "rate"}, "adam: torch:Adam is given 'rate', which is not an option"),
    ],
)
def test_mistakes(reference, options, mapping, message):
    with pytest.raises(UserError, match=message):
        references.compare(adam, reference, options, mapping=mapping, steps=2, seeds=1)


def test_the_mapping_of_options():
    mapping = {"a": "lr", "b": ("beta1", "eps"), "c": True, "where": {"raw_eps": True, "eps": 0.5}}
    options, arguments = references.arguments_of(adam, "x:y", {"lr": 0.2}, mapping)
    assert arguments == {"a": 0.2, "b": (0.9, 0.5), "c": True}
    assert options == {"lr": 0.2, "beta1": 0.9, "beta2": 0.999, "eps": 0.5, "raw_eps": True}
    assert isinstance(options["lr"], np.float64)


def test_global_configuration_is_restored():
    """The default dtypes of torch and JAX are unchanged."""
    jax = pytest.importorskip("jax")
    for reference in ("torch:Adam", "optax:adam"):
        references.compare(adam, reference, steps=2, seeds=1)
    assert torch.get_default_dtype() == torch.float32
    assert jax.numpy.ones(1).dtype == (np.float64 if jax.config.jax_enable_x64 else np.float32)


def test_signs_do_not_flip_by_rounding():
    """Steps of signs are the same to the bit, or a whole step apart."""
    assert references.compare(signsgd, "optax:sign_sgd", {"lr": 0.01}, steps=300, seeds=5) == 0.0
