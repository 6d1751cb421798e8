"""What to change if a map shows nothing."""

from __future__ import annotations

import numpy as np

from optlab.errors import counted
from optlab.experiments.maps.panels import BasinMap, StabilityMap


def of_basins(panel: BasinMap, steps: int) -> str:
    """Why a panel shows nothing, and what to try. The text is empty if the panel shows something, or if runs failed.

    `steps` is the number of steps of each run.
    """
    if panel.failed or (panel.minimum >= 0).any():
        return ""
    if panel.diverged.all():
        return "all runs diverged: try a smaller learning rate"
    if panel.diverged.mean() > 0.5:
        return "no run reached a minimum, and most diverged: try a smaller learning rate"
    if np.ptp(panel.loss[~panel.diverged]) == 0:
        return "all runs end at the same loss: the function is constant there, and has no single minimum"
    return f"no run reached a minimum in {counted(steps, 'step')}: try more steps, or a larger learning rate"


def of_stability(panel: StabilityMap, steps: int) -> str:
    """The same for a panel of a map of stability."""
    if panel.failed:
        return ""
    ranges = "smaller values of lr" if "lr" in panel.names else f"other ranges of {' and '.join(panel.names)}"
    if not panel.stable.any():
        what = "all runs diverged" if panel.diverged.all() else "the loss grew in all runs or they diverged"
        return f"{what}: try {ranges}"
    if (panel.loss == panel.first).all():
        return "the loss of no run changed: the function is constant around the start, or the steps are too small"
    if panel.reached is None or ((panel.reached >= 0) & panel.stable).any():
        return ""
    target = f"a loss of {panel.target:.3g} " if panel.target is not None else "its target "
    return f"no run reached {target}in {counted(steps, 'step')}: try more steps, other ranges, or a higher target"
