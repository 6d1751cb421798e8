"""Polyak's step size against optax, by hand, and the decrease that Polyak proved."""

import numpy as np
import pytest

from optlab.plugins.optimizers.polyak import polyak
from tests.plugins.optimizers.descent import ROSENBROCK, VALLEY, optax_path, path, quadratic


@pytest.mark.parametrize("lr", [1.0, 0.5])
def test_same_path_as_optax(lr):
    optax = pytest.importorskip("optax")
    rule = optax.polyak_sgd(max_learning_rate=1e9, scaling=1 / lr)
    expected = optax_path(rule, ROSENBROCK, VALLEY, 30, value=ROSENBROCK.f)
    np.testing.assert_allclose(path(polyak, ROSENBROCK, VALLEY, 30, lr=lr), expected, rtol=1e-9)


def test_two_steps_by_hand():
    # f = 2 x^2 + 3: (f - 3) / g^2 g = x / 2
    x, b = polyak(2.0, 8.0, 0.0, f=11.0, f_star=3.0, beta=0.5)
    np.testing.assert_allclose((x, b), (1.0, 1.0), rtol=1e-15)
    x, b = polyak(x, 4.0, b, f=5.0, f_star=3.0, beta=0.5)
    np.testing.assert_allclose((x, b), (0.0, 1.0), atol=1e-15)


def test_a_loss_below_the_minimum_does_not_increase_it():
    np.testing.assert_array_equal(polyak(2.0, 8.0, 0.0, f=1.0, f_star=3.0), (2.0, 0.0))


def test_each_step_approaches_the_minimum_by_the_proved_amount():
    """|x' - x*|^2 <= |x - x*|^2 - (f - f*)^2 / |g|^2 for a convex f, in 200 steps by the factor (1 - 1 / (4 k))^200."""
    bowl, centre = quadratic(6, condition=10.0)
    points = path(polyak, bowl, centre + np.ones(6), 200)
    distances = np.sum((points - centre) ** 2, axis=1)
    promised = [bowl.f(x) ** 2 / np.sum(bowl.grad(x) ** 2) for x in points[:-1]]
    assert (distances[1:] <= distances[:-1] - promised + 1e-15).all()
    assert distances[-1] <= (1 - 1 / 40) ** 200 * distances[0]
