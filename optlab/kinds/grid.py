"""The plain grid: every optimizer with all its hyperparameters on every problem. It is what `Kind` is by default."""

from __future__ import annotations

from optlab.kinds.base import Kind


class Grid(Kind):
    """Every optimizer on every problem: a ranking, losses, paths, and what the learning rate does."""

    name = "grid"


GRID = Grid()
