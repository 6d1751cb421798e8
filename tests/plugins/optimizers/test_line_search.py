"""Line searches: the trial that is taken, and its conditions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optlab.plugins.optimizers.line_search import backtracking, strong_wolfe
from tests.plugins.optimizers.descent import ROSENBROCK, Objective, quadratic


def taken(loss, x=1.0, first=4.0, trials=6, shrink=0.5):
    d = -2.0
    return float(backtracking(loss, x, d, loss(x), d * 2 * x, first, shrink, trials))


@pytest.mark.parametrize(
    ("first", "size"),
    # from x = 1 along -2, f = x^2 is below 1 - 4e-4 a for a < 1 - 1e-4
    [(4.0, 0.5), (1.0, 0.5), (0.9, 0.9), (0.125, 0.125), (3.0, 0.75), (0.99995, 0.499975)],
)
def test_the_first_trial_with_sufficient_decrease_is_taken(first, size):
    assert taken(lambda p: p**2, first=first) == size


def test_the_smallest_size_is_taken_if_no_trial_decreases_enough():
    assert taken(lambda p: abs(p - 1)) == 0.125  # 4 / 2^5, though it climbs


def test_a_loss_of_nan_is_no_decrease():
    with np.errstate(invalid="ignore"):
        assert taken(np.sqrt) == 0.5  # the root of -7, -3, -1, 0


def test_losses_are_evaluated_at_all_trials_but_the_last():
    asked = []
    taken(lambda p: asked.append(p) or p**2, trials=3)
    assert asked == [1.0, -3.0, -7.0]  # the loss at x, of this test's own, then the smaller one first


# ---- strong Wolfe ----------------------------------------------------------------------------------------------------


def searched(objective, x, d, first, curvature, trials=40):
    """The size that is taken, and phi and phi' along d."""

    def phi(a):
        return objective.f(x + a * d)

    def slope(a):
        return np.sum(objective.grad(x + a * d) * d)

    size = strong_wolfe(objective.f, objective.grad, x, d, phi(0.0), slope(0.0), first, curvature, trials)
    return float(size), phi, slope


def in_two_loops(phi, slope, first, curvature):
    """Algorithms 3.5 and 3.6 of Nocedal & Wright as published, with evaluations where they are needed."""

    def descends(a, low):
        return phi(a) <= phi(0.0) + 1e-4 * a * slope(0.0) and phi(a) < phi(low)

    def is_flat(a):
        return abs(slope(a)) <= -curvature * slope(0.0)

    def zoom(low, high):
        while True:
            bend = phi(high) - phi(low) - slope(low) * (high - low)
            a = low + np.clip(-slope(low) * (high - low) / (2 * bend), 0.1, 0.9) * (high - low)
            if not descends(a, low):
                high = a
                continue
            if is_flat(a):
                return a
            if slope(a) * (high - low) >= 0:
                high = low
            low = a

    before, a = 0.0, first
    while True:
        if not descends(a, before):
            return zoom(before, a)
        if is_flat(a):
            return a
        if slope(a) >= 0:
            return zoom(a, before)
        before, a = a, 2 * a


points = st.tuples(st.floats(-2, 2), st.floats(-1, 3)).map(np.array)
firsts = st.floats(1e-3, 1e3)
turns = st.floats(-1.4, 1.4)  # less than a right angle away from the steepest descent
curvatures = st.sampled_from([0.01, 0.1, 0.5, 0.9])


@given(points, turns, firsts, curvatures, st.sampled_from(["valley", "bowl"]))
def test_both_wolfe_conditions_hold_at_the_result(x, turn, first, curvature, where):
    objective = {"valley": ROSENBROCK, "bowl": quadratic(2, condition=50.0)[0]}[where]
    g = objective.grad(x)
    d = -np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ g
    if np.linalg.norm(g) < 1e-3:
        return  # losses differ only by rounding
    size, phi, slope = searched(objective, x, d, first, curvature)
    assert phi(size) <= phi(0.0) + 1e-4 * size * slope(0.0)
    assert abs(slope(size)) <= curvature * abs(slope(0.0))
    np.testing.assert_allclose(size, in_two_loops(phi, slope, first, curvature), rtol=1e-12)


BOWL = Objective(lambda x: np.sum(x * x), lambda x: 2 * x, None)


@pytest.mark.parametrize(
    ("first", "curvature", "size"),
    # from x = 1 along -2 the slope is -4 + 8 a, and 0 at a = 1/2, where parabolas have their minimum
    [(0.5, 0.1, 0.5), (0.3, 0.5, 0.3), (0.9, 0.9, 0.9), (0.9, 0.7, 0.5), (64.0, 0.1, 6.4 / 12.8), (0.07, 0.1, 0.5)],
)
def test_sizes_by_hand(first, curvature, size):
    taken, _, _ = searched(BOWL, np.array([1.0]), np.array([-2.0]), first, curvature)
    np.testing.assert_allclose(taken, size, rtol=1e-14)


def test_sizes_are_doubled_until_the_minimum_is_passed():
    asked = []
    ramp = Objective(lambda x: asked.append(x.item()) or abs(x.item() - 9), lambda x: np.sign(x - 9), None)
    searched(ramp, np.array([0.0]), np.array([1.0]), 1.0, 0.1, trials=5)
    assert asked == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]


def test_without_a_flat_trial_the_lowest_is_taken():
    ramp = Objective(lambda x: abs(x.item() - 9), lambda x: np.sign(x - 9), None)
    size, _, _ = searched(ramp, np.array([0.0]), np.array([1.0]), 1.0, 0.1, trials=4)
    assert size == 8.0


def test_without_any_decrease_the_size_becomes_small():
    climb = Objective(lambda x: x.item(), lambda x: -np.ones(1), None)  # a wrong gradient
    size, _, _ = searched(climb, np.array([0.0]), np.array([1.0]), 1.0, 0.1, trials=3)
    assert 1e-3 <= size <= 0.5**3


@pytest.mark.parametrize("beyond", [np.nan, np.inf])
def test_a_trial_with_a_loss_of_nan_or_infinity_is_too_far(beyond):
    wall = Objective(
        lambda x: x.item() ** 2 if x > -3 else beyond, lambda x: 2 * x if x > -3 else np.full(1, np.nan), None
    )
    size, _, slope = searched(wall, np.array([1.0]), np.array([-2.0]), 1000.0, 0.1)
    np.testing.assert_allclose(slope(size), 0.0, atol=1e-12)  # 1000, 100, 10, 1, and the minimum of a parabola


def test_slopes_are_evaluated_at_all_trials():
    asked = []
    bowl = Objective(BOWL.f, lambda x: asked.append(x.item()) or 2 * x, None)
    searched(bowl, np.array([1.0]), np.array([-2.0]), 0.25, 0.9, trials=3)
    assert len(asked) == 1 + 3  # the slope at x, of this test's own
    assert asked[1] == 0.5
