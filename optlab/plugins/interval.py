"""The range of an option, written as an interval: `"[0, 1)"`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_FORM = re.compile(r"([\[(])\s*([^,\s]+)\s*,\s*([^,\s]+)\s*([\])])")


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`; `text` is the interval as written.

    >>> unit = Range.read("[0, 1)")
    >>> 0.0 in unit, 1.0 in unit, float("nan") in unit
    (True, False, False)
    >>> 1e300 in Range.read("(0, inf)")
    True
    """

    text: str
    low: float
    high: float
    with_low: bool
    with_high: bool

    @staticmethod
    def read(text: str) -> Range:
        """Parse an interval.

        Raises:
            ValueError: the text is not an interval.
        """
        parts = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
        if parts is None:
            raise ValueError(f'{text!r} is no interval; write one as "[0, 1)" or "(0, inf)"')
        low, high = float(parts[2]), float(parts[3])
        if not low < high:
            raise ValueError(f"{text!r} contains no number: its ends are in the wrong order")
        return Range(text.strip(), low, high, parts[1] == "[", parts[4] == "]")

    def __contains__(self, value: object) -> bool:
        assert isinstance(value, int | float)
        above = value >= self.low if self.with_low else value > self.low
        below = value <= self.high if self.with_high else value < self.high
        return above and below and not math.isnan(value)

    def __str__(self) -> str:
        return self.text
