"""The critical-difference diagram (Demšar, 2006): the mean ranks of the optimizers over several cases on one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from optlab.errors import counted
from optlab.figures import figure as figures
from optlab.figures import fonts, scale, style
from optlab.figures.figure import InlineFigure
from optlab.figures.style import Look

_ROW, _BAR, _AXIS, _ABOVE = 0.25, 0.11, 0.16, 0.72
"""Heights in inches: of a label, of a bar, between the axis and the first of both, and above the axis."""
_AROUND, _LEAST = 1.15, 3.2  # inches around the diagram, and the least height of the picture
_CHARACTERS = 34
_DIFFERENCE, _GROUP = "critical difference", "group"


def draw(
    ranks: pd.DataFrame, axes: Axes, *, difference: float | None = None, looks: Mapping[str, Look] | None = None
) -> Axes:
    """Draw the mean ranks on an axis with 1, the best, at the left. Lines lead to the labels below it.

    The better half of the labels is at the left, the other at the right, each in a row of its own. Thick bars join
    labels whose mean ranks differ by less than the critical difference, which is drawn above the axis. The vertical
    unit of the axes is an inch.

    Args:
        ranks: columns `label`, `mean_rank`. Labels without a mean rank are not drawn.
        difference: the critical difference; without it there are no bars.
        looks: the look of each label. A faint label has a thin grey line and a black name.
    """
    looks = looks or style.looks(ranks["label"])
    ranks = ranks[ranks["mean_rank"].notna()].sort_values("mean_rank", kind="stable")
    labels, means = list(ranks["label"]), ranks["mean_rank"].to_numpy(float)
    last = max(2, len(ranks))
    bars = groups(means, difference) if difference is not None else []
    first_row = _AXIS + _BAR * len(bars) + _ROW / 2
    left = (len(labels) + 1) // 2
    for place, (label, mean) in enumerate(zip(labels, means, strict=True)):
        row = place if place < left else len(labels) - 1 - place
        _lead(axes, label, mean, looks[label], first_row + row * _ROW, last, is_left=place < left)
    for row, (low, high) in enumerate(bars):
        room = 0.012 * (last - 1)
        height = _AXIS + _BAR * (row + 0.5)
        axes.plot([means[low] - room, means[high] + room], [height, height], color=style.INK, linewidth=3.2,
                  solid_capstyle="butt", clip_on=False, gid=_GROUP, zorder=4)  # fmt: skip
    axes.hlines(0, 1, last, color=style.INK, linewidth=1.2, clip_on=False, zorder=3)
    for tick in scale.from_one(last):
        axes.vlines(tick, -0.06, 0, color=style.INK, linewidth=1.2, clip_on=False, zorder=3)
        axes.text(tick, -0.1, f"{tick:g}", ha="center", va="bottom", size=10)
    if difference is not None:
        _scale_bar(axes, difference, last)
    axes.set_xlim(1, last)
    axes.set_ylim(first_row + _ROW * max(left - 0.5, 0.5), -_ABOVE)
    axes.set_axis_off()
    return axes


def groups(means: Sequence[float] | np.ndarray, difference: float) -> list[tuple[int, int]]:
    """The longest rows of neighbours in ascending `means` that span less than `difference`, as first and last index.

    >>> groups([1.2, 1.5, 2.9, 3.1], 1.5)
    [(0, 1), (1, 2), (2, 3)]
    >>> groups([1.0, 4.0], 1.5)
    []
    """
    found: list[tuple[int, int]] = []
    for low in range(len(means)):
        high = max(k for k in range(low, len(means)) if means[k] - means[low] < difference or k == low)
        if high > low and (not found or high > found[-1][1]):
            found.append((low, high))
    return found


def figure(
    ranks: pd.DataFrame,
    *,
    looks: Mapping[str, Look],
    difference: float | None = None,
    caption: str = "",
    title: str = "",
    subtitle: str = "",
) -> InlineFigure:
    """The complete figure. `ranks` is as in `draw`. The picture is as high as its labels need."""
    means = np.sort(ranks["mean_rank"].dropna().to_numpy(float))
    bars = len(groups(means, difference)) if difference is not None else 0
    height = _ABOVE + _AXIS + _BAR * bars + _ROW * ((len(means) + 1) // 2) + _AROUND
    if lost := len(ranks) - len(means):
        subtitle += f"; {counted(lost, 'optimizer')} without ranks"
    with style.sheet():
        sheet, (axes,) = figures.new(title=title, subtitle=subtitle, caption=caption,
                                     size=(figures.SIZE[0], max(height, _LEAST)))  # fmt: skip
        draw(ranks, axes, difference=difference, looks=looks)
    return sheet


def _lead(axes: Axes, label: str, mean: float, look: Look, height: float, last: int, is_left: bool) -> None:
    """Draw the line from a mean rank down and outwards to the label, with the mean rank at its end."""
    end = 1 - 0.03 * (last - 1) if is_left else last + 0.03 * (last - 1)
    line = {"color": look.colour, "linewidth": 0.9 if look.faint else 1.8}
    axes.plot([mean, mean, end], [0, height, height], clip_on=False, label=label, zorder=2, **line)
    if not look.faint:
        axes.plot(mean, 0, marker=look.marker, markersize=6.5, color=look.colour, markeredgecolor="white",
                  clip_on=False, zorder=5)  # fmt: skip
    name = figures.printable(label)
    name = name if len(name) <= _CHARACTERS else f"{name[: _CHARACTERS - 1]}…"
    text = f"{name}  {mean:.2f}" if is_left else f"{mean:.2f}  {name}"
    axes.text(end, height, f" {text} ", ha="right" if is_left else "left", va="center_baseline", size=10,
              fontfamily=fonts.families(text), parse_math=False)  # fmt: skip


def _scale_bar(axes: Axes, difference: float, last: int) -> None:
    """Draw the critical difference above the axis, from the left end. It has no right end if the axis is shorter."""
    end = min(1 + difference, last)
    axes.plot([1, end], [-0.42, -0.42], color=style.INK, linewidth=1.6, gid=_DIFFERENCE, clip_on=False)
    ends = [1.0, end] if end == 1 + difference else [1.0]
    axes.vlines(ends, -0.47, -0.37, color=style.INK, linewidth=1.6, clip_on=False)
    more = "" if len(ends) > 1 else ", larger than the axis"
    axes.text(1, -0.52, f"critical difference {difference:.3g}{more}", va="bottom", size=10)
