"""The complex step: a derivative from one value of a function at a complex point, without cancellation."""

from __future__ import annotations

import cmath
import itertools
from dataclasses import dataclass

import numpy as np

from optlab.engine.gradcheck import random_rounding
from optlab.engine.gradcheck.line import FIRST, UNDERFLOW, FunctionOnLine, Slope

_STEPS = tuple(2.0**-n for n in (24, 36, 60, 100, 140))
"""Imaginary steps. A small step has no truncation error and a large step has no underflow. Two neighbouring steps
with the same slope have neither."""

_SAFETY = 16
"""The error bound as a multiple of the spread of randomly rounded values."""

_EXTRA_SAMPLES = 8
"""Number of additional randomly rounded values. Where terms cancel to the last bit, few values may agree by chance."""


def complex_step(line: FunctionOnLine) -> Slope | None:
    """The slope Im f(x + ih) / h, or None where the function has no continuation or no unique slope.

    The steps are relative to the entry of x. A slope of 0 may be underflow, so longer steps must confirm it.
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
    """The value at x + ih, with usual rounding and with random rounding."""

    step: float
    exact: complex
    rounded: complex

    @property
    def slopes(self) -> tuple[float, float]:
        return self.exact.imag / self.step, self.rounded.imag / self.step


def _by_steps(line: FunctionOnLine, length: float) -> Slope | None:
    """The slope from several steps h. Neighbouring steps must agree, and so must randomly rounded values. The spread
    between them measures underflow, truncation and rounding."""
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
    samples = [random_rounding.value(line.function, there, rng) for _ in range(_EXTRA_SAMPLES)]
    error = _SAFETY * max([spreads[best], *(abs(value.imag / step - slope) for value in samples if value is not None)])
    for (_, larger), spread in zip(pairs[:best], spreads[:best], strict=True):
        if abs(larger.slopes[0] - slope) > error + _SAFETY * spread:
            return None  # the small step lost a term by underflow that the larger step still contains
    if is_zero and error == 0:
        return Slope(0.0, UNDERFLOW / trials[0].step, abs(line.value) / length)
    scale = _slope_nearby(line, length, rng) if error > 1e-6 * abs(slope) else 0.0
    return Slope(slope, error, scale) if error <= 1e-3 * max(abs(slope), scale) else None


def _trial(line: FunctionOnLine, here: float, step: float, rng: np.random.Generator) -> _Trial | None:
    there = line.moved(complex(here, step))
    exact, rounded = random_rounding.value(line.function, there), random_rounding.value(line.function, there, rng)
    if exact is None or rounded is None or not (cmath.isfinite(exact) and cmath.isfinite(rounded)):
        return None
    return _Trial(step, exact, rounded)


def _continues(line: FunctionOnLine, trials: list[_Trial]) -> bool:
    """Whether the values converge to the value of the function as the step tends to 0.

    They do not if the complex point took another branch, or if the function jumps.
    """
    deviations = [abs(trial.exact.real - line.value) for trial in (trials[0], trials[-1])]
    rounding = max(abs(trial.exact.real - trial.rounded.real) for trial in trials)
    return deviations[1] <= 1e-6 * (abs(line.value) + deviations[0]) + _SAFETY * rounding


def _slope_nearby(line: FunctionOnLine, length: float, rng: np.random.Generator) -> float:
    """The largest slope at neighbouring points. A slope that is small relative to it may be 0 up to rounding."""
    points = (line.here - FIRST * length, line.here + FIRST * length)
    trials = [_trial(line, here, length * _STEPS[1], rng) for here in points]
    return max((abs(slope) for trial in trials if trial for slope in trial.slopes), default=0.0)
