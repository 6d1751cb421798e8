"""Quadratic problems: recognised by a constant Hessian, and described by its eigenvalues."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optlab.engine.derivatives import hessian
from optlab.execution.evaluation import whole_objective
from optlab.execution.records import Case, FixedPoint, Floats

POINTS = 5
"""The number of points at which the Hessian is computed."""
LARGEST = 64
"""The most parameters of a problem whose Hessian is computed."""


def spectrum(case: Case, options: Mapping[str, float]) -> Floats | None:
    """The eigenvalues of the Hessian of a quadratic problem in rising order, or None for other problems.

    A problem is quadratic if its Hessian is equal at several points of the domain, and positive definite. The name of
    the problem is not used. The first eigenvalue is mu, the last L.
    """
    if case.split is not None or case.dim > LARGEST:
        return None
    f = whole_objective(case)
    at = hessian(lambda x: f(x, **options))
    try:
        with np.errstate(all="ignore"):
            found = np.array([at(point) for point in _points(case)])
    except Exception:  # an error in the objective is reported when it is run
        return None
    if not np.isfinite(found).all() or np.ptp(found, axis=0).max() > 1e-9 * np.abs(found).max():
        return None
    eigenvalues = np.linalg.eigvalsh(found[0]).astype(np.float64)
    return eigenvalues if eigenvalues[0] > 0 else None


def _points(case: Case) -> Floats:
    """Points in the domain, or around the start, shape (POINTS, dim). They are always the same."""
    drawn = np.random.default_rng(0).uniform(size=(POINTS, case.dim))
    if case.problem.domain is not None:
        low, high = case.problem.bounds(case.dim)
        return low + (high - low) * drawn
    start = case.start.x if isinstance(case.start, FixedPoint) else np.zeros(case.dim)
    return start + 2 * drawn - 1


def fastest(eigenvalues: Floats) -> tuple[float, float]:
    """The pair (lr, beta) at which the heavy ball b <- beta b + g, x <- x - lr b is fastest.

    lr = (2 / (sqrt L + sqrt mu))^2, beta = ((sqrt L - sqrt mu) / (sqrt L + sqrt mu))^2. Source: Polyak (1964).

    >>> lr, beta = fastest(np.array([2.0, 200.0]))
    >>> round(lr, 6), round(beta, 6)
    (0.016529, 0.669421)
    """
    low, high = np.sqrt(eigenvalues[0]), np.sqrt(eigenvalues[-1])
    return float((2 / (high + low)) ** 2), float(((high - low) / (high + low)) ** 2)
