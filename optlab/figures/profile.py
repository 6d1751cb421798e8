"""Performance profiles (Dolan and Moré, 2002): the share of problems that each optimizer solves within a factor of the
cost of the best one."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from optlab.figures import staircase
from optlab.figures.figure import InlineFigure
from optlab.figures.staircase import percent
from optlab.figures.style import Look


def figure(
    frame: pd.DataFrame,
    *,
    looks: Mapping[str, Look],
    cost: str = "gradients",
    caption: str = "",
    title: str = "",
    subtitle: str = "",
) -> InlineFigure:
    """The complete figure. `frame` is as in `staircase.draw`; its `x` are ratios of costs, at least 1."""
    words = staircase.Words(
        x=f"{cost}, as a multiple of the best optimizer's",
        y="share of problems solved",
        result=lambda first, last: f"best on {percent(first)}, solves {percent(last)}",
    )
    return staircase.figure(frame, words, looks=looks, caption=caption, title=title, subtitle=subtitle)
