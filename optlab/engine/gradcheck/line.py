"""A function of one entry of its argument: its values and their rounding errors."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.gradcheck import random_rounding

Array = NDArray[Any]

EPS = float(np.finfo(float).eps)
UNDERFLOW = 2.0**10 * math.ulp(0.0)
"""The error of numbers that are too small for full precision."""

FIRST = 5 / 256
"""The largest step of a difference. It has few bits, so that x + h is mostly exact."""

_COARSE = 1e-10
"""If the precision of the dtype is coarser than this, longer steps are used."""

_REACH = 1e8
"""The largest ratio of a step length to the entry of x."""

_SAMPLES, _SAFETY = 3, 8
"""The number of randomly rounded values, and the error bound as a multiple of their spread."""


@dataclass(frozen=True)
class Slope:
    """A derivative with the error bound `error`; `scale` is the steepness of the function nearby."""

    value: float
    error: float
    scale: float = 0.0


@dataclass(frozen=True)
class Roundoff:
    """The rounding error of a value, and whether it was measured or only estimated."""

    size: float
    is_measured: bool


@dataclass(frozen=True)
class FunctionOnLine:
    """A function of an array, as a function of one entry."""

    function: Callable[[Array], Any]
    x: Array
    index: tuple[int, ...]
    value: float
    precision: float = EPS
    """The precision of the dtype that the function returns."""
    _noise: dict[float, Roundoff] = field(default_factory=dict, compare=False)

    @property
    def here(self) -> float:
        """The value of the entry."""
        return float(self.x[self.index])

    @property
    def lengths(self) -> list[float]:
        """The lengths to which steps are relative, in increasing order: this entry, the largest entry, and 1.

        Lengths that are far larger than the entry are left out, since the function may vary at scales in between.
        """
        own, largest = abs(self.here), float(np.max(np.abs(self.x)))
        found = [own or largest or 1.0]
        if own:
            found += [length for length in (largest, 1.0) if 4 * own <= length <= _REACH * own]
        wider = 16 if self.precision > _COARSE else 1
        return sorted({wider * length for length in found})

    def moved(self, here: complex) -> Array:
        """x with another value of the entry."""
        moved = self.x.astype(complex) if isinstance(here, complex) else self.x.copy()
        moved[self.index] = here
        return moved

    def at(self, here: float) -> float:
        """The value of the function at another value of the entry; NaN if it raises an arithmetic or value error."""
        try:
            return float(self.function(self.moved(here)))
        except (ArithmeticError, ValueError):
            return math.nan

    @functools.cached_property
    def ignores_entry(self) -> bool:
        """Whether the value does not depend on the entry, here and nearby: the value for NaN would be NaN otherwise."""
        around = (side * FIRST * length for length in self.lengths for side in (-1, 1))
        return all(self.at(here) == self.value for here in (math.nan, *(self.here + step for step in around)))

    @property
    def hidden(self) -> float:
        """The largest slope that rounding to the dtype can hide, if no value nearby differs.

        For an entry that is far smaller than the others, changes as large as those entries give a sharper bound.
        """
        step, largest = FIRST * self.lengths[0], FIRST * float(np.max(np.abs(self.x)))
        if largest > _REACH * step and all(self.at(self.here + side * largest) == self.value for side in (-1, 1)):
            step = largest
        return max(8 * self.precision * abs(self.value), UNDERFLOW) / step

    def noise(self, step: float) -> Roundoff:
        """The rounding error of a value within a step of x.

        It is measured with randomly rounded values. If the function does not accept such arrays, it is estimated from
        the size of the values, which does not include cancellation inside the function.
        """
        if step not in self._noise:
            self._noise[step] = self._measured(step) or self._estimated(step)
        return self._noise[step]

    def _measured(self, step: float) -> Roundoff | None:
        spread = 0.0
        for here in (self.here, self.here - step, self.here + step):
            exact = random_rounding.value(self.function, self.moved(here))
            rng = np.random.default_rng(0)
            values = [random_rounding.value(self.function, self.moved(here), rng) for _ in range(_SAMPLES)]
            if exact is None or None in values:
                return None
            apart = max(abs(v - exact) for v in values if v is not None)
            spread = max(spread, apart) if math.isfinite(apart) else spread
        return Roundoff(_SAFETY * spread + UNDERFLOW, True)

    def _estimated(self, step: float) -> Roundoff:
        values = [abs(self.at(here)) for here in (self.here - step, self.here + step)]
        largest = max([abs(self.value), *(v for v in values if math.isfinite(v))])
        return Roundoff(8 * self.precision * largest + UNDERFLOW, False)
