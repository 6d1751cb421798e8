"""From the names in a spec to what they stand for, with every mistake noted at its place in the document.

A table of the spec is resolved into *axes*: numbers, which lie along the run axis, and choices, each combination of
which is a case or a rule of its own.

    diagnostics     the mistakes that are found on the way
    sizes           how large the grid is, before anything is made of it
    limits          how large it may be, and what to blame if it is larger
    options         what is written for a plugin, against its signature
    problems        the cases of a [[problem]] table, with
        starts      where their runs start,
        data        what they are trained on,
        probe       and whether they can be computed, or what is to blame
    optimizers      the rules of an [[optimizer]] table, with schedule and transforms
"""

from optlab.experiments.resolve.diagnostics import Diagnostics
from optlab.experiments.resolve.optimizers import RuleAxes, rules, same_throughout
from optlab.experiments.resolve.problems import CaseAxes, cases, note_without_start

__all__ = ["CaseAxes", "Diagnostics", "RuleAxes", "cases", "note_without_start", "rules", "same_throughout"]
