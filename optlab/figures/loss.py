"""The loss as a function of the step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from optlab.figures import figure as figures
from optlab.figures import lines, scale, style
from optlab.figures.figure import InlineFigure
from optlab.figures.style import Look

NAMES = {
    "loss": "loss",
    "train_loss": "training loss (all data)",
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
}
X_NAMES = {
    "step": "step",
    "gradients": "gradients\n(steps times gradients per step)",
    "seconds": "seconds per run\n(each step the same share)",
}
"""The columns of the horizontal axis, with the names of the axis."""
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
_CROSS, _UNDER = "cross", "under"


def draw(
    curves: pd.DataFrame,
    axes: Axes,
    *,
    quantity: str = "loss",
    looks: Mapping[str, Look] | None = None,
    minimum: float | None = None,
    lost: Collection[str] = (),
    x: str = "step",
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
        x: the column of the horizontal axis: `step`, or another one in `X_NAMES`, increasing with the step.
    """
    looks = looks or style.looks(curves["label"])
    floor = minimum or 0.0
    mine = scale.above(curves[curves["quantity"] == quantity], floor)
    others = mine["label"].isin(style.faint(looks))
    is_accuracy = "accuracy" in quantity
    axis = _accuracy(mine[~others]) if is_accuracy else _axis(mine[~others], lost)
    mine = axis.frame(mine)
    for _, curve in mine[others].groupby("label", sort=False):
        axes.plot(curve[x], _median(curve, axis), **style.THIN)
    shown, count = mine[~others], len(looks) - len(style.faint(looks))
    for label, curve in shown.groupby("label", sort=False):
        look = looks[str(label)]
        place, median = curve[x].to_numpy(), _median(curve, axis)
        low, high = axis.band(curve)
        if (low < high).any():
            axes.fill_between(place, low, high, color=look.colour, alpha=style.band(count), linewidth=0, zorder=2)
        axes.plot(place, median, label=label, zorder=3, **style.line(look, count, np.isfinite(median).sum()))
    last = _last(curves if is_accuracy else shown, () if is_accuracy else lost, x)
    if is_accuracy:
        _below(shown, axes, axis, looks, x)
    else:
        _crosses(shown[shown["label"].isin(lost)], axes, axis, looks, x, last)
    _in_turns(shown, axes, axis, looks, x)
    scale.apply(axis, axes)
    if is_accuracy:
        axes.yaxis.set_major_formatter(lines.percent)
    axes.set_xlim(0, last)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=x != "seconds", steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="y")
    name = NAMES.get(quantity, quantity.replace("_", " "))
    axes.set_xlabel(X_NAMES[x])
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
    x: str = "step",
) -> InlineFigure:
    """The complete figure of one case: one panel; for a network, training loss and test accuracy side by side.

    `curves` and `best` are the case's rows of `analysis.loss_curves` and `analysis.best`, and `x` is as in `draw`. A
    label with failed runs has no curve; its entry in the legend is "error".
    """
    present = set(curves["quantity"].unique())
    panels = ["train_loss"] if "train_loss" in present else ["loss"]
    panels += ["test_accuracy"] if "test_accuracy" in present else []
    named = best[~best["label"].isin(style.faint(looks))]
    lost = {*named.loc[np.isinf(named["median"]), "label"]}
    with style.sheet():
        sheet, axes = figures.new(len(panels), title=title, subtitle=subtitle)
        for quantity, panel in zip(panels, axes, strict=True):
            draw(curves, panel, quantity=quantity, looks=looks, lost=lost, x=x,
                 minimum=None if "accuracy" in quantity else minimum)  # fmt: skip
        gids = {line.get_gid() for panel in axes for line in panel.get_lines()}
        marks = [(_LOST, "the last finite loss")] * (_CROSS in gids) + [(_OFF, "below the axis")] * (_UNDER in gids)
        results = {row["label"]: _result(row) for row in named.to_dict("records")}
        lines.legend(axes[-1], looks, results, others=len(best) - len(named), marks=marks)
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


def _last(shown: pd.DataFrame, lost: Collection[str], x: str) -> float:
    """The end of the horizontal axis; if all optimizers are lost, shortly after the last finite loss."""
    least = 1.0 if x == "step" else 0.0
    last = float(shown[x].max()) if len(shown) else 0.0
    if len(shown) and {*shown["label"].unique()} <= {*lost}:
        finite = shown.loc[np.isfinite(shown["median"]), x].max()
        end = 1.25 * (0.0 if np.isnan(finite) else finite)
        last = min(last, max(least, np.ceil(end) if x == "step" else end))
    return max(least, last) or 1.0


def _crosses(lost: pd.DataFrame, axes: Axes, axis: scale.Scale, looks: Mapping[str, Look], x: str, last: float) -> None:
    """Draw a cross at the last finite value of each of these lines. Crosses that would overlap are moved down."""
    ends = lost[np.isfinite(lost["median"])].drop_duplicates("label", keep="last")
    placed: list[tuple[float, float]] = []
    for label, end, loss in zip(ends["label"], ends[x], axis.clip(ends["median"]), strict=True):
        at = end / last, float(axis.share(loss))
        below = sum(abs(at[0] - left) < _NEAR and abs(at[1] - up) < _NEAR for left, up in placed)
        placed.append(at)
        moved = ScaledTranslation(0, -below * _LOST["markersize"] / 72, axes.figure.dpi_scale_trans)
        axes.plot(end, loss, color=looks[label].colour, transform=axes.transData + moved, gid=_CROSS, **_LOST)


def _below(shown: pd.DataFrame, axes: Axes, axis: scale.Scale, looks: Mapping[str, Look], x: str) -> None:
    """Draw a triangle at the lower border for each line that ends below it."""
    ends = shown[np.isfinite(shown["median"])].drop_duplicates("label", keep="last")
    ends = ends[ends["median"] < axis.low]
    for number, (label, end) in enumerate(zip(ends["label"], ends[x], strict=True)):
        moved = ScaledTranslation(-number * _OFF["markersize"] * 1.3 / 72, 0, axes.figure.dpi_scale_trans)
        axes.plot(end, axis.padded(0.05)[0], color=looks[label].colour, transform=axes.transData + moved, gid=_UNDER,
                  **_OFF)  # fmt: skip


def _in_turns(shown: pd.DataFrame, axes: Axes, axis: scale.Scale, looks: Mapping[str, Look], x: str) -> None:
    """Draw the hidden parts of each line again, as dashes on top of the others."""
    if shown.empty:
        return
    order = list(shown["label"].unique())
    medians = shown.pivot(index="label", columns=x, values="median").loc[order]
    places, shares = medians.columns.to_numpy(float), axis.share(medians)
    if x != "step":  # each line has points of its own
        own = medians.notna().to_numpy()
        shares = np.array([np.interp(places, places[at], line[at], right=np.nan)
                           for at, line in zip(own, shares, strict=True)])  # fmt: skip
    lines.in_turns(axes, [looks[str(label)] for label in order], places, shares, axis.at)


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
