"""The matrix of unit tests: for each difficulty and optimizer, how many of the tests are passed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FixedLocator

from optlab.figures import figure as figures
from optlab.figures import fonts, style
from optlab.figures.figure import InlineFigure

_ROW, _COLUMN, _AROUND, _NAMES = 0.3, 0.95, 1.5, 2.2  # inches: a row, a column, and around them
_CHARACTERS = 12
_TILTED = 8
"""The largest number of columns whose labels are horizontal."""
COLOURS = LinearSegmentedColormap.from_list("passed", ["#F7E3D4", "#FFFFFF", "#CDE7DE"])
"""Shares of passed tests: none, half, all."""


def draw(matrix: pd.DataFrame, axes: Axes, *, labels: Sequence[str] | None = None) -> Axes:
    """Draw a row for each difficulty and a column for each label, with passed/tests in each cell.

    The colour of a cell is the share of passed tests. A label without tests of a difficulty has an empty cell.

    Args:
        matrix: columns `label`, `difficulty`, `passed`, `tests`; rows in the order from the top.
        labels: the labels that are shown, in the order from the left; all if None.
    """
    names = list(dict.fromkeys(matrix["difficulty"]))
    labels = list(dict.fromkeys(matrix["label"])) if labels is None else list(labels)
    shares = np.full((len(names), len(labels)), np.nan)
    for row in matrix[matrix["label"].isin(labels)].to_dict("records"):
        place = names.index(row["difficulty"]), labels.index(row["label"])
        shares[place] = row["passed"] / row["tests"]
        axes.text(place[1], place[0], f"{row['passed']}/{row['tests']}", ha="center", va="center_baseline", size=9.5,
                  weight="bold" if row["passed"] == row["tests"] else "normal")  # fmt: skip
    axes.pcolormesh(np.arange(len(labels) + 1) - 0.5, np.arange(len(names) + 1) - 0.5, shares, cmap=COLOURS, vmin=0,
                    vmax=1, edgecolors="white", linewidth=1.5)  # fmt: skip
    axes.invert_yaxis()
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    is_tilted = len(labels) > _TILTED
    axes.xaxis.set_major_locator(FixedLocator(range(len(labels))))
    axes.set_xticklabels([figures.wrap(label, _CHARACTERS) for label in labels], rotation=45 if is_tilted else 0,
                         ha="left" if is_tilted else "center")  # fmt: skip
    axes.yaxis.set_major_locator(FixedLocator(range(len(names))))
    axes.set_yticklabels(names)
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        text.set_parse_math(False)
        text.set_fontfamily(fonts.families(text.get_text()))
    return axes


def figure(
    matrix: pd.DataFrame, *, labels: Sequence[str], caption: str = "", title: str = "", subtitle: str = ""
) -> InlineFigure:
    """The complete figure. `matrix` and `labels` are as in `draw`."""
    size = (
        max(figures.SIZE[0], _NAMES + _COLUMN * len(labels)),
        max(figures.SIZE[1], _AROUND + _ROW * matrix["difficulty"].nunique()),
    )
    with style.sheet():
        sheet, (axes,) = figures.new(title=title, subtitle=subtitle, caption=caption, size=size)
        draw(matrix, axes, labels=labels)
    return sheet
