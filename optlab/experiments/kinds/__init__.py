"""Kinds of experiment. A table of the experiment file selects a kind other than the grid of runs.

    base        the interface, whose defaults are those of a plain grid, and the plan that its methods get
    grid        every optimizer on every problem; no table
    basins      the table [basins]: every pixel is a start
    stability   the table [stability]: every pixel is a pair of hyperparameters

A kind defines the keys of its table, the checks of an experiment, what its runs record, their target, how often they
are computed, further columns of the table of runs, and the results as arrays. Pictures and summaries of the built-in
kinds are in `figures/experiment/maps.py` and `cli/maps.py`, by the name of the kind. A kind from a plugin has its own
(`Kind.figures`, `Kind.summary`). All other code treats all kinds alike.
"""

from optlab.execution.records import FixedPoint
from optlab.experiments.kinds.base import Kind, Plan
from optlab.experiments.kinds.grid import GRID
from optlab.experiments.passes import Passes

__all__ = ["GRID", "FixedPoint", "Kind", "Passes", "Plan"]
