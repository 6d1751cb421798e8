"""Linear rules and quadratic problems, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import optimizer, problem
from optlab.maps import linear, quadratic
from optlab.records import Case

LR, BETA = np.linspace(0.05, 2.5, 40)[None, :], np.linspace(0.0, 0.95, 30)[:, None]


@optimizer
def averaged(x, g, m=0.0, *, lr=0.1, beta=0.9):
    """The velocity is an average: its limit is another one than the heavy ball's."""
    m = beta * m + (1 - beta) * g
    return x - lr * m, m


@optimizer
def heavy_ball(x, g, b=0.0, *, lr=0.1, beta=0.9, decay=0.0):
    """The heavy ball by another name, with weight decay."""
    b = beta * b + g + decay * x
    return x - lr * b, b


@optimizer
def momentum(x, g, b=0.0, *, lr=0.1, beta=0.9):
    """Momentum by name only."""
    b = beta * b + np.sign(g)
    return x - lr * b, b


@optimizer
def normalised(x, g, *, lr=0.1):
    """Not linear."""
    return x - lr * g / (np.linalg.norm(g) + 1e-12)


@optimizer
def mixing(x, g, *, lr=0.1):
    """Linear, but each parameter moves by the mean of all slopes."""
    return x - lr * np.mean(g)


def case_of(of, dim=2):
    return Case(of, dim, of.start_at(dim), dict(of.signature.choices))


# ---- rules -----------------------------------------------------------------------------------------------------------


def test_the_limit_of_gradient_descent(built_in):
    matrix = linear.coefficients(built_in.optimizer("gd"), {}, {"lr": LR})
    assert linear.is_gradient_descent(matrix, {"lr": LR})
    assert not linear.is_heavy_ball(matrix, {"lr": LR})
    radius = linear.radius(matrix, np.array([0.5, 2.0]))
    assert radius == pytest.approx(np.maximum(abs(1 - 0.5 * LR), abs(1 - 2.0 * LR)))


def test_the_limit_of_the_heavy_ball(built_in):
    """lr < 2 (1 + beta) / L, and at the fastest pair the radius is sqrt(beta) (Polyak, 1964)."""
    eigenvalues = np.array([0.5, 2.0])
    numbers = {"lr": LR, "beta": BETA}
    matrix = linear.coefficients(built_in.optimizer("momentum"), {}, numbers)
    assert linear.is_heavy_ball(matrix, numbers)
    assert not linear.is_gradient_descent(matrix, numbers)
    assert ((linear.radius(matrix, eigenvalues) < 1) == (LR < 2 * (1 + BETA) / 2.0)).all()
    lr, beta = quadratic.fastest(eigenvalues)
    best = linear.radius(linear.coefficients(built_in.optimizer("momentum"), {}, {"lr": lr, "beta": beta}), eigenvalues)
    assert best == pytest.approx(np.sqrt(beta), rel=1e-6)
    assert best == pytest.approx((np.sqrt(2.0) - np.sqrt(0.5)) / (np.sqrt(2.0) + np.sqrt(0.5)), rel=1e-6)
    assert (linear.radius(matrix, eigenvalues) >= best - 1e-9).all()


def test_another_momentum_has_another_limit():
    """With an average as velocity: lr < 2 (1 + beta) / ((1 - beta) L)."""
    numbers = {"lr": 10 * LR, "beta": BETA}
    matrix = linear.coefficients(averaged, {}, numbers)
    assert not linear.is_heavy_ball(matrix, numbers)
    assert ((linear.radius(matrix, np.array([1.0])) < 1) == (10 * LR < 2 * (1 + BETA) / (1 - BETA))).all()


def test_a_rule_is_what_it_computes_not_what_it_is_called():
    assert linear.is_heavy_ball(*both(heavy_ball, decay=0.0))
    assert not linear.is_heavy_ball(*both(heavy_ball, decay=0.1))
    assert linear.coefficients(momentum, {}, {"lr": LR, "beta": BETA}) is None


def both(rule, **more):
    numbers = {"lr": LR, "beta": BETA, **more}
    return linear.coefficients(rule, {}, numbers), numbers


@pytest.mark.parametrize("rule", [normalised, mixing])
def test_rules_that_are_not_linear_in_each_parameter(rule):
    assert linear.coefficients(rule, {}, {"lr": LR}) is None


def test_adam_is_not_linear(built_in):
    adam = built_in.optimizer("adam")
    assert linear.coefficients(adam, {}, dict(adam.signature.numbers)) is None


# ---- problems --------------------------------------------------------------------------------------------------------


@problem(domain=(-3.0, 3.0), start=(1.0, 1.0))
def tilted(x, *, a=3.0):
    """x' [[a, 1], [1, 2]] x / 2 plus a slope, which leaves the Hessian alone."""
    return 0.5 * (a * x[0] ** 2 + 2 * x[0] * x[1] + 2 * x[1] ** 2) + x[0]


@problem(domain=(-3.0, 3.0), start=(1.0, 1.0))
def valley(x):
    """A floor without a slope: not positive definite."""
    return (x[0] - x[1]) ** 2


@problem(domain=(-3.0, 3.0), start=(1.0, 1.0))
def nearly(x):
    """A bowl but for a small quartic term."""
    return np.sum(x**2) + 1e-4 * np.sum(x**4)


def test_the_eigenvalues_of_a_quadratic_problem(built_in):
    for condition in (1.0, 30.0, 1e4):
        found = quadratic.spectrum(case_of(built_in.problem("ellipsoid")), {"condition": condition})
        assert found == pytest.approx([2.0, 2 * condition])
    assert quadratic.spectrum(case_of(built_in.problem("matyas")), {}) == pytest.approx([0.04, 1.0])
    assert quadratic.spectrum(case_of(tilted), {"a": 3.0}) == pytest.approx((5 + np.array([-1, 1]) * np.sqrt(5)) / 2)
    seven = quadratic.spectrum(case_of(built_in.problem("ellipsoid"), 7), {"condition": 64.0})
    assert seven == pytest.approx(2 * 64.0 ** (np.arange(7) / 6))


def test_what_is_not_quadratic(built_in):
    for of in (nearly, valley, *(built_in.problem(n) for n in ("rosenbrock", "himmelblau", "rastrigin", "saddle"))):
        assert quadratic.spectrum(case_of(of), dict(of.signature.numbers)) is None
