"""Functions that are twice differentiable at a point, but are written with choices that tie there.

Each row of `SMOOTH` is such a function of one number, the same function in mpmath without choices, and the point.
`OF_SEVERAL` has functions of several numbers, the point, and the Hessian by hand.
"""

from __future__ import annotations

import mpmath as mp
import numpy as np

from optlab import logsumexp, relu


def both(x):
    """x, as a sum of two parts."""
    return relu(x) - relu(-x)


def size(x):
    """The absolute value, as a sum of two parts."""
    return relu(x) + relu(-x)


def bent(x):
    """x, as a sum of parts below -1, between -1 and 0, between 0 and 1, and above."""
    return np.clip(x, -1, 0) + np.clip(x, 0, 1) + relu(x - 1) - relu(-x - 1)


def sorted_pair(x):
    return np.sort(np.stack([x, -x]))


SMOOTH = {
    "size squared": (lambda x: size(x) ** 2, lambda x: x**2, 0.0),
    "size to the fourth": (lambda x: size(x) ** 4, lambda x: x**4, 0.0),
    "cosine of the size": (lambda x: np.cos(size(x)), mp.cos, 0.0),
    "cosh of the size": (lambda x: np.cosh(3 * size(x)), lambda x: mp.cosh(3 * x), -0.0),
    "exp of halves": (lambda x: np.exp(both(x)), mp.exp, 0.0),
    "halves of x + x^2": (lambda x: both(x + x**2), lambda x: x + x**2, 0.0),
    "halves of a sine": (
        lambda x: both(np.sin(x)) ** 2 + both(np.expm1(x)),
        lambda x: mp.sin(x) ** 2 + mp.expm1(x),
        0.0,
    ),
    "halves of halves": (lambda x: np.exp(both(2 * both(x))), lambda x: mp.exp(2 * x), 0.0),
    "halves times size": (lambda x: both(x) * size(x) * both(x), lambda x: x * x * abs(x), 0.0),
    "a product of halves": (lambda x: relu(x) * relu(-x) + x**2, lambda x: x**2, 0.0),
    "squares of halves": (lambda x: relu(x) ** 2 + relu(-x) ** 2, lambda x: x**2, 0.0),
    "cubes of halves": (lambda x: relu(x) ** 3 + relu(-x) ** 3, lambda x: abs(x) ** 3, 0.0),
    "relu cubed": (lambda x: relu(x) ** 3, lambda x: max(x, mp.mpf(0)) ** 3, 0.0),
    "relu of a square": (lambda x: relu(x**2), lambda x: x**2, 0.0),
    "relu of minus a square": (lambda x: relu(-(x**2)), lambda x: 0 * x, 0.0),
    "relu of a fourth power": (lambda x: relu(x**4), lambda x: x**4, 0.0),
    "relu of 1 - cos": (lambda x: np.exp(relu(1 - np.cos(x))), lambda x: mp.exp(1 - mp.cos(x)), 0.0),
    "relu of the size": (lambda x: relu(size(x)) ** 2, lambda x: x**2, 0.0),
    "a kink and a smooth term": (lambda x: np.sin(both(x)) + relu(x - 1) + x**3, lambda x: mp.sin(x) + x**3, 0.0),
    "away from 0": (lambda x: np.log(1 + size(x - 2) ** 2), lambda x: mp.log(1 + (x - 2) ** 2), 2.0),
    "on the zero of a cubic": (lambda x: both(x**3 - 8) * x, lambda x: (x**3 - 8) * x, 2.0),
    "distances": (
        lambda x: np.exp(-(size(x - 1) ** 2)) * both(x - 1),
        lambda x: mp.exp(-((x - 1) ** 2)) * (x - 1),
        1.0,
    ),
    "relu as a bound below": (lambda x: (1 + relu(x - 1) - relu(1 - x)) ** 2, lambda x: x**2, 1.0),
    "leaky": (lambda x: np.exp(relu(x) - relu(-x) + relu(0 * x)), mp.exp, 0.0),
    "a sum of many": (lambda x: np.sum(size(np.arange(1.0, 4.0) * x) ** 2), lambda x: 14 * x**2, 0.0),
    "through a matrix": (
        lambda x: np.sum(size(np.array([[1.0, -2.0], [3.0, 0.0]]) @ np.stack([x, x])) ** 2),
        lambda x: 10 * x**2,
        0.0,
    ),
    "clip squared, on its upper bound": (lambda x: (np.clip(x, -1, 1) + relu(x - 1)) ** 2, lambda x: x**2, 1.0),
    "clip squared, on its lower bound": (lambda x: (np.clip(x, -1, 1) - relu(-1 - x)) ** 2, lambda x: x**2, -1.0),
    "clip, piece by piece": (lambda x: np.exp(bent(x)), mp.exp, 0.0),
    "clip, piece by piece, at 1": (lambda x: np.exp(bent(x)), mp.exp, 1.0),
    "clip, piece by piece, at -1": (lambda x: np.sin(bent(x)), mp.sin, -1.0),
    "clip by a traced bound": (
        lambda x: np.exp(np.clip(0.0, x, 1.0) + np.clip(0.0, -1.0, x)),
        mp.exp,
        0.0,
    ),
    "clip of a square": (lambda x: np.clip(x**2, 0.0, 1.0), lambda x: x**2, 0.0),
    "clip of halves": (lambda x: np.clip(both(x), -1.0, 1.0) ** 2 + np.clip(size(x), 0.0, 1.0), None, 0.5),
    "sort": (lambda x: sorted_pair(x)[1] ** 2, lambda x: x**2, 0.0),
    "sort, two orders": (
        lambda x: (sorted_pair(x)[1] + sorted_pair(-x)[1]) ** 2,
        lambda x: 4 * x**2,
        0.0,
    ),
    "sort, all of them": (lambda x: np.exp(np.sum(sorted_pair(x)) + x), mp.exp, 0.0),
    "sort, squares of all": (lambda x: np.sum(np.sort(np.stack([x, 2 * x, -x])) ** 3), lambda x: 8 * x**3, 0.0),
    "sort, ties of the second order": (
        lambda x: np.sort(np.stack([x**2, 0 * x]))[1] + np.sort(np.stack([0 * x, x**2]))[1],
        lambda x: 2 * x**2,
        0.0,
    ),
    "median": (
        lambda x: np.exp(np.median(np.stack([x, 2 * x, 0.5 * x])) - np.median(np.stack([0 * x, 2 * x, x]))),
        lambda x: mp.mpf(1) + 0 * x,
        0.0,
    ),
    "sort and relu": (lambda x: (np.sort(np.stack([relu(x), relu(-x)]))[1]) ** 2, lambda x: x**2, 0.0),
    "maximum": (lambda x: np.maximum(x, -x) ** 2, lambda x: x**2, 0.0),
    "maximum of a square": (lambda x: np.maximum(x**2, 0.0), lambda x: x**2, 0.0),
    "maximum and minimum": (lambda x: np.exp(np.maximum(x, 0.0) + np.minimum(x, 0.0)), mp.exp, 0.0),
    "minimum": (lambda x: np.minimum(x, -x) ** 2 + x**3, lambda x: x**2 + x**3, 0.0),
    "abs squared": (lambda x: np.abs(x) ** 2, lambda x: x**2, 0.0),
    "abs of a square": (lambda x: np.abs(x**2), lambda x: x**2, 0.0),
    "relu of abs": (lambda x: relu(np.abs(x)) ** 2, lambda x: x**2, 0.0),
    "relu of maximum": (lambda x: relu(np.maximum(x, -x)) ** 2, lambda x: x**2, 0.0),
    "clip of abs": (lambda x: np.clip(np.abs(x), 0.0, 1.0) ** 2, lambda x: x**2, 0.0),
    "sort of abs": (lambda x: np.sort(np.stack([np.abs(x), 0 * x]))[1] ** 2, lambda x: x**2, 0.0),
    "abs of halves": (lambda x: np.abs(both(x)) * size(x), lambda x: x**2, 0.0),
    "max": (lambda x: np.max(np.stack([x, -x])) ** 2, lambda x: x**2, 0.0),
    "max of relus": (lambda x: np.max(np.stack([relu(x), relu(-x)])) ** 2, lambda x: x**2, 0.0),
    "ptp": (lambda x: np.ptp(np.stack([x, -x, 0 * x])) ** 2, lambda x: 4 * x**2, 0.0),
    "hypot": (lambda x: np.hypot(x, 2 * x) ** 2, lambda x: 5 * x**2, 0.0),
    "norm": (lambda x: np.linalg.norm(np.stack([x, size(x)])) ** 2, lambda x: 2 * x**2, 0.0),
    "norm, 3": (lambda x: np.linalg.norm(np.stack([x, x]), 3) ** 3, lambda x: 2 * abs(x) ** 3, 0.0),
    "where": (lambda x: np.where(x > 0, x**2, x * x), lambda x: x**2, 0.0),
    "where of halves": (lambda x: np.where(x >= 0, size(x) ** 2, relu(-x) ** 2), lambda x: x**2, 0.0),
    "an entry": (lambda x: np.stack([size(x), both(x)])[0] ** 2, lambda x: x**2, 0.0),
}
SMOOTH["clip of halves"] = (SMOOTH["clip of halves"][0], lambda x: x**2 + x, 0.5)

