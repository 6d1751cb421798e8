"""The colours, dashes and markers of optimizers, the same in figures and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#222222", "#6B4C00", "#9C6CF2", "#882255")
"""The palette of Okabe and Ito (2008), distinct for every common colour blindness. Their yellow, orange and sky blue,
which are hard to see on white, are replaced by wine, brown and violet."""
ON_DARK = ("#1E76EB", "#C65631", "#0ACEA1", "#AB78A2", "#E6E6E6", "#E98A16", "#B5A0FF", "#FFC622")
"""The palette on a dark ground: similar hues. Black becomes light grey, brown orange, and wine, which cannot be seen
there, yellow."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "<", "h", ">")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
FAINT, FAINT_ON_DARK = "#919191", "#6B747D"
RELIEF = ("#7FA8CA", "#A9C7DC", "#CFE0EA", "#E9EFF0", "#F5F4EF", "#FBF9F4")
"""The colours of heights, from the valley up. All are light, so that trajectories are visible; the valley has the
strongest colour."""
RELIEF_ON_DARK = ("#12324E", "#1B4058", "#274B5E", "#334E5A", "#3D4C50", "#454A4B")
"""The colours of heights on a dark ground, from the valley up."""
VIRIDIS = (
    "#fde725",
    "#eae51a",
    "#d5e21a",
    "#c0df24",
    "#abdc32",
    "#96d83f",
    "#82d34c",
    "#6ece58",
    "#5dc963",
    "#4cc26c",
    "#3ebc74",
    "#31b57b",
    "#28ae80",
    "#21a685",
    "#1f9f88",
    "#1f988b",
    "#21908c",
    "#23898e",
    "#26818e",
    "#297a8e",
    "#2c728e",
    "#2f6a8e",
    "#33638d",
    "#375a8d",
    "#3b528b",
    "#3f4989",
    "#424086",
    "#453681",
    "#472d7b",
    "#482374",
    "#48186a",
    "#470d60",
    "#440154",
)
"""Viridis of Matplotlib, reversed: colours at equal distances, bright for a low loss or few steps."""
MOST = len(PALETTE)
"""The maximum number of optimizers that are drawn in colour: the number of colours."""


@dataclass(frozen=True)
class Look:
    """The look of one optimizer in every figure of an experiment."""

    colour: str
    marker: str
    dash: Any
    faint: bool = False
    """Whether it is a thin grey line without a marker, a band and an entry in the legend."""


OTHER = Look(FAINT, "", "-", faint=True)


def faint(looks: Mapping[str, Look]) -> list[str]:
    """The labels with a faint look."""
    return [label for label, look in looks.items() if look.faint]


def looks(labels: Iterable[str]) -> dict[str, Look]:
    """A look for each label, by its position. Pass the labels in the order of the experiment file.

    The first eight looks differ in colour and marker. Further looks repeat the colours with other dashes and markers.

    >>> [look.colour for look in looks(["gd", "adam"]).values()]
    ['#0072B2', '#D55E00']
    """
    return {
        label: Look(
            colour=PALETTE[i % len(PALETTE)],
            marker=MARKERS[i % len(MARKERS)],
            dash=DASHES[i // len(PALETTE) % len(DASHES)],
        )
        for i, label in enumerate(dict.fromkeys(labels))
    }
