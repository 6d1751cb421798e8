"""A function along one entry of its argument: its values, and what rounding does to them."""

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
"""How much may be lost where numbers become too small for full precision."""

FIRST = 5 / 256
"""The largest step of a difference; of few bits, so that x + h is mostly exact."""

_COARSE = 1e-10
"""The precision of a type beyond which differences are taken over longer steps."""

_REACH = 1e8
"""How many times longer than the entry of x itself the largest step may be."""

_SAMPLES, _SAFETY = 3, 8
"""How many randomly rounded values are compared, and how many times their spread an error may be."""


@dataclass(frozen=True)
class Slope:
    """A derivative that may be off by `error`; `scale` is how steep the function is around."""

    value: float
    error: float
    scale: float = 0.0


@dataclass(frozen=True)
class Roundoff:
    """What rounding may do to a value, and whether that was seen or only guessed."""

    size: float
    is_seen: bool


@dataclass(frozen=True)
class FunctionOnLine:
    """A function of an array, along one entry of it."""

    function: Callable[[Array], Any]
    x: Array
    index: tuple[int, ...]
    value: float
    precision: float = EPS
    """Of the type that the function returns."""
    _noise: dict[float, Roundoff] = field(default_factory=dict, compare=False)

    @property
    def here(self) -> float:
        """Where on the line x is."""
        return float(self.x[self.index])

    @property
    def lengths(self) -> list[float]:
        """What a step may be compared with, the shortest first: this entry, then the largest one and 1.

        Those far longer than the entry are left out: between them and the shortest a function may hide anything.
        """
        own, largest = abs(self.here), float(np.max(np.abs(self.x)))
        found = [own or largest or 1.0]
        if own:
            found += [length for length in (largest, 1.0) if 4 * own <= length <= _REACH * own]
        wider = 16 if self.precision > _COARSE else 1
        return sorted({wider * length for length in found})

    def moved(self, here: complex) -> Array:
        """x with another number for the entry."""
        moved = self.x.astype(complex) if isinstance(here, complex) else self.x.copy()
        moved[self.index] = here
        return moved

    def at(self, here: float) -> float:
        """The value there; NaN where the function does not take it."""
        try:
            return float(self.function(self.moved(here)))
        except (ArithmeticError, ValueError):
            return math.nan

    @functools.cached_property
    def ignores_entry(self) -> bool:
        """Whether the value is not computed with the entry, here and around: with it, NaN would make NaN of it."""
        around = (side * FIRST * length for length in self.lengths for side in (-1, 1))
        return all(self.at(here) == self.value for here in (math.nan, *(self.here + step for step in around)))

    @property
    def hidden(self) -> float:
        """The steepest that a function may be of which no value changes around: what rounding to its type hides.

        Of an entry that is far smaller than others, a change by as much as these tells more.
        """
        step, largest = FIRST * self.lengths[0], FIRST * float(np.max(np.abs(self.x)))
        if largest > _REACH * step and all(self.at(self.here + side * largest) == self.value for side in (-1, 1)):
            step = largest
        return max(8 * self.precision * abs(self.value), UNDERFLOW) / step

    def noise(self, step: float) -> Roundoff:
        """What rounding may do to a value within a step of x.

        It is seen in values that are rounded at random. Where the function does not take arrays that do that, it is
        guessed from the size of the values, which knows nothing of what cancels inside.
        """
        if step not in self._noise:
            self._noise[step] = self._seen(step) or self._guessed(step)
        return self._noise[step]

    def _seen(self, step: float) -> Roundoff | None:
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

    def _guessed(self, step: float) -> Roundoff:
        values = [abs(self.at(here)) for here in (self.here - step, self.here + step)]
        largest = max([abs(self.value), *(v for v in values if math.isfinite(v))])
        return Roundoff(8 * self.precision * largest + UNDERFLOW, False)
