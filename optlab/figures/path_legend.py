"""The legend of trajectories on a map or a surface: settings and results, and what the marks mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from optlab.errors import counted
from optlab.figures import balls, style, trail
from optlab.figures import figure as figures
from optlab.figures.style import Look

STAR = "#FFD23F"
START: dict[str, Any] = {"marker": "o", "markersize": 8, "markerfacecolor": "white", "markeredgewidth": 1.8}
MINIMUM: dict[str, Any] = {"marker": "*", "markersize": 16, "markerfacecolor": STAR, "markeredgewidth": 0.9}
START["markeredgecolor"] = MINIMUM["markeredgecolor"] = style.INK
HIDDEN: dict[str, Any] = {"linewidth": 0.9, "linestyle": (0, (2.0, 2.0)), "alpha": 0.55, "gid": "hidden"}
"""The style of the parts of trajectories that are behind a hill."""


def draw(
    axes: Axes,
    best: pd.DataFrame,
    looks: Mapping[str, Look],
    outside: Collection[str],
    *,
    has_start: bool,
    minima: int,
    has_blanks: bool,
) -> None:
    """Draw the legend of what is on the axes.

    Args:
        best: the case's rows of `analysis.best`.
        outside: the labels whose trajectories end outside of the view.
        has_start: whether a start is marked.
        minima: the number of marked minima.
        has_blanks: whether the function has no finite value somewhere.
    """
    named = best[~best["label"].isin(style.faint(looks))]
    entries: list[tuple[Any, str]] = [(_handle(looks[row["label"]]), _entry(row, row["label"] in outside))
                                      for row in named.to_dict("records")]  # fmt: skip
    if others := len(best) - len(named):
        entries.append((figures.others(), counted(others, "other")))
    if has_start:
        entries.append((Line2D([], [], linestyle="", **START), "start"))
    gids = {artist.get_gid() for artist in (*axes.collections, *axes.get_lines())}
    if trail.STEP in gids:
        dot = Line2D([], [], linestyle="", color=style.MUTED, marker="o", markersize=trail.DOT)
        entries.append((dot, "step, fading with time"))
    if HIDDEN["gid"] in gids:
        entries.append((Line2D([], [], color=style.MUTED, **HIDDEN), "behind a hill"))
    if minima:
        entries.append((Line2D([], [], linestyle="", **MINIMUM), "minimum" if minima == 1 else "minima"))
    if balls.ASIDE in gids:
        moved = Line2D([], [], color=style.MUTED, marker="o", markersize=6, markevery=[1], **balls.STRING)
        entries.append((moved, "moved aside from its end"))
    if has_blanks:
        entries.append((Patch(facecolor="white", edgecolor=style.MUTED, linewidth=0.8), "no finite value"))
    figures.legend(axes, *zip(*entries, strict=True) if entries else ([], []))


def _handle(look: Look) -> Line2D:
    return Line2D([], [], color=look.colour, linestyle=look.dash, linewidth=2.2, marker="o", markersize=8,
                  markevery=[1], markeredgecolor="white")  # fmt: skip


def _entry(row: Mapping[Any, Any], outside: bool) -> str:
    """The legend text for one trajectory, which may end outside of the view."""
    lost = row["shown_status"] != "done"
    result = row["shown_status"] if lost else style.loss(row["shown_loss"])
    facts = [row["settings"], result, "ends off the map" if outside and not lost else ""]
    return f"{row['label']}\n{', '.join(fact for fact in facts if fact)}"
