"""Schedules: the factor on the learning rate along the steps, one panel for each."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from optlab.plots import figure as figures
from optlab.plots import style

_ACROSS = 4
_PANEL = (2.5, 1.75)  # inches


def figure(factors: Mapping[str, NDArray[np.float64]], *, title: str = "", subtitle: str = "") -> Figure:
    """The factors of some schedules at steps 1, 2, ...: of all of them the same steps and the same scale."""
    columns = min(_ACROSS, len(factors))
    rows = math.ceil(len(factors) / columns)
    size = (max(columns * _PANEL[0], 2 * _PANEL[0]), 0.9 + rows * max(_PANEL[1], 2 * _PANEL[1] / rows))
    with style.sheet():
        made, panels = figures.new(columns, rows=rows, title=title, subtitle=subtitle, size=size)
        for axes, (name, values) in zip(panels, factors.items(), strict=False):
            axes.plot(np.arange(1, len(values) + 1), values, color=style.PALETTE[0], linewidth=1.6)
            axes.set_title(figures.printable(name) if len(factors) > 1 else "", fontsize=10)
            axes.set_ylim(-0.04, max(1.08, 1.05 * float(np.nanmax(values))))
            axes.set_xlim(1, max(2, len(values)))
            axes.grid(axis="y")
        for i, axes in enumerate(panels):
            axes.set_visible(i < len(factors))
            if i >= (rows - 1) * columns:
                axes.set_xlabel("step")
        return made