EXACT = frozenset(name for name in SMOOTH if name.split()[0] not in {"maximum", "minimum", "abs", "max", "ptp"}) - {
    *("hypot", "norm", "norm, 3", "relu of abs", "relu of maximum", "clip of abs", "sort of abs"),
}
"""The functions with relu, clip and sort: their second derivative at a tie is right, and not NaN."""

W = np.array([[1.0, -2.0, 0.5], [2.0, 1.0, -1.0]])

OF_SEVERAL = {
    "y times halves of x": (lambda p: p[1] * both(p[0]), [0.0, 0.0], [[0, 1], [1, 0]]),
    "halves of a product": (lambda p: both(p[0] * p[1]), [0.0, 0.0], [[0, 1], [1, 0]]),
    "squares of sizes": (lambda p: np.sum(size(p) ** 2), [0.0, 0.0, 0.0], 2 * np.eye(3)),
    "the square of a sum of halves": (lambda p: np.sum(both(p)) ** 2, [0.0, 0.0], [[2, 2], [2, 2]]),
    "sizes of a linear map": (lambda p: np.sum(size(p @ W) ** 2), [0.0, 0.0], 2 * W @ W.T),
    "halves of a linear map": (lambda p: np.exp(np.sum(both(p @ W))), [0.0, 0.0], np.outer(W.sum(1), W.sum(1))),
    "a network of two layers": (
        lambda p: np.sum(size(both(p @ W) @ W.T) ** 2),
        [0.0, 0.0],
        2 * np.linalg.matrix_power(W @ W.T, 2),
    ),
    "halves that cross": (lambda p: both(p[0] - p[1]) * both(p[0] + p[1]), [1.0, 1.0], [[2, 0], [0, -2]]),
    "sort": (lambda p: np.sum(np.sort(p) ** 2), [1.0, 1.0, 1.0], 2 * np.eye(3)),
    "sort, its own order": (lambda p: np.sort(p)[0] * np.sort(p)[1], [1.0, 1.0], [[0, 1], [1, 0]]),
    "clip": (lambda p: np.sum((np.clip(p, 0, 1) + relu(p - 1) - relu(-p)) ** 2), [0.0, 1.0], 2 * np.eye(2)),
    "clip of a product": (
        lambda p: np.clip(p[0] * p[1], -1, 0) + np.clip(p[0] * p[1], 0, 1),
        [0.0, 0.5],
        [[0, 1], [1, 0]],
    ),
    "the larger of two": (
        lambda p: (p[1] + relu(p[0] - p[1])) * (p[0] - relu(p[0] - p[1])),
        [2.0, 2.0],
        [[0, 1], [1, 0]],
    ),
    "logsumexp of halves": (
        lambda p: logsumexp(both(p)),
        [0.0, 0.0],
        [[0.25, -0.25], [-0.25, 0.25]],
    ),
    "maximum times minimum": (lambda p: np.maximum(p[0], p[1]) * np.minimum(p[0], p[1]), [1.0, 1.0], [[0, 1], [1, 0]]),
    "norm": (lambda p: np.linalg.norm(p) ** 2, [0.0, 0.0], 2 * np.eye(2)),
    "hypot of halves": (lambda p: np.hypot(both(p[0]), both(p[1])) ** 2, [0.0, 0.0], 2 * np.eye(2)),
    "max and min": (lambda p: np.max(p) * np.min(p), [3.0, 3.0], [[0, 1], [1, 0]]),
}
EXACT_OF_SEVERAL = frozenset(OF_SEVERAL) - {"maximum times minimum", "norm", "hypot of halves", "max and min"}
