"""The final loss against a hyperparameter, which shows the range of values with which an optimizer works."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from optlab.errors import counted
from optlab.figures import figure as figures
from optlab.figures import overlap, scale, style
from optlab.figures.figure import InlineFigure
from optlab.figures.style import Look

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NAMES = {"lr": "learning rate"}
_START = "start"
_ROW, _STRIP_PADDING, _STRIP_MOST, _STRIP_ALONE = 0.022, 0.03, 0.3, 0.95  # shares of the height of the axes
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

    Infinite medians are crosses in a strip above the axis, with one row per label; if no median is finite, the strip
    fills the axes. Medians that are 0 or too small to show are open triangles in a strip below the axis, to which the
    line continues. Medians that are too large are open triangles at the end of the axis. A dotted line marks the loss
    at the start, and a ring the best value of each label. Overlapping lines and markers alternate in their colours, and
    overlapping rings are concentric. Missing medians (of failed runs) are not drawn.

    Args:
        sensitivity: columns `label`, `value`, `median`, `low`, `high`, `first`, `diverged` of one case
            (`analysis.sensitivity`).
        looks: the look of each label; by default by order of appearance. A faint label is a thin grey line.
        minimum: the known minimum. If it is not 0, the distance to it is drawn.
        parameter: the name of the hyperparameter.
    """
    looks = looks or style.looks(sensitivity["label"])
    floor = minimum or 0.0
    everything = scale.above(sensitivity[sensitivity["median"].notna()], floor)
    others = everything["label"].isin(style.faint(looks))
    table = everything[~others]
    first = table["first"].to_numpy()
    start = float(first[np.isfinite(first)].max(initial=-np.inf))
    start = start if np.isfinite(start) else np.nan
    axis = scale.choose(table.loc[np.isfinite(table["median"]), ["median", "low"]].to_numpy(), start)
    table, start = axis.frame(table), float(axis.in_units(start))
    lost = ~np.isfinite(table["median"].to_numpy())

    small = axis.log & (table["median"].to_numpy() < axis.low)
    crosses, triangles = _Strip.of(table[lost], above=True, alone=lost.all()), _Strip.of(table[small], above=False)
    scale.apply(axis, axes, below=triangles.share, above=crosses.share)
    _x_axis(axes, sensitivity)
    for _, rows in axis.frame(everything[others]).groupby("label", sort=False):
        finite = np.isfinite(rows["median"])
        axes.plot(rows["value"], np.where(finite, axis.leave(rows["median"]), np.nan), **style.THIN)
    lines = [_Line.of(rows, looks[str(label)], axis, triangles.height(str(label), axes))
             for label, rows in table[~lost].groupby("label", sort=False)]  # fmt: skip
    _draw_lines(lines, axes)
    if not np.isnan(start) and axis.low < start < axis.high:
        axes.axhline(start, gid=_START, color=style.MUTED, linewidth=1.2, linestyle=(0, (1, 2)), zorder=1)
    if lost.any():
        _crosses(table[lost], axes, looks, crosses)
        crosses.draw(axes, "diverged" if (table.loc[lost, "diverged"] > 0).all() else "diverged,\nfailed")
    if small.any():
        triangles.draw(axes, "0" if (table.loc[small, "median"] == 0).all() else "smaller")
    if lost.all():
        axes.yaxis.set_major_locator(NullLocator())
    axes.set_xlabel(NAMES.get(parameter, parameter))
    axes.set_ylabel("" if lost.all() else ("final loss − minimum" if floor else "final loss") + axis.suffix)
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
) -> InlineFigure:
    """The complete figure of one case. `sensitivity` is the case's rows of `analysis.sensitivity`."""
    with style.sheet():
        sheet, (axes,) = figures.new(title=title, subtitle=subtitle)
        draw(sensitivity, axes, looks=looks, minimum=minimum, parameter=parameter)
        best = sensitivity.groupby("label", sort=False)["median"].min()
        others = best.index.isin(style.faint(looks))
        count, best = int(others.sum()), best[~others]
        handles = [_handle(looks[str(label)]) for label in best.index]
        medians = {str(label): rows["median"].to_numpy() for label, rows in sensitivity.groupby("label", sort=False)}
        labels = [_entry(str(label), medians[str(label)]) for label in best.index]
        if count:
            handles.append(figures.others())
            labels.append(counted(count, "other"))
        if any(line.get_gid() == _RING["gid"] for line in axes.get_lines()):
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


_WIDTH = 1.8
_RING: dict[str, Any] = {
    "marker": "o",
    "markersize": 12,
    "markerfacecolor": "none",
    "markeredgewidth": 1.5,
    "linestyle": "",
    "gid": "best",
}


@dataclass(frozen=True)
class _Strip:
    """A strip at the upper or lower end of the axes: its share of their height, and the height of each label's row."""

    share: float
    rows: Mapping[str, float]
    above: bool

    @classmethod
    def of(cls, table: pd.DataFrame, above: bool, alone: bool = False) -> _Strip:
        labels = list(table["label"].unique())
        if not labels:
            return cls(0.0, {}, above)
        share = _STRIP_ALONE if alone else min(_STRIP_MOST, _ROW * len(labels) + 2 * _STRIP_PADDING)
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
        """The value of the logarithmic axis at a label's row; NaN if the label has no row."""
        low, high = axes.get_ylim()
        return low * (high / low) ** self.rows[label] if label in self.rows else np.nan


