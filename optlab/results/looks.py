"""The look of each optimizer of an experiment: which are in colour, and in which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from optlab.markup import looks
from optlab.markup.looks import Look
from optlab.results.selection import Selection


def best_first(labels: Sequence[str], ranking: pd.DataFrame) -> list[str]:
    """The labels by their best rank on any problem, so that every winner comes first; then by their mean rank."""
    ranks = ranking["rank"].astype(float).fillna(np.inf).groupby(ranking["label"])
    best, mean = ranks.min(), ranks.mean()
    return sorted(labels, key=lambda label: (best[label], mean[label]))


def looks_of(labels: Sequence[str], best_first: Sequence[str], selection: Selection) -> dict[str, Look]:
    """The look of each shown label. A label among the best of all has the same colour in all pictures of the
    experiment, also with a selection.

    >>> [look.colour for look in looks_of("abc", "cab", Selection(top=2)).values()] == [
    ...     looks.PALETTE[0], looks.FAINT, looks.PALETTE[2]]
    True
    """
    first = [label for label in labels if label in best_first[: looks.MOST]]
    usual = looks.looks(first)
    shown = selection.shown(labels)
    full = [label for label in best_first if label in shown][: selection.top or looks.MOST]
    taken = {usual[label].colour for label in full if label in usual}
    more = [look for i, look in enumerate(looks.looks(map(str, range(len(labels) + looks.MOST))).values())
            if i >= looks.MOST or look.colour not in taken]  # fmt: skip
    others = iter(more)
    chosen = {label: usual[label] if label in usual else next(others) for label in full}
    return {label: chosen.get(label, looks.OTHER) for label in shown}
