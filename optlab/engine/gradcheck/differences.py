"""Slopes as limits of difference quotients, central and one-sided, with error bounds.

Nothing here depends on the units of f and x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from optlab.engine.gradcheck.line import EPS, FIRST, UNDERFLOW, FunctionOnLine, Slope

_LEVELS, _ORDER = 24, 6
"""The number of step sizes, each a quarter of the previous one down to the rounding of x, and the order of the
extrapolation."""

_OTHER = 3 / 256
"""A second value for the largest step. A result that depends on this choice is not a slope."""

_STEEPER = 1.25
"""The allowed ratio of the steepness at a small step to that at larger steps; a smooth function stays below it."""

_SLOWLY = 4
"""The allowed distance of a quotient from its limit, as a multiple of a distance proportional to the step."""

_PARABOLA = 6
"""The allowed ratio of the steepness at a step to that at a step four times smaller; it is 4 for a parabola."""

_FAR = 100
"""Two slopes count as different if they differ by more than this multiple of their errors."""


@dataclass(frozen=True)
class Reach:
    """The points of a difference quotient in units of the step. Its error is a series in h^powers, h^(2 powers), ..."""

    forward: float
    backward: float
    powers: int


CENTRAL, ABOVE, BELOW = Reach(1.0, 1.0, 2), Reach(1.0, 0.0, 1), Reach(0.0, 1.0, 1)


@dataclass(frozen=True)
class OneSidedSlopes:
    """The slopes below and above a point, with the error bound `error`.

    `here` is whether they differ down to the smallest visible step, and not because of a kink or a bend close by.
    """

    below: float
    above: float
    error: float
    here: bool = True


def limit(line: FunctionOnLine, side: Reach = CENTRAL, first: float = FIRST) -> Slope:
    """The slope, from a table of differences at decreasing steps, extrapolated to 0.

    The error of an entry of the table is its distance from its neighbours plus the rounding. For most functions,
    steps that are large relative to x are the most exact. If a smaller step contradicts them, for example because of
    a root or a kink in between, the large steps are left out.
    """
    if line.ignores_entry:
        return Slope(0.0, 0.0)
    levels = _levels(line, side, first)
    is_measured = line.noise(first * line.lengths[-1]).is_measured
    while levels:
        best, error, number = _extrapolated(levels, side)
        if math.isnan(best):
            break
        if not _is_contradicted(levels, number, best, error):
            return Slope(best, 4 * error + 1e-10 * abs(best), _steepness(levels[: number + 1]))
        if not is_measured and error < 0.1 * abs(best):
            break  # rounding that was not measured can look like a slope at small steps
        levels = levels[number + 1 :]
    return Slope(math.nan, math.inf)


def _steepness(levels: list[_Level]) -> float:
    """The steepness near the point: also at larger steps, as long as it grows no faster than that of a parabola."""
    visible = [level.change / level.step for level in reversed(levels) if level.change > _FAR * level.noise]
    found = visible[0] if visible else 0.0
    for steepness in visible:
        if steepness > _PARABOLA * found:
            break
        found = max(found, steepness)
    return found


def _is_contradicted(levels: list[_Level], number: int, best: float, error: float) -> bool:
    """Whether a step smaller than those of the estimate has another slope, or shows a far steeper function."""
    apart = _SLOWLY * abs(levels[number].quotient - best)
    steepness = (level.change / level.step for level in levels[: number + 1] if level.change >= 0)
    steepest = _STEEPER * max(steepness, default=0.0)
    for level in levels[number + 1 :]:
        rounding = 2 * level.noise / level.step
        allowed = error + apart * level.step / levels[number].step
        if abs(level.quotient - best) > allowed + rounding or level.change / level.step > steepest + rounding:
            return True
    return False


def central(line: FunctionOnLine) -> Slope:
    """The central slope, from two sequences of steps. If they disagree, the error is infinite."""
    found, again = limit(line), limit(line, first=_OTHER)
    apart = abs(found.value - again.value)
    if not apart <= found.error + again.error:
        return Slope(found.value, math.inf)
    return Slope(found.value, max(found.error, again.error) + _bent(line), min(found.scale, again.scale))


def _bent(line: FunctionOnLine) -> float:
    """The change of the slope by rounding of x, from the largest second difference above the noise."""
    found, seen = 0.0, _FAR * line.noise(FIRST * line.lengths[0]).size
    for n in range(_LEVELS):
        step = FIRST * line.lengths[0] / 4**n
        bend = abs((line.at(line.here + step) - line.value) + (line.at(line.here - step) - line.value))
        if bend > seen:
            found = max(found, 8 * EPS * (abs(line.here) / step) * (bend / step))
    return found


def kink(line: FunctionOnLine) -> OneSidedSlopes | None:
    """The one-sided slopes, if they differ by far more than their errors; otherwise None.

    For a smooth curve, however steep, both have the same limit. For |x|^1.1 at 0 they converge too slowly, and their
    errors are about as large as their difference. Rounding can look like a slope at some steps, so a second sequence
    of steps must confirm the result.
    """
    found, again = _slopes(line, FIRST), None
    if abs(found.above - found.below) > _FAR * found.error:  # NaN is not
        again = _slopes(line, _OTHER)
    if again is None:
        return None
    allowed = found.error + again.error
    if not (abs(found.above - again.above) <= allowed and abs(found.below - again.below) <= allowed):
        return None
    return OneSidedSlopes(found.below, found.above, found.error, _is_here(line, found.above - found.below))


def _slopes(line: FunctionOnLine, first: float) -> OneSidedSlopes:
    below, above = limit(line, BELOW, first), limit(line, ABOVE, first)
    return OneSidedSlopes(below.value, above.value, below.error + above.error)


def _is_here(line: FunctionOnLine, jump: float) -> bool:
    """Whether the slopes differ by the same amount at the smallest step that is visible above the rounding."""
    length = line.lengths[0]
    noise = line.noise(FIRST * length).size
    step = max(_FAR * noise / abs(jump), 1000 * EPS * abs(line.here), 2.0**-40 * length * (line.here == 0))
    above, below = (_difference(line, step, side) for side in (ABOVE, BELOW))
    return abs((above.quotient - below.quotient) - jump) < abs(jump) / 2


@dataclass(frozen=True)
class _Level:
    """A difference at one step: its quotient, the largest change of the function, and the rounding error of a value."""

    step: float
    quotient: float
    change: float
    noise: float


def _difference(line: FunctionOnLine, step: float, side: Reach, noise: float = 0.0) -> _Level:
    exact = (line.here + step) - line.here  # the same step forward and backward, to the last bit
    up, down = line.here + exact * side.forward, line.here - exact * side.backward
    if up == down:
        return _Level(step, math.nan, math.nan, noise)
    above = line.at(up) if side.forward else line.value
    below = line.at(down) if side.backward else line.value
    change = max(abs(above - line.value), abs(below - line.value))
    return _Level(step, (above - below) / (up - down), change, noise)


def _levels(line: FunctionOnLine, side: Reach, first: float) -> list[_Level]:
    """Differences from the longest step to the shortest."""
    shortest, longest = first * line.lengths[0], first * line.lengths[-1]
    known = line.noise(longest)
    count = _LEVELS + math.ceil(math.log(longest / shortest, 4))
    steps = [step for n in range(count) if (step := longest / 4**n) > UNDERFLOW]
    levels = [_difference(line, h, side, line.noise(longest / 256 ** (n // 4)).size) for n, h in enumerate(steps)]
    if known.is_measured:
        return levels
    if _looks_constant([level.change for level in levels], 16 * known.size):
        return []
    found, steepest = [], 0.0
    for level in reversed(levels):  # the function may also round x
        if level.change > level.noise:
            steepest = max(steepest, level.change / level.step)
        found.append(replace(level, noise=level.noise + 4 * EPS * abs(line.here) * steepest))
    largest = max((level.change for level in levels if math.isfinite(level.change)), default=0.0)
    return [] if 4 * EPS * abs(line.here) * steepest > largest / _FAR else found[::-1]


def _looks_constant(changes: list[float], allowed: float) -> bool:
    """Whether a function never changes, or jumps by more than the allowed rounding and is constant at small steps.

    A step function does this, and so does a smooth function with large rounding errors. The two cannot be
    distinguished.
    """
    known = [change for change in changes if math.isfinite(change)]
    moving = [change for change in known if change]
    return not moving or (known[-1] == 0.0 and moving[-1] > allowed)


def _extrapolated(levels: list[_Level], side: Reach) -> tuple[float, float, int]:
    """The best entry of the table, its error bound, and the number of its level."""
    best, error, number = math.nan, math.inf, 0
    older: list[float] = []
    for n, level in enumerate(levels):
        rounding = level.noise / level.step
        row = [level.quotient]
        for order, before in enumerate(older[:_ORDER], start=1):
            row.append(row[-1] + (row[-1] - before) / (4.0 ** (side.powers * order) - 1))
            spread = max(abs(row[-1] - row[-2]), abs(row[-1] - before)) + rounding
            if spread < error:
                best, error, number = row[-1], spread, n
        older = row if np.isfinite(row).all() else []
    return best, error, number
