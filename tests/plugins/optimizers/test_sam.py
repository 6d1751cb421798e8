"""SAM against optax, and against the heavy ball that it becomes without a neighbourhood."""

import numpy as np
import pytest

from optlab.plugins.optimizers.momentum import momentum
from optlab.plugins.optimizers.sam import sam
from tests.plugins.optimizers.descent import ROSENBROCK, VALLEY, optax_path, path


@pytest.mark.parametrize(("lr", "beta", "rho"), [(1e-3, 0.9, 0.05), (2e-4, 0.5, 0.2)])
def test_same_path_as_optax(lr, beta, rho):
    optax = pytest.importorskip("optax")
    ascent = optax.chain(optax.contrib.normalize(), optax.sgd(rho))
    rule = optax.contrib.sam(optax.sgd(lr, momentum=beta), ascent, sync_period=2, opaque_mode=True)
    expected = optax_path(rule, ROSENBROCK, VALLEY, 50, grad_fn=lambda x: lambda p, i: ROSENBROCK.grad(np.asarray(p)))
    found = path(sam, ROSENBROCK, VALLEY, 50, lr=lr, beta=beta, rho=rho)
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_without_a_neighbourhood_it_is_the_heavy_ball():
    found = path(sam, ROSENBROCK, VALLEY, 50, lr=1e-3, rho=0.0)
    np.testing.assert_array_equal(found, path(momentum, ROSENBROCK, VALLEY, 50, lr=1e-3))


def test_two_steps_by_hand():
    # f = x^2 in one dimension: the highest point nearby lies rho further out, where the slope is 2 (x + rho sign x)
    x, b = sam(np.array([1.0]), np.array([2.0]), 0.0, grad=lambda p: 2 * p, lr=0.1, beta=0.5, rho=0.25)
    np.testing.assert_allclose((x, b), ([0.75], [2.5]), rtol=1e-12)
    x, b = sam(x, 2 * x, b, grad=lambda p: 2 * p, lr=0.1, beta=0.5, rho=0.25)
    np.testing.assert_allclose((x, b), ([0.425], [3.25]), rtol=1e-12)
