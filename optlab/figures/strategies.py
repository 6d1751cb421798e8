"""Trying several optimizers or tuning one: the place of the result against the number of trials."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from optlab.figures import figure as figures
from optlab.figures import lines, style
from optlab.figures.figure import InlineFigure

LINES = {"all": ("try all, use the best", style.PALETTE[0], "o"), "one": ("tune one, the mean", style.PALETTE[1], "s")}
"""The strategies that are drawn in colour: their name in the legend, their colour and their marker."""
LEVEL = "level"
"""The `gid` of the line at the level of trying all with the fewest trials."""
_PANEL, _LEGEND = 2.0, 3.4  # inches: the width of a panel, and that of the legend with the vertical axis


def draw(frame: pd.DataFrame, axes: Axes) -> Axes:
    """Draw the place after each number of trials, a line for each strategy; both main strategies have bands.

    Args:
        frame: columns `strategy`, `trials`, `place`, `place_low` and `place_high`, as from `analysis.strategies`.
            Strategies that are not in `LINES` are thin grey lines.
    """
    for strategy, rows in frame.groupby("strategy", sort=False):
        if strategy not in LINES:
            axes.plot(rows["trials"], rows["place"], **style.THIN)
    for strategy, (_, colour, marker) in LINES.items():
        rows = frame[frame["strategy"] == strategy]
        axes.fill_between(rows["trials"], rows["place_low"], rows["place_high"], color=colour, alpha=0.16, linewidth=0)
        axes.plot(rows["trials"], rows["place"], color=colour, marker=marker, markeredgecolor="white", markersize=7,
                  linewidth=style.WIDTH, label=strategy, zorder=3, clip_on=False)  # fmt: skip
    level = frame.loc[frame["strategy"] == "all", "place"].iloc[0]
    axes.axhline(level, color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)), gid=LEVEL, zorder=2.5)
    numbers = sorted(set(frame["trials"]))
    axes.xaxis.set_major_locator(FixedLocator(numbers))
    axes.set_xlim(numbers[0], numbers[-1])
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(lines.percent)
    axes.grid(axis="y")
    return axes


def figure(
    frame: pd.DataFrame, *, within: str | None = None, caption: str = "", title: str = "", subtitle: str = ""
) -> InlineFigure:
    """The complete figure, with a panel for each value of the column `within`."""
    parts = [("", frame)] if within is None else [*frame.groupby(within, sort=False, dropna=False)]
    size = max(figures.SIZE[0], _PANEL * len(parts) + _LEGEND), figures.SIZE[1]
    with style.sheet():
        sheet, panels = figures.new(len(parts), title=title, subtitle=subtitle, caption=caption, size=size)
        for axes, (name, rows) in zip(panels, parts, strict=True):
            draw(rows, axes)
            axes.set_title(f"no {within}" if within and pd.isna(name) else str(name))
            axes.set_xlabel("trials per optimizer")
            axes.tick_params(labelleft=axes is panels[0])
        panels[0].set_ylabel("place: share of all that are better")
        handles = [Line2D([], [], color=colour, marker=marker, markeredgecolor="white", markersize=7,
                          linewidth=style.WIDTH) for _, colour, marker in LINES.values()]  # fmt: skip
        handles += [figures.others(), Line2D([], [], color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)))]
        entries = [name for name, _, _ in LINES.values()]
        figures.legend(panels[-1], handles, [*entries, "each optimizer", "all with the fewest trials"])
    return sheet
