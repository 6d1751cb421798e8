"""The problems of comparisons: right gradients, independent runs, and rounding errors that do not grow."""

from __future__ import annotations

import numpy as np
import pytest

from optlab.plugins.optimizers.adadelta import adadelta
from optlab.plugins.optimizers.adam import adam
from optlab.plugins.optimizers.lion import lion
from optlab.plugins.optimizers.nesterov import nesterov
from optlab.plugins.optimizers.rmsprop import rmsprop
from optlab.testing import references
from optlab.testing.trials import DIM, trials


def test_gradients_are_those_of_the_loss():
    """Against central differences, in every run."""
    part, h = trials(2, 3), 1e-6
    for step in range(1, 4):
        p = part.starts
        for n in range(DIM):
            e = h * np.eye(DIM)[n]
            slope = (part.loss(step, p + e) - part.loss(step, p - e)) / (2 * h)
            np.testing.assert_allclose(part.grad(step, p)[:, [n]], slope, rtol=1e-6, atol=1e-7)


def test_a_run_does_not_depend_on_other_runs():
    part = trials(3, 4)
    assert len(part.starts) == 9
    g, loss = part.grad(2, part.starts), part.loss(2, part.starts)
    for n, alone in enumerate(part.one_by_one()):
        x = part.starts[n]
        assert alone.grad(2, x).shape == x.shape
        assert np.ndim(alone.loss(2, x)) == 0
        np.testing.assert_allclose(alone.grad(2, x), g[n], rtol=1e-14)
        np.testing.assert_allclose(alone.loss(2, x), loss[n], rtol=1e-14)


def test_data_differ_between_runs_and_are_equal_at_every_call():
    part, again = trials(3, 4), trials(3, 4)
    for array, same in ((part.starts, again.starts), (part.hessian, again.hessian), (part.noise, again.noise)):
        assert array.tobytes() == same.tobytes()
        assert len({row.tobytes() for row in array}) == len(array)


@pytest.mark.parametrize("rule", [adam, rmsprop, nesterov, adadelta, lion], ids=lambda rule: rule.name)
def test_small_differences_do_not_grow(rule):
    """Runs that begin 1e-10 apart are hardly further apart after 1,000 steps, though they have come a long way: so
    errors of 1e-12 are errors of a rule."""
    options = {name: np.float64(v) if isinstance(v, float) else v for name, v in rule.signature.options.items()}
    part = trials(20, 1000)
    path = references.ours(rule, options, part, 1000)
    moved = references.ours(rule, options, part, 1)
    part.starts[...] += 1e-10
    nearby = references.ours(rule, options, part, 1000)
    assert abs(nearby - path).max() < 1e-8
    assert np.median(abs(path[-1] - moved[0]).max(axis=-1)) > 0.05
