"""The range of an option: an interval, `"[0, 1)"`, or integers, `"{1, ..., 15}"`, or `"{0, 1, ...}"` without an end."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_FORM = re.compile(r"([\[(])\s*([^,\s]+)\s*,\s*([^,\s]+)\s*([\])])")
_WHOLE = re.compile(r"\{\s*(-?\d+)\s*,\s*\.\.\.\s*,\s*(-?\d+)\s*\}")
_ENDLESS = re.compile(r"\{\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*\.\.\.\s*\}")


@dataclass(frozen=True)
class AllowedRange:
    """The numbers from `low` to `high`, or the integers among them; `text` is the interval as written.

    >>> unit = AllowedRange.read("[0, 1)")
    >>> 0.0 in unit, 1.0 in unit, float("nan") in unit
    (True, False, False)
    >>> 1e300 in AllowedRange.read("(0, inf)")
    True
    >>> 3.0 in AllowedRange.read("{1, ..., 15}"), 2.5 in AllowedRange.read("{1, ..., 15}")
    (True, False)
    >>> 1e6 in AllowedRange.read("{0, 1, ...}"), 0.5 in AllowedRange.read("{0, 1, ...}")
    (True, False)
    """

    text: str
    low: float
    high: float
    with_low: bool
    with_high: bool
    is_whole: bool = False

    @staticmethod
    def read(text: str) -> AllowedRange:
        """Parse an interval or a range of integers.

        Raises:
            ValueError: the text is not an interval.
        """
        whole = _WHOLE.fullmatch(text.strip()) if isinstance(text, str) else None
        if whole and int(whole[1]) < int(whole[2]):
            return AllowedRange(text.strip(), float(whole[1]), float(whole[2]), True, True, is_whole=True)
        endless = _ENDLESS.fullmatch(text.strip()) if isinstance(text, str) else None
        if endless and int(endless[2]) == int(endless[1]) + 1:
            return AllowedRange(text.strip(), float(endless[1]), math.inf, True, False, is_whole=True)
        parts = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
        if parts is None:
            raise ValueError(f'{text!r} is no interval; write one as "[0, 1)" or "(0, inf)"')
        low, high = float(parts[2]), float(parts[3])
        if not low < high:
            raise ValueError(f"{text!r} contains no number: its ends are in the wrong order")
        return AllowedRange(text.strip(), low, high, parts[1] == "[", parts[4] == "]")

    def __contains__(self, value: object) -> bool:
        assert isinstance(value, int | float)
        above = value >= self.low if self.with_low else value > self.low
        below = value <= self.high if self.with_high else value < self.high
        return above and below and not math.isnan(value) and (value % 1 == 0 or not self.is_whole)

    def __str__(self) -> str:
        return self.text
