"""One look for all figures: colours, markers, dashes, fonts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib

from optlab.wording import short

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#222222", "#E69F00", "#56B4E9", "#882255")
"""Okabe and Ito (2008), distinct under every common colour blindness; their yellow, which nobody sees on white, is
replaced by wine. The ones most easily seen come first."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p", "<", "h", ">")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))

INK, MUTED, GRID = "#222222", "#666666", "#E4E4E4"
FAINT = "#B4B4B4"
MOST = len(PALETTE)
"""Optimizers that are drawn in colour, at most: as many as there are colours."""

SHEET: Any = {
    "figure.dpi": 160,
    "savefig.dpi": "figure",
    "font.family": ["DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "text.usetex": False,
    "text.parse_math": False,
    "axes.edgecolor": "#999999",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "axes.titleweight": "normal",
    "axes.titlelocation": "left",
    "axes.formatter.useoffset": False,
    "axes.formatter.use_mathtext": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "xtick.color": "#999999",
    "ytick.color": "#999999",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "svg.hashsalt": "optlab",
    "svg.fonttype": "path",
    "path.simplify": True,
}


_NOT_OF_STYLE = ("backend", "backend_fallback", "interactive")
"""Settings of the program around us. (To read or to set the back end would choose one.)"""


def sheet() -> AbstractContextManager[None]:
    """The settings of Matplotlib in force while a figure is made or saved, whatever the user's own are.

    They are Matplotlib's defaults with `SHEET` on top. Nothing of the user's matplotlibrc or of a style in use (a dark
    background, other fonts, `usetex`, `savefig.bbox`, sketchy lines) changes these pictures: the same results give the
    same picture on every machine.
    """
    defaults = matplotlib.rcParamsDefault
    return matplotlib.rc_context({name: defaults[name] for name in defaults if name not in _NOT_OF_STYLE} | SHEET)


@dataclass(frozen=True)
class Look:
    """How one optimizer is drawn, in every figure of an experiment."""

    colour: str
    marker: str
    dash: Any
    faint: bool = False
    """Whether it is among the others: a thin grey line that has no marker, no band and no entry in the legend."""


OTHER = Look(FAINT, "", "-", faint=True)
THIN: dict[str, Any] = {"color": FAINT, "linewidth": 0.8, "zorder": 1.5}
"""How those lines are drawn."""


def faint(looks: Mapping[str, Look]) -> list[str]:
    """The labels that are drawn thin and grey."""
    return [label for label, look in looks.items() if look.faint]


def band(count: int) -> float:
    """How opaque each of so many bands is."""
    return 0.16 * min(1.0, 5 / max(count, 1))


def looks(labels: Iterable[str]) -> dict[str, Look]:
    """A look for each label, by its place among them: give the labels in the order of the experiment file.

    The first eight differ in colour and marker; those after them repeat colours with another dash and marker.

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


def colours(labels: Iterable[str]) -> dict[str, str]:
    """The colour of each label, as in `looks`."""
    return {label: look.colour for label, look in looks(labels).items()}


def loss(value: float) -> str:
    """A loss in a legend, in which the number stays beside its word.

    >>> loss(0.0458).split()
    ['loss', '0.0458']
    """
    return f"loss\N{NO-BREAK SPACE}{short(value)}"
