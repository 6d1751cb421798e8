"""The loss to be expected after k trials of a search for settings (Dodge et al., 2019)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from optlab.errors import counted, short
from optlab.figures import figure as figures
from optlab.figures import lines, scale, style
from optlab.figures.figure import InlineFigure
from optlab.figures.style import Look


def draw(
    frame: pd.DataFrame,
    axes: Axes,
    *,
    looks: Mapping[str, Look] | None = None,
    minimum: float | None = None,
    quantity: str = "final loss",
) -> Axes:
    """Draw the expected best value against the number of trials, one line per label, with its band.

    A line begins at the first number of trials with a finite expected value. Overlapping lines are alternating dashes.

    Args:
        frame: columns `label`, `x` (the number of trials), `y`, `low`, `high` of one case.
        looks: the look of each label; by default by order of appearance. A faint label is a thin grey line.
        minimum: the known minimum. If it is not 0, the distance to it is drawn.
        quantity: what is expected.
    """
    looks = looks or style.looks(frame["label"])
    table = scale.above(frame.rename(columns={"y": "median"}), minimum or 0.0)
    others = table["label"].isin(style.faint(looks))
    axis = scale.choose(table.loc[~others, ["median", "low"]].to_numpy())
    table = axis.frame(table)
    for _, rows in table[others].groupby("label", sort=False):
        axes.plot(rows["x"], _heights(rows, axis), **style.THIN)
    shown, count = table[~others], len(looks) - len(style.faint(looks))
    for label, rows in shown.groupby("label", sort=False):
        look, line, (low, high) = looks[str(label)], _heights(rows, axis), axis.band(rows)
        if (low < high).any():
            axes.fill_between(rows["x"], low, high, color=look.colour, alpha=style.band(count), linewidth=0, zorder=2)
        axes.plot(rows["x"], line, label=label, zorder=3, **style.line(look, count, int(np.isfinite(line).sum())))
    if len(shown):
        order = list(shown["label"].unique())
        values = shown.pivot(index="label", columns="x", values="median").loc[order]
        lines.in_turns(axes, [looks[str(label)] for label in order], values.columns.to_numpy(float),
                       axis.share(values), axis.at)  # fmt: skip
    scale.apply(axis, axes)
    last = max(2, frame["x"].max()) if len(frame) else 2
    axes.set_xlim(1, last)
    axes.set_xticks(scale.from_one(last))
    axes.grid(axis="y")
    axes.set_xlabel("number of trials")
    axes.set_ylabel(f"expected best of k: {quantity}" + (" − minimum" if minimum else "") + axis.suffix)
    return axes


def figure(
    frame: pd.DataFrame,
    *,
    looks: Mapping[str, Look],
    quantity: str = "final loss",
    minimum: float | None = None,
    caption: str = "",
    title: str = "",
    subtitle: str = "",
) -> InlineFigure:
    """The complete figure of one case. `frame` is as in `draw`; `quantity` names what is expected."""
    with style.sheet():
        sheet, (axes,) = figures.new(title=title, subtitle=subtitle, caption=caption)
        draw(frame, axes, looks=looks, minimum=minimum, quantity=quantity)
        present = [label for label in looks if (frame["label"] == label).any()]
        shown = [label for label in present if not looks[label].faint]
        results = {label: _result(frame[frame["label"] == label]) for label in shown}
        lines.legend(axes, looks, results, others=len(present) - len(shown))
    return sheet


def _heights(rows: pd.DataFrame, axis: scale.Scale) -> np.ndarray:
    """The heights of the line, NaN where the expected value is infinite."""
    return np.where(np.isfinite(rows["median"]), axis.leave(rows["median"]), np.nan)


def _result(rows: pd.DataFrame) -> str:
    """The expected value after all trials, for the legend."""
    last = rows.sort_values("x", kind="stable").iloc[-1]
    value = short(float(last["y"])) if np.isfinite(last["y"]) else "none finite"
    return f"after {counted(int(last['x']), 'trial')}: {value}"