@dataclass(frozen=True)
class _Line:
    """The line of one label: the places of its points, and whether each point is off the axis or the best."""

    label: str
    look: Look
    value: Floats
    place: Floats
    band: tuple[Floats, Floats]
    above: Flags
    below: Flags
    best: Flags

    @classmethod
    def of(cls, rows: pd.DataFrame, look: Look, axis: scale.Scale, strip: float) -> _Line:
        """Make a line from rows of the table. Values that are too small for the axis are at the height `strip`."""
        median = rows["median"].to_numpy()
        above, below = median > axis.high, median < axis.low
        place = np.where(below & np.isfinite(strip), strip, axis.clip(median))
        low, high = axis.band(rows)
        label = str(rows["label"].iloc[0])
        best = rows["best"].to_numpy(bool) if "best" in rows else median == median.min()
        best = best & (len(best) == 1 or not best.all())  # no ring, if all values are equally good
        return cls(label, look, rows["value"].to_numpy(), place, (axis.clip(low), axis.clip(high)), above, below, best)


def _draw_lines(lines: Sequence[_Line], axes: Axes) -> None:
    """Draw the lines with their bands and markers, and a ring around each best value, ties included."""
    for line in lines:
        low, high = line.band
        if (low < high).any():
            axes.fill_between(line.value, low, high, color=line.look.colour, alpha=style.band(len(lines)),
                              linewidth=0, zorder=2)  # fmt: skip
        axes.plot(line.value, line.place, color=line.look.colour, linestyle=line.look.dash, linewidth=_WIDTH, zorder=3,
                  label=line.label)  # fmt: skip
    to_axes = axes.transData + axes.transAxes.inverted()
    shares = [to_axes.transform(np.stack([line.value, line.place], axis=1)) for line in lines]
    for line, turns in zip(lines, overlap.in_turns_along(shares), strict=True):
        if np.isfinite(turns).any():
            axes.plot(*turns.T, transform=axes.transAxes, color=line.look.colour, linewidth=_WIDTH,
                      solid_capstyle="butt", gid=overlap.TURN, zorder=3.5)  # fmt: skip
    for line, (turn, around) in zip(lines, _at_points(lines, shares), strict=True):
        marks: list[tuple[Any, dict[str, Any]]] = [
            (~line.above & ~line.below, {"marker": line.look.marker, "markerfacecolor": line.look.colour,
                                         "markeredgecolor": "white"}),
            (line.above, {**_ABOVE, "markeredgecolor": line.look.colour}),
            (line.below, {**_BELOW, "markeredgecolor": line.look.colour}),
        ]  # fmt: skip
        for kind, shape in marks:
            where = kind & turn
            axes.plot(line.value[where], line.place[where], linestyle="", markersize=6.5, zorder=4, **shape)
        for number in np.unique(around[line.best]):
            at = line.best & (around == number)
            axes.plot(line.value[at], line.place[at], markeredgecolor=line.look.colour, zorder=5,
                      **_RING | {"markersize": _RING["markersize"] + 2.5 * number})  # fmt: skip


def _at_points(lines: Sequence[_Line], shares: Sequence[Floats]) -> list[tuple[Flags, NDArray[np.int64]]]:
    """For each point of each line, whether its marker is drawn, and the number of rings inside of its own ring.

    Where points of several lines coincide, only one line draws its marker. The lines alternate.
    """
    meetings: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for i, points in enumerate(shares):
        for k, point in enumerate(np.round(points / overlap.TOLERANCE).astype(int).tolist()):
            meetings.setdefault(tuple(point), []).append((i, k))
    found = [(np.ones(len(line.value), dtype=bool), np.zeros(len(line.value), dtype=np.int64)) for line in lines]
    times: Counter[tuple[int, ...]] = Counter()
    for _, at in sorted(meetings.items()):
        together = tuple(i for i, _ in at)
        turn = times[together] % len(at)
        times[together] += 1
        for order, (i, k) in enumerate(at):
            found[i][0][k] = order == turn
            found[i][1][k] = sum(lines[j].best[m] for j, m in at[:order])
    return found


def _crosses(lost: pd.DataFrame, axes: Axes, looks: Mapping[str, Look], strip: _Strip) -> None:
    for label, rows in lost.groupby("label", sort=False):
        height = np.full(len(rows), strip.rows[str(label)])
        axes.plot(rows["value"], height, transform=axes.get_xaxis_transform(), linestyle="", marker="x", markersize=6,
                  markeredgewidth=1.7, color=looks[str(label)].colour, zorder=4)  # fmt: skip


def _x_axis(axes: Axes, table: pd.DataFrame) -> None:
    """Set the x axis: logarithmic if the values are spaced logarithmically, with margins for the markers."""
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
    """Whether the logarithms of the values are spaced more evenly than the values.

    Grids of one or two values have no spacing; if there are no others, whether all values span a factor of ten.
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


def _entry(label: str, medians: Floats) -> str:
    if failed := int(np.isnan(medians).sum()):
        return f"{label}\nerror" + (f" at {failed} of {len(medians)} values" if failed < len(medians) else "")
    return f"{label}\nlowest {style.loss(medians.min())}" if np.isfinite(medians.min()) else label


def _handle(look: Look) -> Line2D:
    return Line2D([], [], color=look.colour, linestyle=look.dash, linewidth=1.8, marker=look.marker, markersize=6.5,
                  markeredgecolor="white")  # fmt: skip
