"""Functions that NumPy lacks: values and derivatives, up to infinity."""

from __future__ import annotations

import numpy as np
import pytest

import optlab

torch = pytest.importorskip("torch")

CASES = {
    "sigmoid": [(optlab.sigmoid, torch.sigmoid, [(2, 3)]), (optlab.sigmoid, torch.sigmoid, [()])],
    "relu": [(optlab.relu, torch.relu, [(2, 3)]), (optlab.relu, torch.relu, [(0,)])],
    "softplus": [(optlab.softplus, torch.nn.functional.softplus, [(2, 3)])],
    "logsumexp": [
        (optlab.logsumexp, lambda x: x.logsumexp((0, 1)), [(2, 3)]),
        (lambda x: optlab.logsumexp(x, axis=-1), lambda x: x.logsumexp(-1), [(2, 3)]),
        (lambda x: optlab.logsumexp(x, (0, 2), True), lambda x: x.logsumexp((0, 2), True), [(2, 3, 2)]),
        (lambda x: optlab.logsumexp(x, axis=1, keepdims=True), lambda x: x.logsumexp(1, True), [(0, 3)]),
        (optlab.logsumexp, lambda x: x * 1, [()]),
    ],
    "softmax": [
        (optlab.softmax, lambda x: x.softmax(-1), [(2, 3)]),
        (lambda x: optlab.softmax(x, axis=0), lambda x: x.softmax(0), [(2, 3)]),
        (lambda x: optlab.softmax(x, axis=None), lambda x: x.reshape(-1).softmax(0).reshape(2, 3), [(2, 3)]),
        (lambda x: optlab.softmax(x, (0, 2)), lambda x: (x - x.logsumexp((0, 2), True)).exp(), [(2, 3, 2)]),
        (optlab.softmax, lambda x: x.softmax(-1), [(3, 1)]),
    ],
}


def test_activations(case, check):
    check(case)


@pytest.mark.parametrize(
    "f", [optlab.sigmoid, optlab.relu, optlab.softplus, optlab.logsumexp], ids=lambda f: f.__name__
)
def test_they_take_plain_arrays_lists_and_numbers(f):
    assert f([0.5, -1.0]).tolist() == f(np.array([0.5, -1.0])).tolist()
    assert np.shape(f(0.5)) == ()
    expected = {"sigmoid": 1 / (1 + np.exp(-0.5)), "relu": 0.5, "softplus": np.log1p(np.exp(0.5)), "logsumexp": 0.5}
    assert float(f(0.5)) == pytest.approx(expected[f.__name__], rel=1e-15)


@pytest.mark.parametrize(
    ("f", "x", "value", "slope"),
    [
        (optlab.sigmoid, 1000.0, 1.0, 0.0),
        (optlab.sigmoid, -1000.0, 0.0, 0.0),
        (optlab.sigmoid, np.inf, 1.0, 0.0),
        (optlab.sigmoid, -np.inf, 0.0, 0.0),
        (optlab.relu, 0.0, 0.0, 0.0),
        (optlab.relu, np.inf, np.inf, 1.0),
        (optlab.relu, -np.inf, 0.0, 0.0),
        (optlab.softplus, 1000.0, 1000.0, 1.0),
        (optlab.softplus, -1000.0, 0.0, 0.0),
        (optlab.softplus, np.inf, np.inf, 1.0),
        (optlab.softplus, -np.inf, 0.0, 0.0),
        (optlab.softplus, 0.0, np.log(2.0), 0.5),
        (optlab.logsumexp, 1000.0, 1000.0, 1.0),
        (optlab.logsumexp, -1000.0, -1000.0, 1.0),
    ],
)
def test_values_and_derivatives_at_extremes(f, x, value, slope):
    assert float(f(x)) == float(optlab.trace(f, x)(x)[0]) == value
    assert float(optlab.grad(f)(x)) == slope


@pytest.mark.parametrize(
    ("x", "total", "weights"),
    [
        ([1000.0, 1000.0], 1000 + np.log(2), [0.5, 0.5]),
        ([-1000.0, -1000.0], -1000 + np.log(2), [0.5, 0.5]),
        ([1000.0, -1000.0], 1000.0, [1.0, 0.0]),
        ([0.0, -np.inf], 0.0, [1.0, 0.0]),
        ([-np.inf, -np.inf], -np.inf, [0.5, 0.5]),
        ([np.inf, 0.0], np.inf, [1.0, 0.0]),
        ([np.inf, np.inf, 1.0], np.inf, [0.5, 0.5, 0.0]),
    ],
)
def test_softmax_is_the_derivative_of_logsumexp(x, total, weights):
    x = np.array(x)
    assert float(optlab.logsumexp(x)) == pytest.approx(total, rel=1e-15)
    assert np.array_equal(optlab.softmax(x), weights, equal_nan=True)
    assert np.array_equal(optlab.grad(optlab.logsumexp)(x), weights, equal_nan=True)
