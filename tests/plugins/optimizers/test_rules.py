"""Update rules, called as plain NumPy functions, against numbers from the papers and Keras."""

from math import sqrt

import numpy as np
import pytest

from optlab.execution.rule import Rule, initial_states
from optlab.plugins import registry
from optlab.plugins.optimizers.momentum import momentum

RULES = registry.load(()).optimizers
HERE = [rule for rule in RULES.values() if rule.per == "vector"]


def first_steps(name, gradients, x=1.0, **options):
    """x after each step of one parameter whose gradients are given, as a column."""
    rule = RULES[name]
    x = np.array([x])
    choices = {name: options.get(name, default) for name, default in rule.signature.choices.items()}
    state = list(initial_states(Rule(rule, choices), (x.shape,), x).values())
    path = []
    for t, g in enumerate(gradients, start=1):
        supplied = {"t": np.float64(t)} if "t" in rule.signature.supplied else {}
        lr = {"lr": options["lr"][t - 1]} if isinstance(options.get("lr"), list) else {}
        out = rule(x, np.array([g]), *state, **supplied, **options | lr)
        x, *state = out if state else (out,)
        path.append(x.item())
    return path


@pytest.mark.parametrize(
    ("name", "options", "path"),
    # from x = 1 with the gradients 2 and -1
    [
        ("gd", {"lr": 0.1}, [0.8, 0.9]),
        ("momentum", {"lr": 0.1, "beta": 0.9}, [0.8, 0.8 - 0.1 * 0.8]),
        ("nesterov", {"lr": 0.1, "beta": 0.9}, [1 - 0.1 * 3.8, 0.62 - 0.1 * (-1 + 0.9 * 0.8)]),
        ("sgd", {"lr": 0.1, "momentum": 0.5, "dampening": 0.25}, [0.8, 0.8 - 0.1 * (1 - 0.75)]),
        ("adagrad", {"lr": 0.1, "lr_decay": 1.0, "eps": 0.5}, [0.92, 0.92 + 0.05 / (sqrt(5) + 0.5)]),
        ("adagrad", {"lr": 0.1, "initial": 12.0, "eps": 0.0}, [0.95, 0.95 + 0.1 / sqrt(17)]),
        ("rmsprop", {"lr": 0.1, "alpha": 0.75, "eps": 1.0}, [0.9, 0.95]),  # v = 1, then 1
        ("adadelta", {"lr": 1.0, "rho": 0.75, "eps": 1.0}, [1 - sqrt(2), 1 - sqrt(2) + sqrt(1.5) / sqrt(2)]),
        # m_hat = 2, v_hat = 4, then m_hat = 0 / 0.75, v_hat = 1.75 / 0.4375
        ("adam", {"lr": 0.1, "beta1": 0.5, "beta2": 0.75, "eps": 0.5}, [0.92, 0.92]),
        ("amsgrad", {"lr": 0.1, "beta1": 0.75, "beta2": 0.75, "eps": 0.0}, [0.9, 0.9 - 0.1 * (2 / 7) / sqrt(16 / 7)]),
        ("adamw", {"lr": 0.1, "beta1": 0.5, "beta2": 0.75, "eps": 0.5, "weight_decay": 2.0}, [0.72, 0.72 * 0.8]),
        ("adamax", {"lr": 0.1, "beta1": 0.75, "beta2": 0.5, "eps": 0.0}, [0.9, 0.9 - 0.1 * (2 / 7) / 1.0]),
        # rho_inf is 3: never rectified
        ("radam", {"lr": 0.1, "beta1": 0.75, "beta2": 0.5}, [0.8, 0.8 - 0.1 * 2 / 7]),
        ("lion", {"lr": 0.1, "weight_decay": 0.5}, [0.85, 0.85 - 0.1 * (-1 + 0.425)]),
        ("rprop", {"lr": 0.1}, [0.9, 0.9]),  # the sign flips: eta is halved, nothing moves
        ("signsgd", {"lr": 0.1}, [0.9, 1.0]),
    ],
)
def test_two_steps_by_hand(name, options, path):
    np.testing.assert_allclose(first_steps(name, [2.0, -1.0], **options), path, rtol=1e-14)


