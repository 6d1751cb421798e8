"""Line searches, shared by rules that compute a direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

ARMIJO = 1e-4
"""The share of the decrease predicted by the slope that is sufficient."""


def backtracking(
    loss: Callable[[Any], Any], x: Any, d: Any, f: Any, slope: Any, first: Any, shrink: Any, trials: int
) -> Any:
    """The first step size a among first, shrink first, shrink^2 first, ... that decreases the loss enough along d.

    The decrease must meet Armijo's condition (1966), f(x + a d) <= f + 1e-4 a slope. If no trial meets it, the smallest
    one is taken. All trials are evaluated, because a traced rule has no branches.

    Args:
        loss: the loss at another point.
        x, d, f, slope: the point, the direction, the loss at x and its derivative along d, which is g'd.
        first, shrink, trials: the first trial, the factor from one trial to the next, and the number of trials.

    >>> backtracking(lambda p: p**2, x=1.0, d=-2.0, f=1.0, slope=-4.0, first=4.0, shrink=0.5, trials=5)
    array(0.5)
    """
    sizes = [first * shrink**k for k in range(trials)]
    chosen = sizes[-1]
    for a in reversed(sizes[:-1]):
        chosen = np.where(loss(x + a * d) <= f + ARMIJO * a * slope, a, chosen)
    return chosen


def strong_wolfe(
    loss: Callable[[Any], Any],
    grad: Callable[[Any], Any],
    x: Any,
    d: Any,
    f: Any,
    slope: Any,
    first: Any,
    curvature: float,
    trials: int,
) -> Any:
    """A step size a along d at which the loss has decreased enough and the slope is flat enough.

    With phi(a) = f(x + a d), these are Wolfe's conditions (1969) in their strong form,
    phi(a) <= phi(0) + 1e-4 a phi'(0)  and  |phi'(a)| <= curvature |phi'(0)|.

    The search follows Nocedal & Wright (Numerical Optimization, 2006, algorithms 3.5 and 3.6). `low` is the best size
    so far that meets the first condition. Between `low` and `high` there are sizes that meet both. While `high` is
    infinite, sizes are doubled. Then the next trial is the minimum of the parabola through phi(low), phi'(low) and
    phi(high), kept away from both ends.

    The result is the first trial that meets both conditions, or else low. If no trial meets the first condition, it is
    the size that would be tried next. All trials are evaluated, because a traced rule has no branches.

    Args:
        loss, grad: the loss and its gradient at another point.
        x, d, f, slope: the point, the direction, the loss at x and its derivative along d, which is g'd.
        first, curvature, trials: the first trial, the constant of the second condition, and the number of trials.

    >>> ends = dict(x=1.0, d=-2.0, f=1.0, slope=-4.0)
    >>> strong_wolfe(lambda p: p**2, lambda p: 2 * p, **ends, first=4.0, curvature=0.1, trials=3)
    array(0.5)
    """
    low, f_low, slope_low = 0.0, f, slope
    high, f_high = np.inf, np.inf
    a = chosen = first
    found = False
    for _ in range(trials):
        p = x + a * d
        f_a, slope_a = loss(p), np.sum(grad(p) * d)
        is_lower = (f_a <= f + ARMIJO * a * slope) & (f_a < f_low)
        chosen = np.where(found, chosen, a)
        found = found | (is_lower & (np.abs(slope_a) <= -curvature * slope))
        is_past = np.where(high > low, slope_a >= 0, slope_a <= 0)  # the minimum is between low and a
        high = np.where(is_lower, np.where(is_past, low, high), a)
        f_high = np.where(is_lower, np.where(is_past, f_low, f_high), f_a)
        low, f_low = np.where(is_lower, a, low), np.where(is_lower, f_a, f_low)
        slope_low = np.where(is_lower, slope_a, slope_low)
        a = _between(low, f_low, slope_low, high, f_high)
    return np.where(found, chosen, np.where(low > 0, low, a))


def _between(low: Any, f_low: Any, slope_low: Any, high: Any, f_high: Any) -> Any:
    """The next trial; twice `low` while `high` is infinite."""
    is_known = high < np.inf
    width = np.where(is_known, high - low, low)
    bend = np.where(is_known, f_high, f_low) - f_low - slope_low * width  # inf or NaN if the loss at high is inf or NaN
    share = np.where(bend > 0, -slope_low * width / (2 * np.where(bend > 0, bend, 1.0)), 0.0)
    return low + np.where(is_known, np.clip(share, 0.1, 0.9), 1.0) * width
