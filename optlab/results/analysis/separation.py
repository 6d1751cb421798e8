"""Which labels can be distinguished from the first: permutation tests on pooled ranks, in steps, worst label first.

The values of a case are replaced by their ranks among all values of the compared labels and seeds, with mean ranks for
equal values. So the scale of the values has no effect, and a diverged run is a tie at the end. Let r_ij be the rank of
label j at seed i, and let the leader be the label with the lowest median rank (then the lowest mean). The statistic is

    T = max over j of the mean over i of (r_ij - r_i,leader).

If runs are missing, labels are compared at the seeds that they share, and the mean over m of N seeds has the weight
sqrt(m / N).

The leader is determined again in each sample of the reference distribution, so that its selection is part of the null
hypothesis. There are two such distributions:

- Labels are permuted within each seed. This is exact if the labels are equally good: then the labels of a seed are
  exchangeable.
- If this gives p < 0.05 and there are at least six seeds, the deviations from the mean of a seed change their sign, for
  all labels together. This also holds for labels with different spreads. The larger of both p-values counts.

If p < 0.05, the label with the largest mean difference is worse than the leader; the others are compared again without
it, as in the model confidence set of Hansen, Lunde & Nason (2011). The adjusted p-value of a label is the largest of
the steps up to its own. Labels that share the largest difference, such as those that never reach a target, get the
largest p-value among them: none of them is distinguished unless all are. So no more labels are distinguished than in
single steps, and the order in which equal labels are compared has no effect.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from optlab.results.analysis.resampling import medians_along
from optlab.results.analysis.ties import Floor

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEVEL = 0.05
SAMPLES = 511
"""Random samples of a reference distribution. If no more than 512 are possible, each of them is used once."""
BLOCK = 2_000_000
"""Numbers that are held in memory at once."""
CACHED = 500_000
"""Numbers in a table of permutations that is kept for the next contest of this shape."""
ROUNDING = 1e-9
"""Statistics that differ by less are equal."""
FEWEST = 6
"""The smallest number of seeds that can distinguish two labels: 2 / 2**6 < 0.05 < 2 / 2**5."""
FEWEST_TO_ESTIMATE = 3
"""The smallest number of seeds from which a larger one is estimated."""
MOST = 1000
"""The largest number of seeds that is worth a proposal."""
POWER = 0.8


def step_down(values: Floats, floor: Floor) -> Floats:
    """The adjusted p-value of each label, shape (L,): NaN for the leader, and for labels that share too few seeds.

    Args:
        values: shape (L, N), lower is better. Infinity for a diverged run, NaN for a missing one.
        floor: which values are equal.
    """
    p = np.full(len(values), np.nan)
    rest, reached = _in_order(pooled(values, floor)), 0.0
    shared: list[list[int]] = []
    while len(rest) > 1:
        own, is_worst, leader = _test(pooled(values[rest], floor))
        if np.isnan(own):
            break
        reached = max(reached, own)
        if reached >= LEVEL:
            others = [label for place, label in enumerate(rest) if place != leader]
            p[others] = reached
            break
        worst = [label for label, is_one in zip(rest, is_worst, strict=True) if is_one]
        shared.append(worst)
        p[worst[0]] = reached
        rest.remove(worst[0])
    for worst in reversed(shared):
        p[worst] = p[worst].max()  # NaN, not distinguished, if it is that of one of them
    return p


def _in_order(ranks: Floats) -> list[int]:
    """The labels in an order that depends on their ranks only, so that p-values do not depend on the given order."""
    return sorted(range(len(ranks)), key=lambda label: tuple(np.nan_to_num(ranks[label], nan=-np.inf)))


def pooled(values: Floats, floor: Floor) -> Floats:
    """The ranks of all values together, in the shape of `values`; equal values have the mean of their places.

    >>> from optlab.results.analysis.ties import EXACT
    >>> pooled(np.array([[1.0, np.inf, 2.0], [1.0, np.inf, np.nan]]), EXACT)
    array([[1.5, 4.5, 3. ],
           [1.5, 4.5, nan]])
    """
    known = ~np.isnan(values)
    places, group, count = np.unique(floor.ranks(values[known]), return_inverse=True, return_counts=True)
    ranks = np.full(values.shape, np.nan)
    ranks[known] = (places + (count - 1) / 2)[group]
    return ranks


def seeds_needed(first: Floats, second: Floats, floor: Floor) -> int | None:
    """About how many seeds distinguish two labels with a probability of 80 %, from the differences d of pooled ranks:

        n = ((z(1 - 0.05 / 2) + z(0.8)) sd(d) / mean(d))**2 + z(1 - 0.05 / 2)**2 / 2,    at least 6.

    None if that is more than a thousand, if the second is not worse in the mean, or if there are fewer than 3 seeds.
    `first` and `second` have the shape (N,).
    """
    both = pooled(np.stack([first, second]), floor)
    difference = (both[1] - both[0])[~np.isnan(both).any(axis=0)]
    if len(difference) < FEWEST_TO_ESTIMATE or not difference.mean() > 0:
        return None
    from scipy.special import ndtri

    quantile, power = ndtri([1 - LEVEL / 2, POWER])
    n = ((quantile + power) * difference.std(ddof=1) / difference.mean()) ** 2 + quantile**2 / 2
    return max(FEWEST, math.ceil(n)) if n <= MOST else None


def _test(ranks: Floats) -> tuple[float, Bools, int]:
    """The p-value of one step, which labels are the worst, and the leader. `ranks` (L, N) has NaN where missing.

    The p-value is NaN if fewer than two seeds have two labels.
    """
    ranks = ranks[:, (~np.isnan(ranks)).sum(axis=0) > 1]
    if ranks.shape[1] < 2:
        return np.nan, np.zeros(len(ranks), dtype=bool), 0
    difference, leader = (part[0] for part in _differences(ranks[None]))
    observed = difference.max()
    p = _p_value(observed, *_permuted(ranks))
    if p < LEVEL and ranks.shape[1] >= FEWEST:
        p = max(p, _p_value(observed, *_with_signs(ranks)))
    return p, difference >= observed - ROUNDING, int(leader)


def _p_value(observed: float, samples: Iterable[Floats], is_whole: bool) -> float:
    """The share of samples that are as large as the observed statistic, which counts as one of the random samples."""
    statistics = np.concatenate([_differences(block)[0].max(axis=1) for block in samples])
    as_large = np.count_nonzero(statistics >= observed - ROUNDING)
    return as_large / len(statistics) if is_whole else (as_large + 1) / (len(statistics) + 1)


def _differences(ranks: Floats) -> tuple[Floats, Ints]:
    """The mean difference of each label from the leader (S, L), of which T is the largest, and the leader, for each of
    the samples (S, L, N)."""
    _, labels, seeds = ranks.shape
    known = ~np.isnan(ranks[0])
    mean = ranks.mean(axis=2) if known.all() else np.nanmean(ranks, axis=2)
    # medians are multiples of 1/4, so that the mean decides only between equal medians
    leader = np.argmin(medians_along(ranks) + mean / (4 * seeds * labels + 4), axis=1)
    if known.all():
        difference = mean - np.take_along_axis(mean, leader[:, None], axis=1)
    else:
        pairs = ranks - np.take_along_axis(ranks, leader[:, None, None], axis=1)
        count = (~np.isnan(pairs)).sum(axis=2)
        # with the weight sqrt(count / N), since a mean of few pairs varies more
        sums = np.nansum(pairs, axis=2) / np.sqrt(np.maximum(count, 1) * seeds)
        difference = np.where(count > 0, sums, -np.inf)
    return difference, leader


# ---- samples of the null hypotheses ----------------------------------------------------------------------------------


def _permuted(ranks: Floats) -> tuple[Iterable[Floats], bool]:
    """The ranks with the labels permuted within each seed; labels without a run at a seed stay out.

    The result are blocks of samples (S, L, N), and whether they are all possible ones.
    """
    known = ~np.isnan(ranks)
    if ranks.size * SAMPLES <= CACHED:
        places, is_whole = _cached_permutations(known.tobytes(), known.shape)
    else:
        places, is_whole = _permutations(known)
    return (ranks.take(block) for block in places), is_whole


@lru_cache(maxsize=16)
def _cached_permutations(known: bytes, shape: tuple[int, int]) -> tuple[Iterable[Ints], bool]:
    places, is_whole = _permutations(np.frombuffer(known, dtype=bool).reshape(shape))
    return list(places), is_whole


def _permutations(known: Bools) -> tuple[Iterable[Ints], bool]:
    """Where the values of the samples come from: places in the flat array of ranks, in blocks (S, L, N).

    They depend on nothing but which runs are missing: `known` has the shape (L, N).
    """
    places = np.arange(known.size).reshape(known.shape)
    counts = known.sum(axis=0)
    possible = [math.factorial(count) for count in counts]
    if math.prod(possible) <= SAMPLES + 1:
        chosen = np.array(np.unravel_index(np.arange(math.prod(possible)), possible))
        samples = np.repeat(places[None], chosen.shape[1], axis=0)
        for seed, count in enumerate(counts):
            orders = np.array(list(itertools.permutations(range(count))))
            samples[:, known[:, seed], seed] = places[known[:, seed], seed][orders[chosen[seed]]]
        return [samples], True
    generator = np.random.default_rng(0)
    return (_shuffled(places, known, block, generator) for block in _blocks(known.size)), False


def _shuffled(places: Ints, known: Bools, block: int, generator: np.random.Generator) -> Ints:
    samples = np.repeat(places.T[None], block, axis=0)
    for pattern in np.unique(known, axis=1).T:
        where = np.ix_(np.arange(block), (known == pattern[:, None]).all(axis=0), pattern)
        samples[where] = generator.permuted(samples[where], axis=2)
    return np.ascontiguousarray(samples.transpose(0, 2, 1))


def _with_signs(ranks: Floats) -> tuple[Iterable[Floats], bool]:
    """The ranks with the deviations from the mean of each seed multiplied by a sign; see `_permuted`."""
    mean = np.nanmean(ranks, axis=0)
    deviation = ranks - mean
    seeds = ranks.shape[1]
    if 2**seeds <= SAMPLES + 1:
        signs = 1.0 - 2.0 * (np.arange(2**seeds)[:, None] >> np.arange(seeds) & 1)
        return [mean + signs[:, None] * deviation], True
    generator = np.random.default_rng(0)
    drawn = (1.0 - 2.0 * generator.integers(0, 2, size=(block, 1, seeds)) for block in _blocks(ranks.size))
    return (mean + signs * deviation for signs in drawn), False


def _blocks(size: int) -> list[int]:
    """The numbers of samples that are computed together, so that memory is bounded."""
    most = max(1, BLOCK // size)
    whole, rest = divmod(SAMPLES, most)
    return [most] * whole + [rest] * (rest > 0)
