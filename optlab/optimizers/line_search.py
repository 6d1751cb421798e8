"""The line search that rules with a direction share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

ARMIJO = 1e-4
"""How much of the decrease that the slope promises is enough."""


def backtracking(
    loss: Callable[[Any], Any], x: Any, d: Any, f: Any, slope: Any, first: Any, shrink: Any, trials: int
) -> Any:
    """The first step size a among first, shrink first, shrink^2 first, ... that decreases the loss enough along d.

    Enough is Armijo's condition (1966), f(x + a d) <= f + 1e-4 a slope. Where none of the trials meets it, the
    smallest is taken. All are evaluated, since nothing of Python is left when a run is executed.

    Args:
        loss: the loss at another point.
        x, d, f, slope: the point, the direction, the loss at x and its derivative along d, which is g'd.
        first, shrink, trials: the first trial, the factor from one to the next, and how many there are.

    >>> backtracking(lambda p: p**2, x=1.0, d=-2.0, f=1.0, slope=-4.0, first=4.0, shrink=0.5, trials=5)
    array(0.5)
    """
    sizes = [first * shrink**k for k in range(trials)]
    chosen = sizes[-1]
    for a in reversed(sizes[:-1]):
        chosen = np.where(loss(x + a * d) <= f + ARMIJO * a * slope, a, chosen)
    return chosen
