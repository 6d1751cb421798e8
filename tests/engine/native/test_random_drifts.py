"""Problems that change from step to step: machine code against replay, and against steps by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optlab
from optlab.execution import runner, step
from optlab.plugins.problems.units.drifting_unit import drifting_unit

SHAPES = ("quadratic", "gauss", "exponential", "line")
"""Functions without a kink: at a kink, a rounding decides about the sign of the gradient."""
RULES = [
    {"name": "gd", "lr": [0.01, 0.1]},
    {"name": "adam", "lr": [0.01, 0.1]},
    {"name": "momentum", "lr": [0.01, 0.05], "schedule": {"name": "step", "every": 7}},
    {"name": "nesterov", "lr": 0.02},
]
DRIFTS = st.lists(st.sampled_from([0.0, 0.001, 0.01, -0.03, 0.2]), min_size=1, max_size=3, unique=True)
SLOPES = st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=1, max_size=2, unique=True)


@settings(max_examples=6, deadline=None)
@given(
    st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3),
    DRIFTS,
    SLOPES,
    st.sampled_from(RULES),
    st.integers(1, 40),
)
def test_random_drifts_are_the_same_in_machine_code(planned, shapes, drift, slope, rule, steps):
    problem = {"name": "drifting_unit", "dim": len(shapes), "shapes": shapes, "drift": drift, "slope": slope}
    document = {"problem": [problem], "optimizer": [rule], "steps": steps, "record": {"points": steps + 1}}
    (sweep,) = planned(document).sweeps
    native = dataclasses.replace(sweep, backend="native")
    assert runner.choose(native, step.build_for(native)).backend == "native"
    done, right = (runner.run(dataclasses.replace(sweep, backend=backend)) for backend in ("native", "replay"))
    assert done.steps.tolist() == right.steps.tolist()
    np.testing.assert_allclose(done.loss, right.loss, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(done.final_loss, right.final_loss, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("backend", ["native", "replay"])
def test_each_step_has_the_function_of_its_number(planned, backend):
    """Gradient descent by hand, with the gradient of the function at step t."""
    problem = {"name": "drifting_unit", "dim": 2, "shapes": ["quadratic", "gauss"], "drift": 0.05, "slope": 2.0}
    document = {"problem": [problem], "optimizer": [{"name": "gd", "lr": 0.1}], "steps": 9, "record": {"points": 10}}
    (sweep,) = planned(document | {"backend": backend}).sweeps
    done = runner.run(sweep)
    given = {"drift": 0.05, "slope": 2.0, "shapes": ("quadratic", "gauss")}
    x = np.array(sweep.case.start.x, dtype=float)
    losses = [float(drifting_unit(x, t=1, **given))]
    for t in range(1, 10):
        x = x - 0.1 * optlab.grad(lambda x, t=t: drifting_unit(x, t=float(t), **given))(x)
        losses.append(float(drifting_unit(x, t=t + 1, **given)))
    np.testing.assert_allclose(done.loss[:, 0], losses, rtol=1e-12)
