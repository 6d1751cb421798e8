"""Checks of the table [tuning]."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from optlab.errors import UnknownName, did_you_mean
from optlab.execution.evaluation import on_data
from optlab.experiments.document import ExperimentSpec
from optlab.experiments.draws import Sampling
from optlab.experiments.maps.declared import lowest
from optlab.experiments.metrics import METRICS, TEST, TO_TARGET, metric
from optlab.experiments.resolve import CaseAxes, Diagnostics, RuleAxes
from optlab.plugins.external import Foreign

AXIS = "lr = { log_uniform = [1e-4, 1.0] }"
"""An example of a range."""


def drawing_of(spec: ExperimentSpec, notes: Diagnostics) -> Sampling | None:
    """How points are drawn from the axes of optimizers; None for whole grids."""
    table = spec.tuning
    if table is None:
        return None
    if table.search == "grid" and table.trials:
        what = "a grid has all points of its axes, and no number of trials"
        notes.note(("tuning", "trials"), f'{what}; leave trials out, or write search = "sobol"')
    if table.search in ("random", "sobol") and not table.trials:
        notes.note(("tuning", "search"), "the number of points to draw is missing: write trials = 40")
    if not table.draws:
        return None
    *smaller, trials = table.trials
    return Sampling(trials, table.method, spec.seed, tuple(smaller))


Minima = Sequence[float | None]
"""The known minimum for each title of a case, or None."""


def minima_of(spec: ExperimentSpec, case: CaseAxes) -> Minima | None:
    """The known minima of a case, if targets must be derived from them."""
    if spec.tuning is None or spec.tuning.select not in TO_TARGET or case.target is not None:
        return None
    known: dict[tuple[float, ...], float | None] = {}
    found = []
    for numbers in itertools.product(*case.columns.values()):
        options = {name: float(value) for (owner, name), value in zip(case.columns, numbers, strict=True)
                   if owner == "option"}  # fmt: skip
        values = tuple(options.values())
        if values not in known:  # each takes some milliseconds
            known[values] = lowest(case.case, options)
        found.append(known[values])
    return found


def note_tuning(
    spec: ExperimentSpec,
    kind: str,
    cases: Sequence[CaseAxes],
    rules: Sequence[RuleAxes],
    minima: Sequence[Minima | None],
    notes: Diagnostics,
) -> None:
    """Note the mistakes in [tuning] that depend on the problems and the optimizers.

    Args:
        kind: the name of the table of a kind of experiment; empty for a plain grid.
        minima: those of each case; see `minima_of`.
    """
    table = spec.tuning
    if table is None:
        return
    if kind:
        notes.note(("tuning",), f"[tuning] chooses settings, and [{kind}] shows all of them; leave one of them out")
        return
    labels = [rule.label for rule in rules]
    are_single = len(set(labels)) == len(labels) and all(rule.tried == 1 for rule in rules)
    if are_single and not notes.mistakes and not notes.before and table.trials == (1,):
        notes.note(("tuning", "trials"), "a single trial leaves nothing to choose; write at least 2")
    elif are_single and not notes.mistakes and not notes.before:
        what = "there is nothing to tune: no optimizer has several settings"
        notes.note(("tuning",), f"{what}; give one of them a list, a grid or a range, as in {AXIS}")
    if (
        table.seeds is not None
        and table.seeds > 1
        and not any(case.case.is_random or rule.rule.is_random for case in cases for rule in rules)
    ):
        notes.note(("tuning", "seeds"), "nothing in this experiment is random, so that all seeds give equal runs; "
                   "leave seeds out")  # fmt: skip
    if table.budget == "gradients":
        for rule in rules:
            if isinstance(rule.rule.optimizer, Foreign):
                what = f"the gradients of {rule.rule.optimizer.name} cannot be counted before it runs"
                notes.note((*rule.path, "name"), f'{what}; write budget = "steps" in [tuning], or leave it out')
    _note_metric(table.select, spec, cases, notes)
    for case, known in zip(cases, minima, strict=True):
        if known is not None and None in known:
            what = f"the minimum of {case.case.problem.name} is not known, so that {table.select} has no target"
            notes.note(("tuning", "select"), f"{what}; write the loss to reach in its [[problem]], as in target = 1e-3")


def _note_metric(name: str, spec: ExperimentSpec, cases: Sequence[CaseAxes], notes: Diagnostics) -> None:
    """Note a metric that is unknown, or that is not recorded on one of the problems."""
    at = ("tuning", "select")
    on_test_data = {q for case in cases for q in on_data(case.case) if q.startswith(TEST)}
    try:
        metric(name, on_test_data)
    except UnknownName:
        choices = [one.name for one in METRICS.values() if not one.is_shared]
        known = [*choices, *sorted(on_test_data - {*METRICS})]
        notes.note(at, f"there is no metric {name!r}{did_you_mean(name, known)}; there are: {', '.join(known)}")
        return
    if name in METRICS and METRICS[name].is_shared:
        what = f"all settings that run together have equal {name}, so that none is better"
        notes.note(at, f'{what}; write budget = "seconds" for equal times, and select = "final_loss" or another metric')
    if name == "area" and not spec.record.points:
        notes.note(at, f"area needs losses along the steps, and [record] points = 0; {METRICS['area'].record}")
    for case in cases:
        title = case.case.problem.name
        if name.startswith(TEST) and name not in on_data(case.case):
            notes.note(at, f"{title} has no {name}: {METRICS['test_loss'].record}")
