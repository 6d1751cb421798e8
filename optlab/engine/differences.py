"""Slopes from values of a function alone: limits of differences, to both sides at once and to each side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_EPS = float(np.finfo(float).eps)
_TINY = 1e-100
"""The complex step needs no difference, so that its step may be as small as one likes."""

_LEVELS, _ORDER = 16, 6
"""Step sizes of a difference, each a quarter of the one before, and how often they are extrapolated."""

_FIRST, _OTHER = 5 / 256, 3 / 256
"""The largest step, and another to see whether a result depends on it; of few bits, so that x + h is mostly exact."""

_FAR = 100
"""How many times their errors two slopes have to be apart to be called different."""


@dataclass(frozen=True)
class Side:
    """How far a difference reaches forward and backward; its error is made of h^powers, h^(2 powers), ..."""

    forward: float
    backward: float
    powers: int


CENTRAL, ABOVE, BELOW = Side(1.0, 1.0, 2), Side(1.0, 0.0, 1), Side(0.0, 1.0, 1)


@dataclass(frozen=True)
class Line:
    """A function of an array, along one entry of it."""

    function: Callable[[Array], Any]
    x: Array
    index: tuple[int, ...]
    value: float

    @property
    def here(self) -> float:
        """Where on the line x is."""
        return float(self.x[self.index])

    def at(self, here: float) -> float:
        """The value with another number for the entry."""
        moved = self.x.copy()
        moved[self.index] = here
        return float(self.function(moved))

    def difference(self, step: float, side: Side) -> tuple[float, float]:
        """The quotient of differences, and what rounding may have done to it."""
        exact = (self.here + step) - self.here  # forward and backward the same, to the last bit
        up, down = self.here + exact * side.forward, self.here - exact * side.backward
        above, below = self.at(up), self.at(down)
        quotient = (above - below) / (up - down)
        return quotient, 8 * _EPS * max(1 + abs(self.value), abs(above), abs(below)) / step


@dataclass(frozen=True)
class Slopes:
    """The slopes below and above a point, which may be off by `error`. `here` tells that they are so to the smallest
    step that can be seen, and not because of a kink or a bend close by."""

    below: float
    above: float
    error: float
    here: bool = True


def complex_step(line: Line) -> float | None:
    """The slope, or None where the function does not compute with complex numbers."""
    shifted = line.x.astype(complex)
    shifted[line.index] += 1j * _TINY
    try:
        value = np.imag(np.asarray(line.function(shifted)).item()) / _TINY
    except Exception:  # whatever it raises, it does not want complex numbers
        return None
    return float(value) if np.isfinite(value) else None


def limit(line: Line, side: Side = CENTRAL, first: float = _FIRST) -> tuple[float, float]:
    """The slope, and how far it may be off.

    Steps near 1 are the most exact for most functions. Close to 0, where a root or a logarithm lives on a scale of its
    own, steps near x itself have the last word.
    """
    own = abs(line.here)
    slope, error = _extrapolated(line, side, first * max(1.0, own))
    if 0 < own < 0.1:
        near, uncertain = _extrapolated(line, side, first * own)
        if math.isnan(slope) or abs(slope - near) > error + uncertain:
            return near, uncertain
    return slope, error


def kink(line: Line) -> Slopes | None:
    """The slopes to both sides, where they differ by far more than they may be off.

    Of a curve, however steep, both have the same limit; those of |x|^1.1 at 0 come to it too slowly to tell, and are
    off by about as much as they differ. What rounding makes of a function may look like a slope at some steps, and
    not again at others.
    """
    found, again = _slopes(line, _FIRST), None
    if abs(found.above - found.below) > _FAR * found.error:  # NaN is not
        again = _slopes(line, _OTHER)
    if again is None:
        return None
    allowed = found.error + again.error
    if not (abs(found.above - again.above) <= allowed and abs(found.below - again.below) <= allowed):
        return None
    return Slopes(found.below, found.above, found.error, _is_here(line, found.above - found.below))


def _slopes(line: Line, first: float) -> Slopes:
    (below, error_below), (above, error_above) = (limit(line, side, first) for side in (BELOW, ABOVE))
    return Slopes(below, above, error_below + error_above)


def _is_here(line: Line, jump: float) -> bool:
    """Whether the slopes differ by as much at the smallest step at which rounding leaves something to be seen."""
    step = max(100 * 8 * _EPS * (1 + abs(line.value)) / abs(jump), 1000 * _EPS * abs(line.here))
    (below, _), (above, _) = (line.difference(step, side) for side in (BELOW, ABOVE))
    return abs((above - below) - jump) < abs(jump) / 2


def _extrapolated(line: Line, side: Side, step: float) -> tuple[float, float]:
    """The best entry of a table of differences at ever smaller steps, extrapolated to 0.

    An entry is as good as it is close to its neighbours, and to what rounding allows.
    """
    best, error = math.nan, math.inf
    older: list[float] = []
    for _ in range(_LEVELS):
        quotient, rounding = line.difference(step, side)
        if rounding > error:
            break
        row = [quotient]
        for order, before in enumerate(older[:_ORDER], start=1):
            row.append(row[-1] + (row[-1] - before) / (4.0 ** (side.powers * order) - 1))
            spread = max(abs(row[-1] - row[-2]), abs(row[-1] - before)) + rounding
            if spread < error:
                best, error = row[-1], spread
        older = row if np.isfinite(row).all() else []
        step /= 4
    return best, 4 * error + 1e-10 * (1 + abs(best))
