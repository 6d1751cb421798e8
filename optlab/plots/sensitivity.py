"""The final loss against a hyperparameter: how wide is the range in which an optimizer works?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from optlab.plots import figure as figures
from optlab.plots import scale, style
from optlab.plots.style import Look

NAMES = {"lr": "learning rate"}
_START = "start"
_ROW, _STRIP_PADDING, _STRIP_MOST = 0.022, 0.03, 0.3  # shares of the height of the axes
_ABOVE: dict[str, Any] = {"marker": "^", "markerfacecolor": "white", "gid": "above"}
_BELOW: dict[str, Any] = {"marker": "v", "markerfacecolor": "white", "gid": "below"}


def draw(
    sensitivity: pd.DataFrame,
    axes: Axes,
    *,
    looks: Mapping[str, Look] | None = None,
    minimum: float | None = None,
    parameter: str = "lr",
) -> Axes:
    """Draw the median final loss against the value of a hyperparameter, one line per label, with its band over seeds.

    Values whose median is infinite are crosses in a strip above the axis, one row per label. Those whose median is 0 or
    too small to show are open triangles in a strip below it, to which the line goes down; those whose median is too
    large are open triangles at the end of the axis. A dotted line marks the loss at the start, a ring each label's best
    value.

    Args:
        sensitivity: columns `label`, `value`, `median`, `low`, `high`, `first`, `diverged` of one case
            (`analysis.sensitivity`).
        looks: how each label is drawn; by default by order of appearance.
        minimum: the known minimum. Where it is not 0, the distance to it is drawn.
        parameter: the hyperparameter's name.
    """
    looks = looks or style.looks(sensitivity["label"])
    floor = minimum or 0.0
    table = scale.above(sensitivity, floor)
    lost = ~np.isfinite(table["median"].to_numpy())
    first = table["first"].to_numpy()
    start = float(first[np.isfinite(first)].max(initial=-np.inf))
    start = start if np.isfinite(start) else np.nan
    axis = scale.choose(table.loc[~lost, ["median", "low"]].to_numpy(), start)

    small = axis.log & (table["median"].to_numpy() < axis.low)
    crosses, triangles = _Strip.of(table[lost], above=True), _Strip.of(table[small], above=False)
    axis.apply(axes, below=triangles.share, above=crosses.share)
    for label, rows in table[~lost].groupby("label", sort=False):
        _line(rows, axes, looks[str(label)], axis, triangles)
    if not np.isnan(start) and axis.low < start < axis.high:
        axes.axhline(start, gid=_START, color=style.MUTED, linewidth=1.2, linestyle=(0, (1, 2)), zorder=1)
    if lost.any():
        _crosses(table[lost], axes, looks, crosses)
        crosses.draw(axes, "diverged" if (table.loc[lost, "diverged"] > 0).all() else "diverged,\nfailed")
    if small.any():
        triangles.draw(axes, "0" if (table.loc[small, "median"] == 0).all() else "smaller")
    if lost.all():
        axes.yaxis.set_major_locator(NullLocator())
    _x_axis(axes, sensitivity)
    axes.set_xlabel(NAMES.get(parameter, parameter))
    axes.set_ylabel("final loss − minimum" if floor else "final loss")
    axes.grid(axis="y")
    return axes


def figure(
    sensitivity: pd.DataFrame,
    *,
    looks: Mapping[str, Look],
    minimum: float | None = None,
    parameter: str = "lr",
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """The finished picture of one case. `sensitivity` is the case's rows of `analysis.sensitivity`."""
    with style.sheet():
        sheet, (axes,) = figures.new(title=title, subtitle=subtitle)
        draw(sensitivity, axes, looks=looks, minimum=minimum, parameter=parameter)
        best = sensitivity.groupby("label", sort=False)["median"].min()
        handles = [_handle(looks[str(label)]) for label in best.index]
        labels = [_entry(str(label), loss) for label, loss in best.items()]
        if np.isfinite(best).any():
            handles.append(Line2D([], [], markeredgecolor=style.INK, **_RING))
            labels.append("best value")
        for shape, said in ((_ABOVE, "too large for the axis"), (_BELOW, "too small for the axis")):
            if any(line.get_gid() == shape["gid"] and np.size(line.get_xdata()) for line in axes.get_lines()):
                handles.append(Line2D([], [], linestyle="", markersize=6.5, markeredgecolor=style.INK, **shape))
                labels.append(said)
        if start := [line for line in axes.get_lines() if line.get_gid() == _START]:
            handles += start
            labels.append("loss at the start")
        figures.legend(axes, handles, labels)
    return sheet


_RING: dict[str, Any] = {
    "marker": "o",
    "markersize": 12,
    "markerfacecolor": "none",
    "markeredgewidth": 1.5,
    "linestyle": "",
}


