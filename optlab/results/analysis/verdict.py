"""What the seeds of one case say about the order of its labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optlab.results.analysis import separation
from optlab.results.analysis.contest import Contest
from optlab.results.analysis.intervals import median_interval
from optlab.results.analysis.resampling import medians_along, resampled_ranks

Floats = NDArray[np.float64]

TAILS = (0.05, 0.95)
"""The quantiles of the ranks over the resamples that are the ends of a rank's interval."""


@dataclass(frozen=True)
class Verdict:
    """The statistics of one contest, each computed at its first use. Arrays have one entry for each of its L labels.

    Medians and their intervals are those of all seeds; resamples and permutations use the first thousand.
    """

    contest: Contest

    @cached_property
    def medians(self) -> Floats:
        return medians_along(self.contest.values)

    @cached_property
    def ranks(self) -> Floats:
        """1 + the number of better labels."""
        return self.contest.floor.ranks(self.medians)

    @property
    def has_ranks(self) -> bool:
        """Whether a median is finite, so that there is an order."""
        return bool(np.isfinite(self.medians).any())

    @property
    def is_open(self) -> bool:
        """Whether nothing can be said about the doubt: there is one seed, or there are no ranks."""
        return self.contest.values.shape[1] < 2 or not self.has_ranks

    @cached_property
    def resampled(self) -> Floats:
        """The ranks in each resample, shape (resamples, L)."""
        return resampled_ranks(self.contest.limited())

    @cached_property
    def rank_ends(self) -> Floats:
        """The 5 % and 95 % quantiles of the resampled ranks, shape (2, L). They include the rank itself."""
        ends = np.quantile(self.resampled, TAILS, axis=0, method="inverted_cdf")
        return np.stack([np.minimum(ends[0], self.ranks), np.maximum(ends[1], self.ranks)])

    @cached_property
    def first(self) -> Floats:
        """The share of resamples in which a label leads. Equal leaders share a resample."""
        leads = self.resampled == 1
        return (leads / leads.sum(axis=1, keepdims=True)).mean(axis=0)

    @cached_property
    def p(self) -> Floats:
        """The adjusted p-values of the comparison with the first; NaN for labels with rank 1."""
        p = separation.step_down(self.contest.limited().values, self.contest.floor)
        return np.where(self.ranks == 1, np.nan, p)

    @cached_property
    def with_first(self) -> NDArray[np.bool_]:
        """Which labels cannot be told apart from the first."""
        return ~(self.p < separation.LEVEL)

    @cached_property
    def intervals(self) -> list[tuple[float, float]]:
        """The 90 % interval of each median."""
        return [median_interval(values[~np.isnan(values)]) for values in self.contest.values]

    def depends_on_tuning(self, label: str) -> bool:
        """Whether settings were chosen on seeds of their own, and the interval of the rank goes beyond the first place.

        The p-values say something about the chosen settings; the interval of a rank includes their choice.
        """
        return self.contest.is_judged_apart and bool(self.rank_ends[1][self.contest.labels.index(label)] > 1)

    def seeds_needed(self, first: int, second: int) -> int | None:
        """See `separation.seeds_needed`."""
        values = self.contest.limited().values
        return separation.seeds_needed(values[first], values[second], self.contest.floor)
