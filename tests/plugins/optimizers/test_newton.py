"""Newton's method: one step on a quadratic, quadratic convergence, and damping."""

from itertools import pairwise

import numpy as np
import pytest

from optlab.plugins.optimizers.newton import newton
from tests.plugins.optimizers.descent import ROSENBROCK, VALLEY, Objective, path, quadratic


def test_one_step_on_a_quadratic():
    bowl, centre = quadratic(7, condition=1000.0)
    found = path(newton, bowl, centre + 3.0, 1, damping=0.0)[-1]
    assert np.linalg.norm(found - centre) < 1e-12 * np.linalg.norm(centre)


@pytest.mark.parametrize(("lr", "damping"), [(1.0, 0.0), (0.5, 3.0)])
def test_the_step_by_cramers_rule(lr, damping):
    found = path(newton, ROSENBROCK, VALLEY, 5, lr=lr, damping=damping)
    for x, following in pairwise(found):
        (a, b), (_, c) = ROSENBROCK.hessian(x) + damping * np.eye(2)
        p, q = ROSENBROCK.grad(x)
        step = np.array([c * p - b * q, a * q - b * p]) / (a * c - b * b)  # Cramer's rule
        np.testing.assert_allclose(following, x - lr * step, rtol=1e-10)


def test_the_error_is_squared_in_each_step():
    found = path(newton, ROSENBROCK, np.array([1.01, 1.0]), 5, damping=0.0)
    errors = np.linalg.norm(found - 1, axis=1)
    assert (errors[2:5] <= 100 * errors[1:4] ** 2 + 1e-15).all()
    assert errors[-1] < 1e-14


def test_strong_damping_approaches_gradient_descent():
    found = path(newton, ROSENBROCK, VALLEY, 1, damping=1e9)
    np.testing.assert_allclose(found[0] - found[1], ROSENBROCK.grad(VALLEY) / 1e9, rtol=1e-5, atol=1e-14)


def test_a_step_that_increases_the_loss_is_halved():
    losses = {n: [ROSENBROCK.f(x) for x in path(newton, ROSENBROCK, VALLEY, 25, halvings=n)] for n in (0, 10)}
    assert max(np.diff(losses[0])) > 1000
    assert max(np.diff(losses[10])) <= 0
    assert losses[10][-1] < 1e-20
    # f = |x|^3 / 3 + x^4 at 1 in one dimension, g = 5, H = 14 said to be 1: of 1, 1/2, 1/4 the last is enough
    steep = Objective(lambda x: np.sum(abs(x) ** 3 / 3 + x**4), lambda x: x * abs(x) + 4 * x**3, lambda x: np.eye(1))
    np.testing.assert_allclose(path(newton, steep, [1.0], 1, halvings=5, damping=0.0)[1], [-0.25], rtol=1e-15)
    np.testing.assert_allclose(path(newton, steep, [1.0], 1, halvings=1, damping=0.0)[1], [-1.5], rtol=1e-15)


def test_a_flat_point():
    plain = Objective(lambda x: 0.0, np.zeros_like, lambda x: np.zeros((2, 2)))
    np.testing.assert_array_equal(path(newton, plain, [1.0, 2.0], 3)[-1], [1.0, 2.0])
