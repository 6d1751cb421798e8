"""Replace the names in a spec by problems, optimizers, schedules and transforms. Each mistake is noted at its place.

A table of the spec is resolved into *axes*. The values of numbers become entries of the run axis. Each combination of
choices becomes a case or a rule of its own.

    diagnostics     the mistakes found so far
    sizes           the size of the grid, computed before the grid is made
    suites          the problems of each suite
    schedules       an optimizer for each schedule of a list
    limits          the largest size of the grid, and the key that makes a grid too large
    options         checks the written options against the signature of a plugin
    problems        the cases of a [[problem]] table, with
        starts      the starts of their runs,
        data        their training and test data,
        noise       the noise on what optimizers receive,
        probe       a trial computation, which finds wrong choices and dimensions
    optimizers      the rules of an [[optimizer]] table, with schedule and transforms
        settings    axes that go together, tables of trials, and drawn points
"""

from optlab.experiments.resolve.diagnostics import Diagnostics
from optlab.experiments.resolve.optimizers import RuleAxes, note_minibatches, rules
from optlab.experiments.resolve.problems import CaseAxes, cases, note_without_start
from optlab.experiments.resolve.schedules import with_one_schedule
from optlab.experiments.resolve.suites import expanded

__all__ = [
    "CaseAxes",
    "Diagnostics",
    "RuleAxes",
    "cases",
    "expanded",
    "note_minibatches",
    "note_without_start",
    "rules",
    "with_one_schedule",
]
