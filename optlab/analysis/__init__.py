"""From frames to frames: what a grid of runs says, in pandas.

Every function takes the frames of a results folder (`runs`, `history`, `trajectories`) and returns a new one; nothing
is changed in place, and nothing here knows a file or a picture.

One convention holds throughout: *a run that diverged, or ended without a finite loss, counts as infinitely bad*, in
every median, quantile and rank. Divergence is never dropped from a statistic. A run that *failed* (its code raised) is
neither good nor bad: its cell has no loss (NaN), its label no best cell and no rank on that case.

    ties        which losses are equal: those that differ by no more than rounding
    quantiles   medians and bands, where infinity is an ordinary value
    tuning      the cells of a grid, and the best one of each label
    ranks       who wins
    curves      what happened along the steps
    effects     what one hyperparameter does
"""

from optlab.analysis.curves import best_paths, loss_curves
from optlab.analysis.effects import sensitivity
from optlab.analysis.ranks import overall, ranking
from optlab.analysis.stillness import still
from optlab.analysis.tuning import best, cells

__all__ = ["best", "best_paths", "cells", "loss_curves", "overall", "ranking", "sensitivity", "still"]
