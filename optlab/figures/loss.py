"""The loss as a function of the step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from optlab.errors import counted
from optlab.figures import figure as figures
from optlab.figures import overlap, scale, style
from optlab.figures.figure import InlineFigure
from optlab.figures.style import Look

NAMES = {
    "loss": "loss",
    "train_loss": "training loss (all data)",
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
}
_LOST: dict[str, Any] = {
    "marker": "x",
    "markersize": 8,
    "markeredgewidth": 2,
    "linestyle": "",
    "clip_on": False,
    "zorder": 4,
}
_OFF: dict[str, Any] = _LOST | {"marker": "v", "markersize": 7, "markeredgewidth": 0}
_NEAR = 0.02  # two crosses overlap below this distance, as a share of the axes
_WIDTH, _TURN, _CROSS, _UNDER = 2.0, "turn", "cross", "under"


def draw(
    curves: pd.DataFrame,
    axes: Axes,
    *,
    quantity: str = "loss",
    looks: Mapping[str, Look] | None = None,
    minimum: float | None = None,
    lost: Collection[str] = (),
) -> Axes:
    """Draw the median of a quantity along the steps, one line per label, with the band from `low` to `high`.

    Where lines overlap, they are drawn as alternating dashes of all their colours. Where the upper end of a band is
    infinite or far above the axis, only its lower half is drawn.

    Args:
        curves: columns `label`, `quantity`, `step`, `median`, `low`, `high`, of one case (`analysis.loss_curves`).
        quantity: the quantity to draw.
        looks: the look of each label; by default by order of appearance. A faint label is a thin grey line.
        minimum: the known minimum. If it is not 0, the distance to it is drawn.
        lost: labels whose lines end with a cross at their last finite value, or at the upper border if it is above.
    """
    looks = looks or style.looks(curves["label"])
    floor = minimum or 0.0
    mine = scale.above(curves[curves["quantity"] == quantity], floor)
    others = mine["label"].isin(style.faint(looks))
    is_accuracy = "accuracy" in quantity
    axis = _accuracy(mine[~others]) if is_accuracy else _axis(mine[~others], lost)
    mine = axis.frame(mine)
    for _, curve in mine[others].groupby("label", sort=False):
        axes.plot(curve["step"], _median(curve, axis), **style.THIN)
    shown, count = mine[~others], len(looks) - len(style.faint(looks))
    for label, curve in shown.groupby("label", sort=False):
        look = looks[str(label)]
        step, median = curve["step"].to_numpy(), _median(curve, axis)
        low, high = axis.band(curve)
        if (low < high).any():
            axes.fill_between(step, low, high, color=look.colour, alpha=style.band(count), linewidth=0, zorder=2)
        axes.plot(step, median, label=label, zorder=3, **_line(look, count, np.isfinite(median).sum()))
    last = max(1, curves["step"].max() if is_accuracy else _last_step(shown, lost)) if len(curves) else 1
    if is_accuracy:
        _below(shown, axes, axis, looks)
    else:
        _crosses(shown[shown["label"].isin(lost)], axes, axis, looks, last)
    _in_turns(shown, axes, axis, looks)
    axis.apply(axes)
    if is_accuracy:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g} %"))
    axes.set_xlim(0, last)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="y")
    name = NAMES.get(quantity, quantity.replace("_", " "))
    axes.set_xlabel("step")
    axes.set_ylabel((f"{name} − minimum" if floor else name) + axis.suffix)
    return axes


def figure(
    curves: pd.DataFrame,
    best: pd.DataFrame,
    *,
    looks: Mapping[str, Look],
    minimum: float | None = None,
    title: str = "",
    subtitle: str = "",
) -> InlineFigure:
    """The complete figure of one case: one panel; for a network, training loss and test accuracy side by side.

    `curves` and `best` are the case's rows of `analysis.loss_curves` and `analysis.best`. A label with failed runs has
    no curve; its entry in the legend is "error".
    """
    present = set(curves["quantity"].unique())
    panels = ["train_loss"] if "train_loss" in present else ["loss"]
    panels += ["test_accuracy"] if "test_accuracy" in present else []
    named = best[~best["label"].isin(style.faint(looks))]
    lost = {*named.loc[np.isinf(named["median"]), "label"]}
    with style.sheet():
        sheet, axes = figures.new(len(panels), title=title, subtitle=subtitle)
        for quantity, panel in zip(panels, axes, strict=True):
            draw(curves, panel, quantity=quantity, looks=looks, lost=lost,
                 minimum=None if "accuracy" in quantity else minimum)  # fmt: skip
        count = len(named)
        handles = [Line2D([], [], **{**_line(looks[label], count, 2), "markevery": [0, 1]}) for label in named["label"]]
        settings = [f"{row['label']}\n{_result(row)}" for row in named.to_dict("records")]
        if others := len(best) - len(named):
            handles.append(figures.others())
            settings.append(counted(others, "other"))
        lines = [line for panel in axes for line in panel.get_lines()]
        for gid, mark, text in ((_CROSS, _LOST, "the last finite loss"), (_UNDER, _OFF, "below the axis")):
            if any(line.get_gid() == gid for line in lines):
                handles.append(Line2D([], [], color=style.INK, **mark))
                settings.append(text)
        figures.legend(axes[-1], handles, settings)
    return sheet


def _median(curve: pd.DataFrame, axis: scale.Scale) -> NDArray[np.float64]:
    """The heights of the line; an infinite median is NaN, so that the line ends there."""
    return np.where(np.isfinite(curve["median"]), axis.leave(curve["median"]), np.nan)


def _axis(shown: pd.DataFrame, lost: Collection[str]) -> scale.Scale:
    """The axis of losses. It does not include the upper ends of bands, since the worst seed of one optimizer would
    flatten all other curves. If all optimizers are lost, the axis includes their largest finite loss."""
    if {*shown["label"].unique()} <= {*lost}:
        return scale.choose(shown[["median", "low"]], whole=True)
    return scale.choose(shown[["median", "low"]], _start(shown))


def _last_step(shown: pd.DataFrame, lost: Collection[str]) -> float:
    """The end of the axis of steps; if all optimizers are lost, shortly after the last finite loss."""
    last = shown["step"].max() if len(shown) else 0
    if not len(shown) or not {*shown["label"].unique()} <= {*lost}:
        return last
    finite = shown.loc[np.isfinite(shown["median"]), "step"].max()
    return min(last, max(1, int(np.ceil(1.25 * (0 if np.isnan(finite) else finite)))))


def _crosses(lost: pd.DataFrame, axes: Axes, axis: scale.Scale, looks: Mapping[str, Look], last: float) -> None:
    """Draw a cross at the last finite value of each of these lines. Crosses that would overlap are moved down."""
    ends = lost[np.isfinite(lost["median"])].drop_duplicates("label", keep="last")
    placed: list[tuple[float, float]] = []
    for label, step, loss in zip(ends["label"], ends["step"], axis.clip(ends["median"]), strict=True):
        at = step / last, float(axis.share(loss))
        below = sum(abs(at[0] - x) < _NEAR and abs(at[1] - y) < _NEAR for x, y in placed)
        placed.append(at)
        moved = ScaledTranslation(0, -below * _LOST["markersize"] / 72, axes.figure.dpi_scale_trans)
        axes.plot(step, loss, color=looks[label].colour, transform=axes.transData + moved, gid=_CROSS, **_LOST)


def _below(shown: pd.DataFrame, axes: Axes, axis: scale.Scale, looks: Mapping[str, Look]) -> None:
    """Draw a triangle at the lower border for each line that ends below it."""
    ends = shown[np.isfinite(shown["median"])].drop_duplicates("label", keep="last")
    ends = ends[ends["median"] < axis.low]
    for number, (label, step) in enumerate(zip(ends["label"], ends["step"], strict=True)):
        moved = ScaledTranslation(-number * _OFF["markersize"] * 1.3 / 72, 0, axes.figure.dpi_scale_trans)
        axes.plot(step, axis.padded(0.05)[0], color=looks[label].colour, transform=axes.transData + moved, gid=_UNDER,
                  **_OFF)  # fmt: skip


def _in_turns(shown: pd.DataFrame, axes: Axes, axis: scale.Scale, looks: Mapping[str, Look]) -> None:
    """Draw the hidden parts of each line again, as dashes on top of the others."""
    if shown.empty:
        return
    order = list(shown["label"].unique())
    medians = shown.pivot(index="label", columns="step", values="median").loc[order]
    steps, lines = overlap.in_turns(medians.columns.to_numpy(float), axis.share(medians))
    for label, heights in zip(order, lines, strict=True):
        if np.isfinite(heights).any():
            axes.plot(steps, axis.at(heights), color=looks[label].colour, linewidth=_WIDTH, solid_capstyle="butt",
                      marker="", gid=_TURN, zorder=3.5)  # fmt: skip


def _start(curves: pd.DataFrame) -> float:
    """The loss before the first step; the highest, if the curves differ."""
    first = curves.loc[curves["step"] == curves["step"].min(), "median"]
    first = first[np.isfinite(first)]
    return float(first.max()) if len(first) else np.nan


def _accuracy(curves: pd.DataFrame) -> scale.Scale:
    """An axis of accuracies that shows the ends of most lines, within the range of the lines.

    It extends four times as far below 100 % as the median of the final accuracies, so that the steep climb at the
    beginning does not flatten the rest. It extends further, to all final accuracies that are at most eight times as far
    below 100 % as the median.
    """
    if curves.empty:
        return scale.Scale(False, 0.0, 1.0)
    ends = curves.sort_values("step", kind="stable").drop_duplicates("label", keep="last")["median"].to_numpy(float)
    missed = 1 - float(np.quantile(ends, 0.5, method="lower"))
    low = min(1 - 4 * missed, 0.9)  # a minimum range, for final accuracies of 100 %
    low = min([low, *ends[ends >= 1 - 8 * missed]])
    lowest, highest = np.nanmin(curves[["median", "low"]].to_numpy()), np.nanmax(curves[["median", "high"]].to_numpy())
    low, high = (round(20 * share, 9) for share in (max(low, lowest, 0.0), min(highest, 1.0)))
    low = np.floor(low) / 20  # in steps of 5 %
    return scale.Scale(False, low, max(np.ceil(high) / 20, low + 0.05))


def _line(look: Look, looks: int, points: int) -> dict[str, Any]:
    """The style of a line. It has markers if there are more labels than colours, or if it has only one point."""
    line: dict[str, Any] = {"color": look.colour, "linestyle": look.dash, "linewidth": _WIDTH}
    if looks > len(style.PALETTE) or points == 1:
        line |= {"marker": look.marker, "markersize": 5, "markevery": max(1, points // 8), "markeredgecolor": "white"}
    if points == 1:  # the point may be on the border
        line |= {"markersize": 8, "clip_on": False}
    return line


def _result(row: Mapping[Any, Any]) -> str:
    if np.isnan(row["median"]):  # a label with failed runs has no curve and no best settings
        return "error"
    lost = "diverged" if row["n_diverged"] else "failed"
    if np.isfinite(row["median"]):
        some = row["n_diverged"] and row.get("n", 1) > 1
        facts = [style.loss(row["median"]), f"{row['n_diverged']} of {row['n']} diverged" if some else ""]
    else:
        facts = [lost]
    return ", ".join(fact for fact in (row["settings"], *facts) if fact)
