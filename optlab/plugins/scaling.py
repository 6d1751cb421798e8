"""Squares that neither overflow nor underflow, for rules and transforms that divide by a norm.

The square of a number above 1e154 is infinite, and the square of a number below 1e-162 is 0 (1e19 and 1e-23 in
float32). So the norm of such numbers is wrong, and a step divided by it is useless. Multiplication by a power of two
brings the numbers to a medium size without rounding. If they already have a medium size, the power is 1, and the result
is the same to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def scaled(v: Any) -> tuple[Any, Any]:
    """v times a power of two, and this power. The power is 1 if the squares of v can be summed unscaled.

    Args:
        v: an array of any shape, plain or traced.

    >>> small, power = scaled(np.array([3e200, 4e200]))
    >>> f"{np.sqrt(np.sum(small**2)) / power:g}"
    '5e+200'
    """
    kind = getattr(v, "dtype", np.dtype(float))
    middle, shift = limits(kind)
    small, same, large = (kind.type(power) for power in (shift, 1.0, 1 / shift))
    most = np.max(np.abs(v))
    power = np.where(most > middle, large, np.where(most < 1 / middle, small, same))
    return v * power, power


def limits(kind: np.dtype[Any]) -> tuple[float, float]:
    """(limit, power): numbers from 1/limit to limit are unchanged, larger ones divided by power, smaller multiplied."""
    reach = min(np.finfo(kind).maxexp, 1024)
    return 2.0 ** int(0.4 * reach), 2.0 ** int(0.6 * reach)


def norm(v: Any) -> Any:
    """The Euclidean norm of v, without overflow or underflow. For medium sizes it equals np.linalg.norm(v) to the bit.

    >>> f"{norm(np.array([3e-200, 4e-200])):g}"
    '5e-200'
    """
    small, power = scaled(v)
    return np.linalg.norm(small) / power
