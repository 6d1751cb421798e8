"""Adam written by hand, in place, in two ways, as used by both benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8

Array = np.ndarray[Any, Any]
Update = Callable[[Array, Array, float], None]


def adam(x: Array, lr: Any) -> Update:
    """The formulas in the order of the paper, one call each. Returns update(x, g, t), which overwrites g."""
    m, v = np.zeros((2, *x.shape))
    s, u = np.empty((2, *x.shape))

    def update(x: Array, g: Array, t: float) -> None:
        np.multiply(m, BETA1, m)
        np.multiply(g, 1 - BETA1, s)
        np.add(m, s, m)
        np.multiply(v, BETA2, v)
        np.square(g, g)
        np.multiply(g, 1 - BETA2, g)
        np.add(v, g, v)
        np.divide(m, 1 - BETA1**t, u)
        np.multiply(u, lr, u)
        np.divide(v, 1 - BETA2**t, s)
        np.sqrt(s, s)
        np.add(s, EPS, s)
        np.divide(u, s, u)
        np.subtract(x, u, x)

    return update


def adam_tuned(x: Array, lr: Any) -> Update:
    """The same update rearranged: m and v without their factors 1 - beta, and these and the bias corrections, which are
    numbers, moved into the learning rate and eps. Four passes over the parameters less."""
    m, v = np.zeros((2, *x.shape))
    s, u = np.empty((2, *x.shape))

    def update(x: Array, g: Array, t: float) -> None:
        np.multiply(m, BETA1, m)
        np.add(m, g, m)
        np.multiply(v, BETA2, v)
        np.square(g, g)
        np.add(v, g, v)
        root = ((1 - BETA2**t) / (1 - BETA2)) ** 0.5
        np.sqrt(v, s)
        np.add(s, EPS * root, s)
        np.divide(m, s, u)
        np.multiply(u, lr * (root * (1 - BETA1) / (1 - BETA1**t)), u)
        np.subtract(x, u, x)

    return update
