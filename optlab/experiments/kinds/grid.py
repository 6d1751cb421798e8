"""The plain grid: every optimizer with all its hyperparameters on every problem. It uses all defaults of `Kind`."""

from __future__ import annotations

from optlab.experiments.kinds.base import Kind


class GridKind(Kind):
    """Every optimizer on every problem: a ranking, losses, paths, and the sensitivity to the learning rate."""

    name = "grid"


GRID = GridKind()
