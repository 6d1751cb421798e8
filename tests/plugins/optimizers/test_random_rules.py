"""Rules with random numbers, called with a NumPy generator: against formulas by hand, and in the mean."""

import numpy as np
import pytest

from optlab.plugins.optimizers.adahessian import adahessian
from optlab.plugins.optimizers.sgld import sgld
from optlab.plugins.optimizers.sophia import sophia

CURVES = np.array([[4.0, 1.0], [1.0, 2.0]])


class Given:
    """A generator with given numbers, in order."""

    def __init__(self, *values):
        self.values = iter(values)

    def random(self, shape):
        value = np.array(next(self.values))
        assert value.shape == shape
        return value

    standard_normal = random


def hvp(v):
    return CURVES @ v


def test_adahessian_two_steps_by_hand():
    rng = Given([0.1, 0.9], [0.7, 0.6])  # z = (-1, 1), then (1, 1)
    numbers = dict(hvp=hvp, rng=rng, lr=0.5, beta1=0.5, beta2=0.75, eps=1.0)
    x, m, v = adahessian(np.zeros(2), np.array([2.0, -4.0]), 0.0, 0.0, t=1.0, **numbers)
    # H z = (-3, 1), h = z * H z = (3, 1); the hats are g and h^2, so that the step is g / (|h| + 1)
    np.testing.assert_allclose(m, [1.0, -2.0], rtol=1e-15)
    np.testing.assert_allclose(v, [2.25, 0.25], rtol=1e-15)
    np.testing.assert_allclose(x, [-0.25, 1.0], rtol=1e-15)
    x, m, v = adahessian(x, np.array([1.0, 0.0]), m, v, t=2.0, **numbers)
    # h = (5, 3)
    np.testing.assert_allclose(m, [1.0, -1.0], rtol=1e-15)
    np.testing.assert_allclose(v, [0.75 * 2.25 + 0.25 * 25, 0.75 * 0.25 + 0.25 * 9], rtol=1e-15)
    roots = np.sqrt(np.array([7.9375, 2.4375]) / 0.4375)
    np.testing.assert_allclose(x, [-0.25 - 0.5 / 0.75 / (roots[0] + 1), 1 + 0.5 / 0.75 / (roots[1] + 1)], rtol=1e-15)


def test_a_smaller_power_reduces_the_effect_of_curvature():
    numbers = dict(t=1.0, hvp=lambda v: 16.0 * v, lr=1.0, eps=1e-12)
    for power, moved in ((1.0, 1 / 16), (0.5, 1 / 4)):
        x, _, _ = adahessian(np.zeros(1), np.ones(1), 0.0, 0.0, rng=Given([0.2]), power=power, **numbers)
        np.testing.assert_allclose(x, [-moved], rtol=1e-10)


def test_sophia_by_hand():
    # g = (2, -4) and (0.1, 0); h is renewed in steps 1 and 4
    draws = Given([1.0, 2.0], [9.0, 9.0], [9.0, 9.0], [1.0, 0.0])
    numbers = dict(hvp=hvp, rng=draws, lr=0.1, beta1=0.5, beta2=0.75, gamma=1.0, every=3)
    x, m, h = sophia(np.zeros(2), np.array([2.0, -4.0]), 0.0, np.zeros(2), t=1.0, **numbers)
    np.testing.assert_allclose(m, [1.0, -2.0], rtol=1e-15)
    np.testing.assert_allclose(h, [1.5, 2.5], rtol=1e-15)  # u * H u = (6, 10)
    np.testing.assert_allclose(x, [-0.1 / 1.5, 0.08], rtol=1e-15)
    for t in (2.0, 3.0):
        x, m, h = sophia(x, np.array([4.0, 0.0]), m, h, t=t, **numbers)
        np.testing.assert_allclose(h, [1.5, 2.5], rtol=1e-15)
    # m = (2.5, -1), (3.25, -0.5): the first entry is clipped twice
    np.testing.assert_allclose(x, [-0.1 / 1.5 - 0.2, 0.08 + 0.1 * 1 / 2.5 + 0.1 * 0.5 / 2.5], rtol=1e-15)
    _, _, h = sophia(x, np.zeros(2), m, h, t=4.0, **numbers)
    np.testing.assert_allclose(h, [0.75 * 1.5 + 0.25 * 4, 0.75 * 2.5], rtol=1e-15)


def test_no_entry_of_sophia_moves_further_than_lr():
    x, _, _ = sophia(
        np.zeros(2), np.array([1e9, -1e9]), 0.0, np.zeros(2), t=2.0, hvp=hvp, rng=Given([1.0, 1.0]), lr=0.1
    )
    np.testing.assert_array_equal(x, [-0.1, 0.1])


@pytest.mark.parametrize("rule", [adahessian, sophia], ids=lambda rule: rule.name)
def test_the_estimates_are_of_the_diagonal_in_the_mean(rule):
    """adahessian keeps squares; their mean is the sum of the squares of the row of the Hessian."""
    rng, n = np.random.default_rng(0), 20_000
    calls = dict(t=1.0, hvp=hvp, beta2=0.0, rng=rng)
    found = np.mean([rule(np.zeros(2), np.zeros(2), 0.0, np.zeros(2), **calls)[2] for _ in range(n)], axis=0)
    expected = [17.0, 5.0] if rule is adahessian else [4.0, 2.0]
    np.testing.assert_allclose(found, expected, rtol=0.03)


def test_sgld_by_hand():
    x = sgld(np.array([1.0, 2.0]), np.array([2.0, -2.0]), rng=Given([1.0, -2.0]), lr=0.25, temperature=4.0)
    np.testing.assert_allclose(x, [1 - 0.25 + 1.0, 2 + 0.25 - 2.0], rtol=1e-15)
    np.testing.assert_array_equal(sgld(np.ones(1), np.ones(1), rng=Given([5.0]), lr=0.5, temperature=0.0), [0.75])


@pytest.mark.parametrize("temperature", [1.0, 0.25])
def test_sgld_samples(temperature):
    """On f = a x^2 / 2 the variance is temperature / a in the long run, and 1 / (1 - lr a / 4) of it for a step lr."""
    rng, a, lr = np.random.default_rng(1), np.array([1.0, 4.0])[:, None], 0.05
    x = np.zeros((2, 4000))
    for _ in range(400):
        x = sgld(x, a * x, rng=rng, lr=lr, temperature=temperature)
    expected = temperature / a[:, 0] / (1 - lr * a[:, 0] / 4)
    np.testing.assert_allclose(x.var(axis=1), expected, rtol=0.07)
    np.testing.assert_allclose(x.mean(axis=1), 0.0, atol=0.05)
