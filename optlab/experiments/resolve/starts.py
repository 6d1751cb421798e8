"""The start of the runs of a problem, from the experiment file: a point, random points, or the default."""

from __future__ import annotations

import numpy as np

from optlab.errors import counted
from optlab.execution.records import DomainDraw, FixedPoint, ProblemDraw
from optlab.experiments.document import ProblemSpec
from optlab.experiments.resolve.diagnostics import Diagnostics
from optlab.plugins.problems.base import Problem

A_POINT = "start=[1.0,2.0]"
"""An example of a point, valid in a file and in a problem on one line."""


def start_of(
    spec: ProblemSpec, problem: Problem, dim: int | None, notes: Diagnostics
) -> FixedPoint | DomainDraw | ProblemDraw:
    """The start of a case. `dim` is the written dimension, or None."""
    path = (*spec.path, "start" if spec.start is not None else "dim")
    asked = len(spec.start) if isinstance(spec.start, tuple) else dim
    if problem.dim is not None and asked not in (None, problem.dim):
        notes.note(path, f"{spec.name} has {counted(problem.dim, 'parameter')}, not {asked}")
    elif isinstance(spec.start, tuple) and dim not in (None, asked):
        notes.note((*spec.path, "start"), f"the start has {asked} numbers, and dim is {dim}; give one of the two")
    elif dim is not None and callable(problem.start):
        notes.note((*spec.path, "dim"), f"the dimension of {spec.name} follows from its options; leave dim out")
    elif isinstance(spec.start, tuple):
        return FixedPoint(np.array(spec.start, dtype=float))
    elif spec.start == "random" and problem.domain is not None:
        return DomainDraw()
    elif callable(problem.start):  # the problem draws the start, also if "random" is written
        return ProblemDraw()
    elif spec.start == "random":
        notes.note(path, f"{spec.name} has no domain to draw a random start from; write a point, as {A_POINT}")
    elif problem.start is None:
        return DomainDraw()
    else:
        return FixedPoint(problem.start_at(dim or problem.default_dim))
    if isinstance(problem.start, np.ndarray):
        return FixedPoint(problem.start_at(problem.default_dim))
    return ProblemDraw()
