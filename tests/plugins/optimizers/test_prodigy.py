"""Prodigy against optax, two steps by hand, and the distance that it finds."""

import numpy as np
import pytest

from optlab.plugins.optimizers.prodigy import prodigy
from tests.plugins.optimizers.descent import ROSENBROCK, VALLEY, descend, optax_path, path, quadratic


@pytest.mark.parametrize(
    "options", [{}, {"lr": 0.5, "beta1": 0.8, "beta2": 0.99, "d0": 1e-3}, {"eps": 1e-2, "d0": 1e-2}], ids=str
)
def test_same_path_as_optax(options):
    optax = pytest.importorskip("optax")
    numbers = {**prodigy.signature.numbers, **options}
    rule = optax.contrib.prodigy(
        numbers["lr"], (numbers["beta1"], numbers["beta2"]), eps=numbers["eps"], estim_lr0=numbers["d0"]
    )
    expected = optax_path(rule, ROSENBROCK, VALLEY, 60)
    np.testing.assert_allclose(path(prodigy, ROSENBROCK, VALLEY, 60, **options), expected, rtol=1e-9)
    assert abs(expected[-1] - VALLEY).max() > 0.01


def test_two_steps_by_hand():
    numbers = dict(lr=1.0, beta1=0.0, beta2=0.25, eps=0.5, d0=0.5)
    x, *state = np.array([4.0]), 0.0, 0.0, 0.0, np.array([4.0]), 0.0, 0.0
    # a = d sqrt(3/4) = 0.433, m = d g = 1, v = 3/4 d^2 g^2 = 3/4, s = a g, r = 0 at the start, and d stays
    a = 0.5 * np.sqrt(0.75)
    x, *state = prodigy(x, np.array([2.0]), *state, t=1.0, **numbers)
    first = 4 - a / (np.sqrt(0.75) + 0.25)
    np.testing.assert_allclose(np.hstack([x, *state]), [first, 1.0, 0.75, 2 * a, 4.0, 0.0, 0.5], rtol=1e-14)
    # b = 1/2 halves s; r = a' g (x0 - x); d = r / |s|
    a2 = 0.5 * np.sqrt(1 - 0.25**2)
    x, *state = prodigy(x, np.array([4.0]), *state, t=2.0, **numbers)
    s, r = a + 4 * a2, 4 * a2 * (4 - first)
    assert r / s < 0.5  # too short to increase d
    v = 0.25 * 0.75 + 0.75 * 4
    expected = [first - 2 * a2 / (np.sqrt(v) + 0.25), 2.0, v, s, 4.0, r, 0.5]
    np.testing.assert_allclose(np.hstack([x, *state]), expected, rtol=1e-14)


def test_the_distance_grows_to_the_order_of_the_true_one_and_not_beyond():
    bowl, centre = quadratic(6, condition=10.0)
    start = centre + 5.0
    history = descend(prodigy, bowl, start, 1500)
    d = np.array([values[-1] for values in history[1:]])
    assert (np.diff(d) >= 0).all()
    assert d[0] == 1e-6
    assert 1.0 < d[-1] <= np.linalg.norm(start - centre, ord=np.inf) * 1.0001
    assert bowl.f(history[-1][0]) < 1e-3 * bowl.f(start)