@dataclass(frozen=True)
class _Strip:
    """A strip at the upper or the lower end of the axes: its share of their height, and that of each label's row."""

    share: float
    rows: Mapping[str, float]
    above: bool

    @classmethod
    def of(cls, table: pd.DataFrame, above: bool) -> _Strip:
        labels = list(dict.fromkeys(table["label"]))
        if not labels:
            return cls(0.0, {}, above)
        share = min(_STRIP_MOST, _ROW * len(labels) + 2 * _STRIP_PADDING)
        top, row = 1.0 if above else share, (share - 2 * _STRIP_PADDING) / len(labels)
        rows = {label: top - _STRIP_PADDING - (i + 0.5) * row for i, label in enumerate(labels)}
        return cls(share, rows, above)

    def draw(self, axes: Axes, name: str) -> None:
        bottom = 1 - self.share if self.above else 0.0
        axes.add_patch(
            Rectangle((0, bottom), 1, self.share, transform=axes.transAxes, color="#F3EFEA", linewidth=0, zorder=0)
        )
        axes.text(-0.012, bottom + self.share / 2, name, transform=axes.transAxes, size=9, color=style.MUTED,
                  va="center", ha="right")  # fmt: skip

    def height(self, label: str, axes: Axes) -> float:
        """Where a label's row is on the axis, which is logarithmic."""
        low, high = axes.get_ylim()
        return low * (high / low) ** self.rows[label]


def _line(rows: pd.DataFrame, axes: Axes, look: Look, axis: scale.Scale, strip: _Strip) -> None:
    """One label's line, band, markers, and the ring around its best value, or around all that are as good."""
    label = str(rows["label"].iloc[0])
    value, median = rows["value"].to_numpy(), rows["median"].to_numpy()
    low, high = axis.clip(rows["low"]), axis.clip(rows["high"])
    if (low < high).any():
        axes.fill_between(value, low, high, color=look.colour, alpha=0.14, linewidth=0, zorder=2)
    above, below = median > axis.high, median < axis.low
    place = axis.clip(median)
    if label in strip.rows:
        place[below] = strip.height(label, axes)
    axes.plot(value, place, color=look.colour, linestyle=look.dash, linewidth=1.8, zorder=3, label=label)
    marks: list[tuple[Any, dict[str, Any]]] = [
        (~above & ~below, {"marker": look.marker, "markerfacecolor": look.colour, "markeredgecolor": "white"}),
        (above, {**_ABOVE, "markeredgecolor": look.colour}),
        (below, {**_BELOW, "markeredgecolor": look.colour}),
    ]
    for where, shape in marks:
        axes.plot(value[where], place[where], linestyle="", markersize=6.5, zorder=4, **shape)
    best = median == median.min()
    axes.plot(value[best], place[best], markeredgecolor=look.colour, zorder=5, **_RING)


def _crosses(lost: pd.DataFrame, axes: Axes, looks: Mapping[str, Look], strip: _Strip) -> None:
    for label, rows in lost.groupby("label", sort=False):
        height = np.full(len(rows), strip.rows[str(label)])
        axes.plot(rows["value"], height, transform=axes.get_xaxis_transform(), linestyle="", marker="x", markersize=6,
                  markeredgewidth=1.7, color=looks[str(label)].colour, zorder=4)  # fmt: skip


def _x_axis(axes: Axes, table: pd.DataFrame) -> None:
    """Logarithmic where the values are spaced that way; with room for the markers at both ends."""
    values = np.unique(table["value"])
    if is_logarithmic([np.unique(rows["value"]) for _, rows in table.groupby("label", sort=False)]):
        axes.set_xscale("log")
        room = (values[-1] / values[0]) ** 0.04 if len(values) > 1 else 2.0
        limits = values[0] / room, values[-1] * room
        axes.set_xlim(limits)
        scale.log_ticks(axes.xaxis, *limits)
    else:
        room = 0.04 * (values[-1] - values[0]) or 0.5 * abs(values[0]) or 1.0
        axes.set_xlim(values[0] - room, values[-1] + room)


def is_logarithmic(grids: list[NDArray[np.float64]]) -> bool:
    """Whether the values of the grids are spaced more evenly in their logarithms than in themselves.

    Grids of one or two values say nothing of spacing: then, whether all values together span a factor of ten.
    """
    everything = np.concatenate(grids)
    if everything.min() <= 0:
        return False
    telling = [grid for grid in grids if len(grid) > 2]
    if not telling:
        return bool(everything.max() >= 10 * everything.min())

    def unevenness(gaps: NDArray[np.float64]) -> float:
        return float(gaps.std() / gaps.mean())

    return sum(unevenness(np.diff(np.log(g))) - unevenness(np.diff(g)) for g in telling) < 0


def _entry(label: str, best: float) -> str:
    return f"{label}\n{style.loss(best)}" if np.isfinite(best) else label


def _handle(look: Look) -> Line2D:
    return Line2D([], [], color=look.colour, linestyle=look.dash, linewidth=1.8, marker=look.marker, markersize=6.5,
                  markeredgecolor="white")  # fmt: skip
