"""The factors of schedules on the learning rate as functions of the step, one panel for each schedule."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from optlab.figures import figure as figures
from optlab.figures import style
from optlab.figures.figure import InlineFigure

_ACROSS = 4
_PANEL = (2.5, 1.75)  # inches


def figure(
    at: NDArray[np.int64], factors: Mapping[str, NDArray[np.float64]], *, title: str = "", subtitle: str = ""
) -> InlineFigure:
    """The factors of schedules at the steps `at`. Factors that are not finite are not drawn."""
    columns = min(_ACROSS, len(factors))
    rows = math.ceil(len(factors) / columns)
    size = (max(columns * _PANEL[0], 2 * _PANEL[0]), 0.9 + rows * max(_PANEL[1], 2 * _PANEL[1] / rows))
    with style.sheet():
        made, panels = figures.new(columns, rows=rows, title=title, subtitle=subtitle, size=size)
        for axes, (name, values) in zip(panels, factors.items(), strict=False):
            axes.plot(at, np.where(np.isfinite(values), values, np.nan), color=style.PALETTE[0], linewidth=1.6)
            axes.set_title(figures.printable(name) if len(factors) > 1 else "", fontsize=10)
            finite = values[np.isfinite(values)]
            axes.set_ylim(min(-0.04, 1.08 * finite.min(initial=0.0)), 1.08 * finite.max(initial=1.0))
            axes.set_xlim(1, max(2, at[-1]))
            axes.grid(axis="y")
        for i, axes in enumerate(panels):
            axes.set_visible(i < len(factors))
            if i >= (rows - 1) * columns:
                axes.set_xlabel("step")
        return made
