"""Is this gradient right? A check that uses nothing of the engine but the gradient under suspicion."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.derivatives import grad
from optlab.errors import UserError

Array = NDArray[Any]
Function = Callable[..., Any]

_EPS = float(np.finfo(float).eps)
_TINY = 1e-100
"""The complex step needs no difference, so that its step may be as small as one likes."""

_LEVELS, _ORDER = 16, 6
"""Step sizes of a central difference, each a quarter of the one before, and how often they are extrapolated."""

SHOWN = 8
"""Components that are printed of many."""


@dataclass(frozen=True)
class Component:
    """One partial derivative: `found` by the gradient, `expected` by the check, which may be off by `tolerance`."""

    index: tuple[int, ...]
    found: float
    expected: float
    tolerance: float
    method: str

    @property
    def name(self) -> str:
        """What one would write for it."""
        return f"df/dx[{', '.join(map(str, self.index))}]" if self.index else "df/dx"

    @property
    def error(self) -> float:
        return 0.0 if self.found == self.expected else abs(self.found - self.expected)

    @property
    def is_right(self) -> bool:
        return self.error <= self.tolerance  # NaN is not


@dataclass(frozen=True)
class GradientCheck:
    """The outcome of `check_grad`. True where every component that was checked is right; printed, a table."""

    name: str
    components: tuple[Component, ...]
    of: int

    def __bool__(self) -> bool:
        return not self.wrong

    @property
    def wrong(self) -> tuple[Component, ...]:
        """The components that are wrong, the worst first."""
        wrong = [c for c in self.components if not c.is_right]
        return tuple(sorted(wrong, key=lambda c: -math.inf if math.isnan(c.error) else -c.error))

    def __str__(self) -> str:
        count = len(self.components)
        sample = f", {count} of {self.of} components" if count < self.of else ""
        wrong = len(self.wrong)
        verdict = "right" if self else f"WRONG in {wrong} of {count} component{'s' * (count > 1)}"
        lines = [f"gradient of {self.name}{sample}: {verdict}"]
        if self.components:
            lines.append(f"  {'':14}{'found':>24}{'expected':>24}{'difference':>12}{'allowed':>10}  by")
        for c in (self.wrong or self.components)[:SHOWN]:
            mark = "" if c.is_right else "  <-- not to be told" if math.isnan(c.expected) else "  <-- wrong"
            numbers = f"{c.found:>24.16g}{c.expected:>24.16g}{c.error:>12.1e}{c.tolerance:>10.1e}"
            lines.append(f"  {c.name:14}{numbers}  {c.method}{mark}")
        left = len(self.wrong or self.components) - SHOWN
        return "\n".join(lines + [f"  ... and {left} more"] * (left > 0))


def check_grad(
    f: Function,
    x: Any,
    gradient: Function | None = None,
    components: int | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Compare a gradient of f at x with numbers that come from values of f alone.

    Where f computes with complex numbers, by the complex step Im f(x + ih) / h, which is exact to rounding (Squire and
    Trapp, 1998); otherwise by central differences (f(x + h) - f(x - h)) / 2h at ever smaller h, extrapolated to h = 0
    (Richardson; the table of Ridders, 1982), whose spread tells how far off they may be. The complex step counts only
    where a difference confirms it: a function that takes an absolute value, say, may accept complex numbers and give
    a wrong slope. At a kink, where the slopes to both sides differ, any value between them is right.

    Args:
        f: a plain NumPy function of one array whose value is a single number.
        x: a point: a number or an array.
        gradient: the function to check; `optlab.grad(f)` where none is given.
        components: how many components to check, drawn at random; all where none is given.
        seed: of that draw.

    Returns:
        A `GradientCheck`: true if all is right. Printed, it says which component is off by how much.

    Raises:
        UserError: the gradient does not have the shape of x.
        TraceError: f cannot be traced.

    >>> bool(check_grad(lambda x: np.sum(np.sin(x) * x), [0.5, 2.0]))
    True
    >>> print(check_grad(lambda x: np.sum(x**3), [1.0, 2.0], gradient=lambda x: 3 * x))
    gradient of <lambda>: WRONG in 1 of 2 components
                                       found                expected  difference   allowed  by
      df/dx[1]                             6                      12     6.0e+00   1.3e-11  complex step  <-- wrong
    """
    point = np.asarray(x, dtype=float)
    found = np.asarray((gradient or grad(f))(point), dtype=float)
    if found.shape != point.shape:
        raise UserError(f"the gradient has shape {found.shape}, and x has {point.shape}; give it the shape of x")
    entries = list(np.ndindex(point.shape))
    if components is not None and components < len(entries):
        chosen = np.random.default_rng(seed).choice(len(entries), size=components, replace=False)
        entries = [entries[i] for i in sorted(chosen)]
    name = getattr(f, "__name__", type(f).__name__)
    with np.errstate(all="ignore"):
        size = 1 + abs(float(f(point)))
        checked = tuple(_component(f, point, size, i, float(found[i])) for i in entries)
    return GradientCheck(name, checked, point.size)


