"""Is this gradient right? A check that uses nothing of the engine but the gradient under suspicion."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.engine import differences
from optlab.engine.arguments import as_float
from optlab.engine.derivatives import grad
from optlab.engine.differences import Line, Slopes
from optlab.errors import UserError

Function = Callable[..., Any]

SHOWN = 8
"""Components that are printed of many."""


@dataclass(frozen=True)
class Component:
    """One partial derivative: `found` by the gradient, `expected` by the check, which may be off by `tolerance`.

    At a kink `slopes` are those below and above it; `expected` is the value from the one to the other that is closest
    to what was found.
    """

    index: tuple[int, ...]
    found: float
    expected: float
    tolerance: float
    method: str
    slopes: tuple[float, float] | None = None

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

    @property
    def kinks(self) -> tuple[Component, ...]:
        """The components at a kink: there is no derivative, and the gradient has a value that somebody chose."""
        return tuple(c for c in self.components if c.slopes)

    @property
    def verdict(self) -> str:
        """What came out, in a few words. Where there are only kinks, nothing is called right."""
        count = len(self.components)
        of = f"of {count} component{'s' * (count > 1)}"
        if self.wrong:
            return f"WRONG in {len(self.wrong)} {of}"
        kinks = len(self.kinks)
        return "; ".join(["right"] * (kinks < count or not count) + [f"a kink in {kinks} {of}"] * (kinks > 0))

    def __str__(self) -> str:
        count = len(self.components)
        sample = f", {count} of {self.of} components" if count < self.of else ""
        lines = [f"gradient of {self.name}{sample}: {self.verdict}"]
        if self.components:
            lines.append(f"  {'':14}{'found':>24}{'expected':>24}{'difference':>12}{'allowed':>10}  by")
        shown = self.wrong or sorted(self.components, key=lambda c: c.slopes is None)
        for c in shown[:SHOWN]:
            mark = "" if c.is_right else "  <-- not to be told" if math.isnan(c.expected) else "  <-- wrong"
            numbers = f"{c.found:>24.16g}{c.expected:>24.16g}{c.error:>12.1e}{c.tolerance:>10.1e}"
            lines.append(f"  {c.name:14}{numbers}  {c.method}{mark}")
        if len(shown) > SHOWN:
            lines.append(f"  ... and {len(shown) - SHOWN} more")
        if self.kinks:
            lines.append("  At a kink there is no derivative; any value from the one slope to the other will do.")
        return "\n".join(lines)


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
    a wrong slope. The slopes to both sides are found in the same way, from (f(x + h) - f(x)) / h. Where they differ
    there is a kink and no derivative: it is told, with both slopes, and any value between them is let pass.

    Args:
        f: a plain NumPy function of one array whose value is a single number.
        x: a point: a number or an array.
        gradient: the function to check; `optlab.grad(f)` where none is given.
        components: how many components to check, drawn at random; all where none is given.
        seed: of that draw.

    Returns:
        A `GradientCheck`: true if nothing is wrong. Printed, it says which component is off by how much, and which
        is at a kink.

    Raises:
        UserError: the gradient does not have the shape of x, or x is not made of real numbers.
        TraceError: f cannot be traced.

    >>> bool(check_grad(lambda x: np.sum(np.sin(x) * x), [0.5, 2.0]))
    True
    >>> print(check_grad(lambda x: np.sum(x**3), [1.0, 2.0], gradient=lambda x: 3 * x))
    gradient of <lambda>: WRONG in 1 of 2 components
                                       found                expected  difference   allowed  by
      df/dx[1]                             6                      12     6.0e+00   1.3e-11  complex step  <-- wrong
    >>> check_grad(lambda x: np.sum(np.abs(x)), [0.0, 2.0]).verdict
    'right; a kink in 1 of 2 components'
    """
    point = np.asarray(as_float(x), dtype=float)
    found = np.asarray((gradient or grad(f))(point), dtype=float)
    if found.shape != point.shape:
        raise UserError(f"the gradient has shape {found.shape}, and x has {point.shape}; give it the shape of x")
    entries = list(np.ndindex(point.shape))
    if components is not None and components < len(entries):
        chosen = np.random.default_rng(seed).choice(len(entries), size=components, replace=False)
        entries = [entries[i] for i in sorted(chosen)]
    name = getattr(f, "__name__", type(f).__name__)
    with np.errstate(all="ignore"):
        value = float(f(point))
        checked = tuple(_component(Line(f, point, i, value), float(found[i])) for i in entries)
    return GradientCheck(name, checked, point.size)


def _component(line: Line, found: float) -> Component:
    kink = differences.kink(line)
    if kink and kink.here:
        return _at_a_kink(line, kink, "kink", found)
    slope, error = differences.limit(line)
    exact = differences.complex_step(line)
    if exact is not None and abs(exact - slope) <= error:
        checked = Component(line.index, found, exact, 1e-12 * (1 + abs(exact)), "complex step")
    else:
        checked = Component(line.index, found, slope, error, "central difference")
    return _at_a_kink(line, kink, "kink close by", found) if kink and not checked.is_right else checked


def _at_a_kink(line: Line, kink: Slopes, what: str, found: float) -> Component:
    """Any value between the slopes is a right one."""
    closest = float(np.clip(found, min(kink.below, kink.above), max(kink.below, kink.above)))
    method = f"{what}: slopes {kink.below:.4g}, {kink.above:.4g}"
    return Component(line.index, found, closest, kink.error, method, (kink.below, kink.above))
