"""Functions with choices, at points where the branch that is not taken has an infinite slope."""

from __future__ import annotations

import numpy as np

from optlab import grad, relu

W = np.array([[1.0, 2.0], [0.5, 3.0], [-1.0, 1.0]])


def apart(x):
    """x + 1, and a number that is infinite at 0 and has an infinite slope."""
    return np.stack([x + 1, np.log(x)])


LEFT = {
    "minimum": (lambda x: np.minimum(np.exp(x), 1.0), 800.0, lambda x: 0 * x),
    "maximum": (lambda x: np.maximum(np.log(x), -100.0), 0.0, lambda x: 0 * x),
    "clip below": (lambda x: np.clip(np.log(x), -5.0, 5.0), 0.0, lambda x: 0 * x),
    "clip above": (lambda x: np.clip(1 / x, -5.0, 5.0), 0.0, lambda x: 0 * x),
    "clip by a traced bound": (lambda x: np.clip(x, np.log(x), 2.0), 0.0, lambda x: x),
    "relu": (lambda x: relu(np.sqrt(x) - 1), 0.0, lambda x: 0 * x),
    "relu of a reciprocal": (lambda x: relu(-1 / x), 0.0, lambda x: 0 * x),
    "where": (lambda x: np.where(x > 0, np.cbrt(x), 3 * x), 0.0, lambda x: 3 * x),
    "select": (lambda x: np.select([x > 1, x < -1], [np.log(x), np.sqrt(-1 - x)], x**2), 0.0, lambda x: x**2),
    "max of a stack": (lambda x: np.max(np.stack([np.sqrt(x), 1 + x])), 0.0, lambda x: 1 + x),
    "min over an axis": (
        lambda x: np.sum(np.min(np.stack([np.stack([np.exp(x), x]), np.stack([x, 1 / (x - 800)])]), axis=0)),
        800.0,
        lambda x: 2 * x,
    ),
    "amax": (lambda x: np.amax(np.stack([np.arcsin(x), 3 * x])), 1.0, lambda x: 3 * x),
    "ptp": (lambda x: np.ptp(np.stack([np.cbrt(x), 1 + x, -1 - x])), 0.0, lambda x: 2 + 2 * x),
    "median": (lambda x: np.median(np.stack([np.log(x), 2 + x, np.exp(1000 + x)])), 0.0, lambda x: 2 + x),
    "sort": (lambda x: np.sort(np.stack([np.sqrt(x), 3 + x, 2 * x - 4]))[::2] @ np.ones(2), 0.0, lambda x: 3 * x - 1),
    "an entry": (lambda x: np.stack([np.log(x), 2 * x])[1], 0.0, lambda x: 2 * x),
    "a slice": (
        lambda x: np.sum(np.sqrt(np.stack([x, x + 4, x + 9]))[1:]),
        0.0,
        lambda x: (x + 4) ** 0.5 + (x + 9) ** 0.5,
    ),
    "a mask": (
        lambda x: np.sum(np.sqrt(np.stack([x, x + 4]))[np.array([False, True])]),
        0.0,
        lambda x: np.sqrt(x + 4),
    ),
    "take": (lambda x: np.take(np.reciprocal(np.stack([x, x + 2])), 1), 0.0, lambda x: 1 / (x + 2)),
    "take_along_axis": (
        lambda x: np.take_along_axis(np.log(np.stack([x, x + 1])), np.array([1]), 0)[0],
        0.0,
        lambda x: np.log(x + 1),
    ),
    "at the argmax": (
        lambda x: (lambda v: np.take_along_axis(v, np.argmax(v, keepdims=True), 0)[0])(np.stack([np.sqrt(x), x + 1])),
        0.0,
        lambda x: x + 1,
    ),
    "split": (lambda x: np.split(np.sqrt(np.stack([x, x + 1])), 2)[1][0], 0.0, lambda x: np.sqrt(x + 1)),
    "diagonal": (
        lambda x: np.trace(np.sqrt(x + np.array([[1.0, 0.0], [0.0, 4.0]]))),
        0.0,
        lambda x: (x + 1) ** 0.5 + (x + 4) ** 0.5,
    ),
    "the largest norm": (lambda x: np.linalg.norm(np.stack([np.cbrt(x), x - 7]), np.inf), 0.0, lambda x: 7 - x),
    "the norm of a matrix": (
        lambda x: np.linalg.norm(np.stack([np.stack([np.sqrt(x), 2 * x + 1]), np.stack([x, x - 7])]), 1),
        0.0,
        lambda x: x + 8,
    ),
    "nested": (lambda x: np.maximum(np.minimum(np.exp(x), 5.0), relu(np.log(x - 800))), 800.0, lambda x: 0 * x),
    "a chain": (lambda x: np.minimum(np.exp(np.sqrt(np.exp(x))) ** 2, 2.0), 800.0, lambda x: 0 * x),
    "products that overflow": (
        lambda x: np.minimum(x**4, 1.0) + np.minimum(x * x * x * x, 1.0),
        1e200,
        lambda x: 0 * x,
    ),
    "at infinity": (
        lambda x: np.minimum(x * x, 1.0) + np.clip(x**3, 0.0, 1.0),
        np.inf,
        lambda x: np.zeros_like(x) * 1.0,
    ),
    "powers": (lambda x: np.maximum(x**0.3, 1.0) + np.maximum(np.power(x, 1.5), 1.0), 0.0, lambda x: 0 * x),
    "arccosh": (lambda x: np.maximum(np.arccosh(x), 0.1), 1.0, lambda x: 0 * x),
    "through a product": (
        lambda x: np.sum(relu(np.stack([np.log(x), x, x + 1])[None] @ W)),
        0.0,
        lambda x: 0 * x,
    ),
    "in a network": (
        lambda x: np.sum(relu(relu(apart(x) @ W[:2]) @ W[0] + np.array([1.0, -1.0]) * x)),
        0.0,
        lambda x: 0 * x,
    ),
    "a maximum that is not taken": (
        lambda x: relu(np.max(np.stack([x - 1, np.log(x)]))),
        0.0,
        lambda x: 0 * x,
    ),
    "a maximum that is infinite": (
        lambda x: np.minimum(np.max(np.stack([x, np.exp(x)])), 5.0),
        800.0,
        lambda x: 0 * x,
    ),
    "one of a maximum that is taken in part": (
        lambda x: np.sum(relu(3 * np.max(np.stack([apart(x), apart(x) - 2]), axis=1) + np.array([0.0, -5.0]))),
        0.0,
        lambda x: 3 * x + 3,
    ),
    "a condition for all entries": (
        lambda x: np.sum(np.where(x > 1, np.reshape(np.log(np.stack([x, x])), (2, 1)), x)),
        0.0,
        lambda x: 2 * x,
    ),
    "some rows of a product": (
        lambda x: np.sum(np.minimum(np.stack([np.stack([x, x]), np.exp(np.stack([x, 2 * x]))]) @ W[:2], 9000.0)),
        800.0,
        lambda x: 6.5 * x,
    ),
    "some rows of a product of two traced matrices": (
        lambda x: np.sum(
            np.minimum(
                np.stack([np.stack([x, x]), np.exp(np.stack([x, 2 * x]))]) @ (W[:2] * x),
                np.array([[1e9], [1.0]]),
            )
        ),
        800.0,
        lambda x: 6.5 * x**2,
    ),
}

