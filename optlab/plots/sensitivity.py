"""The final loss against a hyperparameter: how wide is the range in which an optimizer works?"""

from __future__ import annotations

from collections.abc import Mapping

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
_ROW, _STRIP_PADDING = 0.022, 0.03  # shares of the height of the axes


def draw(
    sensitivity: pd.DataFrame,
    axes: Axes,
    *,
    looks: Mapping[str, Look] | None = None,
    minimum: float | None = None,
    parameter: str = "lr",
) -> Axes:
    """Draw the median final loss against the value of a hyperparameter, one line per label, with its band over seeds.

    Values whose median is infinite are crosses in a strip at the top, one row per label; those whose median is too
    large or too small to show are open triangles at the end of the axis. A dotted line marks the loss at the start, a
    ring each label's best value.

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

    for label, rows in table[~lost].groupby("label", sort=False):
        _line(rows, axes, looks[str(label)], axis)
    if not np.isnan(start) and axis.low < start < axis.high:
        axes.axhline(start, gid=_START, color=style.MUTED, linewidth=1.2, linestyle=(0, (1, 2)), zorder=1)
    share = _strip(table[lost], axes, looks) if lost.any() else 0.0
    axis.apply(axes, strip=share)
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
        labels = list(dict.fromkeys(sensitivity["label"]))
        handles = [_handle(looks[label]) for label in labels]
        if np.isfinite(sensitivity["median"]).any():
            handles.append(Line2D([], [], **{**_RING, "linestyle": "", "markeredgecolor": style.INK}))
            labels.append("best value")
        if start := [line for line in axes.get_lines() if line.get_gid() == _START]:
            handles += start
            labels.append("loss at the start")
        figures.legend(axes, handles, labels)
    return sheet


_RING = {"marker": "o", "markersize": 12, "markerfacecolor": "none", "markeredgewidth": 1.5}


def _line(rows: pd.DataFrame, axes: Axes, look: Look, axis: scale.Scale) -> None:
    """One label's line, band, markers, and the ring around its best value."""
    value, median = rows["value"].to_numpy(), rows["median"].to_numpy()
    low, high = axis.clip(rows["low"]), axis.clip(rows["high"])
    if (low < high).any():
        axes.fill_between(value, low, high, color=look.colour, alpha=0.14, linewidth=0, zorder=2)
    axes.plot(value, axis.clip(median), color=look.colour, linestyle=look.dash, linewidth=1.8, zorder=3,
              label=rows["label"].iloc[0])  # fmt: skip
    above, below = median > axis.high, median < axis.low
    for where, marker, face, edge in (
        (~above & ~below, look.marker, look.colour, "white"),
        (above, "^", "white", look.colour),
        (below, "v", "white", look.colour),
    ):
        axes.plot(value[where], axis.clip(median[where]), linestyle="", marker=marker, markersize=6.5, zorder=4,
                  markerfacecolor=face, markeredgecolor=edge)  # fmt: skip
    best = int(np.argmin(median))
    axes.plot(value[best], axis.clip(median[best]), markeredgecolor=look.colour, zorder=5, **_RING)  # pyright: ignore


def _strip(lost: pd.DataFrame, axes: Axes, looks: Mapping[str, Look]) -> float:
    """Crosses in a strip at the top of the axes; returns its share of their height."""
    labels = list(dict.fromkeys(lost["label"]))
    share = min(0.4, _ROW * len(labels) + 2 * _STRIP_PADDING)
    axes.add_patch(
        Rectangle((0, 1 - share), 1, share, transform=axes.transAxes, color="#F3EFEA", linewidth=0, zorder=0)
    )
    row = (share - 2 * _STRIP_PADDING) / len(labels)
    for i, label in enumerate(labels):
        values = lost.loc[lost["label"] == label, "value"].to_numpy()
        height = np.full(len(values), 1 - _STRIP_PADDING - (i + 0.5) * row)
        axes.plot(values, height, transform=axes.get_xaxis_transform(), linestyle="", marker="x", markersize=6,
                  markeredgewidth=1.7, color=looks[label].colour, zorder=4)  # fmt: skip
    name = "diverged" if (lost["diverged"] > 0).all() else "diverged,\nfailed"
    axes.text(-0.012, 1 - share / 2, name, transform=axes.transAxes, size=9, color=style.MUTED, va="center", ha="right")
    return share


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


def _handle(look: Look) -> Line2D:
    return Line2D([], [], color=look.colour, linestyle=look.dash, linewidth=1.8, marker=look.marker, markersize=6.5,
                  markeredgecolor="white")  # fmt: skip
