"""Slopes as limits of differences, to both sides at once and to each side.

Each comes with how far it may be off. Nothing here depends on the units of f and x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from optlab.engine.gradcheck.line import EPS, FIRST, UNDERFLOW, FunctionOnLine, Slope

_LEVELS, _ORDER = 24, 6
"""Step sizes of a difference, each a quarter of the one before down to the rounding of x, and how often they are
extrapolated."""

_OTHER = 3 / 256
"""Another largest step, to see whether a result depends on it."""

_STEEPER = 1.25
"""How many times steeper a function may be at a small step than at the larger ones before it: a smooth one is not."""

_SLOWLY = 4
"""How many times farther than in proportion to the step a difference may be from its limit."""

_PARABOLA = 6
"""How many times steeper a function may be at a step that is four times as large; a parabola is four times."""

_FAR = 100
"""How many times their errors two slopes have to be apart to be called different."""


@dataclass(frozen=True)
class Reach:
    """How far a difference reaches forward and backward; its error is made of h^powers, h^(2 powers), ..."""

    forward: float
    backward: float
    powers: int


CENTRAL, ABOVE, BELOW = Reach(1.0, 1.0, 2), Reach(1.0, 0.0, 1), Reach(0.0, 1.0, 1)


@dataclass(frozen=True)
class OneSidedSlopes:
    """The slopes below and above a point, which may be off by `error`. `here` tells that they are so to the smallest
    step that can be seen, and not because of a kink or a bend close by."""

    below: float
    above: float
    error: float
    here: bool = True


def limit(line: FunctionOnLine, side: Reach = CENTRAL, first: float = FIRST) -> Slope:
    """The slope, from a table of differences at ever smaller steps, extrapolated to 0.

    An entry of the table is as good as it is close to its neighbours, and to what rounding allows. Steps that are large
    for x are the most exact for most functions. Where a smaller step contradicts them, as where a root or a kink lies
    between, they are left out.
    """
    if line.ignores_entry:
        return Slope(0.0, 0.0)
    levels = _levels(line, side, first)
    is_seen = line.noise(first * line.lengths[-1]).is_seen
    while levels:
        best, error, number = _extrapolated(levels, side)
        if math.isnan(best):
            break
        if not _is_contradicted(levels, number, best, error):
            return Slope(best, 4 * error + 1e-10 * abs(best), _steepness(levels[: number + 1]))
        if not is_seen and error < 0.1 * abs(best):
            break  # rounding that is not known of can look like a slope at small steps
        levels = levels[number + 1 :]
    return Slope(math.nan, math.inf)


def _steepness(levels: list[_Level]) -> float:
    """How steep a function is around a slope that its smallest step has: as far as it is no steeper than a parabola."""
    visible = [level.change / level.step for level in reversed(levels) if level.change > _FAR * level.noise]
    found = visible[0] if visible else 0.0
    for steepness in visible:
        if steepness > _PARABOLA * found:
            break
        found = max(found, steepness)
    return found


def _is_contradicted(levels: list[_Level], number: int, best: float, error: float) -> bool:
    """Whether a step smaller than those that a slope is made of sees another slope, or a far steeper function."""
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
    """The slope to both sides, from two sequences of steps: what depends on their choice is no slope."""
    found, again = limit(line), limit(line, first=_OTHER)
    apart = abs(found.value - again.value)
    if not apart <= found.error + again.error:
        return Slope(found.value, math.inf)
    return Slope(found.value, max(found.error, again.error) + _bent(line), min(found.scale, again.scale))


def _bent(line: FunctionOnLine) -> float:
    """How far a rounding of x moves the slope: by the largest second difference that rounding does not hide."""
    found, seen = 0.0, _FAR * line.noise(FIRST * line.lengths[0]).size
    for n in range(_LEVELS):
        step = FIRST * line.lengths[0] / 4**n
        bend = abs((line.at(line.here + step) - line.value) + (line.at(line.here - step) - line.value))
        if bend > seen:
            found = max(found, 8 * EPS * (abs(line.here) / step) * (bend / step))
    return found


def kink(line: FunctionOnLine) -> OneSidedSlopes | None:
    """The slopes to both sides, where they differ by far more than they may be off.

    Of a curve, however steep, both have the same limit; those of |x|^1.1 at 0 come to it too slowly to tell, and are
    off by about as much as they differ. What rounding makes of a function may look like a slope at some steps, and
    not again at others.
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
    """Whether the slopes differ by as much at the smallest step at which rounding leaves something to be seen."""
    length = line.lengths[0]
    noise = line.noise(FIRST * length).size
    step = max(_FAR * noise / abs(jump), 1000 * EPS * abs(line.here), 2.0**-40 * length * (line.here == 0))
    above, below = (_difference(line, step, side) for side in (ABOVE, BELOW))
    return abs((above.quotient - below.quotient) - jump) < abs(jump) / 2


@dataclass(frozen=True)
class _Level:
    """A difference at one step: its quotient, the largest change of the function, and what rounding does to a value."""

    step: float
    quotient: float
    change: float
    noise: float


def _difference(line: FunctionOnLine, step: float, side: Reach, noise: float = 0.0) -> _Level:
    exact = (line.here + step) - line.here  # forward and backward the same, to the last bit
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
    if known.is_seen:
        return levels
    if _stands_still([level.change for level in levels], 16 * known.size):
        return []
    found, steepest = [], 0.0
    for level in reversed(levels):  # x is rounded too, where a function computes with it
        if level.change > level.noise:
            steepest = max(steepest, level.change / level.step)
        found.append(replace(level, noise=level.noise + 4 * EPS * abs(line.here) * steepest))
    largest = max((level.change for level in levels if math.isfinite(level.change)), default=0.0)
    return [] if 4 * EPS * abs(line.here) * steepest > largest / _FAR else found[::-1]


def _stands_still(changes: list[float], allowed: float) -> bool:
    """Whether a function moves by more than rounding allows, or not at all: as a staircase does, or a function of which
    rounding has made one. It cannot be told which."""
    known = [change for change in changes if math.isfinite(change)]
    moving = [change for change in known if change]
    return not moving or (known[-1] == 0.0 and moving[-1] > allowed)


def _extrapolated(levels: list[_Level], side: Reach) -> tuple[float, float, int]:
    """The best entry of the table, how far off it may be, and the level that it belongs to."""
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
