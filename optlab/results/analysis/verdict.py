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
Bools = NDArray[np.bool_]

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
        """Whether nothing can be said about the doubt: each label has one measurement, or there are no ranks."""
        return self.contest.is_single or not self.has_ranks

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
        """The adjusted p-values of the comparison with the first; NaN for labels with rank 1 or `is_untested`."""
        p, tested = np.full(len(self.ranks), np.nan), ~self.is_untested
        p[tested] = separation.step_down(self.contest.limited().values[tested], self.contest.floor)
        return np.where(self.ranks == 1, np.nan, p)

    @cached_property
    def is_copied(self) -> Bools:
        """Which labels have one measurement, which was copied to all seeds."""
        return np.array([label in self.contest.copied for label in self.contest.labels], dtype=bool)

    @cached_property
    def is_untested(self) -> Bools:
        """Which labels are not compared with the first, because both have one run that was copied to all seeds.

        A label with one run is compared with others that have a run for each seed.
        """
        is_first, is_copied = self.ranks == 1, self.is_copied
        return is_copied & ~is_first & (is_copied & is_first).any()

    @cached_property
    def with_first(self) -> list[bool | None]:
        """Which labels cannot be distinguished from the first; None for those that are not compared with it."""
        is_worse = self.p < separation.LEVEL
        return [None if skipped else not worse for skipped, worse in zip(self.is_untested, is_worse, strict=True)]

    @cached_property
    def intervals(self) -> list[tuple[float, float]]:
        """The 90 % interval of each median; NaN for a label with one measurement."""
        return [
            (np.nan, np.nan) if is_copied else median_interval(values[~np.isnan(values)])
            for values, is_copied in zip(self.contest.values, self.is_copied, strict=True)
        ]

    def depends_on_tuning(self, label: str) -> bool:
        """Whether settings were chosen on seeds of their own, and the interval of the rank goes beyond the first place.

        The p-values say something about the chosen settings; the interval of a rank includes their choice.
        """
        return self.contest.is_judged_apart and bool(self.rank_ends[1][self.contest.labels.index(label)] > 1)

    @cached_property
    def seeds_needed(self) -> list[int | None]:
        """About how many seeds would distinguish each label from the first, or from all that share the first rank; with
        one or two seeds, the fewest possible.

        None for labels with rank 1, for those that are distinguished or not compared, and above a thousand.
        """
        open_ranks = zip(self.with_first, self.ranks > 1, strict=True)
        return [self._needed(label) if with_first and is_later else None
                for label, (with_first, is_later) in enumerate(open_ranks)]  # fmt: skip

    def _needed(self, label: int) -> int | None:
        seeds = self.contest.values.shape[1]
        if seeds < separation.FEWEST_TO_ESTIMATE:
            return separation.FEWEST
        if seeds >= separation.MOST:
            return None
        values = self.contest.values
        firsts = np.unique(values[self.ranks == 1], axis=0)  # several may share the first rank
        needed = [separation.seeds_needed(first, values[label], self.contest.floor) for first in firsts]
        known = [one for one in needed if one is not None]
        return max(*known, seeds + 1) if len(known) == len(needed) else None