A = np.array([[1.0, 2.0], [3.0, 4.0]])

OVERFLOWING = {
    "a product of squares": (
        lambda x: np.sum(np.minimum(np.stack([x * x, x])[None] @ (A * x), 1.0)),
        1e200,
        lambda x: 0 * x,
    ),
    "a matrix and squares": (lambda x: np.sum(np.minimum(A @ np.stack([x**3, x]), 1.0)), 1e200, lambda x: 0 * x),
    "a chain of products": (lambda x: np.sum(relu(1 - (A * x) @ (A * x) @ (A * x))), 1e200, lambda x: 0 * x),
    "a product of what is infinite": (lambda x: np.sum(np.minimum((A * x) @ (A * x), 1.0)), np.inf, lambda x: 0 * x),
    "a product of sums": (
        lambda x: np.sum(np.clip((np.ones((2, 2)) @ np.stack([x, x]))[None] @ (A * x), -1, 1)),
        1.7e308,
        lambda x: 0 * x,
    ),
    "einsum": (
        lambda x: np.sum(np.minimum(np.einsum("ij,jk,kl->il", A * x, A * x, A * x), 1.0)),
        1e200,
        lambda x: 0 * x,
    ),
    "matvec": (lambda x: np.sum(np.where(x < 0, np.matvec(A * x * x, np.stack([x, x])), x)), 1e200, lambda x: 2 * x),
    "the smallest of a product": (
        lambda x: np.min(np.stack([np.sum((A * x * x) @ (A * x)), x])),
        1e200,
        lambda x: x,
    ),
    "an entry beside a power": (lambda x: np.stack([x**4, x])[1], 1e200, lambda x: x),
    "an entry beside a sine": (lambda x: np.take(np.stack([np.sin(x * x * x), x]), 1), 1e200, lambda x: x),
    "a mask beside a power": (lambda x: np.sum(np.stack([x**4, x])[np.array([False, True])]), 1e200, lambda x: x),
    "split beside a power": (lambda x: np.split(np.stack([x**4, x]), 2)[1][0], 1e200, lambda x: x),
    "take_along_axis beside a power": (
        lambda x: np.take_along_axis(np.stack([x**4, x]), np.array([1]), 0)[0],
        1e200,
        lambda x: x,
    ),
    "an entry beside a product": (
        lambda x: np.stack([np.sum(np.stack([x * x, x])[None] @ (A * x)), x])[1],
        1e200,
        lambda x: x,
    ),
}
LEFT |= OVERFLOWING

