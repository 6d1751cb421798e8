"""The target of a map of stability: the loss at which the count of steps ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from optlab.execution.evaluation import Evaluation
from optlab.execution.records import Case, FixedPoint, Floats, Sweep
from optlab.execution.starts import starts
from optlab.execution.step import objective
from optlab.experiments.maps.declared import lowest

SHARE = 1e-6
"""The default target above the minimum, as a share of the loss at the start above the minimum."""


def target(case: Case, options: Mapping[str, float]) -> float | None:
    """f* + 1e-6 (f(start) - f*), or None if the minimum f* is not known or the start is not a point."""
    least, first = lowest(case, options), at_start(case, options)
    return least + SHARE * (first - least) if least is not None and first is not None and least < first else None


def at_start(case: Case, options: Mapping[str, float]) -> float | None:
    """The objective at the start, or None if the start is not a point or the objective is not finite there."""
    if case.split is not None or not isinstance(case.start, FixedPoint):
        return None
    try:
        with np.errstate(all="ignore"):
            loss = float(objective(case)(case.start.x, **options))
    except Exception:  # an error in the objective is reported when it is run
        return None
    return loss if np.isfinite(loss) else None


def above_minima(sweep: Sweep, minima: Sequence[float | None]) -> Floats:
    """f* + 1e-6 (f(x_0) - f*) for each run, shape (R,), where x_0 is its own start.

    `minima` has the minimum f* for each title of the sweep.
    """
    floor = np.array(minima, dtype=float)[sweep.title]
    x = starts(sweep.case, sweep.root_seed, sweep.seed)
    first = Evaluation.of(sweep.case, {"loss": objective(sweep.case)}, sweep.numbers_of("option"), len(sweep)).at(x)
    return floor + SHARE * np.where(np.isfinite(first["loss"]), np.maximum(first["loss"] - floor, 0.0), 0.0)


def targets_of(sweep: Sweep, given: float | None) -> Floats:
    """The target of each run, shape (R,): the given target, or the target derived from the run's problem."""
    if given is not None:
        return np.full(len(sweep), float(given))
    each = [target(sweep.case, sweep.options(number)) for number in range(len(sweep.titles))]
    return np.array([-np.inf if one is None else one for one in each])[sweep.title]
