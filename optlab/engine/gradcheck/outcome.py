"""The outcome of a check of a gradient: a verdict for each component, as text and as HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from optlab.errors import counted
from optlab.markup import html

SHOWN = 8
"""The largest number of components that are printed."""


@dataclass(frozen=True)
class Component:
    """One partial derivative: `found` by the gradient, `expected` by the check.

    `uncertainty` is the error bound of `expected`, and `tolerance` is the largest difference that is accepted. The
    verdict is right only if the check `is_sharp`, and wrong only if `expected` `is_known` at least roughly.
    At a kink, `slopes` are the slopes below and above it, and `expected` is the value between them that is closest to
    `found`. If x consists of several arrays, `leaf` names one of them, as in "['w']".
    """

    index: tuple[int, ...]
    found: float
    expected: float
    tolerance: float
    method: str
    slopes: tuple[float, float] | None = None
    uncertainty: float = 0.0
    is_sharp: bool = True
    is_known: bool = True
    leaf: str = ""

    @property
    def name(self) -> str:
        """The derivative as a reader would write it, like df/dx[1]."""
        entry = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        return f"df/dx{self.leaf}{entry}"

    @property
    def error(self) -> float:
        return 0.0 if self.found == self.expected else abs(self.found - self.expected)

    @property
    def verdict(self) -> str:
        """ "right", "wrong" or "undetermined". The tolerance includes the uncertainty of the check."""
        if self.error <= self.tolerance:
            return "right" if self.is_sharp else "undetermined"
        return "wrong" if self.is_known else "undetermined"  # NaN too

    @property
    def is_right(self) -> bool:
        return self.verdict == "right"


@dataclass(frozen=True)
class GradientCheck:
    """The outcome of `check_grad`; printed as a table.

    It is true only if every checked component is right. `wrong` and `undetermined` are the reasons if it is false.
    """

    name: str
    components: tuple[Component, ...]
    of: int

    def __bool__(self) -> bool:
        return all(c.is_right for c in self.components)

    @property
    def wrong(self) -> tuple[Component, ...]:
        """The components that are wrong, with the largest difference first."""
        wrong = [c for c in self.components if c.verdict == "wrong"]
        return tuple(sorted(wrong, key=lambda c: -math.inf if not math.isfinite(c.error) else -c.error))

    @property
    def undetermined(self) -> tuple[Component, ...]:
        """The components for which the check is not exact enough."""
        return tuple(c for c in self.components if c.verdict == "undetermined")

    @property
    def kinks(self) -> tuple[Component, ...]:
        """The components at a kink: there is no derivative, and the value of the gradient is a convention."""
        return tuple(c for c in self.components if c.slopes)

    @property
    def verdict(self) -> str:
        """A summary in a few words. If all components are at kinks, it does not contain "right"."""
        count = len(self.components)
        of = f"of {counted(count, 'component')}"
        unknown = [f"undetermined in {len(self.undetermined)} {of}"] if self.undetermined else []
        if self.wrong:
            return "; ".join([f"WRONG in {len(self.wrong)} {of}", *unknown])
        kinks = [f"a kink in {len(self.kinks)} {of}"] if self.kinks else []
        is_any = not count or any(c.is_right and not c.slopes for c in self.components)
        return "; ".join([*(["right"] if is_any and not unknown else []), *unknown, *kinks])

    def __repr__(self) -> str:
        return f"<check of the gradient of {self.name}: {self.verdict}>"

    def _repr_html_(self) -> str:
        return html.never_raises(self._html, "the check")

    def _html(self) -> str:
        count = len(self.components)
        sample = f", {count} of {self.of} components" if count < self.of else ""
        head = html.line(f"gradient of {self.name}{sample}: {self.verdict}", bold=True)
        rows = [
            [
                c.name,
                f"{c.found:.16g}",
                f"{c.expected:.16g}",
                f"{c.error:.1e}",
                f"{c.tolerance:.1e}",
                c.method,
                c.verdict,
            ]
            for c in self._shown()[:SHOWN]
        ]
        columns = ["component", "found>", "expected>", "difference>", "allowed>", "by", "verdict"]
        table = html.table(columns, rows) if rows else ""
        return head + table + "".join(html.line(note, faint=True) for note in self._notes())

    def _shown(self) -> Sequence[Component]:
        """The components to show, in order: only those that are not right, or if all are right, kinks first."""
        return [*self.wrong, *self.undetermined] or sorted(self.components, key=lambda c: c.slopes is None)

    def _notes(self) -> list[str]:
        """The notes below the components."""
        more = len(self._shown()) - SHOWN
        notes = [f"... and {more} more"] if more > 0 else []
        if self.kinks:
            notes.append("At a kink there is no derivative; any value between the two slopes is accepted.")
        if self.undetermined:
            notes.append("Undetermined: the values of the function do not determine the slope exactly enough.")
        return notes

    def __str__(self) -> str:
        count = len(self.components)
        sample = f", {count} of {self.of} components" if count < self.of else ""
        lines = [f"gradient of {self.name}{sample}: {self.verdict}"]
        if self.components:
            lines.append(f"  {'':14}{'found':>24}{'expected':>24}{'difference':>12}{'allowed':>10}  by")
        for c in self._shown()[:SHOWN]:
            mark = "" if c.is_right else f"  <-- {c.verdict}"
            numbers = f"{c.found:>24.16g}{c.expected:>24.16g}{c.error:>12.1e}{c.tolerance:>10.1e}"
            lines.append(f"  {c.name:14}{numbers}  {c.method}{mark}")
        return "\n".join([*lines, *(f"  {note}" for note in self._notes())])
