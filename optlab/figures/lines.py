"""What pictures with one line per optimizer have in common: the dashes of overlapping lines, and the legend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from optlab.errors import counted
from optlab.figures import figure as figures
from optlab.figures import overlap, style
from optlab.figures.style import Look

Floats = NDArray[np.float64]


def percent(share: float, position: float | None = None) -> str:
    """The label of a tick. It is a named function, so that figures can be sent to another process.

    >>> percent(0.125)
    '12.5 %'
    """
    return f"{100 * share:.4g} %"


def in_turns(
    axes: Axes,
    looks: Sequence[Look],
    x: Floats,
    shares: Floats,
    at: Callable[[Floats], Floats],
    place: Callable[[Floats], Floats] = lambda x: x,
) -> None:
    """Draw the hidden parts of each line again, as dashes on top of the others.

    Args:
        looks: the looks of the lines, in drawing order.
        x: the positions of the points of all lines, evenly scaled along the axis.
        shares: the heights as shares of the axis, shape (lines, points); NaN where a line has no point.
        at: the values of the vertical axis at shares of it.
        place: the values of the horizontal axis at positions `x`.
    """
    if len(looks) < 2 or len(x) < 2:
        return
    fine, dashes = overlap.in_turns(x, shares)
    for look, heights in zip(looks, dashes, strict=True):
        if np.isfinite(heights).any():
            axes.plot(place(fine), at(heights), color=look.colour, linewidth=style.WIDTH, solid_capstyle="butt",
                      marker="", gid=overlap.TURN, zorder=3.5)  # fmt: skip


def legend(
    axes: Axes,
    looks: Mapping[str, Look],
    results: Mapping[str, str],
    others: int,
    marks: Sequence[tuple[dict[str, Any], str]] = (),
) -> None:
    """The legend of lines: each label with its result on a second line.

    Args:
        results: the result of each label that is in colour.
        others: the number of thin grey lines.
        marks: the style and the meaning of further marks.
    """
    count = len(results)
    handles = [Line2D([], [], **{**style.line(looks[label], count, 2), "markevery": [0, 1]}) for label in results]
    entries = [f"{label}\n{result}" for label, result in results.items()]
    if others:
        handles.append(figures.others())
        entries.append(counted(others, "other"))
    for mark, meaning in marks:
        handles.append(Line2D([], [], color=style.INK, **mark))
        entries.append(meaning)
    figures.legend(axes, handles, entries)
