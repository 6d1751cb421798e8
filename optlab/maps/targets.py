"""The loss that steps are counted to in a map of stability."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optlab.engine.derivatives import grad
from optlab.records import Case, Floats, Sweep
from optlab.step import objective

SHARE = 1e-6
"""Without a target of one's own, a run is there at this share of the start's height above the minimum."""
FLAT = 1e-4
"""The largest partial derivative at a point that is taken for a minimum."""


def target(case: Case, options: Mapping[str, float]) -> float | None:
    """f* + 1e-6 (f(start) - f*), or None where the minimum f* is not known or the start is not a point."""
    lowest, first = known_minimum(case, options), at_start(case, options)
    return lowest + SHARE * (first - lowest) if lowest is not None and first is not None and lowest < first else None


def known_minimum(case: Case, options: Mapping[str, float]) -> float | None:
    """The objective at the lowest of the known minimisers."""
    losses = [loss for point in case.problem.minima_at(case.dim) if (loss := _loss(case, point, options)) is not None]
    return min(losses, default=None)


def flat_minimum(case: Case, options: Mapping[str, float]) -> float | None:
    """The known minimum, or None where the slope at a known minimiser tells that the options have moved it away."""
    flat = all(_slope(case, point, options) < FLAT for point in case.problem.minima_at(case.dim))
    return known_minimum(case, options) if flat else None


def _slope(case: Case, point: Floats, options: Mapping[str, float]) -> float:
    """The largest partial derivative at a point."""
    f = objective(case)
    try:
        with np.errstate(all="ignore"):
            return float(np.abs(grad(lambda x: f(x, **options))(point)).max())
    except Exception:  # a fault in the objective shows when it is run
        return np.inf


def at_start(case: Case, options: Mapping[str, float]) -> float | None:
    """The objective at the start, where that is a point."""
    return _loss(case, case.start, options) if isinstance(case.start, np.ndarray) else None


def _loss(case: Case, point: Floats, options: Mapping[str, float]) -> float | None:
    if case.split is not None:
        return None
    try:
        with np.errstate(all="ignore"):
            loss = float(objective(case)(point, **options))
    except Exception:  # a fault in the objective shows when it is run
        return None
    return loss if np.isfinite(loss) else None


def aimed(sweep: Sweep, given: float | None) -> Floats:
    """The target of each run, shape (R,): the one that was given, or that of the run's problem."""
    if given is not None:
        return np.full(len(sweep), float(given))
    each = [target(sweep.case, options_of(sweep, number)) for number in range(len(sweep.titles))]
    return np.array([-np.inf if one is None else one for one in each])[sweep.title]


def options_of(sweep: Sweep, title: int) -> dict[str, float]:
    """The options of the problem under one of a sweep's titles."""
    at = int(np.argmax(sweep.title == title))
    return {name: float(column[at]) for name, column in sweep.options.items()}
