"""The colours of maps of basins: the hue is the minimum reached, the lightness the number of steps."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from optlab.errors import short

Floats = NDArray[np.float64]

HUES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255")
"""The first hues, distinct for every common colour blindness; grey and black mark runs that reach no minimum."""
NOWHERE, DIVERGED = "#C9C9C9", "#2B2B2B"
FAST, SLOW = 0.72, 0.62
"""The shares of white and of black in the colours at the two ends of the scale."""
_APART = 0.06  # the minimum distance of ticks, as a share of the scale
_SHOWN = 10  # the maximum number of minima in the legend: the lowest and the ones with the most pixels


class BasinPanel(Protocol):
    """The data of a panel: an `optlab.experiments.maps.panels.BasinMap`, or any object with these attributes."""

    @property
    def title(self) -> str: ...
    @property
    def extent(self) -> tuple[float, float, float, float]: ...
    @property
    def minima(self) -> Floats: ...
    @property
    def minimum(self) -> Any: ...
    @property
    def reached(self) -> Any: ...
    @property
    def diverged(self) -> Any: ...
    @property
    def shares(self) -> Floats: ...


def hues(count: int) -> list[str]:
    """A colour for each minimum: first the distinct colours, then further hues spaced by the golden angle.

    >>> hues(2), len(set(hues(40)))
    (['#0072B2', '#D55E00'], 40)
    """
    more = []
    for i in range(len(HUES), count):
        saturation, value = (0.75, 0.85) if i % 2 else (0.55, 0.7)
        r, g, b = colorsys.hsv_to_rgb(0.11 + i * 0.381966 % 1.0, saturation, value)
        more.append(f"#{round(255 * r):02X}{round(255 * g):02X}{round(255 * b):02X}")
    return [*HUES[:count], *more]


def steps_of(panels: Sequence[BasinPanel]) -> NDArray[np.int64]:
    """The steps of all runs that reached a minimum."""
    return np.concatenate([panel.reached[panel.minimum >= 0] for panel in panels])


def scale(panels: Sequence[BasinPanel]) -> Floats:
    """The share of pixels that took at most n steps, for n = 0, 1, ..., shape (steps + 1,).

    This share determines the lightness. So all shades cover equal areas, and structure is visible everywhere.
    """
    steps = steps_of(panels)
    if not steps.size:
        return np.zeros(1)
    counts = np.bincount(steps)
    return (np.cumsum(counts) - counts / 2) / steps.size


def ticks(share: Floats, steps: NDArray[np.int64]) -> list[int]:
    """The numbers of steps that are ticks of the scale, about a quarter of the scale apart.

    >>> steps = np.array([1, 1, 2, 3, 3, 7, 8, 9])
    >>> ticks(np.array([0.0, 0.125, 0.3125, 0.5, 0.625, 0.625, 0.625, 0.6875, 0.8125, 0.9375]), steps)
    [1, 2, 3, 7, 9]
    """
    taken = np.unique(steps)
    marked: list[int] = []
    for place in (0.0, 0.25, 0.5, 0.75, 1.0):
        step = int(taken[np.abs(share[taken] - place).argmin()])
        if not marked or share[step] - share[marked[-1]] > _APART:
            marked.append(step)
    return marked


def legend(panels: Sequence[BasinPanel]) -> list[tuple[str | None, str]]:
    """The colours and texts of the legend: some of the minima that are reached, and runs that reach none.

    The colour is None for a line without one.
    """
    minima, colours = panels[0].minima, hues(len(panels[0].minima))
    area = np.sum([panel.shares for panel in panels], axis=0)
    reached = np.flatnonzero(area > 0).tolist()
    many = len(reached) > _SHOWN
    largest = np.argsort(-area, kind="stable").tolist()
    chosen = sorted([0, *(k for k in largest if k)][:_SHOWN]) if many else reached
    entries: list[tuple[str | None, str]] = []
    for k in chosen:
        point = ", ".join(short(value) for value in minima[k])
        entries.append((colours[k], f"({point})" + ", the lowest" * (many and k == 0)))
    if rest := set(reached) - set(chosen):
        entries.append((None, f"and {len(rest)} more minima (some look alike)"))
    if any(((panel.minimum < 0) & ~panel.diverged).any() for panel in panels):
        entries.append((NOWHERE, "not yet at a minimum"))
    if any(panel.diverged.any() for panel in panels):
        entries.append((DIVERGED, "diverged"))
    return entries
