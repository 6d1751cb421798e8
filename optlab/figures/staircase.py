"""Shares that grow in steps along a logarithmic axis of costs: profiles and empirical distribution functions.

A module per kind of picture has its words: `profile`, `data_profile`, `ecdf`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator
from numpy.typing import NDArray

from optlab.figures import figure as figures
from optlab.figures import lines, scale, style
from optlab.figures.figure import InlineFigure
from optlab.figures.style import Look

Floats = NDArray[np.float64]

_POINTS, _BELOW, _ABOVE = 2401, -0.02, 1.03
_DECADE = 10.0  # the length of an axis without steps between its ends
_ROOM = 0.04
"""The part of the axis to the right of the last step, so that the final shares can be seen."""


@dataclass(frozen=True)
class Words:
    """The texts of a kind of picture: the names of both axes, and the line of a legend entry.

    `result` takes the shares at the left and at the right end of the axis.
    """

    x: str
    y: str
    result: Callable[[float, float], str]


@dataclass(frozen=True)
class _Stairs:
    """A step function, continuous from the right, on an axis from `left` to `right`."""

    x: Floats
    y: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, rows: pd.DataFrame, left: float, right: float) -> _Stairs:
        """The steps of a frame between both ends. Steps that are left of the axis are at its left end."""
        rows = rows[rows["x"] <= right].sort_values("x", kind="stable")
        x = np.concatenate([[left], np.maximum(rows["x"].to_numpy(float), left), [right]])
        shares = [np.concatenate([[0.0], rows[name].to_numpy(float)]) for name in ("y", "low", "high")]
        y, low, high = (np.append(share, share[-1]) for share in shares)
        last = np.append(x[1:] != x[:-1], True)  # of several steps at the same place, the last has the value
        return cls(x[last], y[last], low[last], high[last])

    def at(self, x: Floats) -> Floats:
        """The shares at these places."""
        return self.y[np.searchsorted(self.x, x, side="right") - 1]


def draw(frame: pd.DataFrame, axes: Axes, *, looks: Mapping[str, Look] | None = None) -> Axes:
    """Draw one step function per label, with its band. Overlapping curves are alternating dashes of their colours.

    Args:
        frame: columns `label`, `x`, `y`, `low`, `high`: from `x` on, until the next row of the label, the share is `y`
            and its band from `low` to `high`. Infinite `x` are not drawn.
        looks: the look of each label; by default by order of appearance. A faint label is a thin grey line.
    """
    looks = looks or style.looks(frame["label"])
    left, right = _ends(frame)
    stairs = {label: _Stairs.of(frame[frame["label"] == label], left, right) for label in looks}
    shown = [label for label, look in looks.items() if not look.faint]
    for label in style.faint(looks):
        axes.step(stairs[label].x, stairs[label].y, where="post", **style.THIN)
    for label in shown:
        steps = stairs[label]
        if (steps.low < steps.high).any():
            axes.fill_between(steps.x, steps.low, steps.high, step="post", color=looks[label].colour,
                              alpha=style.band(len(shown)), linewidth=0, zorder=2)  # fmt: skip
        axes.step(steps.x, steps.y, where="post", label=label, zorder=3,
                  **style.line(looks[label], len(shown), max(2, len(steps.x))))  # fmt: skip
    places = np.linspace(np.log(left), np.log(right), _POINTS)
    heights = np.array([stairs[label].at(np.exp(places)) for label in shown]).reshape(len(shown), _POINTS)
    lines.in_turns(axes, [looks[label] for label in shown], places, (heights - _BELOW) / (_ABOVE - _BELOW),
                   at=lambda shares: _BELOW + shares * (_ABOVE - _BELOW), place=np.exp)  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(left, right)
    _ticks(axes, left, right)
    axes.set_ylim(_BELOW, _ABOVE)
    axes.yaxis.set_major_locator(FixedLocator([0, 0.2, 0.4, 0.6, 0.8, 1.0]))
    axes.yaxis.set_major_formatter(lines.percent)
    axes.grid(axis="y")
    return axes


def figure(
    frame: pd.DataFrame,
    words: Words,
    *,
    looks: Mapping[str, Look],
    caption: str = "",
    title: str = "",
    subtitle: str = "",
) -> InlineFigure:
    """The complete figure: one panel, the legend with a result for each label, and the caption."""
    with style.sheet():
        sheet, (axes,) = figures.new(title=title, subtitle=subtitle, caption=caption)
        draw(frame, axes, looks=looks)
        axes.set_xlabel(words.x)
        axes.set_ylabel(words.y)
        left, right = axes.get_xlim()
        shown = [label for label, look in looks.items() if not look.faint]
        stairs = {label: _Stairs.of(frame[frame["label"] == label], left, right) for label in shown}
        results = {label: words.result(steps.y[0], steps.y[-1]) for label, steps in stairs.items()}
        lines.legend(axes, looks, results, others=len(looks) - len(shown))
    return sheet


def percent(share: float) -> str:
    """A share in a text, without a line break between the number and the sign.

    >>> percent(0.5), percent(1 / 3), percent(0.9996)
    ('50\\xa0%', '33\\xa0%', '99.9\\xa0%')
    """
    rounded = round(100 * share)
    text = f"{100 * share:.0f}"
    if rounded in (0, 100) and 1e-9 < share < 1 - 1e-9:  # not all, and not none
        text = "99.9" if rounded else "0.1"
    return f"{text}{figures.UNBROKEN}%"


def _ends(frame: pd.DataFrame) -> tuple[float, float]:
    """The ends of the axis: the smallest positive and the largest place of a step, with room at the right."""
    x = frame["x"].to_numpy(float)
    x = x[(x > 0) & np.isfinite(x)]
    left, right = (float(x.min()), float(x.max())) if x.size else (1.0, 1.0)
    return left, left * (right / left if right > left else _DECADE) ** (1 + _ROOM)


def _ticks(axes: Axes, left: float, right: float) -> None:
    """Set the ticks of the axis of costs: those of a logarithmic axis, or evenly spaced ones if it is short."""
    scale.log_ticks(axes.xaxis, left, right)
    if len(axes.xaxis.get_major_locator()()) < 3:
        ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(left, right)
        ticks = [tick for tick in ticks if left <= tick <= right]
        axes.set_xticks(ticks, [f"{tick:.10g}" for tick in ticks])
