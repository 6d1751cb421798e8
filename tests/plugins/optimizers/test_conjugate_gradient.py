"""Conjugate gradients: the linear method on a quadratic, n steps for n dimensions, and Rosenbrock's function."""

import itertools
from itertools import pairwise

import numpy as np
import pytest

from optlab.errors import UserError
from optlab.plugins.optimizers.conjugate_gradient import conjugate_gradient
from tests.cases import every
from tests.plugins.optimizers.descent import ROSENBROCK, VALLEY, Objective, descend, path, quadratic, steps_until

FORMULAS = ["fletcher_reeves", "polak_ribiere", "hestenes_stiefel", "dai_yuan"]


def linear(matrix, centre, x, steps):
    """The method of Hestenes and Stiefel (1952) for A (x - c) = 0."""
    points, r = [x], matrix @ (centre - x)
    d = r
    for _ in range(steps):
        a = (r @ r) / (d @ matrix @ d)
        points.append(points[-1] + a * d)
        new = r - a * matrix @ d
        d, r = new + (new @ new) / (r @ r) * d, new
    return np.array(points)


@pytest.mark.parametrize("formula", FORMULAS)
def test_n_steps_on_a_quadratic_of_n_dimensions(formula):
    bowl, centre = quadratic(8, condition=30.0)
    start = centre + np.ones(8)
    found = path(conjugate_gradient, bowl, start, 8, formula=formula)
    expected = linear(bowl.hessian(start), centre, start, 8)
    np.testing.assert_allclose(found, expected, atol=1e-8)
    assert bowl.f(found[-1]) < 1e-13 < 1e-4 < bowl.f(found[-3])


def test_the_four_formulas_of_beta():
    g, g_old, d = np.array([1.0, 1.0]), np.array([-3.0, 2.0]), np.array([2.0, -5.0])
    # y = (4, -1), g'y = 3, d'y = 13, |g_old|^2 = 13
    betas = {"fletcher_reeves": 2 / 13, "polak_ribiere": 3 / 13, "hestenes_stiefel": 3 / 13, "dai_yuan": 2 / 13}
    calls = dict(f=0.0, grad=lambda p: p, loss=lambda p: 0.0, restart=9.0)
    for formula, beta in betas.items():
        _, found, _ = conjugate_gradient(np.zeros(2), g, d, g_old, **calls, formula=formula)
        np.testing.assert_allclose(found, -g + beta * d, rtol=1e-15)


def test_polak_ribiere_is_limited_at_zero():
    g, g_old, d = np.array([1.0, 0.0]), np.array([2.0, 0.5]), np.array([0.0, 1.0])  # g'y = -1
    calls = dict(f=0.0, grad=lambda p: p, loss=lambda p: 0.0, restart=9.0)
    np.testing.assert_array_equal(conjugate_gradient(np.zeros(2), g, d, g_old, **calls)[1], -g)


@pytest.mark.parametrize(
    ("g_old", "d", "restart"),
    [([1.0, 1.0], [1.0, -5.0], 0.1), ([0.0, 0.1], [90.0, 0.0], 0.1)],
    ids=["gradients far from orthogonal", "not downwards"],
)
def test_it_restarts(g_old, d, restart):
    g = np.array([1.0, 0.0])
    calls = dict(f=0.0, grad=lambda p: p, loss=lambda p: 0.0, restart=restart, formula="fletcher_reeves")
    found = conjugate_gradient(np.zeros(2), g, np.array(d), np.array(g_old), **calls)[1]
    np.testing.assert_array_equal(found, -g)


@pytest.mark.parametrize(
    ("line_search", "formula"), every(3, itertools.product(["secant", "strong_wolfe", "backtracking"], FORMULAS))
)
def test_rosenbrock_is_minimized(formula, line_search):
    budget = 1000 if line_search == "backtracking" else 100
    calls = dict(formula=formula, line_search=line_search)
    assert steps_until(1e-12, conjugate_gradient, ROSENBROCK, VALLEY, budget, **calls) <= budget
    losses = [ROSENBROCK.f(x) for x in path(conjugate_gradient, ROSENBROCK, VALLEY, 60, **calls)]
    assert (np.diff(losses) <= 0).all()


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_wolfe_conditions_hold_in_every_step(formula):
    history = descend(conjugate_gradient, ROSENBROCK, VALLEY, 30, formula=formula, line_search="strong_wolfe")
    for (before, *_), (x, d, g) in pairwise(history):
        step = x - before
        assert np.linalg.norm(step) > 0
        assert ROSENBROCK.f(x) <= ROSENBROCK.f(before) + 1e-4 * (g @ step)
        assert abs(ROSENBROCK.grad(x) @ d) <= 0.1 * abs(g @ d)


def test_backtracking_by_hand():
    # f = 2 x^2 at 1: along -4 the loss is below 2 - 16e-4 a for a < 1/2; then along -g + beta d, gone down
    bowl = Objective(lambda x: 2 * np.sum(x**2), lambda x: 4 * x, None)
    _, (first, d, _) = descend(conjugate_gradient, bowl, [1.0], 1, line_search="backtracking")
    assert (first.tolist(), d.tolist()) == ([0.0], [-4.0])


def test_x_does_not_change_without_a_slope():
    plain = Objective(lambda x: 0.0, np.zeros_like, None)
    for formula in FORMULAS:
        np.testing.assert_array_equal(path(conjugate_gradient, plain, [1.0, 2.0], 3, formula=formula)[-1], [1.0, 2.0])


def test_unknown_choices():
    for option, name in (("formula", "polak_ribier"), ("line_search", "exact")):
        with pytest.raises(UserError, match=f"conjugate_gradient has no {option} '{name}'.*; there are "):
            path(conjugate_gradient, ROSENBROCK, VALLEY, 1, **{option: name})
