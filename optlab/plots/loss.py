"""The loss along the steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from optlab.plots import figure as figures
from optlab.plots import overlap, scale, style
from optlab.plots.style import Look

NAMES = {"loss": "loss", "train_loss": "training loss", "test_loss": "test loss", "test_accuracy": "test accuracy"}
_LOST: dict[str, Any] = {
    "marker": "x",
    "markersize": 8,
    "markeredgewidth": 2,
    "linestyle": "",
    "clip_on": False,
    "zorder": 4,
}

_WIDTH, _TURN = 2.0, "turn"


def draw(
    curves: pd.DataFrame,
    axes: Axes,
    *,
    quantity: str = "loss",
    looks: Mapping[str, Look] | None = None,
    minimum: float | None = None,
    behind: str | None = None,
    lost: Collection[str] = (),
) -> Axes:
    """Draw the median of a quantity along the steps, one line per label, with the band from `low` to `high`.

    Where lines run one on another, they take turns as dashes of all their colours.

    Args:
        curves: columns `label`, `quantity`, `step`, `median`, `low`, `high`, of one case (`analysis.loss_curves`).
        quantity: which one to draw.
        looks: how each label is drawn; by default by order of appearance.
        minimum: the known minimum. Where it is not 0, the distance to it is drawn.
        behind: a noisier quantity of the same kind whose medians are drawn thin and pale behind the lines.
        lost: labels whose lines end with a cross, where they were last finite; at the upper border if that was off it.
    """
    looks = looks or style.looks(curves["label"])
    floor = minimum or 0.0
    shown = scale.above(curves[curves["quantity"] == quantity], floor)
    back = scale.above(curves[curves["quantity"] == behind], floor)
    is_accuracy = "accuracy" in quantity
    # the axis is not stretched to the upper ends of bands: the worst seed of one optimizer would flatten all others
    values = shown[["median", "low"]]
    axis = _accuracy(shown) if is_accuracy else scale.choose(values, _start(shown))
    place = np.asarray if is_accuracy else axis.leave
    for label, curve in back.groupby("label", sort=False):
        axes.plot(curve["step"], place(curve["median"]), color=looks[str(label)].colour, linewidth=0.7, alpha=0.3,
                  zorder=1)  # fmt: skip
    for label, curve in shown.groupby("label", sort=False):
        look = looks[str(label)]
        step, low, high = curve["step"].to_numpy(), place(curve["low"]), place(curve["high"])
        if (low < high).any():
            axes.fill_between(step, low, high, color=look.colour, alpha=0.16, linewidth=0, zorder=2)
        # an infinite median ends the line: there is nothing to see any more
        median = np.where(np.isfinite(curve["median"]), place(curve["median"]), np.nan)
        axes.plot(step, median, label=label, zorder=3, **_line(look, len(looks), np.isfinite(median).sum()))
        if label in lost and not is_accuracy and np.isfinite(median).any():
            last = np.flatnonzero(np.isfinite(median))[-1]
            axes.plot(step[last], axis.clip(curve["median"].iloc[last]), color=look.colour, **_LOST)
    _in_turns(shown, axes, axis, looks)
    axis.apply(axes)
    if is_accuracy:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g} %"))
    last = curves["step"].max()
    axes.set_xlim(0, last if last > 0 else 1)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="y")
    name = NAMES.get(quantity, quantity.replace("_", " "))
    axes.set_xlabel("step")
    axes.set_ylabel(f"{name} − minimum" if floor else name)
    return axes


def figure(
    curves: pd.DataFrame,
    best: pd.DataFrame,
    *,
    looks: Mapping[str, Look],
    minimum: float | None = None,
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """The finished picture of one case: one panel; for a network, training loss and test accuracy side by side.

    `curves` and `best` are the case's rows of `analysis.loss_curves` and `analysis.best`.
    """
    present = set(curves["quantity"])
    if "train_loss" in present:
        panels = [("train_loss", "loss"), *([("test_accuracy", None)] if "test_accuracy" in present else [])]
    else:
        panels = [("loss", None)]
    lost = {*best.loc[~np.isfinite(best["median"]), "label"]}
    with style.sheet():
        sheet, axes = figures.new(len(panels), title=title, subtitle=subtitle)
        for (quantity, behind), panel in zip(panels, axes, strict=True):
            draw(curves, panel, quantity=quantity, looks=looks, behind=behind, lost=lost,
                 minimum=None if "accuracy" in quantity else minimum)  # fmt: skip
        count = len(looks)
        handles = [Line2D([], [], **{**_line(looks[label], count, 2), "markevery": [0, 1]}) for label in best["label"]]
        settings = [f"{row['label']}\n{_result(row)}" for row in best.to_dict("records")]
        if lost:
            handles.append(Line2D([], [], color=style.INK, **_LOST))
            settings.append("the last finite loss")
        figures.legend(axes[-1], handles, settings)
    return sheet


def _in_turns(shown: pd.DataFrame, axes: Axes, axis: scale.Scale, looks: Mapping[str, Look]) -> None:
    """Draw what other lines hide of a line once more, as dashes on top of them."""
    if shown.empty:
        return
    order = list(dict.fromkeys(shown["label"]))
    medians = shown.pivot(index="label", columns="step", values="median").loc[order]
    steps, lines = overlap.in_turns(medians.columns.to_numpy(float), axis.share(medians))
    for label, heights in zip(order, lines, strict=True):
        if np.isfinite(heights).any():
            axes.plot(steps, axis.at(heights), color=looks[label].colour, linewidth=_WIDTH, solid_capstyle="butt",
                      marker="", gid=_TURN, zorder=3.5)  # fmt: skip


def _start(curves: pd.DataFrame) -> float:
    """The loss before the first step: the highest, where they differ."""
    first = curves.loc[curves["step"] == curves["step"].min(), "median"]
    first = first[np.isfinite(first)]
    return float(first.max()) if len(first) else np.nan


def _accuracy(curves: pd.DataFrame) -> scale.Scale:
    """An axis of shares that ends at 100 % and shows where the lines end: the worse they are, the lower it reaches."""
    worst = curves.loc[curves["step"] == curves["step"].max(), "median"].min()
    low = min(1 - 4 * (1 - worst), 0.9)  # where all are right in the end, there is still an axis
    return scale.Scale(False, float(np.floor(20 * low) / 20) if low > 0 else 0.0, 1.0)


def _line(look: Look, looks: int, points: int) -> dict[str, Any]:
    """A line; with markers where there are more labels than colours, or nothing that a line could be drawn between."""
    line: dict[str, Any] = {"color": look.colour, "linestyle": look.dash, "linewidth": _WIDTH}
    if looks > len(style.PALETTE) or points == 1:
        line |= {"marker": look.marker, "markersize": 5, "markevery": max(1, points // 8), "markeredgecolor": "white"}
    if points == 1:  # it may lie on the border
        line |= {"markersize": 8, "clip_on": False}
    return line


def _result(row: Mapping[Any, Any]) -> str:
    lost = "diverged" if row["n_diverged"] else "failed"
    result = style.loss(row["median"]) if np.isfinite(row["median"]) else lost
    return ", ".join(fact for fact in (row["settings"], result) if fact)