def test_plain_numbers_give_plain_numbers():
    assert momentum(1.0, 2.0, 0.0, lr=0.1, beta=0.9) == (0.8, 2.0)


@pytest.mark.parametrize(
    "rule", [rule for rule in HERE if set(rule.signature.supplied) <= {"t"}], ids=lambda rule: rule.name
)
def test_zero_gradient_does_not_move_from_zero(rule):
    assert first_steps(rule.name, [0.0, 0.0, 0.0], x=0.0) == [0.0, 0.0, 0.0]


# ---- what no counterpart has: the pseudo-code of the paper, or of Keras, written out once more -----------------------

GRADIENTS = [2.0, -1.0, 0.5, 0.25, -3.0]


def in_keras(beta, rates, nesterov):
    """The velocity contains steps: a lower learning rate affects only new gradients."""
    x, velocity, path = 1.0, 0.0, []
    for g, rate in zip(GRADIENTS, rates, strict=True):
        velocity = velocity * beta - g * rate
        x += velocity * beta - g * rate if nesterov else velocity
        path.append(x)
    return path


@pytest.mark.parametrize("name", ["momentum", "nesterov"])
def test_momentum_as_in_keras(name):
    rates = [0.1, 0.05, 0.02, 0.02, 0.01]
    found = first_steps(name, GRADIENTS, lr=rates, beta=0.8, lr_inside=True)
    np.testing.assert_allclose(found, in_keras(0.8, rates, name == "nesterov"), rtol=1e-14)
    assert found != first_steps(name, GRADIENTS, lr=rates, beta=0.8)


@pytest.mark.parametrize("lr_outside", [False, True])
def test_the_learning_rate_of_rmsprop_with_momentum(lr_outside):
    rates, v, b, x, path = [0.1, 0.05, 0.02, 0.02, 0.01], 0.0, 0.0, 1.0, []
    for g, rate in zip(GRADIENTS, rates, strict=True):
        v = 0.9 * v + 0.1 * g * g
        b = 0.5 * b + (1 if lr_outside else rate) * g / sqrt(v + 0.01)
        x -= b * (rate if lr_outside else 1)
        path.append(x)
    options = {"alpha": 0.9, "momentum": 0.5, "eps": 0.01, "eps_inside": True, "lr_outside": lr_outside}
    np.testing.assert_allclose(first_steps("rmsprop", GRADIENTS, lr=rates, **options), path, rtol=1e-14)


def test_adam_as_in_keras():
    m = v = 0.0
    x, path = 1.0, []
    for t, g in enumerate(GRADIENTS, start=1):
        rate = 0.1 * sqrt(1 - 0.9**t) / (1 - 0.5**t)
        m += (g - m) * (1 - 0.5)
        v += (g * g - v) * (1 - 0.9)
        x -= m * rate / (sqrt(v) + 0.3)
        path.append(x)
    options = {"lr": 0.1, "beta1": 0.5, "beta2": 0.9, "eps": 0.3, "raw_eps": True}
    np.testing.assert_allclose(first_steps("adam", GRADIENTS, **options), path, rtol=1e-14)


def test_adamax_as_in_keras():
    m = u = 0.0
    x, path = 1.0, []
    for t, g in enumerate(GRADIENTS, start=1):
        m += (g - m) * (1 - 0.5)
        u = max(0.9 * u, abs(g))
        x -= 0.1 * m / ((1 - 0.5**t) * (u + 0.3))
        path.append(x)
    options = {"lr": 0.1, "beta1": 0.5, "beta2": 0.9, "eps": 0.3, "eps_outside": True}
    np.testing.assert_allclose(first_steps("adamax", GRADIENTS, **options), path, rtol=1e-14)


