"""The minima of a function of two parameters, against those in closed form or from the literature."""

from __future__ import annotations

import numpy as np
import pytest

from optlab import problem
from optlab.execution.records import Case, DomainDraw
from optlab.experiments.maps import minima
from optlab.experiments.maps.minima import Landscape, Minima


def landscape(of, **options):
    numbers = {**of.signature.numbers, **options}
    return Landscape(Case(of, 2, DomainDraw(), dict(of.signature.choices)), numbers, np.array(of.bounds(2)))


def everywhere(of, side=40):
    """Ends all over the domain, shape (2, side * side), so that some are near each minimum."""
    low, high = of.bounds(2)
    x, y = np.meshgrid(*(np.linspace(low[i], high[i], side) for i in range(2)))
    return np.stack([x.ravel(), y.ravel()])


@problem(domain=(-2.0, 2.0), start=(1.0, 1.0))
def wells(x, *, depth=0.0):
    """Four wells at (±1, ±1), the two on the right deeper where `depth` is positive. Nothing is known of it."""
    return np.sum((x**2 - 1) ** 2) - depth * x[0]


@problem(domain=(-2.0, 2.0), start=(1.0, 1.0), minimum=(0.0, 0.0))
def cone(x):
    """A kink at the minimum."""
    return np.abs(x[0]) + np.abs(x[1])


@problem(domain=(-2.0, 2.0), start=(1.0, 1.0))
def plateau(x):
    """A valley whose floor is a line: no minimum of it is isolated."""
    return (x[0] - x[1]) ** 2


def test_minima_of_an_unknown_function_are_found_to_the_last_digits():
    found = minima.find(landscape(wells), everywhere(wells), 1e-6)
    assert found.points == pytest.approx(np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]), abs=1e-14)
    assert found.losses == pytest.approx(np.zeros(4), abs=1e-28)


def test_the_lowest_comes_first():
    found = minima.find(landscape(wells, depth=0.5), everywhere(wells), 1e-6)
    right = max(np.roots([4, 0, -4, -0.5]).real)  # d/dx ((x^2 - 1)^2 - x / 2) = 0
    assert found.points[:2] == pytest.approx(np.array([[right, -1], [right, 1]]), abs=1e-13)
    assert (np.diff(found.losses) > -1e-12).all()


@pytest.mark.parametrize(
    ("name", "count", "lowest"),
    [
        ("himmelblau", 4, 0.0),
        ("rastrigin", 121, 0.0),
        ("six_hump_camel", 6, -1.0316284534898774),
        ("branin", None, None),
    ],
)
def test_minima_of_functions_of_the_literature(built_in, name, count, lowest):
    of = built_in.problem(name)
    found = minima.find(landscape(of), everywhere(of, 150), 1e-6)
    declared = np.array(of.minima_at(2))
    assert found.points[: len(declared)].shape == declared.shape
    assert {tuple(p) for p in declared} <= {tuple(p) for p in found.points}
    if count is not None:
        assert len(found) == count
        assert found.losses[0] == pytest.approx(lowest, abs=1e-12)


def test_a_known_minimum_at_a_kink_is_kept():
    assert minima.known(landscape(cone)).tolist() == [[0.0, 0.0]]
    assert minima.find(landscape(cone), everywhere(cone), 1e-6).points.tolist() == [[0.0, 0.0]]


def test_a_known_minimum_that_the_options_moved_is_not_kept(built_in):
    assert len(minima.known(landscape(built_in.problem("rosenbrock")))) == 1
    moved = landscape(built_in.problem("rosenbrock"), a=1.2)
    assert len(minima.known(moved)) == 0
    found = minima.find(moved, everywhere(built_in.problem("rosenbrock")), 1e-6)
    assert found.points == pytest.approx(np.array([[1.2, 1.44]]))


def test_a_saddle_and_a_degenerate_valley_are_not_minima(built_in):
    assert len(minima.find(landscape(plateau), everywhere(plateau), 1e-6)) == 0
    of = built_in.problem("saddle")
    assert [0.0, 0.0] not in minima.find(landscape(of), everywhere(of), 1e-6).points.round(6).tolist()


def test_ends_far_away_and_nan_are_ignored():
    ends = np.array([[1.0, np.nan, 1e300, -np.inf], [1.0, np.nan, 1.0, 0.0]])
    found = minima.find(landscape(wells), ends, 1e-6)
    assert found.points == pytest.approx(np.array([[1.0, 1.0]]))
    assert len(minima.find(landscape(wells), ends[:, 1:], 1e-6)) == 0


def test_which_minimum_a_run_ended_in():
    """The nearest minimum if the loss equals its loss. With a lower or higher loss, or NaN, the run is at none."""
    two = Minima(np.array([[0.0, 0.0], [4.0, 0.0]]), np.array([0.0, 1.0]), 0.1)
    ends = np.array([[0.1, 3.9, 3.9, 3.9, 0.1, np.nan], [0.0, 0.0, 0.0, 0.0, 0.0, np.nan]])
    losses = np.array([0.05, 1.1, 1.2, 0.5, 1.0, np.nan])
    assert two.of(ends, losses).tolist() == [0, 1, -1, -1, -1, -1]
    assert two.targets.tolist() == [0.1, 1.1]
    assert Minima(np.empty((0, 2)), np.empty(0), 0.1).of(ends, losses).tolist() == [-1] * 6
