"""Schedule-free gradient descent against optax and by hand, and its average."""

import numpy as np
import pytest

from optlab.plugins.optimizers.gd import gd
from optlab.plugins.optimizers.schedule_free import schedule_free
from tests.plugins.optimizers.descent import ROSENBROCK, VALLEY, descend, optax_path, path, quadratic


@pytest.mark.parametrize(("lr", "beta"), [(1e-3, 0.9), (2e-3, 0.5)])
def test_same_path_as_optax(lr, beta):
    optax = pytest.importorskip("optax")
    expected = optax_path(optax.contrib.schedule_free_sgd(lr, b1=beta), ROSENBROCK, VALLEY, 100)
    np.testing.assert_allclose(path(schedule_free, ROSENBROCK, VALLEY, 100, lr=lr, beta=beta), expected, rtol=1e-11)


def test_two_steps_by_hand():
    out = schedule_free(1.0, 2.0, 1.0, 1.0, 0.0, lr=0.5, beta=0.75)
    np.testing.assert_allclose(out, (0.0, 0.0, 0.0, 0.25), atol=1e-15)
    # twice the learning rate has four times the weight: c = 4/5
    out = schedule_free(*out[:1], 1.0, *out[1:], lr=1.0, beta=0.75)
    np.testing.assert_allclose(out, (-0.25 * 1.0 - 0.75 * 0.8, -1.0, -0.8, 1.25), rtol=1e-15)


def test_the_average_is_of_all_points_z():
    history = descend(schedule_free, ROSENBROCK, VALLEY, 40, lr=1e-3)
    zs = np.array([z for _, z, _, _ in history[1:]])
    np.testing.assert_allclose(history[-1][2], zs.mean(axis=0), rtol=1e-13)


def test_without_the_average_it_is_gradient_descent():
    found = path(schedule_free, ROSENBROCK, VALLEY, 40, lr=1e-3, beta=0.0)
    np.testing.assert_array_equal(found, path(gd, ROSENBROCK, VALLEY, 40, lr=1e-3))


def test_a_learning_rate_of_zero_gives_no_step():
    np.testing.assert_array_equal(schedule_free(1.0, 2.0, 1.0, 1.0, 0.0, lr=0.0), (1.0, 1.0, 1.0, 0.0))


def test_it_converges_without_a_schedule_at_the_rate_of_averages():
    bowl, centre = quadratic(5, condition=10.0)
    start = centre + 1.0
    for steps in (100, 1000):
        average = descend(schedule_free, bowl, start, steps, lr=0.1)[-1][2]
        assert bowl.f(average) <= 5 / (2 * 0.1 * steps)  # |x0 - x*|^2 / (2 lr t)
