"""The complex step: a slope from one value of a function at a complex point, which has no cancellation."""

from __future__ import annotations

import cmath
import itertools
from dataclasses import dataclass

import numpy as np

from optlab.engine import perturbed
from optlab.engine.line import FIRST, UNDERFLOW, Line, Slope

_STEPS = tuple(2.0**-n for n in (24, 36, 60, 100, 140))
"""Imaginary steps. Small ones leave no truncation error, large ones no underflow; two that agree have neither."""

_SAFETY = 16
"""How many times the spread of randomly rounded values an error may be."""

_MORE = 8
"""How many values to add to the first: where terms cancel to the last bit, a few may agree by chance."""


def complex_step(line: Line) -> Slope | None:
    """The slope Im f(x + ih) / h, or None where the function cannot be continued, or has no one slope here.

    Steps go with the entry of x. Longer ones are to confirm a slope of 0, which may be underflow.
    """
    shortest, *longer = line.lengths
    found = _by_steps(line, shortest)
    for length in longer:
        if found is None or found.value != 0:
            break
        again = _by_steps(line, length)
        found = again if again and again.value == 0 else None
    return found


@dataclass(frozen=True)
class _Trial:
    """The value at x + ih, with rounding as it is and at random."""

    step: float
    exact: complex
    rounded: complex

    @property
    def slopes(self) -> tuple[float, float]:
        return self.exact.imag / self.step, self.rounded.imag / self.step


def _by_steps(line: Line, length: float) -> Slope | None:
    """The slope by several steps h. Two neighbours have to agree, and so have values that are rounded at random: what
    lies between them is what underflow, truncation and rounding do."""
    rng = np.random.default_rng(0)
    steps = [length * relative for relative in _STEPS if length * relative > UNDERFLOW]
    trials = [trial for step in steps if (trial := _trial(line, line.here, step, rng))]
    if len(trials) < 2 or not _continues(line, trials):
        return None
    is_zero = not any(any(trial.slopes) for trial in trials)
    pairs = [(a, b) for a, b in itertools.pairwise(trials) if is_zero or (any(a.slopes) and any(b.slopes))]
    if not pairs:
        return None
    spreads = [max(a.slopes + b.slopes) - min(a.slopes + b.slopes) for a, b in pairs]
    best = spreads.index(min(spreads))
    slope, step = pairs[best][1].slopes[0], pairs[best][1].step
    there = line.moved(complex(line.here, step))
    more = [perturbed.value(line.function, there, rng) for _ in range(_MORE)]
    error = _SAFETY * max([spreads[best], *(abs(value.imag / step - slope) for value in more if value is not None)])
    for (_, larger), spread in zip(pairs[:best], spreads[:best], strict=True):
        if abs(larger.slopes[0] - slope) > error + _SAFETY * spread:
            return None  # a large step sees what a small one loses
    if is_zero and error == 0:
        return Slope(0.0, UNDERFLOW / trials[0].step, abs(line.value) / length)
    scale = _beside(line, length, rng) if error > 1e-6 * abs(slope) else 0.0
    return Slope(slope, error, scale) if error <= 1e-3 * max(abs(slope), scale) else None


def _trial(line: Line, here: float, step: float, rng: np.random.Generator) -> _Trial | None:
    there = line.moved(complex(here, step))
    exact, rounded = perturbed.value(line.function, there), perturbed.value(line.function, there, rng)
    if exact is None or rounded is None or not (cmath.isfinite(exact) and cmath.isfinite(rounded)):
        return None
    return _Trial(step, exact, rounded)


def _continues(line: Line, trials: list[_Trial]) -> bool:
    """Whether values go to that of the function as steps go to 0: where they do not, a branch was taken or a jump."""
    apart = [abs(trial.exact.real - line.value) for trial in (trials[0], trials[-1])]
    rounding = max(abs(trial.exact.real - trial.rounded.real) for trial in trials)
    return apart[1] <= 1e-6 * (abs(line.value) + apart[0]) + _SAFETY * rounding


def _beside(line: Line, length: float, rng: np.random.Generator) -> float:
    """The largest slope close by, beside which a small one may be 0 but for rounding."""
    points = (line.here - FIRST * length, line.here + FIRST * length)
    trials = [_trial(line, here, length * _STEPS[1], rng) for here in points]
    return max((abs(slope) for trial in trials if trial for slope in trial.slopes), default=0.0)