BESIDE_KINKS = {
    "a kink beside an index": (
        lambda x: np.stack([np.abs(x), x**2])[1] + np.take(np.stack([np.hypot(x, x), x**3]), 1),
        0.0,
        lambda x: x**2 + x**3,
    ),
    "a tie in a branch": (
        lambda x: np.where(x >= 0, x**2, np.maximum(x, -x)) + np.where(x > 0, np.max(np.stack([x, -x])), x),
        0.0,
        lambda x: x**2 + x,
    ),
    "kinks that are not the largest": (
        lambda x: np.max(np.stack([np.minimum(x, -x), x**2 + 3, np.abs(x)])) + np.maximum(x**2, np.abs(x) - 1),
        0.0,
        lambda x: 2 * x**2 + 3,
    ),
    "a kink before a product": (
        lambda x: np.sum((np.stack([np.stack([np.maximum(x, 0), x]), np.stack([x, x + 1])]) @ W[:2])[1] ** 2),
        0.0,
        lambda x: (1.5 * x + 0.5) ** 2 + (5 * x + 3) ** 2,
    ),
    "the larger of two kinks": (
        lambda x: np.sum(np.max(np.abs(np.stack([np.stack([x, x + 2]), np.stack([x - 3, x])])), axis=0)),
        0.0,
        lambda x: 5 + 0 * x,
    ),
    "a kink in a slope": (
        lambda x: np.stack([grad(lambda z: np.abs(z) * z**2)(x), grad(lambda z: z**3)(x)])[1],
        0.0,
        lambda x: 3 * x**2,
    ),
}
LEFT |= BESIDE_KINKS
"""A function with a choice, a point, and the smooth function that it equals near the point."""
