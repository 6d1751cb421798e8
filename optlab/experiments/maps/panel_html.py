"""How a notebook shows one panel of a map: as a table of its main numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from optlab.errors import counted, short
from optlab.markup import html

MOST = 8
"""The most minima in the table."""


class PanelHtml(ABC):
    """Shows a panel as a line, and as HTML. Both leave out its arrays, which are too large."""

    title: str
    problem: str

    @abstractmethod
    def _facts(self) -> tuple[str, list[str], list[list[str]]]:
        """A short description of the panel, and the columns and rows of the table of its numbers."""

    def __repr__(self) -> str:
        return f"<{self._facts()[0]}>"

    def _repr_html_(self) -> str:
        def shown() -> str:
            what, columns, rows = self._facts()
            return html.line(what) + (html.table(columns, rows) if rows else "")

        return html.never_raises(shown, "the map")


class BasinHtml(PanelHtml):
    """Shows the minima, those with the largest basins first."""

    minima: Any
    minimum: Any
    reached: Any
    diverged: Any
    shares: Any
    failed: int

    def _facts(self) -> tuple[str, list[str], list[list[str]]]:
        rows, columns = self.minimum.shape
        what = f"{self.title} on {self.problem}: basins of {columns} x {rows} starts"
        if self.failed:
            return f"{what}; {counted(self.failed, 'run')} ended with an error", [], []
        order = np.argsort(-self.shares, kind="stable")
        table = [self._minimum(int(k)) for k in order[:MOST]]
        if len(order) > MOST:
            table.append([f"{len(order) - MOST} more", _percent(self.shares[order[MOST:]].sum()), ""])
        at_none = float(((self.minimum < 0) & ~self.diverged).mean())
        table += [["none", _percent(at_none), ""], ["diverged", _percent(float(self.diverged.mean())), ""]]
        return what, ["minimum", "share of starts>", "median steps>"], table

    def _minimum(self, number: int) -> list[str]:
        steps = self.reached[self.minimum == number]
        point = ", ".join(f"{value + 0.0:.3g}" for value in self.minima[number])
        return [f"({point})", _percent(self.shares[number]), f"{np.median(steps):g}" if steps.size else ""]


class StabilityHtml(PanelHtml):
    """Shows the best pair of hyperparameters, and the share of the map that is stable."""

    names: tuple[str, str]
    x: Any
    y: Any
    loss: Any
    diverged: Any
    stable: Any
    best: tuple[int, int] | None
    failed: int

    def _facts(self) -> tuple[str, list[str], list[list[str]]]:
        rows, columns = self.loss.shape
        sides = " x ".join(f"{size} {name}" for size, name in zip((columns, rows), self.names, strict=True))
        what = f"{self.title} on {self.problem}: stability in {sides}"
        if self.failed:
            return f"{what}; {counted(self.failed, 'run')} ended with an error", [], []
        best = ["none"] * 3
        if self.best is not None:
            row, column = self.best
            best = [f"{self.x[column]:.4g}", f"{self.y[row]:.4g}", short(self.loss[row, column])]
        grew = ~self.stable & ~self.diverged
        shares = [_percent(float(part.mean())) for part in (self.stable, grew, self.diverged)]
        heads = [*(f"best {name}>" for name in self.names), "final loss>", "stable>", "grew>", "diverged>"]
        return what, heads, [[*best, *shares]]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
