"""The expected running time (ERT) to reach each target of a case (COCO)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from optlab.errors import short
from optlab.figures import figure as figures
from optlab.figures import lines, scale, style
from optlab.figures.figure import InlineFigure
from optlab.figures.style import Look

_LAST = "last"
_END = {"marker": "o", "markersize": 7, "markerfacecolor": "white", "markeredgewidth": 1.6, "linestyle": ""}


def draw(frame: pd.DataFrame, axes: Axes, *, looks: Mapping[str, Look] | None = None) -> Axes:
    """Draw the expected cost against the target, one line per label, with its band. Easy targets are at the left.

    The axis has the targets that some label reached, and not all of them at the start. An open circle is the hardest
    target that a label reached, if there are harder ones.

    Args:
        frame: columns `label`, `x` (the target, positive), `y` (the expected cost, infinite if no run reached the
            target), `low`, `high` of one case.
        looks: the look of each label; by default by order of appearance. A faint label is a thin grey line.
    """
    looks = looks or style.looks(frame["label"])
    frame = frame.sort_values("x", ascending=False, kind="stable")
    paid = frame[(frame["y"] > 0) & np.isfinite(frame["y"])]
    axis = scale.choose(paid["y"].to_numpy(float), whole=True)
    shown = [label for label, look in looks.items() if not look.faint and (frame["label"] == label).any()]
    for label in style.faint(looks):
        rows = frame[frame["label"] == label]
        axes.plot(rows["x"], _heights(rows["y"], axis), **style.THIN)
    for label in shown:
        rows, look = frame[frame["label"] == label], looks[label]
        line, low, high = (_heights(rows[name], axis) for name in ("y", "low", "high"))
        high = np.where(np.isnan(high) & np.isfinite(low), line, high)  # without an upper end, only the lower half
        if (low < high).any():
            axes.fill_between(rows["x"], low, high, color=look.colour, alpha=style.band(len(shown)), linewidth=0,
                              zorder=2)  # fmt: skip
        known = np.isfinite(line)
        axes.plot(rows["x"], line, label=label, zorder=3, **style.line(look, len(shown), int(known.sum())))
        if known.any() and not known[-1]:
            last = np.flatnonzero(known)[-1]
            axes.plot(rows["x"].iloc[last], line[last], color=look.colour, gid=_LAST, zorder=4, **_END)
    if shown:
        costs = frame[frame["label"].isin(shown)].pivot(index="label", columns="x", values="y").loc[shown]
        lines.in_turns(axes, [looks[label] for label in shown], np.log10(costs.columns.to_numpy(float)),
                       axis.share(axis.in_units(costs)), axis.at, place=lambda x: 10**x)  # fmt: skip
    scale.apply(axis, axes)
    if paid.empty:
        axes.text(0.5, 0.5, "no target below the loss at the start was reached", transform=axes.transAxes, size=10,
                  color=style.MUTED, ha="center")  # fmt: skip
        axes.set_yticks([])
    axes.set_xscale("log")
    left, right = (paid["x"].max(), paid["x"].min()) if len(paid) else (1.0, 0.1)
    axes.set_xlim(left, right if right < left else left / 10)
    scale.log_ticks(axes.xaxis, *sorted(axes.get_xlim()))
    axes.grid(axis="y")
    return axes


def figure(
    frame: pd.DataFrame,
    *,
    looks: Mapping[str, Look],
    cost: str = "gradients",
    target: str = "target: loss − minimum",
    caption: str = "",
    title: str = "",
    subtitle: str = "",
) -> InlineFigure:
    """The complete figure of one case. `frame` is as in `draw`."""
    with style.sheet():
        sheet, (axes,) = figures.new(title=title, subtitle=subtitle, caption=caption)
        draw(frame, axes, looks=looks)
        axes.set_xlabel(target)
        axes.set_ylabel(f"expected {cost} to the target")
        present = [label for label in looks if (frame["label"] == label).any()]
        shown = [label for label in present if not looks[label].faint]
        results = {label: _result(frame[frame["label"] == label]) for label in shown}
        is_open = any(line.get_gid() == _LAST for line in axes.get_lines())
        lines.legend(axes, looks, results, others=len(present) - len(shown),
                     marks=[(_END, "harder targets were not reached")] * is_open)  # fmt: skip
    return sheet


def _heights(values: pd.Series, axis: scale.Scale) -> np.ndarray:
    """The heights of a line, NaN where the cost is infinite. A cost of zero leaves the axis."""
    costs = axis.in_units(values)
    return np.where(np.isfinite(costs), axis.leave(costs), np.nan)


def _result(rows: pd.DataFrame) -> str:
    """The hardest target that was reached, for the legend."""
    reached = rows.loc[np.isfinite(rows["y"]), "x"]
    return f"reaches {short(float(reached.min()))}" if len(reached) else "reaches no target"
