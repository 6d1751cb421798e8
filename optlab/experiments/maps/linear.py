"""Linear update rules, and where they are stable on a quadratic problem.

Along an eigenvector of the Hessian with eigenvalue h, the gradient is g = h x. A rule that is linear in x, g and its
states s therefore multiplies (x, s) by a matrix M(h) at each step. The rule is stable if for each h the spectral radius
of M(h), the largest absolute value of its eigenvalues, is below 1. With L the largest h, the limit of gradient descent
x <- x - lr g is lr < 2 / L. The limit of the heavy ball b <- beta b + g, x <- x - lr b is lr < 2 (1 + beta) / L.

The matrix is that of the whole step, including the transforms of the rule. For instance, with decoupled weight decay d
the limit of the heavy ball is lr < 2 (1 + beta) / (L + d (1 + beta)).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optlab.engine.containment import contained
from optlab.execution.records import Floats
from optlab.execution.rule import Advance, Key, Point, Rule, initial_states

MOST = 8
"""The most eigenvalues of a Hessian that are used."""
SUPPLIED = {"grad", "hvp", "lr", "step"}
"""The supplied arguments that a linear step may have: gradients, but not the loss or values that depend on the step."""
SIZES = (1e-12, 1.0, 1e12)
"""The sizes of the points at which linearity is tested. A rule that clips is linear only below its threshold."""
Numbers = Mapping[Key, Any]
"""The numbers of a rule and its transforms. Each is one number or an array, and arrays broadcast together."""


def sample(eigenvalues: Floats) -> Floats:
    """The distinct eigenvalues of a Hessian, or `MOST` of them if there are more, including the least and the largest.

    >>> sample(np.array([1.0, 1.0, 3.0])).tolist()
    [1.0, 3.0]
    """
    distinct = np.unique(eigenvalues)
    spread = np.round(np.linspace(0, len(distinct) - 1, min(len(distinct), MOST))).astype(np.int64)
    return distinct[spread]


def matrices(rule: Rule, numbers: Numbers, eigenvalues: Floats) -> Floats | None:
    """The matrices M(h) of one step along each eigenvalue h, shape (H, ..., 1 + k, 1 + k) for k states.

    None if the step is not linear, or if it changes from step to step. The matrix is computed by executing the step on
    unit vectors, and checked at random points. The name of the rule is not used.

    >>> from optlab.plugins.optimizers.momentum import momentum
    >>> numbers = {("hyperparameter", "lr"): 0.5, ("hyperparameter", "beta"): 0.9}
    >>> matrices(Rule(momentum, {}), numbers, np.array([2.0])).tolist()
    [[[0.0, -0.45], [2.0, 0.9]]]
    """
    if rule.schedule is not None or any({*p.signature.supplied} - SUPPLIED for p in (rule.optimizer, *rule.transforms)):
        return None
    try:
        with np.errstate(all="ignore"), contained():
            found = [_matrix(rule, numbers, float(h)) for h in eigenvalues]
    except Exception:  # a rule that needs more than elementwise numbers is not linear in this sense
        return None
    return None if any(matrix is None for matrix in found) else np.stack([m for m in found if m is not None])


def _matrix(rule: Rule, numbers: Numbers, h: float) -> Floats | None:
    """M(h), or None if a step is not the product with a matrix."""
    shape = np.broadcast_shapes(*(np.shape(value) for value in numbers.values()))
    values = {key: np.broadcast_to(value, shape).ravel() for key, value in numbers.items()}
    x = np.zeros(int(np.prod(shape)))
    initial = initial_states(rule, (x.shape,), x).values()
    if any(np.shape(value) != x.shape for value in initial):
        return None
    size = 1 + len(initial)
    matrix = np.stack([_executed(rule, values, h, np.ones((size, x.size)) * e[:, None]) for e in np.eye(size)], axis=-1)
    # The values of the parameters differ, so that a rule that mixes parameters fails the check.
    for at, scale in zip(np.random.default_rng(0).normal(size=(len(SIZES), size, x.size)), SIZES, strict=True):
        found, expected = _executed(rule, values, h, scale * at), scale * np.einsum("nij,jn->ni", matrix, at)
        if not np.isfinite(matrix).all() or not np.allclose(found, expected, rtol=1e-9, atol=1e-9 * scale):
            return None
    return matrix.reshape(*shape, size, size)


def _executed(rule: Rule, values: Mapping[Key, Any], h: float, at: Floats) -> Floats:
    """(x, *state) after one step, shape (parameters, 1 + k). Each parameter is independent of the others."""

    def slope(p: Any) -> Any:
        return h * p

    x, *state = at.copy()
    step = Advance(rule, (x.shape,), state, values, lambda p: Point(None, slope(p), slope), {"grad": slope})
    return np.stack(step(x), axis=-1)


def radius(matrices: Floats) -> Floats:
    """The largest spectral radius of the matrices M(h) of a step, shape (...).

    >>> radius(np.array([[[0.5]], [[-0.75]]])).tolist()
    0.75
    """
    return np.max([np.abs(np.linalg.eigvals(matrix)).max(axis=-1) for matrix in matrices], axis=0)


def is_gradient_descent(matrices: Floats, eigenvalues: Floats, numbers: Numbers) -> bool:
    """Whether a step is x <- x - lr g."""
    lr = numbers.get(("hyperparameter", "lr"))
    if matrices.shape[-1] != 1 or lr is None:
        return False
    return all(_equals(matrix, [[1.0 - h * lr]]) for matrix, h in zip(matrices, eigenvalues, strict=True))


def is_heavy_ball(matrices: Floats, eigenvalues: Floats, numbers: Numbers) -> bool:
    """Whether a step is b <- beta b + g, x <- x - lr b."""
    lr, beta = (numbers.get(("hyperparameter", name)) for name in ("lr", "beta"))
    if matrices.shape[-1] != 2 or lr is None or beta is None:
        return False
    return all(
        _equals(matrix, [[1.0 - lr * h, -lr * beta], [h, beta]])
        for matrix, h in zip(matrices, eigenvalues, strict=True)
    )


def _equals(matrix: Floats, entries: list[list[Any]]) -> bool:
    return all(np.allclose(matrix[..., i, j], value) for i, row in enumerate(entries) for j, value in enumerate(row))
