"""Statistics of a grid of runs, computed with pandas.

Every function takes the frames of a results folder (`runs`, `history`, `trajectories`) and returns a new frame. No
frame is changed in place, and this package neither reads files nor draws pictures.

One convention holds throughout: *a run that diverged, or ended without a finite loss, counts as infinitely bad*, in
every median, quantile and rank. Divergence is never dropped from a statistic. A run that *failed* (its code raised an
exception) is neither good nor bad: its cell has no loss (NaN), and its label has no best cell and no rank on that case.

    phases      runs for choosing settings, and runs that are judged
    ties        which losses are equal up to rounding
    quantiles   medians and bands of values that may be infinite
    tuning      the cells of a grid, and the best cell of each label
    contest     the values of the labels on a case, in pairs by seed
    intervals   intervals of medians
    resampling  the ranks in resamples of the seeds
    separation  which labels can be distinguished from the first
    verdict     all that the seeds say about one case
    ranks       the tables of ranks
    over_cases  the labels over several cases
    judged      all verdicts of an experiment
    strategies  trying several optimizers, or tuning one
    best_of_k   the loss to be expected after k trials of a search for settings
    curves      quantities as functions of the step
    edges       chosen values at the ends of their ranges
    effects     the effect of one hyperparameter
    units       which unit tests each optimizer passes
    stillness   runs whose loss never changed
"""

from optlab.results.analysis.best_of_k import best_of_k
from optlab.results.analysis.curves import best_paths, chosen_cells, loss_curves, with_costs
from optlab.results.analysis.edges import edges
from optlab.results.analysis.effects import sensitivity
from optlab.results.analysis.judged import Judged, friedman, overall, ranking, without_each_case
from optlab.results.analysis.over_cases import Friedman
from optlab.results.analysis.ranks import judge
from optlab.results.analysis.stillness import still
from optlab.results.analysis.strategies import groups_of, has_strategies, strategies
from optlab.results.analysis.tuning import FINAL_LOSS, best, cells
from optlab.results.analysis.units import has_unit_tests, unit_tests, units

__all__ = [
    "FINAL_LOSS",
    "Friedman",
    "Judged",
    "best",
    "best_of_k",
    "best_paths",
    "cells",
    "chosen_cells",
    "edges",
    "friedman",
    "groups_of",
    "has_strategies",
    "has_unit_tests",
    "judge",
    "loss_curves",
    "overall",
    "ranking",
    "sensitivity",
    "still",
    "strategies",
    "unit_tests",
    "units",
    "with_costs",
    "without_each_case",
]
