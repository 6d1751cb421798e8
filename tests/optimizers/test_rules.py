"""Update rules, called as the plain NumPy functions they are, against torch.optim and numbers worked by hand."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from optlab.optimizers.adagrad import adagrad
from optlab.optimizers.adam import adam
from optlab.optimizers.gd import gd
from optlab.optimizers.momentum import momentum
from optlab.optimizers.rmsprop import rmsprop

PLUGINS = Path(__file__).parents[2] / "plugins"
nesterov = runpy.run_path(str(PLUGINS / "nesterov.py"))["nesterov"]

SEEDS, DIM, STEPS = 20, 6, 1000


@pytest.fixture(scope="module")
def noisy_quadratics():
    """One random quadratic per seed, as (start, gradient(x, t)); noise as from minibatches keeps gradients alive."""
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.normal(size=(SEEDS, DIM, DIM)))[0]
    hessian = rotation * np.geomspace(0.1, 10, DIM) @ rotation.swapaxes(1, 2)
    centre, start = rng.normal(size=(2, SEEDS, DIM))
    noise = rng.normal(size=(STEPS + 1, SEEDS, DIM))
    return start, lambda x, t: np.einsum("sij,sj->si", hessian, x - centre) + noise[t]


def trajectory(rule, start, gradient, **hyperparameters):
    x, state, xs = start, [np.full_like(start, value) for value in rule.signature.state.values()], []
    for t in range(1, STEPS + 1):
        supplied = {"t": t} if "t" in rule.signature.supplied else {}
        out = rule(x, gradient(x, t), *state, **supplied, **hyperparameters)
        x, *state = out if state else (out,)
        xs.append(x)
    return np.array(xs)


def torch_trajectory(optimizer, start, gradient, **hyperparameters):
    x = torch.tensor(start)
    steps, xs = optimizer([x], foreach=False, **hyperparameters), []
    for t in range(1, STEPS + 1):
        x.grad = torch.tensor(gradient(x.numpy(), t))
        steps.step()
        xs.append(x.numpy().copy())
    return np.array(xs)


@pytest.mark.parametrize(
    ("rule", "hyperparameters", "optimizer", "torch_hyperparameters"),
    [
        (gd, {}, torch.optim.SGD, {}),
        (gd, {"lr": 0.1}, torch.optim.SGD, {"lr": 0.1}),
        (momentum, {}, torch.optim.SGD, {"momentum": 0.9}),
        (momentum, {"lr": 0.05, "beta": 0.8}, torch.optim.SGD, {"lr": 0.05, "momentum": 0.8}),
        (nesterov, {}, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
        (nesterov, {"lr": 0.05, "beta": 0.8}, torch.optim.SGD, {"lr": 0.05, "momentum": 0.8, "nesterov": True}),
        (adagrad, {}, torch.optim.Adagrad, {}),
        (adagrad, {"lr": 0.3, "lr_decay": 0.01, "eps": 0.1}, torch.optim.Adagrad, None),
        (rmsprop, {}, torch.optim.RMSprop, {}),
        (rmsprop, {"lr": 0.03, "alpha": 0.9, "eps": 0.1}, torch.optim.RMSprop, None),
        (adam, {}, torch.optim.Adam, {}),
        (adam, {"lr": 0.03, "eps": 0.1}, torch.optim.Adam, None),
        (adam, {"lr": 0.1, "beta1": 0.8, "beta2": 0.95}, torch.optim.Adam, {"lr": 0.1, "betas": (0.8, 0.95)}),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_same_trajectory_as_torch(noisy_quadratics, rule, hyperparameters, optimizer, torch_hyperparameters):
    if torch_hyperparameters is None:
        torch_hyperparameters = hyperparameters
    expected = torch_trajectory(optimizer, *noisy_quadratics, **torch_hyperparameters)
    found = trajectory(rule, *noisy_quadratics, **hyperparameters)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * abs(expected).max())
    assert abs(expected[-1] - noisy_quadratics[0]).max() > 0.1  # it went somewhere


@pytest.mark.parametrize(
    ("rule", "hyperparameters", "first", "second"),
    # from x = 1 with the gradients 2 and -1; each row is x, then the state
    [
        (gd, {"lr": 0.1}, [0.8], [0.9]),
        (momentum, {"lr": 0.1, "beta": 0.9}, [0.8, 2.0], [0.72, 0.8]),
        (adagrad, {"lr": 0.1, "lr_decay": 1.0, "eps": 0.5}, [0.92, 4.0], [0.92 + 0.05 / (5**0.5 + 0.5), 5.0]),
        (rmsprop, {"lr": 0.1, "alpha": 0.75, "eps": 1.0}, [0.9, 1.0], [0.95, 1.0]),
        (
            adam,  # m_hat = 2, v_hat = 4, then m_hat = 0 / 0.75, v_hat = 1.75 / 0.4375
            {"lr": 0.1, "beta1": 0.5, "beta2": 0.75, "eps": 0.5},
            [0.92, 1.0, 1.0],
            [0.92, 0.0, 1.0],
        ),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_two_steps_by_hand(rule, hyperparameters, first, second):
    supplied = "t" in rule.signature.supplied
    x, *state = 1.0, *rule.signature.state.values()
    for t, (g, expected) in enumerate([(2.0, first), (-1.0, second)], start=1):
        out = rule(x, g, *state, **({"t": t} if supplied else {}), **hyperparameters)
        x, *state = out if state else (out,)
        np.testing.assert_allclose([x, *state], expected, rtol=1e-15, atol=1e-16)


def test_plain_numbers_in_plain_numbers_out():
    assert momentum(1.0, 2.0, 0.0, lr=0.1, beta=0.9) == (0.8, 2.0)


@pytest.mark.parametrize("rule", [gd, momentum, nesterov, adagrad, rmsprop, adam], ids=lambda rule: rule.name)
def test_zero_gradient_does_not_move(rule):
    state = rule.signature.state.values()
    out = rule(1.0, 0.0, *state, **({"t": 1} if "t" in rule.signature.supplied else {}))
    np.testing.assert_array_equal(out, (1.0, *state) if state else 1.0)