def _component(f: Function, x: Array, size: float, i: tuple[int, ...], found: float) -> Component:
    slope, error = _central_difference(f, x, size, i)
    exact = _complex_step(f, x, i)
    if exact is not None and abs(exact - slope) <= error:
        checked = Component(i, found, exact, 1e-12 * (1 + abs(exact)), "complex step")
    else:
        checked = Component(i, found, slope, error, "central difference")
    return checked if checked.is_right else _at_a_kink(f, x, i, found) or checked


def _at_a_kink(f: Function, x: Array, i: tuple[int, ...], found: float) -> Component | None:
    """Where the slopes to both sides differ, any value between them is a right one."""
    step = 1e-6 * max(1.0, abs(float(x[i])))
    below, above = (_difference(f, x, i, *steps) for steps in ((0.0, step), (step, 0.0)))
    low, high = min(below, above), max(below, above)
    uncertain = 1e-4 * (1 + abs(low) + abs(high))
    if not high - low > 10 * uncertain:
        return None
    return Component(i, found, float(np.clip(found, low, high)), uncertain, f"kink: slopes {below:.4g}, {above:.4g}")


def _complex_step(f: Function, x: Array, i: tuple[int, ...]) -> float | None:
    """The partial derivative, or None where `f` does not compute with complex numbers."""
    shifted = x.astype(complex)
    shifted[i] += 1j * _TINY
    try:
        value = np.imag(np.asarray(f(shifted)).item()) / _TINY
    except Exception:  # whatever f raises, it does not want complex numbers
        return None
    return float(value) if np.isfinite(value) else None


def _central_difference(f: Function, x: Array, size: float, i: tuple[int, ...]) -> tuple[float, float]:
    """The partial derivative, and how far it may be off. `size` is that of f's values.

    Steps near 1 are the most exact for most functions. Close to 0, where a root or a logarithm lives on a scale of its
    own, steps near x itself have the last word.
    """
    own = abs(float(x[i]))
    slope, error = _extrapolated(f, x, size, i, 0.02 * max(1.0, own))
    if 0 < own < 0.1:
        near, uncertain = _extrapolated(f, x, size, i, 0.02 * own)
        if math.isnan(slope) or abs(slope - near) > error + uncertain:
            return near, uncertain
    return slope, error


def _extrapolated(f: Function, x: Array, size: float, i: tuple[int, ...], step: float) -> tuple[float, float]:
    """The best entry of a table of differences at ever smaller steps, extrapolated to 0.

    An entry is as good as it is close to its neighbours, and to what rounding allows.
    """
    best, error = math.nan, math.inf
    older: list[float] = []
    for _ in range(_LEVELS):
        rounding = 8 * _EPS * size / step
        if rounding > error:
            break
        row = [_difference(f, x, i, step, step)]
        for order, before in enumerate(older[:_ORDER], start=1):
            row.append(row[-1] + (row[-1] - before) / (16.0**order - 1))
            spread = max(abs(row[-1] - row[-2]), abs(row[-1] - before)) + rounding
            if spread < error:
                best, error = row[-1], spread
        older = row if np.isfinite(row).all() else []
        step /= 4
    return best, 4 * error + 1e-10 * (1 + abs(best))


def _difference(f: Function, x: Array, i: tuple[int, ...], forward: float, backward: float) -> float:
    up, down = x.copy(), x.copy()
    up[i] += forward
    down[i] -= backward
    return float((f(up) - f(down)) / (up[i] - down[i]))
