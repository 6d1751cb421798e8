"""Update rules that are linear, and where they are stable on a quadratic problem.

Along an eigenvector of the Hessian with eigenvalue h the gradient is g = h x, so that a rule which is linear in x, g
and its states s multiplies (x, s) by a matrix M(h) at each step. It is stable where the spectral radius of M(h), the
largest absolute value of its eigenvalues, is below 1 for every h of the Hessian. For gradient descent x <- x - lr g
this is lr < 2 / L, for the heavy ball b <- beta b + g, x <- x - lr b it is lr < 2 (1 + beta) / L, with L the largest h.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optlab.optimizers.base import Optimizer
from optlab.records import Floats

MOST = 8
"""Eigenvalues of a Hessian that are looked at."""
Numbers = Mapping[str, Any]
"""Hyperparameters: numbers, or arrays that broadcast together."""


def coefficients(optimizer: Optimizer, settings: Mapping[str, Any], numbers: Numbers) -> Floats | None:
    """The matrix A with (x', s') = A (x, g, s), shape (..., 1 + k, 2 + k) for k states; None where there is none.

    It is found by trying the rule on numbers, and checked at random ones: what a rule is called does not count.

    >>> from optlab.optimizers.momentum import momentum
    >>> coefficients(momentum, {}, {"lr": 0.5, "beta": 0.9}).tolist()
    [[1.0, -0.5, -0.45], [0.0, 1.0, 0.9]]
    """
    states = optimizer.signature.state.values()
    if optimizer.signature.supplied or any(callable(value) or value for value in states):
        return None
    size = 2 + len(states)
    shape = np.broadcast_shapes(*(np.shape(value) for value in numbers.values()))
    try:
        with np.errstate(all="ignore"):
            columns = [_tried(optimizer, settings, numbers, shape, unit) for unit in np.eye(size)]
            matrix = np.stack(columns, axis=-1)
            # values that differ from one another: a rule that mixes parameters is none of these
            drawn = np.random.default_rng(0).normal(size=(3, size, *shape))
            for at in drawn:
                expected = np.einsum("...ij,j...->...i", matrix, at)
                if not np.isfinite(matrix).all() or not np.allclose(
                    _tried(optimizer, settings, numbers, shape, at), expected, rtol=1e-9, atol=1e-9
                ):
                    return None
    except (Exception, SystemExit):  # a rule that wants more than numbers is another one
        return None
    return matrix


def _tried(optimizer: Optimizer, settings: Any, numbers: Any, shape: tuple[int, ...], at: Floats) -> Floats:
    """What the rule makes of (x, g, *state), as an array (..., 1 + k)."""
    given = [np.broadcast_to(value, shape).astype(float) for value in at]
    result = optimizer.function(*given, **numbers, **settings)
    parts = result if isinstance(result, tuple) else (result,)
    return np.stack([np.broadcast_to(part, shape) for part in parts], axis=-1)


def radius(matrix: Floats, eigenvalues: Floats) -> Floats:
    """The largest spectral radius of M(h) over the eigenvalues h of a Hessian, shape (...).

    Of very many eigenvalues, `MOST` are taken, the least and the largest among them.

    >>> radius(np.array([[1.0, -0.5]]), np.array([1.0, 3.0])).tolist()  # x <- x - 0.5 g: |1 - 0.5 h|
    0.5
    """
    largest = np.zeros(matrix.shape[:-2])
    distinct = np.unique(eigenvalues)
    spread = np.round(np.linspace(0, len(distinct) - 1, min(len(distinct), MOST))).astype(np.int64)
    for h in distinct[spread]:
        step = np.concatenate([matrix[..., :1] + h * matrix[..., 1:2], matrix[..., 2:]], axis=-1)
        largest = np.maximum(largest, np.abs(np.linalg.eigvals(step)).max(axis=-1))
    return largest


def is_gradient_descent(matrix: Floats, numbers: Numbers) -> bool:
    """Whether a rule is x <- x - lr g."""
    return matrix.shape[-2:] == (1, 2) and "lr" in numbers and _is(matrix, [[1.0, -1.0 * numbers["lr"]]])


def is_heavy_ball(matrix: Floats, numbers: Numbers) -> bool:
    """Whether a rule is b <- beta b + g, x <- x - lr b."""
    if matrix.shape[-2:] != (2, 3) or not {"lr", "beta"} <= set(numbers):
        return False
    lr, beta = numbers["lr"], numbers["beta"]
    return _is(matrix, [[1.0, -1.0 * lr, -lr * beta], [0.0, 1.0, beta]])


def _is(matrix: Floats, entries: list[list[Any]]) -> bool:
    return all(np.allclose(matrix[..., i, j], value) for i, row in enumerate(entries) for j, value in enumerate(row))
