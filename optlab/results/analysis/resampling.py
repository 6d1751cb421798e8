"""The ranks of a contest in resamples of its seeds (the bootstrap). All labels share the resampled seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optlab.results.analysis.contest import Contest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESAMPLES = 1000
SETTINGS = 64
"""The largest number of settings of a label, the best by their median, among which one is chosen in a resample."""
BLOCK = 2_000_000
"""Numbers that are held in memory at once."""


def resampled_ranks(contest: Contest, resamples: int = RESAMPLES) -> Floats:
    """The rank of each label in each resample, shape (resamples, L); equal labels share the better rank.

    A resample draws N of the N seeds, with replacement, and each label is ranked by its median. The choice of settings
    is part of what is resampled:

    - If settings were chosen on the judged seeds, the setting with the lowest median is chosen again in each resample.
    - If they were chosen on seeds of their own, the setting with the lowest median in a resample of those seeds is
      chosen, by the metric that settings were chosen by. If it is the judged one, its judged runs are resampled.
      Otherwise its runs on another resample of the seeds of the choice are used, since it was not judged.
    """
    return contest.floor.ranks(_medians(contest, resamples))


def _medians(contest: Contest, resamples: int) -> Floats:
    """The median of each label in each resample, shape (resamples, L)."""
    generator = np.random.default_rng(0)
    judged = _draws(generator, contest.values.shape[1], resamples)
    medians = medians_of(contest.values, judged)
    if not contest.is_judged_apart:
        for label, tried in enumerate(contest.tried):
            if len(tried) > 1:
                rows, _ = promising(tried, contest.chosen[label])
                medians[label] = medians_of(tried[rows], judged).min(axis=0)
        return medians.T
    # per label, since labels may have other numbers of seeds for the choice
    choices = contest.choices or contest.tried
    for label, (tried, choice, chosen) in enumerate(zip(contest.tried, choices, contest.chosen, strict=True)):
        if len(tried) > 1:
            rows, own = promising(choice, chosen)
            streams = np.random.default_rng(1)
            choosing, standing = (_draws(streams, tried.shape[1], resamples) for _ in range(2))
            best = _lowest(medians_of(choice[rows], choosing), own)
            others = medians_of(tried[rows], standing)[best, np.arange(resamples)]
            medians[label] = np.where(best == own, medians[label], others)
    return medians.T


def _draws(generator: np.random.Generator, seeds: int, resamples: int) -> Ints:
    return generator.integers(seeds, size=(resamples, seeds))


def promising(tried: Floats, chosen: int) -> tuple[Ints, int]:
    """The rows of the settings that may be chosen in a resample, in their order, and the place of the chosen one.

    A setting that is not better than the chosen one at any seed has no lower median in any resample.
    """
    kept = (tried < tried[chosen]).any(axis=1)
    kept[chosen] = True
    rows = np.flatnonzero(kept)
    if len(rows) > SETTINGS:
        order = np.argsort(np.median(np.where(np.isnan(tried[rows]), np.inf, tried[rows]), axis=1), kind="stable")
        rows = np.union1d(rows[order[:SETTINGS]], [chosen])
    return rows, int(np.searchsorted(rows, chosen))


def _lowest(medians: Floats, own: int) -> Ints:
    """The row with the lowest median in each resample; the row `own` if it is among the lowest."""
    return np.where(medians[own] <= medians.min(axis=0), own, medians.argmin(axis=0))


def medians_of(values: Floats, draws: Ints) -> Floats:
    """The median of each row of `values` (rows, N) over the drawn columns (resamples, N), shape (rows, resamples).

    Missing values (NaN) do not count. If all drawn ones are missing, the median of the whole row is used.

    >>> medians_of(np.array([[1.0, 2.0, np.inf]]), np.array([[0, 0, 1], [1, 2, 2]]))
    array([[ 1., inf]])
    """
    result = np.empty((len(values), len(draws)))
    most = max(1, BLOCK // draws.size)
    for begin in range(0, len(values), most):
        result[begin : begin + most] = medians_along(values[begin : begin + most].take(draws, axis=1))
    if np.isnan(result).any():
        whole = medians_along(values)[:, None]
        result = np.where(np.isnan(result), whole, result)
    return result


def medians_along(values: Floats) -> Floats:
    """The medians along the last axis, without missing values; NaN if all are missing."""
    missing = np.isnan(values)
    if not missing.any():
        n = values.shape[-1]
        ordered = np.sort(values, axis=-1)  # which is faster than np.partition
        return _middle(ordered[..., (n - 1) // 2], ordered[..., n // 2])
    count = values.shape[-1] - missing.sum(axis=-1, keepdims=True)
    ordered = np.sort(values, axis=-1)  # NaN last
    lower, upper = (
        np.take_along_axis(ordered, np.maximum(place, 0), axis=-1) for place in ((count - 1) // 2, count // 2)
    )
    return _middle(lower[..., 0], upper[..., 0])


def _middle(lower: Floats, upper: Floats) -> Floats:
    """The mean of two values; infinity if one of them is infinite."""
    return np.where(lower == upper, lower, 0.5 * lower + 0.5 * upper)
