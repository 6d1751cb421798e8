"""The step sizes of Barzilai and Borwein: by hand, without positive curvature, and their convergence."""

import numpy as np
import pytest

from optlab.errors import UserError
from optlab.plugins.optimizers.barzilai_borwein import barzilai_borwein
from optlab.plugins.optimizers.gd import gd
from tests.plugins.optimizers.descent import ROSENBROCK, VALLEY, Objective, path, quadratic, steps_until

CURVES = np.array([1.0, 4.0])
BOWL = Objective(lambda x: np.sum(CURVES * x**2) / 2, lambda x: CURVES * x, lambda x: np.diag(CURVES))


@pytest.mark.parametrize(("step", "size"), [("long", 17 / 65), ("short", 65 / 257)])
def test_two_steps_by_hand(step, size):
    start, first, second = path(barzilai_borwein, BOWL, [1.0, 1.0], 2, first=0.5, step=step)
    np.testing.assert_allclose(first, start - 0.5 / np.sqrt(17) * np.array([1.0, 4.0]), rtol=1e-15)
    # s is along (1, 4): s's : s'As : s'AAs = 17 : 65 : 257
    np.testing.assert_allclose(second, first - size * CURVES * first, rtol=1e-13)


@pytest.mark.parametrize("step", ["long", "short"])
def test_for_negative_curvature_the_size_is_the_mean(step):
    hill = Objective(lambda x: -np.sum(x**2), lambda x: -2 * x, None)
    start, first, second = path(barzilai_borwein, hill, [0.5, 0.0], 2, step=step)
    np.testing.assert_allclose(start - first, [-1e-3, 0.0], rtol=1e-12)
    np.testing.assert_allclose(second, 2 * first, rtol=1e-12)  # |s| / |y| = 1/2, g = -2 x


def test_for_a_constant_slope_the_step_is_the_first_one():
    plane = Objective(np.sum, np.ones_like, None)
    points = path(barzilai_borwein, plane, [0.0, 0.0, 0.0, 0.0], 3, first=0.5)
    np.testing.assert_allclose(np.diff(points, axis=0), np.full((3, 4), -0.25), rtol=1e-15)  # 0.5 / |g|


def test_sizes_are_limited():
    flat = Objective(lambda x: 1e-3 * np.sum(x**2), lambda x: 2e-3 * x, None)
    first, second = path(barzilai_borwein, flat, [1.0], 2, largest=3.0)[1:]
    np.testing.assert_allclose(second, first - 3.0 * 2e-3 * first, rtol=1e-15)


@pytest.mark.parametrize("step", ["long", "short"])
def test_faster_than_gradient_descent(step):
    bowl, centre = quadratic(10, condition=100.0)
    start = centre + np.ones(10)
    plain = steps_until(1e-12, gd, bowl, start, 2000, lr=2 / 101)  # the best fixed learning rate
    found = steps_until(1e-12, barzilai_borwein, bowl, start, 2000, step=step)
    assert 5 * found < plain


def test_rosenbrock_is_minimized():
    assert steps_until(1e-12, barzilai_borwein, ROSENBROCK, VALLEY, 100) <= 100


def test_an_unknown_step():
    with pytest.raises(UserError, match=r"barzilai_borwein has no step 'lang' \(did you mean 'long'\?\); there are"):
        path(barzilai_borwein, BOWL, [1.0, 1.0], 1, step="lang")
