"""Empirical distribution functions of the cost to reach targets, over all pairs of a problem and a target (COCO)."""

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
    cost: str = "gradients / dimension",
    caption: str = "",
    title: str = "",
    subtitle: str = "",
) -> InlineFigure:
    """The complete figure. `frame` is as in `staircase.draw`; its `x` are costs, and its shares are of all pairs."""
    words = staircase.Words(
        x=cost,
        y="share of problems and targets reached",
        result=lambda first, last: f"reaches {percent(last)}",
    )
    return staircase.figure(frame, words, looks=looks, caption=caption, title=title, subtitle=subtitle)
