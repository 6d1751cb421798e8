"""Continuations into the complex plane: their slopes on the real axis against mpmath, and functions without one."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import optlab
from optlab.engine.gradcheck import random_rounding

POINTS = [-2.7, -0.6, 0.3, 1.9]
STEP = 1e-30

ENTRYWISE = {
    "abs": (np.abs, mpmath.fabs),
    "maximum": (lambda x: np.maximum(x, 0.2) ** 2, lambda x: max(x, mpmath.mpf("0.2")) ** 2),
    "minimum": (lambda x: np.fmin(x, 0.2) ** 3, lambda x: min(x, mpmath.mpf("0.2")) ** 3),
    "clip": (lambda x: np.clip(x, -1, 1) * x, lambda x: max(min(x, 1), -1) * x),
    "sign": (lambda x: np.sign(x) * x**2, lambda x: mpmath.sign(x) * x**2),
    "floor": (lambda x: np.floor(x) * x, lambda x: mpmath.floor(x) * x),
    "ceil": (lambda x: np.ceil(x) * x, lambda x: mpmath.ceil(x) * x),
    "trunc": (lambda x: np.trunc(x) * x, lambda x: int(x) * x),
    "rint": (lambda x: np.rint(x) * x, lambda x: mpmath.nint(x) * x),
    "remainder": (lambda x: np.remainder(x, 0.7) ** 2, lambda x: (x - mpmath.mpf(0.7) * mpmath.floor(x / 0.7)) ** 2),
    "hypot": (lambda x: np.hypot(x, 3.0), lambda x: mpmath.hypot(x, 3)),
    "hypot of small": (lambda x: np.hypot(x, 0.1), lambda x: mpmath.hypot(x, mpmath.mpf(0.1))),
    "logaddexp": (lambda x: np.logaddexp(x, 0.5), lambda x: mpmath.log(mpmath.exp(x) + mpmath.exp(0.5))),
    "cbrt": (np.cbrt, lambda x: mpmath.sign(x) * mpmath.fabs(x) ** (mpmath.mpf(1) / 3)),
    "where": (lambda x: np.where(x > 0, x**2, -x), lambda x: x**2 if x > 0 else -x),
    "power": (lambda x: x**3.0, lambda x: x**3),
    "sigmoid": (optlab.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x))),
    "relu": (lambda x: optlab.relu(x) ** 2, lambda x: max(x, 0) ** 2),
    "softplus": (optlab.softplus, lambda x: mpmath.log(1 + mpmath.exp(x))),
}


@pytest.mark.parametrize("name", ENTRYWISE)
@pytest.mark.parametrize("x", POINTS)
def test_slopes_of_elementwise_functions_on_the_real_axis(name, x):
    f, exact = ENTRYWISE[name]
    found = random_rounding.value(f, np.array(complex(x, STEP)))
    with mpmath.workdps(40):
        value, slope = exact(mpmath.mpf(x)), mpmath.diff(exact, mpmath.mpf(x))
    assert found.real == pytest.approx(float(value), rel=1e-14, abs=1e-300)
    assert found.imag / STEP == pytest.approx(float(slope), rel=1e-13, abs=1e-300)


def sums(x):
    return np.linalg.norm(x) + np.std(x) * np.max(x) + np.median(x) + optlab.logsumexp(x) + np.sort(x) @ np.arange(4.0)


def test_slopes_of_functions_of_arrays_on_the_real_axis():
    """Against difference quotients with 60 digits."""

    def exact(x):
        n = len(x)
        mean = sum(x) / n
        ordered = sorted(x)
        return (
            mpmath.sqrt(sum(v * v for v in x))
            + mpmath.sqrt(sum((v - mean) ** 2 for v in x) / n) * max(x)
            + (ordered[1] + ordered[2]) / 2
            + mpmath.log(sum(map(mpmath.exp, x)))
            + sum(i * v for i, v in enumerate(ordered))
        )

    x = [0.3, -1.2, 2.5, 0.9]
    for i in range(4):
        there = np.array(x, complex)
        there[i] += 1j * STEP
        with mpmath.workdps(60):
            slope = mpmath.diff(lambda v, i=i: exact([*x[:i], v, *x[i + 1 :]]), x[i])
        assert random_rounding.value(sums, there).imag / STEP == pytest.approx(float(slope), rel=1e-13)


NOWHERE = {
    "abs": (np.abs, 0.0),
    "maximum": (lambda x: np.maximum(x, 2.0), 2.0),
    "relu": (optlab.relu, 0.0),
    "floor": (np.floor, 3.0),
    "rint": (np.rint, 2.5),
    "comparison": (lambda x: np.where(x > 1, x, 0.0), 1.0),
    "sqrt": (np.sqrt, 0.0),
    "sqrt of a square": (lambda x: np.sqrt(x**2), 0.0),
    "norm": (lambda x: np.linalg.norm(np.stack([x, 0 * x])), 0.0),
    "hypot": (lambda x: np.hypot(x, 0.0), 0.0),
    "log": (np.log, -1.0),
    "arcsin": (np.arcsin, 1.0),
    "a power": (lambda x: x**1.5, 0.0),
    "max": (lambda x: np.max(np.stack([x, 1 + 0 * x])), 1.0),
    "conjugate": (np.conjugate, 1.0),
    "the real part": (np.real, 1.0),
    "out of the array": (lambda x: np.asarray(x) + 1, 1.0),
    "out of NumPy": (lambda x: float(x) + 1, 1.0),
    "not a float": (lambda x: x.astype(int), 1.0),
}


@pytest.mark.parametrize("name", NOWHERE)
def test_unavailable_if_the_continuation_is_not_unique(name):
    f, x = NOWHERE[name]
    assert random_rounding.value(f, np.array(complex(x, STEP))) is None


def test_a_tie_that_does_not_depend_on_the_step():
    found = random_rounding.value(lambda x: np.sum(np.abs(x)) + np.max(x), np.array([0.0, 1 + 1j * STEP, 0.0]))
    assert found == 2 + 2j * STEP
