"""The colours of maps of stability: the final loss or the number of steps, and what became of the other runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from optlab.results import loss_scale
from optlab.results.loss_scale import Scale

Floats = NDArray[np.float64]

GREW, DIVERGED, SHORT = "#BDBDBD", "#767676", "#F4F2EC"
PALE = 0.7
"""The share of white in the colour of a run that reached the target but is above it at the end."""
NAMES = {"lr": "learning rate"}


class StabilityTheory(Protocol):
    """The theoretical result: an `optlab.experiments.maps.panels.Theory`, or any object with these attributes."""

    @property
    def x(self) -> Floats: ...
    @property
    def y(self) -> Floats: ...
    @property
    def radius(self) -> Floats: ...
    @property
    def formula(self) -> str: ...
    @property
    def fastest(self) -> tuple[float, float] | None: ...


class StabilityPanel(Protocol):
    """The data of a panel: an `optlab.experiments.maps.panels.StabilityMap`, or any object with these attributes."""

    @property
    def title(self) -> str: ...
    @property
    def names(self) -> tuple[str, str]: ...
    @property
    def x(self) -> Floats: ...
    @property
    def y(self) -> Floats: ...
    @property
    def spacings(self) -> tuple[str, str]: ...
    @property
    def loss(self) -> Floats: ...
    @property
    def first(self) -> Floats: ...
    @property
    def minimum(self) -> float | None: ...
    @property
    def stable(self) -> Any: ...
    @property
    def diverged(self) -> Any: ...
    @property
    def reached(self) -> Any: ...
    @property
    def target(self) -> float | None: ...
    @property
    def best(self) -> tuple[int, int] | None: ...
    @property
    def theory(self) -> StabilityTheory | None: ...


def shown(panel: StabilityPanel) -> tuple[Floats, NDArray[np.bool_]]:
    """The values shown as colours (steps, or losses above the known minimum), and a mask of the coloured pixels."""
    if panel.reached is not None:
        return panel.reached.astype(float), (panel.reached >= 0) & panel.stable
    known = floor(panel)
    return panel.loss if known is None else np.maximum(panel.loss - known, 0.0), panel.stable


def floor(panel: StabilityPanel) -> float | None:
    """What is subtracted from the losses that are shown: the known minimum; None if losses are shown as they are."""
    return (panel.minimum or 0.0) if _above(panel) else None


def left(panel: StabilityPanel) -> NDArray[np.bool_]:
    """Whether each run reached the target but is above it at the end."""
    if panel.reached is None or panel.target is None:
        return np.zeros(panel.loss.shape, bool)
    return shown(panel)[1] & (panel.loss > panel.target)


def _above(panel: StabilityPanel) -> bool:
    """Whether there is a known minimum and all stable losses are above it, up to rounding."""
    return panel.minimum is not None and bool(
        (panel.loss[panel.stable] >= panel.minimum - 1e-9 - 1e-9 * abs(panel.minimum)).all()
    )


def common_scale(panels: Sequence[StabilityPanel]) -> Scale:
    """The common colour scale of panels that are compared."""
    values = np.concatenate([value[where] for value, where in map(shown, panels)])
    starts = [panel.first.ravel()[0] - (panel.minimum or 0.0) for panel in panels if panel.reached is None]
    return loss_scale.choose(values, float(np.nanmax(starts)) if starts else np.nan)


def ends(colours: Scale) -> tuple[float, float]:
    """The levels at the two ends of the scale."""
    low, high = (np.log10(end) if colours.log else end for end in (colours.low, colours.high))
    return float(low), float(high)


def quantity(panel: StabilityPanel) -> str:
    if panel.reached is not None:
        return "steps to the target"
    return "final loss above the minimum" if _above(panel) and panel.minimum else "final loss"


def fates(panel: StabilityPanel) -> NDArray[np.uint8]:
    """What became of each run, as an index in `FATES`."""
    is_shown, has_left = shown(panel)[1], left(panel)
    masks = [has_left, is_shown, panel.stable, ~panel.diverged]
    return np.select(masks, [1, 0, 2, 3], 4).astype(np.uint8)


FATES = (
    (None, ""),
    (None, "pale: left the target again"),
    (SHORT, "target not reached"),
    (GREW, "the loss grew"),
    (DIVERGED, "diverged"),
)
"""The colours and texts of what became of runs. The colour is None where the scale has it."""


def states(panels: Sequence[StabilityPanel]) -> list[tuple[int, str | None, str]]:
    """The entries of the legend for runs that are not in the colours of the scale: index in `FATES`, colour, text."""
    found = np.unique(np.concatenate([fates(panel).ravel() for panel in panels]))
    return [(int(fate), *FATES[fate]) for fate in found if fate > 0]
