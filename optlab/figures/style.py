"""The common style of all figures: colours, markers, dashes, fonts."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import matplotlib

from optlab.errors import short
from optlab.markup.looks import DASHES as DASHES
from optlab.markup.looks import FAINT, PALETTE, Look, looks
from optlab.markup.looks import MARKERS as MARKERS
from optlab.markup.looks import MOST as MOST
from optlab.markup.looks import OTHER as OTHER
from optlab.markup.looks import faint as faint

INK, MUTED, GRID = "#222222", "#666666", "#E4E4E4"
WIDTH = 2.0
"""The width of curves, in points."""
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
"""rcParams that belong to the calling program. (Reading or setting the back end would select one.)"""


def sheet() -> AbstractContextManager[None]:
    """A context with the rcParams for making and saving figures, independent of the user's rcParams.

    They are Matplotlib's defaults, overridden by `SHEET`. The user's matplotlibrc and active styles (a dark background,
    other fonts, `usetex`, `savefig.bbox`, sketchy lines) have no effect: the same results give the same picture on
    every machine.
    """
    defaults = matplotlib.rcParamsDefault
    return matplotlib.rc_context({name: defaults[name] for name in defaults if name not in _NOT_OF_STYLE} | SHEET)


THIN: dict[str, Any] = {"color": FAINT, "linewidth": 0.8, "zorder": 1.5}
"""The style of faint lines."""


def band(count: int) -> float:
    """The opacity of each of `count` bands."""
    return 0.16 * min(1.0, 5 / max(count, 1))


def line(look: Look, count: int, points: int) -> dict[str, Any]:
    """The style of one of `count` curves. It has markers if there are more curves than colours, or if it has only one
    point."""
    style: dict[str, Any] = {"color": look.colour, "linestyle": look.dash, "linewidth": WIDTH}
    if count > len(PALETTE) or points == 1:
        style |= {"marker": look.marker, "markersize": 5, "markevery": max(1, points // 8), "markeredgecolor": "white"}
    if points == 1:  # the point may be on the border
        style |= {"markersize": 8, "clip_on": False}
    return style


def colours(labels: Iterable[str]) -> dict[str, str]:
    """The colour of each label, as in `looks`."""
    return {label: look.colour for label, look in looks(labels).items()}


def loss(value: float) -> str:
    """A loss for a legend, without a line break between the word and the number.

    >>> loss(0.0458).split()
    ['loss', '0.0458']
    """
    return f"loss\N{NO-BREAK SPACE}{short(value)}"
