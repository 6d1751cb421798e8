"""The directional derivative of a function of two variables, by its definition and by the gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optlab.engine.derivatives import value_and_grad
from optlab.errors import UserError, shortened
from optlab.markup import html
from optlab.markup.line_chart import line_chart
from optlab.plugins import registry
from optlab.plugins.problems.base import Problem

Floats = NDArray[np.float64]

STEP = 15
"""Degrees between the directions of the table."""
HALVINGS = 12
"""How often the distance t is halved to find the limit of the difference quotient."""


@dataclass(frozen=True, eq=False, repr=False)
class Directional:
    """The directional derivatives of f at a point; see `directional`. Angles are in radians from the first axis.

    `angles` are the directions of the table, but in degrees. For each of them, `projected` is the derivative by the
    gradient, `measured` is the limit of the difference quotients, and `errors` is the estimated error of that limit.
    `steepest` is the angle at which the measured derivative is largest. At a stationary point `steepest` and `angle`
    are NaN; `steepest` is also NaN if some direction has no derivative. `direction` is the requested unit vector;
    `along` and `along_measured` are the two derivatives along it.
    """

    name: str
    f: Callable[[Floats], float]
    point: Floats
    value: float
    gradient: Floats
    angles: Floats
    projected: Floats
    measured: Floats
    errors: Floats
    steepest: float
    direction: Floats | None = None
    along_measured: float = np.nan

    @property
    def length(self) -> float:
        """The length of the gradient, the largest of all directional derivatives."""
        return float(np.hypot(*self.gradient))

    @property
    def stationary(self) -> bool:
        """Whether the gradient is zero within the error of the difference quotients."""
        return self.length == 0 or self.length <= self.errors.min()

    @property
    def angle(self) -> float:
        """The angle of the gradient, from 0 to 2π; NaN at a stationary point."""
        return np.nan if self.stationary else float(np.arctan2(*self.gradient[::-1]) % (2 * np.pi))

    @property
    def along(self) -> float:
        """The derivative along the requested direction: the projection of the gradient on it."""
        return np.nan if self.direction is None else float(self.gradient @ self.direction)

    @property
    def level(self) -> tuple[float, float]:
        """The two angles along the level line, in which f does not change."""
        first, second = sorted([(self.angle + np.pi / 2) % (2 * np.pi), (self.angle - np.pi / 2) % (2 * np.pi)])
        return first, second

    @property
    def smooth(self) -> bool:
        """Whether the limits and the projections of the gradient agree, as they must if f is differentiable."""
        gaps = np.abs(self.projected - self.measured)
        return bool((gaps <= 10 * self.errors + 1e-6 * max(1.0, self.length)).all())

    @property
    def _kink(self) -> bool:
        """Whether all directional derivatives exist but differ from the projections of the gradient."""
        return bool(np.isfinite(self.measured).all()) and not self.smooth

    def __repr__(self) -> str:
        steepest = "stationary" if self.stationary else f"its length {self.length:.6g} at {_degrees(self.angle)}"
        return (
            f"<directional derivatives of {self.name} at {_pair(self.point)}: ∇f = {_pair(self.gradient)}, {steepest}>"
        )

    def _repr_html_(self) -> str:
        def shown() -> str:
            head = html.line(f"Directional derivatives of {self.name} at {_pair(self.point)}", bold=True)
            slopes = line_chart(
                self.projected.tolist(), "|∇f| cos θ, and quotients (o), by angle", self.measured.tolist(),
                [f"{angle:.0f}°" for angle in (self.angles[0], self.angles[-1])],
            )  # fmt: skip
            return head + html.block("\n".join(self._facts())) + slopes.svg()

        return html.never_raises(shown, "the directional derivatives")

    def __str__(self) -> str:
        lines = [f"Directional derivatives of {self.name} at {_pair(self.point)}", "", *self._facts(), ""]
        lines.append(f"{'angle':>6}  {'|∇f| cos θ':>14}  {'quotient':>14}  {'± error':>8}")
        for row in zip(self.angles, self.projected, self.measured, self.errors, strict=True):
            angle, projected, measured, error = (float(value) for value in row)
            lines.append(f"{angle:>5.0f}°  {projected:>14.8g}  {measured:>14.8g}  {error:>8.0e}")
        if not self.smooth:
            lines += [
                "",
                "The two differ: the function has a kink here, and the engine chose one of the possible gradients.",
            ]
        return "\n".join(lines)

    def _facts(self) -> list[str]:
        facts = [f"value      f = {self.value:.8g}", f"gradient   ∇f = {_pair(self.gradient)}"]
        if self._kink:
            facts.append(
                "           chosen by the engine: f has a kink here, and its true slopes are the quotients below"
            )
        elif self.stationary:
            facts.append(
                "           a stationary point: no direction is steepest, and |∇f| cos θ is 0 in every direction"
            )
        else:
            gap = abs((self.steepest - self.angle + np.pi) % (2 * np.pi) - np.pi)
            found = f"{_degrees(self.steepest)}, found by search; differs from the gradient's angle by {gap:.0e} rad"
            facts += [
                f"           its length is |∇f| = {self.length:.8g}, its angle {_degrees(self.angle)}",
                f"steepest   {found if np.isfinite(gap) else 'unknown: not every direction has a derivative'}",
                f"level      {_degrees(self.level[0])} and {_degrees(self.level[1])}, where df/dl = 0",
            ]
        if self.direction is not None:
            cosine = f" = |∇f| cos θ, θ = {_degrees(self._theta())}" if not self.stationary else ""
            facts += [
                f"direction  e = {_pair(self.direction)} at {_degrees(np.arctan2(*self.direction[::-1]))}",
                f"           df/dl = {self.along_measured:.8g} by the quotient; ∇f · e = {self.along:.8g}"
                if self._kink
                else f"           df/dl = ∇f · e = {self.along:.8g}{cosine}; by the quotient {self.along_measured:.8g}",
            ]
        return facts

    def _theta(self) -> float:
        """The angle between the gradient and the requested direction, from 0 to π."""
        return float(np.arccos(np.clip(self.along / self.length, -1.0, 1.0)))


def directional(
    f: Problem | Callable[..., Any] | str, at: ArrayLike, direction: ArrayLike | None = None
) -> Directional:
    """The directional derivatives of a function of two variables at a point.

    Along the unit vector e, df/dl is the limit of (f(P + t e) - f(P)) / t as t > 0 goes to 0. If f is differentiable,
    this limit is the projection of the gradient on e, |∇f| cos θ, where θ is the angle between them. Both are computed
    independently: the limit by Richardson's extrapolation from halved distances, and the steepest direction by search.

    Args:
        f: a problem, the name of a problem, or a plain NumPy function of an array of two numbers.
        at: the point P, two numbers.
        direction: two numbers, not both 0. The derivative along this direction is computed too.

    Raises:
        UserError: the point or the direction does not consist of two finite numbers, the direction is zero, the
            function does not have two variables, or its value at the point is not finite.

    >>> result = directional(lambda x: x[0] ** 2 + 3 * x[1], at=[1.0, 0.0], direction=[0.0, 2.0])
    >>> result.gradient.tolist(), result.along, round(result.along_measured, 9)
    ([2.0, 3.0], 3.0, 3.0)

    Source: L. F. Richardson, "The approximate arithmetical solution by finite differences", 1911; the choice of the
    extrapolate as in C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", 1982.
    """
    function, name = _of_two_variables(f)
    point = _two_numbers("the point", at)
    unit = None if direction is None else _unit(direction)
    value, gradient = value_and_grad(function)(point)
    if not np.isfinite(value):
        raise UserError(f"{name} is {value} at {_pair(point)}; choose a point where it is finite")

    def height(p: Floats) -> float:
        with np.errstate(all="ignore"):
            return float(function(p))

    def slope(angle: float) -> float:
        return derivative(height, point, _towards(angle))[0]

    angles = np.arange(0.0, 360.0, STEP)
    measured, errors = np.transpose([derivative(height, point, _towards(a)) for a in np.radians(angles)])
    result = Directional(
        name=name,
        f=height,
        point=point,
        value=float(value),
        gradient=gradient,
        angles=angles,
        projected=_projected(gradient, np.radians(angles)),
        measured=measured,
        errors=errors,
        steepest=np.nan,
        direction=unit,
        along_measured=np.nan if unit is None else derivative(height, point, unit)[0],
    )
    if result.stationary or not np.isfinite(measured).all():
        return result
    return replace(result, steepest=steepest(slope, np.radians(angles), measured))


def derivative(f: Callable[[Floats], float], point: Floats, unit: Floats) -> tuple[float, float]:
    """The limit of (f(P + t e) - f(P)) / t as t > 0 goes to 0, and an estimate of its error.

    Row k of the extrapolation table starts with the quotient at t / 2^k. Each further column removes one more power of
    t from the error. The error of an entry is estimated as its difference from the two entries that it is computed
    from, plus a bound for rounding. The entry with the smallest estimate is returned.
    """
    first, t = f(point), 0.1 * max(1.0, float(np.abs(point).max()))
    above: list[float] = []
    best = (np.nan, np.inf)
    for _ in range(HALVINGS):
        there = f(point + t * unit)
        row = [(there - first) / t]
        rounding = float(np.finfo(float).eps) * max(abs(first), abs(there)) / t
        for j, previous in enumerate(above):
            row.append(row[j] + (row[j] - previous) / (2.0 ** (j + 1) - 1))
            error = max(abs(row[j + 1] - row[j]), abs(row[j + 1] - previous)) + rounding
            if error < best[1]:
                best = (row[j + 1], error)
        above, t = row, t / 2
    return best


def steepest(slope: Callable[[float], float], angles: Floats, slopes: Floats) -> float:
    """The angle at which the slope is largest, from 0 to 2π.

    Near its maximum the slope is almost constant, and rounding errors hide the exact place of the maximum. But the
    slope is symmetric around it. So the maximum is found as the angle whose two neighbours, `STEP` degrees to either
    side, are equally steep.
    """
    apart = np.radians(STEP)
    middle = float(angles[np.argmax(slopes)])
    low, high = middle - apart, middle + apart
    for _ in range(45):
        middle = (low + high) / 2
        if slope(middle + apart) > slope(middle - apart):
            low = middle
        else:
            high = middle
    return middle % (2 * np.pi)


def _projected(gradient: Floats, angles: Floats) -> Floats:
    """The projections of the gradient. At right angles they are exactly 0, without the rounding error of the cosine."""
    slopes = np.cos(angles) * gradient[0] + np.sin(angles) * gradient[1]
    return np.where(np.abs(slopes) < 1e-15 * np.hypot(*gradient), 0.0, slopes) + 0.0


def _towards(angle: float) -> Floats:
    return np.array([np.cos(angle), np.sin(angle)])


def _of_two_variables(f: Problem | Callable[..., Any] | str) -> tuple[Callable[..., Any], str]:
    if isinstance(f, str):
        f = registry.load().problem(f)
    if not isinstance(f, Problem):
        name = getattr(f, "__name__", "f")
        return f, name if name.isidentifier() else "f"
    if f.trains_on_data or f.dim not in (None, 2):
        size = "all weights of its network" if f.trains_on_data else f"{f.dim} variables"
        raise UserError(f"'{f.name}' is a function of {size}; choose a function of 2 variables")
    return (partial(f.function, t=1.0) if f.changes else f.function), f.name


def _two_numbers(what: str, values: ArrayLike) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError(f"{what} is {shortened(repr(values))}; give two numbers, like [1.0, 2.0]") from None
    if array.shape != (2,) or not np.isfinite(array).all():
        written = shortened(repr(values))
        raise UserError(f"{what} is {written}; give two finite numbers, one for x0 and one for x1")
    return array


def _unit(direction: ArrayLike) -> Floats:
    vector = _two_numbers("the direction", direction)
    if not vector.any():
        raise UserError("the direction is the zero vector; give two numbers that are not both 0")
    vector = vector / np.abs(vector).max()  # squares of huge or tiny numbers would overflow or underflow
    return vector / np.hypot(*vector)


def _pair(values: Floats) -> str:
    return f"({values[0] + 0.0:.8g}, {values[1] + 0.0:.8g})"  # not -0


def _degrees(angle: float) -> str:
    return f"{np.degrees(angle) % 360:.6g}°"
