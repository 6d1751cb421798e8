"""The state before the first step, of constants and of what depends on where a run starts."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import optimizer
from optlab.runner.state import initial_state
from optlab.step import build_for

X = np.array([[1.0, -2.0, 3.0], [0.5, 0.25, 4.0]])


@optimizer
def constant(x, g, m=0.0, biggest=lambda x: np.ones(()), *, lr=0.1):
    """State that is the same for all runs."""
    return x - lr * g, m, biggest


@optimizer
def starting(x, g, m=0.0, anchor=lambda x: 2 * x, size=lambda x: np.sum(x), *, lr=0.1):
    """State that depends on the start."""
    return x - lr * g, m, anchor, size


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(constant, [np.zeros((2, 1)), np.ones(1)]), (starting, [np.zeros((2, 1)), 2 * X, X[0] + X[1]])],
    ids=["constant", "starting"],
)
def test_state_at_the_starts(planned, rule, expected):
    problem = {"name": "sphere", "dim": 2, "start": [1.0, 1.0]}
    (sweep,) = planned({"problem": [problem], "optimizer": [{"name": rule.name}], "steps": 1}, rule).sweeps
    found = initial_state(build_for(sweep), X)
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]
