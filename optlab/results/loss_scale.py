"""The range of losses that an axis or a colour scale shows: its ends, whether it is logarithmic, and its unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

DECADES_FOR_LOG = 1.3
ABOVE_START, BELOW_START = 1e2, 1e-34
"""The range of a logarithmic axis, relative to the loss at the start. All losses far above the start are equally bad,
and all losses below the start times the square of the rounding error are equally good."""
_ORDINARY = 250
"""Matplotlib's arithmetic (margins, squares, ratios) does not overflow up to this power of ten, in both directions."""
_LEAST, _LARGEST = 1e-300, 1e290  # the range of absolute values on an axis, in its unit
LOSSES = ("median", "low", "high", "first")
"""The columns of frames that contain losses."""


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high`, which include all data that are shown.

    Both are in units of 10**`power`; the power is 0 for losses of ordinary size. `in_units` converts data to this unit,
    and `suffix` names the unit.
    """

    log: bool
    low: float
    high: float
    power: int = 0

    def in_units(self, values: ArrayLike) -> NDArray[np.float64]:
        """The values in units of ten to the `power`; those too large for that are infinite."""
        return _divided(np.asarray(values, dtype=float), self.power)

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The losses of a frame in units of ten to the `power`."""
        if not self.power:
            return frame
        return frame.assign(**{name: self.in_units(frame[name]) for name in LOSSES if name in frame})

    @property
    def suffix(self) -> str:
        """The unit, as text for the end of the axis label.

        >>> Scale(True, 1.0, 10.0, -300).suffix, Scale(True, 1.0, 10.0).suffix
        (' (in units of 10⁻³⁰⁰)', '')
        """
        return f" (in units of {ten_to(self.power)})" if self.power else ""

    def clip(self, values: ArrayLike) -> NDArray[np.float64]:
        """The values clipped to the axis; NaN stays NaN."""
        return np.clip(np.asarray(values, dtype=float), self.low, self.high)

    def leave(self, values: ArrayLike) -> NDArray[np.float64]:
        """The values, clipped to a larger range than the axis: lines still leave the axes, without huge coordinates."""
        far = 1.0 if self.log else 10.0
        return np.clip(np.asarray(values, dtype=float), *self.padded(far, far))

    def band(self, frame: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The lower and the upper end of the bands of a frame with `low`, `median`, `high`.

        If the upper end is infinite or far above the axis, it is replaced by the median; otherwise the band would fill
        the whole area above. There is no band where the median is infinite.
        """
        low, median, high = (frame[name].to_numpy(float) for name in ("low", "median", "high"))
        ends = np.where(high <= self.padded(1.0, 1.0)[1], high, median)
        known = np.isfinite(median)
        return np.where(known, self.leave(low), np.nan), np.where(known, self.leave(ends), np.nan)

    def share(self, values: ArrayLike) -> NDArray[np.float64]:
        """The positions of values, from 0 at the lower end of the axis to 1 at the upper end; NaN outside of it."""
        heights = np.asarray(values, dtype=float)
        shown = np.where((self.low <= heights) & (heights <= self.high), heights, np.nan)
        ends = np.array([self.low, self.high])
        if self.log:
            shown, ends = np.log10(shown), np.log10(ends)
        return (shown - ends[0]) / (ends[1] - ends[0])

    def at(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values at these positions; the inverse of `share`."""
        if self.log:
            return self.low * (self.high / self.low) ** shares
        return self.low + (self.high - self.low) * shares

    def padded(self, below: float = 0.04, above: float = 0.04) -> tuple[float, float]:
        """The limits with margins, which are shares of the height of the axis."""
        if self.log:
            ratio = self.high / self.low
            return self.low * ratio**-below, self.high * ratio**above
        height = self.high - self.low
        return self.low - below * height, self.high + above * height


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def ten_to(power: int) -> str:
    """A power of ten as text.

    >>> ten_to(-3)
    '10⁻³'
    """
    return "10" + str(power).translate(_RAISED)


def _divided(values: NDArray[np.float64], power: int) -> NDArray[np.float64]:
    """Values divided by 10**power; nonzero values stay nonzero.

    The division has two steps, because for subnormal values the power of ten itself is not a float.
    """
    if not power:
        return values
    with np.errstate(over="ignore", under="ignore"):
        divided = values / 10.0 ** (power // 2) / 10.0 ** (power - power // 2)
    return np.where((values != 0) & (divided == 0), np.copysign(_LEAST, values), divided)


def choose(values: ArrayLike, start: float = np.nan, whole: bool = False) -> Scale:
    """Choose a logarithmic scale if no value is negative and the positive values span more than a factor of twenty.

    Otherwise the scale is linear. `start` is the loss at the start, if known. Values that are not finite are ignored.
    Zeros, which a logarithmic axis cannot show, are drawn at its lower end. If the values are far from 1, such as
    1e-300 or 1e295, the axis has a unit (`Scale.power`). With `whole`, a logarithmic axis shows all finite values.

    >>> choose([1.0, 2.0, float("inf")])
    Scale(log=False, low=1.0, high=2.0, power=0)
    >>> choose([1e-6, 1.0]).log
    True
    >>> choose([2e-300, 3e-300])
    Scale(log=False, low=2.0, high=3.0, power=-300)
    """
    finite = np.asarray(values, dtype=float).ravel()
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return Scale(False, 0.0, 1.0)
    power = _power(finite, finite.max() if whole else start)
    return replace(_choose(_divided(finite, power), float(_divided(np.array(start), power)), whole), power=power)


def _power(finite: NDArray[np.float64], start: float) -> int:
    """The power of ten that is the unit of the axis: 0, unless the largest shown value is far from 1."""
    sizes = np.log10(np.abs(finite[finite != 0]))
    if not sizes.size:
        return 0
    known = np.isfinite(start) and start != 0
    reference = np.log10(abs(start)) if known else np.quantile(sizes, 0.5, method="higher")
    largest = max(min(sizes.max(), reference + np.log10(ABOVE_START)), sizes.min())
    if finite.min() < 0:  # a linear axis includes the lowest value
        largest = max(largest, np.log10(-finite.min()))
    power = int(np.floor(largest))
    return power if abs(power) > _ORDINARY else 0


def _choose(finite: NDArray[np.float64], start: float, whole: bool) -> Scale:
    finite = np.clip(finite, -_LARGEST, _LARGEST)
    low, high = float(finite.min()), float(finite.max())
    positive = finite[finite > 0]
    if low >= 0 and positive.size and np.log10(high) - np.log10(positive.min()) > DECADES_FOR_LOG:
        if whole:
            return Scale(True, max(float(positive.min()), high * 10.0**-_ORDINARY), high)
        # NumPy's floats would warn where these overflow
        reference = start if np.isfinite(start) and start > 0 else float(np.median(positive))
        high = max(min(high, reference * ABOVE_START), float(positive.min()) * 10)
        low = max(float(positive.min()), min(reference, high) * BELOW_START)
        if (finite == 0).any():
            low /= 10
        return Scale(True, low, high)
    if low < start:  # some losses decreased: limit the height of losses that increased
        high = min(high, start + 2 * (start - low))
    if high - low <= 1e-12 * max(abs(high), abs(low)):  # constant: the axis must not have height 0
        margin = 0.1 * abs(high)
        return Scale(False, low - margin, high + margin) if margin else Scale(False, 0.0, 1.0)
    return Scale(False, low, high)
