"""The starts of runs."""

import numpy as np
import pytest

from optlab import problem
from optlab.errors import PluginError
from optlab.execution.records import Case, DomainDraw, FixedPoint, ProblemDraw
from optlab.execution.starts import drawn, starts
from optlab.plugins.problems.base import Split

SEEDS = np.array([5, 0, 5, 2])


@problem(domain=((-1.0, 1.0), (10.0, 20.0)), start=(0.0, 11.0))
def box(x):
    """A box."""
    return np.sum(x)


def test_a_point_is_the_start_of_all_runs():
    np.testing.assert_array_equal(
        starts(Case(box, 2, FixedPoint(np.array([0.5, 12.0]))), 0, SEEDS), [[0.5] * 4, [12.0] * 4]
    )


def test_random_starts_fill_the_domain_and_depend_on_the_seed_only():
    case = Case(box, 2, DomainDraw())
    x = starts(case, 0, SEEDS)
    np.testing.assert_array_equal(x[:, 0], x[:, 2])
    assert len(np.unique(x[0])) == 3
    np.testing.assert_array_equal(starts(case, 0, np.array([2]))[:, 0], x[:, 3])
    assert not np.isin(starts(case, 1, SEEDS), x).any()
    many = starts(case, 0, np.arange(10_000))
    np.testing.assert_allclose([many.min(axis=1), many.max(axis=1)], [[-1.0, 10.0], [1.0, 20.0]], atol=1e-2)


def trained(draw):
    @problem(start=draw)
    def net(x, *, inputs, targets, width=3):
        """A network."""
        return np.mean(inputs @ x)

    split = Split("two", np.ones((2, 3)), np.eye(2), np.ones((0, 3)), np.ones((0, 2)))
    return Case(net, 3, ProblemDraw(), {"width": 3}, split)


def test_a_problem_draws_its_own_start_per_seed():
    case = trained(lambda *, rng, inputs, width: rng.normal(size=width) * inputs.shape[1])
    x = starts(case, 0, SEEDS)
    np.testing.assert_array_equal(x[:, 0], x[:, 2])
    np.testing.assert_array_equal(x[:, 3], drawn(case, 0, 2))
    assert len(np.unique(x)) == 9


def fails(*, rng):
    raise RuntimeError("no luck")


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda *, weather: np.ones(3), "the start of 'net' has an unknown argument: weather"),
        (lambda *, rng: np.ones((3, 1)), "the start of 'net' is not a flat vector: (3, 1)"),
        (lambda *, rng: "three", "the start of 'net' raises ValueError: could not convert string to float: 'three'"),
        (fails, "the start of 'net' raises RuntimeError: no luck"),
    ],
)
def test_invalid_starts(draw, said):
    with pytest.raises(PluginError) as info:
        drawn(trained(draw), 0, 0)
    assert str(info.value) == f"{__file__}:{draw.__code__.co_firstlineno}: {said}"
