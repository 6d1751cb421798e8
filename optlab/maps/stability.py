"""What theory says of a map of hyperparameters where the problem is quadratic, and the loss that steps are counted to.

On f(x) = x' H x / 2 with the eigenvalues of H between mu > 0 and L, the iterates of

    gradient descent, x <- x - lr g,                       converge for 0 < lr < 2 / L,
    the heavy ball, b <- beta b + g, x <- x - lr b,        for 0 <= beta < 1, 0 < lr < 2 (1 + beta) / L,

and the heavy ball is fastest at lr = (2 / (sqrt L + sqrt mu))^2, beta = ((sqrt L - sqrt mu) / (sqrt L + sqrt mu))^2.
Source: Polyak (1964); Recht (2010), "Cs726: Lyapunov analysis and the heavy ball method".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optlab.engine.derivatives import hessian
from optlab.evaluation import whole_objective
from optlab.optimizers.base import Optimizer
from optlab.records import Case, Floats, Sweep
from optlab.step import objective

SHARE = 1e-6
"""Without a target of one's own, a run is there at this share of the start's height above the minimum."""
POINTS = 5
"""Where the Hessian is looked at, to see whether it is the same everywhere."""
LARGEST = 64
"""Parameters of a problem whose Hessian is looked at."""


# ---- the target ------------------------------------------------------------------------------------------------------


def target(case: Case, options: Mapping[str, float]) -> float | None:
    """The loss that counts as having come to the minimum: f* + 1e-6 (f(start) - f*), or None where f* is not known."""
    known = case.problem.minima_at(case.dim)
    if case.split is not None or not known or not isinstance(case.start, np.ndarray):
        return None
    try:
        with np.errstate(all="ignore"):
            losses = [float(objective(case)(point, **options)) for point in (case.start, *known)]
    except (Exception, SystemExit):  # a fault in the objective shows when it is run
        return None
    first, lowest = losses[0], min(losses[1:])
    return lowest + SHARE * (first - lowest) if lowest < first else None


def aimed(sweep: Sweep, given: float | None) -> Floats:
    """The target of each run, shape (R,): the one that was given, or that of the run's problem."""
    if given is not None:
        return np.full(len(sweep), given)
    each = [target(sweep.case, options_of(sweep, number)) for number in range(len(sweep.titles))]
    return np.array([-np.inf if one is None else one for one in each])[sweep.title]


def options_of(sweep: Sweep, title: int) -> dict[str, float]:
    """The options of the problem under one of a sweep's titles."""
    at = int(np.argmax(sweep.title == title))
    return {name: float(column[at]) for name, column in sweep.options.items()}


# ---- quadratic problems ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spectrum:
    """The least and the largest eigenvalue of a constant Hessian that is positive definite.

    >>> Spectrum(2.0, 200.0).best
    (0.0165289..., 0.66942...)
    """

    mu: float
    L: float

    @property
    def best(self) -> tuple[float, float]:
        """The learning rate and beta at which the heavy ball is fastest."""
        low, high = np.sqrt(self.mu), np.sqrt(self.L)
        return float((2 / (high + low)) ** 2), float(((high - low) / (high + low)) ** 2)

    def limit(self, beta: Floats) -> Floats:
        """The learning rate below which the heavy ball is stable; that of gradient descent at beta = 0."""
        return 2 * (1 + beta) / self.L


def spectrum(case: Case, options: Mapping[str, float]) -> Spectrum | None:
    """The spectrum of a quadratic problem; None where the Hessian is not the same everywhere, or not positive definite.

    Whether it is the same is seen at points drawn from the domain, not told by the problem's name.
    """
    if case.split is not None or case.dim > LARGEST:
        return None
    f = whole_objective(case)
    at = hessian(lambda x: f(x, **options))
    try:
        with np.errstate(all="ignore"):
            found = np.array([at(point) for point in _points(case)])
    except (Exception, SystemExit):  # a fault in the objective shows when it is run
        return None
    if not np.isfinite(found).all() or np.ptp(found, axis=0).max() > 1e-9 * np.abs(found).max():
        return None
    eigenvalues = np.linalg.eigvalsh(found[0])
    return Spectrum(float(eigenvalues[0]), float(eigenvalues[-1])) if eigenvalues[0] > 0 else None


def _points(case: Case) -> Floats:
    """Points of the domain, or around the start, shape (POINTS, dim); always the same ones."""
    drawn = np.random.default_rng(0).uniform(size=(POINTS, case.dim))
    if case.problem.domain is not None:
        low, high = case.problem.bounds(case.dim)
        return low + (high - low) * drawn
    start = case.start if isinstance(case.start, np.ndarray) else np.zeros(case.dim)
    return start + 2 * drawn - 1


# ---- optimizers ------------------------------------------------------------------------------------------------------


def is_heavy_ball(optimizer: Optimizer, settings: Mapping[str, object]) -> bool:
    """Whether a rule computes b <- beta b + g, x <- x - lr b, seen by trying it on numbers."""

    def ball(x: float, g: float, b: float, lr: float, beta: float) -> tuple[float, float]:
        return x - lr * (beta * b + g), beta * b + g

    return _computes(optimizer, settings, ("lr", "beta"), 1, ball)


def is_gradient_descent(optimizer: Optimizer, settings: Mapping[str, object]) -> bool:
    """Whether a rule computes x <- x - lr g, seen by trying it on numbers."""
    return _computes(optimizer, settings, ("lr",), 0, lambda x, g, lr: (x - lr * g,))


def _computes(optimizer, settings, names, states, formula) -> bool:
    read = optimizer.signature
    if not set(names) <= set(read.numbers) or len(read.state) != states or read.supplied:
        return False
    others = {name: value for name, value in read.numbers.items() if name not in names}
    draw = np.random.default_rng(0)
    for _ in range(5):
        given, numbers = draw.normal(size=2 + states), draw.uniform(0.1, 0.9, size=len(names))
        try:
            result = optimizer.function(*given, **dict(zip(names, numbers, strict=True)), **others, **settings)
        except (Exception, SystemExit):  # a rule that wants more than numbers is another one
            return False
        expected = formula(*given, *numbers)
        if not np.allclose(np.ravel(result), expected, rtol=1e-12, atol=1e-12):
            return False
    return True
