"""Checks the limits of `stop`: a loss that no run can reach is a mistake."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from optlab.experiments.document import ExperimentSpec
from optlab.experiments.maps.declared import lowest
from optlab.experiments.resolve import CaseAxes, Diagnostics

ROUNDING = 1e-9
"""The limit may be this much below the known minimum, relative to its size or absolute: the minimum is rounded."""
MOST = 100
"""The most combinations of options of a case that are checked."""


def note_unreachable(spec: ExperimentSpec, cases: Sequence[CaseAxes], notes: Diagnostics) -> None:
    """Note a limit of the loss that is below the known minimum of a problem."""
    limit = None if spec.stop is None else spec.stop.loss
    if limit is None:
        return
    for axes in cases:
        for values in itertools.islice(itertools.product(*axes.numbers.values()), MOST):
            least = lowest(axes.case, dict(zip(axes.numbers, map(float, values), strict=True)))
            if least is not None and limit < least - ROUNDING * max(1.0, abs(least)):
                name = axes.case.problem.name
                message = f"no run can reach a loss of {limit:g}: the minimum of {name} is {least:g}"
                notes.note(("stop", "loss"), message)
                return
