"""Squares that neither overflow nor vanish, for rules and transforms that divide by a length.

The square of a number above 1e154 is infinite, and that of one below 1e-162 is 0 (1e19 and 1e-23 in float32). A norm of
such numbers is wrong, and a step divided by it is none. A power of two brings them back to a middle size, which rounds
nothing: for numbers that are of a middle size already it is 1, and nothing changes, to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def scaled(v: Any) -> tuple[Any, Any]:
    """v times a power of two, and that power: 1 where the squares of v can be summed as they are.

    Args:
        v: numbers of any shape, plain or traced.

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
    """Up to which size, and from one over which on, numbers of a type stay as they are; the power for all others."""
    reach = min(np.finfo(kind).maxexp, 1024)
    return 2.0 ** int(0.4 * reach), 2.0 ** int(0.6 * reach)


def norm(v: Any) -> Any:
    """The Euclidean norm of all numbers in v, of any size; elsewhere it is np.linalg.norm(v), to the bit.

    >>> f"{norm(np.array([3e-200, 4e-200])):g}"
    '5e-200'
    """
    small, power = scaled(v)
    return np.linalg.norm(small) / power
