"""Quantities of a case at many points. An overflow gives infinity, without a warning."""

from __future__ import annotations

import numpy as np
import pytest

from optlab.execution.evaluation import Evaluation, whole_objective
from optlab.execution.records import Case, FixedPoint
from optlab.plugins import registry


@pytest.mark.parametrize(
    ("b", "x1", "expected"),
    [(100.0, 0.5, 25.0), (100.0, 1e200, np.inf), (1e60, 0.5, np.inf)],
)
def test_a_number_too_large_for_float32_is_infinite(b, x1, expected):
    rosenbrock = registry.load(()).problem("rosenbrock")
    case = Case(rosenbrock, 2, FixedPoint(np.zeros(2))).computed_in("float32")
    options = {"a": np.array([1.0]), "b": np.array([b])}
    evaluation = Evaluation.of(case, {"loss": whole_objective(case)}, options, points=1)
    assert evaluation.at(np.array([[1.0], [x1]]))["loss"] == pytest.approx([expected])
