"""Quantiles by group, for values that may be infinite."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LOW, MEDIAN, HIGH = 0.1, 0.5, 0.9


def by_group(values: Floats, group: Ints, q: Sequence[float] = (LOW, MEDIAN, HIGH)) -> Floats:
    """The quantiles `q` of `values` within each group, as an array (len(q), groups).

    `group` numbers the groups 0, 1, ... without gaps. With a group's n values in order, v[0] <= ... <= v[n-1], the
    quantile is linear between neighbours (the default of NumPy and R): v[k] + (h - k)(v[k+1] - v[k]) with
    h = q (n - 1), k = floor(h). Between a finite value and infinity the quantile is infinity; NumPy would return NaN
    and warn.

    >>> import numpy as np
    >>> by_group(np.array([3.0, 1.0, np.inf, 7.0]), np.array([0, 0, 0, 1]), [0.5, 0.9])
    array([[ 3.,  7.],
           [inf,  7.]])
    """
    order = np.lexsort((values, group))
    ordered = values[order]
    count = np.bincount(group)
    first = np.cumsum(count) - count
    height = np.multiply.outer(np.asarray(q), count - 1)
    below = np.floor(height).astype(np.int64)
    weight = height - below
    lower = ordered[first + below]
    upper = ordered[first + np.minimum(below + 1, count - 1)]
    # 0 * inf is NaN and v + w (v' - v) may overflow: interpolate only between two different values
    between = (weight > 0) & (lower != upper)
    result = lower.copy()
    result[between] = (1 - weight[between]) * lower[between] + weight[between] * upper[between]
    return result
