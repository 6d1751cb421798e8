"""Data profiles (Moré and Wild, 2009): the share of problems that each optimizer solves within a budget."""

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
    """The complete figure. `frame` is as in `staircase.draw`; its `x` are budgets."""
    words = staircase.Words(
        x=f"budget: {cost} per run",
        y="share of problems solved",
        result=lambda first, last: f"solves {percent(last)}",
    )
    return staircase.figure(frame, words, looks=looks, caption=caption, title=title, subtitle=subtitle)
