"""Profiles: how the costs of optimizers compare over many problems and targets. From frame to frame.

Each function takes a table of costs (`arrange.COLUMNS`: what each run spent until it reached a target) and returns a
frame with the columns `case`, `label`, `x`, `y`, `low`, `high`. Costs come from the recorded losses of an experiment
(`hits`), or from a table of results that were computed elsewhere (`optlab.results.from_table`).

    arrange       the table of costs as arrays
    bands         bootstrap over the seeds
    chosen        the runs of an experiment that profiles are made from
    hits          recorded losses -> costs
    shares        shares of solved instances, with bands
    performance   performance profiles (Dolan and Moré)
    data          data profiles (Moré and Wild)
    ecdf          empirical distributions over many targets (COCO)
    restarts      simulated restarts
    expected      the expected running time (ERT), and the median cost of a target
    score         the score of AlgoPerf
    reference     the known minima and the targets of the cases
    of_results    profiles of finished results
    captions      what a profile says, in words
    examples      a small table of costs for docstrings
"""

from optlab.results.profiles.captions import caption
from optlab.results.profiles.data import data
from optlab.results.profiles.ecdf import ecdf
from optlab.results.profiles.expected import ert, median
from optlab.results.profiles.performance import performance
from optlab.results.profiles.score import score

__all__ = ["caption", "data", "ecdf", "ert", "median", "performance", "score"]