def test_yogi_begins_with_m_at_zero():
    m, v, x, path = 0.0, 0.04, 1.0, []
    for t, g in enumerate(GRADIENTS, start=1):
        m = 0.5 * m + 0.5 * g
        v = v + 0.1 * g * g if v < g * g else v - 0.1 * g * g
        x -= 0.1 * (m / (1 - 0.5**t)) / (sqrt(v / (1 - 0.9**t)) + 0.3)
        path.append(x)
    options = {"lr": 0.1, "beta1": 0.5, "beta2": 0.9, "eps": 0.3, "initial": 0.04}
    np.testing.assert_allclose(first_steps("yogi", GRADIENTS, **options), path, rtol=1e-14)


def test_adan_as_in_the_paper():
    """In the paper's letters, whose betas are one minus ours: algorithm 1, and the correction that its code adds."""
    b1, b2, b3, wd = 0.5, 0.3, 0.1, 2.0
    m = v = n = 0.0
    x, before, path = 1.0, GRADIENTS[0], []
    for k, g in enumerate(GRADIENTS, start=1):
        m = (1 - b1) * m + b1 * g
        v = (1 - b2) * v + b2 * (g - before)
        n = (1 - b3) * n + b3 * (g + (1 - b2) * (g - before)) ** 2
        rate = 0.1 / (sqrt(n / (1 - (1 - b3) ** k)) + 0.3)
        x -= rate * (m / (1 - (1 - b1) ** k) + (1 - b2) * v / (1 - (1 - b2) ** k))
        x /= 1 + wd * 0.1
        before = g
        path.append(x)
    options = {"lr": 0.1, "beta1": 0.5, "beta2": 0.7, "beta3": 0.9, "eps": 0.3, "weight_decay": 2.0}
    np.testing.assert_allclose(first_steps("adan", GRADIENTS, **options), path, rtol=1e-14)


def test_qhm_as_in_the_paper():
    buffer, x, path = 0.0, 1.0, []
    for g in GRADIENTS:
        buffer = 0.9 * buffer + (1 - 0.9) * g
        x -= 0.1 * ((1 - 0.6) * g + 0.6 * buffer)
        path.append(x)
    np.testing.assert_allclose(first_steps("qhm", GRADIENTS, lr=0.1, beta=0.9, nu=0.6), path, rtol=1e-14)


@pytest.mark.parametrize(
    ("options", "betas"),
    [({}, [0.0, 0.9, 0.99]), ({"k": 5}, [0.0, 0.9, 0.99, 0.999, 0.9999]), ({"a": 0.5, "k": 2}, [0.0, 0.5])],
)
def test_aggmo_as_in_the_paper(options, betas):
    velocities, x, path = [0.0] * len(betas), 1.0, []
    for g in GRADIENTS:
        velocities = [beta * v - g for beta, v in zip(betas, velocities, strict=True)]
        x += 0.1 / len(betas) * sum(velocities)
        path.append(x)
    np.testing.assert_allclose(first_steps("aggmo", GRADIENTS, lr=0.1, **options), path, rtol=1e-14)


def test_radam_is_rectified_from_the_sixth_step_on():
    """rho is 5.00... - with beta2 = 0.999: 4.996 at t = 5 and 5.995 at t = 6, where r is 0.0218."""
    path = np.array(first_steps("radam", [1.0] * 6, lr=0.1, eps=0.0))
    steps = -np.diff(path, prepend=1.0)
    np.testing.assert_allclose(steps[:5], 0.1, rtol=1e-13)
    rho_inf = 1999.0
    rho = rho_inf - 12 * 0.999**6 / (1 - 0.999**6)
    r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
    np.testing.assert_allclose(steps[5], 0.1 * r, rtol=1e-10)


def test_centred_rmsprop_is_finite_for_constant_gradients():
    """Their variance is zero, and rounding may make it negative."""
    path = first_steps("rmsprop", [0.1] * 3000, centered=True, alpha=0.9)
    assert np.isfinite(path).all()
