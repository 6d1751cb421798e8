"""Bands by bootstrap over the seeds.

A draw resamples the seeds of each case with replacement. All labels get the same seeds, because runs with the same seed
share start, weights and minibatches. The cases are not resampled: the band says how the curve would differ with other
seeds on the same cases. A band is the range from the 5 % to the 95 % quantile over the draws.

Source: B. Efron, "Bootstrap methods: another look at the jackknife", 1979.
"""

from __future__ import annotations

import numpy as np

from optlab.results.profiles.arrange import Arranged, Floats, Ints

DRAWS = 200
LOW, HIGH = 0.05, 0.95


def drawn_units(table: Arranged, draws: int = DRAWS) -> Ints:
    """For each draw, the unit (case and seed) that replaces each unit, of the same case; shape (draws, units).

    The draws are the same for tables of equal shape.

    >>> from optlab.results.profiles.arrange import arranged
    >>> from optlab.results.profiles.examples import COSTS
    >>> table = arranged(COSTS)
    >>> bool((table.case_of_unit[drawn_units(table)] == table.case_of_unit).all())
    True
    """
    random = np.random.default_rng(0)
    drawn = np.empty((draws, len(table.case_of_unit)), np.int64)
    for case in range(len(table.cases)):
        units = np.flatnonzero(table.case_of_unit == case)
        drawn[:, units] = units[random.integers(len(units), size=(draws, len(units)))]
    return drawn


def weights(table: Arranged, draws: int = DRAWS) -> Floats:
    """How often each draw contains each unit, shape (draws, units)."""
    drawn = drawn_units(table, draws)
    units = drawn.shape[1]
    flat = (np.arange(draws)[:, None] * units + drawn).ravel()
    return np.bincount(flat, minlength=draws * units).reshape(draws, units).astype(float)


def band(values: Floats, table: Arranged) -> tuple[Floats, Floats]:
    """The 5 % and 95 % quantiles along the first axis, the draws; NaN if a case has one seed only.

    A quantile is one of the values, so that infinite values need no interpolation.
    """
    if table.seeds < 2:
        return np.full(values.shape[1:], np.nan), np.full(values.shape[1:], np.nan)
    low, high = np.quantile(values, [LOW, HIGH], axis=0, method="inverted_cdf")
    return low, high
