"""The sliders of numbers, from the signatures and ranges of plugins."""

from __future__ import annotations

import math
from typing import Any

from optlab.execution.rule import Part, shown_as
from optlab.plugins.interval import AllowedRange

DECADES = 3
"""A logarithmic slider without other limits reaches this many powers of ten below and above the values."""


def slider(part: Part, name: str, value: float) -> dict[str, Any]:
    """The number of a plugin with its slider as JSON.

    - `name`: its name among the numbers of the rule. `shown`: its name in the page.
    - `value`, `default`: that of the experiment, and that of the signature.
    - `range`: the allowed interval as text, or None; `low`, `high`, `hasLow`, `hasHigh`, `whole`: its parts.
    - `ends`: the values at both ends of the slider. `scale`: "linear", "log", or "one": the logarithm of the distance
      from 1, for numbers such as a momentum of 0.99.
    """
    own = name.rpartition(".")[2]
    signature = part.plugin.signature
    default = float(signature.numbers[own])
    allowed = signature.ranges.get(own) or AllowedRange("", -math.inf, math.inf, False, False)
    scale, ends = _scale(allowed, value, default)
    return {
        "name": name,
        "shown": shown_as((part.owner, name)),
        "value": value,
        "default": default,
        "range": allowed.text or None,
        "low": allowed.low if math.isfinite(allowed.low) else None,
        "high": allowed.high if math.isfinite(allowed.high) else None,
        "hasLow": allowed.with_low,
        "hasHigh": allowed.with_high,
        "whole": allowed.is_whole,
        "scale": scale,
        "ends": ends,
    }


def _inside(allowed: AllowedRange) -> tuple[float, float]:
    """The ends of an interval, or numbers close to the ends that do not belong to it."""
    low, high = allowed.low, allowed.high
    size = high - low if math.isfinite(high - low) else abs(low) or 0.0
    return low if allowed.with_low else low + size / 1e3, high if allowed.with_high else high - size / 1e3


def _scale(allowed: AllowedRange, value: float, default: float) -> tuple[str, list[float]]:
    """The scale of a slider and its ends.

    >>> _scale(AllowedRange.read("(0, inf)"), 0.1, 0.001)
    ('log', [1e-06, 100.0])
    >>> _scale(AllowedRange.read("[0, 1)"), 0.9, 0.9)
    ('one', [0.0, 0.99999])
    >>> _scale(AllowedRange.read("[0, inf)"), 0.0, 0.0)
    ('linear', [0.0, 1.0])
    >>> _scale(AllowedRange.read("{0, 1, ...}"), 0.0, 0.0)
    ('linear', [0.0, 100.0])
    """
    low, high = _inside(allowed)
    least, most = min(value, default), max(value, default)
    if (allowed.low, allowed.high, allowed.with_high) == (0, 1, False) and default >= 0.5:
        return "one", [low, max(1 - 1e-5, value)]
    if math.isfinite(low) and math.isfinite(high):
        is_wide = low > 0 and high > 100 * low and not allowed.is_whole
        return ("log" if is_wide else "linear"), [low, high]
    if least > 0:
        reach = 10.0**DECADES
        return "log", [max(least / reach, low), min(most * reach, high)]
    size = max(abs(least), abs(most), 50.0 if allowed.is_whole else 0.5)
    return "linear", [max(-2 * size, low), min(2 * size, high)]
