"""The picture of unit tests for stochastic optimization, over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from optlab.experiments.kinds import Plan
from optlab.figures import units
from optlab.figures.experiment.inputs import PictureInputs
from optlab.figures.style import Look
from optlab.results import analysis
from optlab.results.analysis.units import UNITS, is_reference
from optlab.results.subject import ALL_CASES, NamedFigure

if TYPE_CHECKING:
    from optlab.figures.figure import InlineFigure


def usual(planned: Plan) -> int:
    """The number of usual pictures: one, if there are unit tests with a reference."""
    tests = [sweep for sweep in planned.sweeps if sweep.case.problem.name in UNITS]
    return int(any(is_reference(s.rule.optimizer.name, bool(s.rule.schedule or s.rule.transforms)) for s in tests))


def figures(shown: PictureInputs) -> Iterator[NamedFigure]:
    """The picture of unit tests, not drawn yet.

    The reference of the tests is that of the whole experiment, also if it is not among the compared labels.
    """
    if shown.selection.wants("units") and analysis.has_unit_tests(shown.results.runs):
        make = partial(_matrix, shown.results.runs, shown.looks, shown.note)
        yield NamedFigure("units", ALL_CASES, shown.files[ALL_CASES], make)


def _matrix(runs: pd.DataFrame, looks: Mapping[str, Look], note: str) -> InlineFigure:
    matrix = analysis.units(runs)
    caption = ("Passed: a median gain above 0.1 of that of the best constant step of gradient descent, and at most a "
               "quarter of the seeds below it. Bold: all tests are passed.")  # fmt: skip
    return units.figure(matrix, labels=list(looks), caption=caption, title="unit tests passed",
                        subtitle=f"passed/tests, with the best settings of each optimizer{note}")  # fmt: skip
