"""Backtracking: which trial is taken."""

import numpy as np
import pytest

from optlab.optimizers.line_search import backtracking


def taken(loss, x=1.0, first=4.0, trials=6, shrink=0.5):
    d = -2.0
    return float(backtracking(loss, x, d, loss(x), d * 2 * x, first, shrink, trials))


@pytest.mark.parametrize(
    ("first", "size"),
    # from x = 1 along -2, f = x^2 is below 1 - 4e-4 a for a < 1 - 1e-4
    [(4.0, 0.5), (1.0, 0.5), (0.9, 0.9), (0.125, 0.125), (3.0, 0.75), (0.99995, 0.499975)],
)
def test_the_first_that_decreases_enough(first, size):
    assert taken(lambda p: p**2, first=first) == size


def test_the_smallest_where_none_does():
    assert taken(lambda p: abs(p - 1)) == 0.125  # 4 / 2^5, though it climbs


def test_a_loss_that_is_no_number_is_not_enough():
    with np.errstate(invalid="ignore"):
        assert taken(np.sqrt) == 0.5  # the root of -7, -3, -1, 0


def test_losses_are_asked_for_at_all_trials_but_the_last():
    asked = []
    taken(lambda p: asked.append(p) or p**2, trials=3)
    assert asked == [1.0, -3.0, -7.0]  # the loss at x, of this test's own, then the smaller one first
