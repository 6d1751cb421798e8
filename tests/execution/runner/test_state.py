"""The initial state, which is constant or depends on the start of a run, and the state after the last step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optlab import optimizer
from optlab.execution import runner
from optlab.execution.records import STATUSES
from optlab.execution.runner.state import initial_state, overflowed
from optlab.execution.step import build_for

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
def test_the_initial_state_for_each_start(planned, rule, expected):
    problem = {"name": "sphere", "dim": 2, "start": [1.0, 1.0]}
    (sweep,) = planned({"problem": [problem], "optimizer": [{"name": rule.name}], "steps": 1}, rule).sweeps
    found = initial_state(build_for(sweep), X)
    assert [part.tolist() for part in found] == [part.tolist() for part in expected]


# ---- after the last step ---------------------------------------------------------------------------------------------


@optimizer
def remembering(x, g, m=0.0, best=lambda x: np.full(x.shape, np.inf), *, lr=0.1, big=1.0):
    """m becomes infinite if `big` is large, without effect on x; `best` is infinite from the beginning."""
    return x - lr * g, m + (big * g) ** 2, best


@pytest.mark.parametrize("backend", ["replay", "native"])
@pytest.mark.parametrize("steps", [1, 5, 70])
def test_a_run_whose_state_overflows_has_diverged(planned, backend, steps):
    problem = {"name": "sphere", "dim": 2, "start": [1.0, 1.0]}
    tables = {"problem": [problem], "optimizer": [{"name": "remembering", "big": [1.0, 1e200]}], "steps": steps}
    sweep = replace(planned(tables, remembering).sweeps[0], backend=backend)
    sweep = replace(sweep, recording=replace(sweep.recording, final_x=True))
    task = runner.Runner([sweep])
    done = task(sweep)
    assert task.backend(sweep) == backend
    assert [STATUSES[status] for status in done.status] == ["done", "diverged"]
    assert done.steps.tolist() == [steps, steps]
    assert done.final_loss == pytest.approx([2 * 0.8 ** (2 * steps), np.nan], nan_ok=True)
    assert np.isnan(done.final_x).tolist() == [[False, True], [False, True]]
    assert done.first_loss.tolist() == [2.0, 2.0]


def test_states_of_other_dtypes_and_rules_without_state():
    finite = [np.ones((2, 1), dtype=bool), np.ones((1,), dtype=bool)]
    after = [np.array([[1.0, np.inf, 2.0], [0.0, 0.0, np.nan]]), np.array([1, 2, 3])]
    assert overflowed(finite, after).tolist() == [False, True, True]
    assert overflowed([np.array([[False], [True]]), finite[1]], after).tolist() == [False, False, True]
    assert not overflowed([], []).any()
