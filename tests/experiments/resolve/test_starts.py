"""Starts and dimensions that do not fit a problem are reported at their place."""

from __future__ import annotations

import pytest

from optlab import problem
from optlab.errors import SpecError
from optlab.execution.records import DomainDraw, ProblemDraw


@problem(start=(1.0, 2.0, 3.0))
def three(x):
    """Needs three parameters."""
    a, b, c = x[0], x[1], x[2]
    return a * a + b * b + c * c


@problem(start=(1.0, 2.0, 3.0, 4.0))
def longer(x):
    """Needs three parameters, and starts with four."""
    return x[2] ** 2 + x @ x


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"name": "three", "start": [1, 2]}, "problem 1, start: three takes at least 3 parameters, not 2"),
        ({"name": "three", "dim": 2}, "problem 1, dim: three takes at least 3 parameters, not 2"),
        ({"name": "beale", "start": [1.0]}, "problem 1, start: beale has 2 parameters, not 1"),
        ({"name": "beale", "dim": 3}, "problem 1, dim: beale has 2 parameters, not 3"),
        ({"name": "rosenbrock", "dim": [2, 3, 1]}, "problem 1, dim: rosenbrock takes at least 2 parameters, not 1"),
        ({"name": "rosenbrock", "start": [1]}, "problem 1, start: rosenbrock takes at least 2 parameters, not 1"),
        ({"name": "longer", "dim": 2}, "problem 1, dim: longer takes at least 3 parameters, not 2"),
        (
            {"name": "rosenbrock", "dim": 3, "start": [1, 2]},
            "problem 1, start: the start has 2 numbers, and dim is 3; give one of the two",
        ),
        (
            {"name": "three", "start": "random"},
            "problem 1, start: three has no domain to draw a random start from; write a point, as start=[1.0,2.0]",
        ),
        (
            {"name": "mlp", "dataset": "xor", "dim": [2, 3]},
            "problem 1, dim: the dimension of mlp follows from its options; leave dim out",
        ),
    ],
)
def test_dimensions(planned, table, said):
    with pytest.raises(SpecError) as info:
        planned({"problem": [table], "optimizer": [{"name": "gd"}]}, three, longer)
    assert str(info.value) == f"<experiment>: {said}"


def test_a_random_start_of_a_network_is_the_one_that_it_draws_itself(planned):
    """So that `optlab race --start random` works on functions and networks together."""
    tables = [{"name": "rosenbrock", "start": "random"}, {"name": "mlp", "dataset": "xor", "start": "random"}]
    plan = planned({"seeds": 2, "problem": tables, "optimizer": [{"name": "gd"}]})
    assert [type(sweep.case.start) for sweep in plan.sweeps] == [DomainDraw, ProblemDraw]
    assert [len(sweep) for sweep in plan.sweeps] == [2, 2]
