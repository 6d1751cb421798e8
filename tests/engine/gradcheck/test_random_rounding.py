"""Arrays that round at random: the spread of the values is the rounding error, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

import optlab
from optlab.engine.gradcheck import random_rounding
from optlab.plugins import registry


def spread(f, x):
    rng = np.random.default_rng(0)
    values = [random_rounding.value(f, np.array(x), rng).real for _ in range(20)]
    return max(values) - min(values)


FUNCTIONS = {
    "a sum": (lambda x: np.sum(x**2), [1.0, 2.0], 5e-16, 5e-15),
    "cancellation": (lambda x: (1e20 + x[0]) - 1e20, [1.0], 1e3, 1e5),
    "cancellation of products": (lambda x: 1e8 * x[0] * x[0] - 1e8 * x[0] ** 2, [1.1], 1e-9, 1e-6),
    "a fast wave": (lambda x: np.sin(1e8 * x[0]), [1.3], 1e-9, 1e-6),
    "float32": (lambda x: np.sum(x.astype(np.float32)), [1.1, 2.3], 1e-7, 2e-6),
    "a matrix": (lambda x: np.linalg.det(x), [[1.0, 2.0], [1.0, 2.0 + 1e-9]], 1e-17, 1e-14),
    "exact": (lambda x: np.max(np.abs(np.floor(-x))), [1.5, 2.5], 0.0, 0.0),
    "the lab's own": (lambda x: optlab.sigmoid(x)[0] + optlab.relu(x)[1], [0.3, 2.0], 1e-17, 1e-14),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_spread_of_values_is_the_rounding_error(name):
    f, x, least, most = FUNCTIONS[name]
    assert least <= spread(f, x) <= most


@pytest.mark.parametrize("problem", registry.load(()).problems.values(), ids=lambda p: p.name)
def test_without_a_generator_rounding_is_as_usual(problem):
    if problem.trains_on_data or problem.name.startswith("bbob"):  # tests/plugins/problems/test_bbob.py
        return
    low, high = problem.bounds(problem.default_dim)
    x = np.random.default_rng(1).uniform(low, high)
    assert random_rounding.value(problem, x) == pytest.approx(float(problem(x)), rel=1e-15)


def test_the_interface_of_numpy_arrays():
    def f(x):
        y = x.copy()
        y[0] = 3.0
        total = 0.0
        for v in y.reshape(2, 2).T.ravel():
            total += v**2
        total -= y.mean() * len(x) * x.ndim
        return total + x.astype(float).max() + np.zeros(4, x.dtype) @ x

    assert random_rounding.value(f, np.array([1.0, 2.0, 3.0, 5.0])) == 9 + 4 + 9 + 25 - 13 + 5


def test_the_argument_is_not_changed():
    x = np.array([1.0, 2.0])

    def f(x):
        x *= 2
        return np.sum(x)

    assert random_rounding.value(f, x) == 6
    assert x.tolist() == [1.0, 2.0]
