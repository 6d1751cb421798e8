"""From frames to frames: what a grid of runs says, in pandas.

Every function takes the frames of a results folder (`runs`, `history`, `trajectories`) and returns a new one; nothing
is changed in place, and nothing here knows a file or a picture.

One convention holds throughout: *a run that did not finish with a finite loss counts as infinitely bad*, in every
median, quantile and rank. Divergence is never dropped from a statistic.
"""

from optlab.analysis.curves import best_paths, loss_curves
from optlab.analysis.effects import sensitivity
from optlab.analysis.ranks import overall, ranking
from optlab.analysis.tuning import best, cells

__all__ = ["best", "best_paths", "cells", "loss_curves", "overall", "ranking", "sensitivity"]
