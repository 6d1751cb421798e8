"""What a schedule does: its factor on the learning rate at every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.schedules.base import Schedule

STEPS = 400
"""The horizon, if none is given."""


@dataclass(frozen=True)
class Factors:
    """The factors of some schedules at the steps 1, 2, ..., by name. As text: a table with five of them.

    >>> from optlab.schedules.linear import linear
    >>> print(factors([linear], steps=5))
    factor at step  1     2    3     4  5
    linear          1  0.75  0.5  0.25  0
    """

    values: Mapping[str, NDArray[np.float64]]
    steps: int

    def __str__(self) -> str:
        at = sorted({round(1 + quarter * (self.steps - 1) / 4) for quarter in range(5)})
        rows = [["factor at step", *map(str, at)]]
        rows += [[name, *(f"{row[t - 1]:.3g}" for t in at)] for name, row in self.values.items()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
            for row in rows
        )


def factors(schedules: Sequence[Schedule], steps: int = STEPS, options: Mapping[str, Any] | None = None) -> Factors:
    """The factors of schedules, each with the same options, at the steps up to a horizon."""
    found = {}
    for one in schedules:
        given = dict.fromkeys(one.signature.supplied, steps) | dict(options or {})
        found[one.name] = np.array([float(one(t, **given)) for t in range(1, steps + 1)])
    return Factors(found, steps)
