"""The factor of a schedule on the learning rate, as a function of the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.errors import UserError
from optlab.plugins.code_location import complaint
from optlab.plugins.schedules.base import Schedule

STEPS = 400
"""The default horizon."""

POINTS = 1001
"""The number of steps at which factors are computed if the horizon is longer."""


@dataclass(frozen=True)
class Factors:
    """The factors of schedules, by name, at steps from 1 to the horizon. `str` gives a table with five of the steps.

    >>> from optlab.plugins.schedules.linear import linear
    >>> print(factors([linear], steps=5))
    factor at step  1     2    3     4  5
    linear          1  0.75  0.5  0.25  0
    """

    at: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]

    def __str__(self) -> str:
        shown = sorted(set(_quarters(int(self.at[-1]))))
        places = np.searchsorted(self.at, shown)
        rows = [["factor at step", *map(str, shown)]]
        rows += [[name, *(f"{row[place]:.3g}" for place in places)] for name, row in self.values.items()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
            for row in rows
        )


def factors(schedules: Sequence[Schedule], steps: int = STEPS, options: Mapping[str, Any] | None = None) -> Factors:
    """The factors of schedules with the same options at all steps up to a horizon (a long horizon is subsampled).

    Raises:
        UserError: the function of a schedule raised an exception; the message gives the place.
    """
    even = np.linspace(1, steps, min(steps, POINTS)).round().astype(np.int64)
    at = np.union1d(even, _quarters(steps))
    return Factors(at, {schedule.name: _along(schedule, at, steps, options or {}) for schedule in schedules})


def _quarters(steps: int) -> list[int]:
    return [round(1 + quarter * (steps - 1) / 4) for quarter in range(5)]


def _along(schedule: Schedule, at: NDArray[np.int64], steps: int, options: Mapping[str, Any]) -> NDArray[np.float64]:
    given = dict.fromkeys(schedule.signature.supplied, steps) | dict(options)
    try:
        with np.errstate(all="ignore"):
            return np.array([float(schedule(t, **given)) for t in at.tolist()])
    except Exception as error:
        raise UserError(complaint(error, [schedule.function], f"in the schedule {schedule.name}")) from error
