"""An interval for a median from order statistics; it makes no assumption about the distribution of the values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.9


def median_interval(values: Floats, level: float = LEVEL) -> tuple[float, float]:
    """An interval that contains the median of the distribution with the probability `level`, from n values in order.

    The interval from v[d] to v[n+1-d] (counted from 1) has the coverage c[d] = 1 - 2 P(Bin(n, 1/2) < d). Between the
    two neighbours c[d] >= level > c[d+1] its ends are interpolated, with the weight of Hettmansperger & Sheather (1986;
    Nyblom, 1992)

        w = (n - d) i / (d + (n - 2d) i)    of v[d+1] and v[n-d],    i = (c[d] - level) / (c[d] - c[d+1]).

    If even c[1] is below the level, as for n < 5 and 90 %, the result is the smallest and the largest value: it covers
    the median with 50 %, 75 % and 87.5 % for n = 2, 3, 4. A single value has no interval: NaN. Infinite values are
    allowed. Between a finite value and infinity the end is infinite.

    >>> median_interval(np.array([4.0, 1.0, 3.0, 2.0]))
    (1.0, 4.0)
    """
    n = len(values)
    if n < 2:
        return np.nan, np.nan
    from scipy.special import bdtr

    ordered = np.sort(values)
    covered = 1 - 2 * bdtr(np.arange((n + 1) // 2), n, 0.5)  # c[1], c[2], ...
    if covered[0] < level:
        return float(ordered[0]), float(ordered[-1])
    d = int(np.count_nonzero(covered >= level))
    share = (covered[d - 1] - level) / (covered[d - 1] - covered[d])
    weight = (n - d) * share / (d + (n - 2 * d) * share)
    return _between(ordered[d - 1], ordered[d], weight), _between(ordered[n - d], ordered[n - d - 1], weight)


def _between(outer: float, inner: float, weight: float) -> float:
    if outer == inner or weight == 0:  # 0 * inf is NaN
        return float(outer)
    return float((1 - weight) * outer + weight * inner)
