"""The limits of the size of an experiment, checked before the grid is made. A mistake is noted at the key to change."""

from __future__ import annotations

import math
from collections.abc import Callable

from optlab.execution.records import Case, PixelGrid
from optlab.experiments.document import ExperimentSpec
from optlab.experiments.resolve.diagnostics import Diagnostics
from optlab.experiments.resolve.optimizers import RuleAxes
from optlab.experiments.resolve.problems import CaseAxes
from optlab.experiments.resolve.sizes import Size, drawn_sizes, sizes
from optlab.plugins.registry import Registry

MAX_RUNS = 10_000_000
MAX_SWEEPS = 10_000
MAX_RECORDED = 1_000_000_000
"""The most numbers that all runs together may record along the steps. The tables are made in memory."""


def has_allowed_size(spec: ExperimentSpec, registry: Registry, notes: Diagnostics) -> bool:
    """Whether the grid without its seeds is within the limits. If not, the axis with the most values is noted."""
    problems = [sizes(p, registry) for p in spec.problems]
    drawn = spec.tuning.trials[-1] + (0 in spec.tuning.trials) if spec.tuning and spec.tuning.draws else None
    optimizers = [sizes(o, registry) if drawn is None else drawn_sizes(o, registry, drawn) for o in spec.optimizers]

    def count(counts: Callable[[Size], bool]) -> int:
        sums = [sum(math.prod(s.values for s in t if counts(s)) for t in tables) for tables in (problems, optimizers)]
        return math.prod(sums)

    for what, most, counts in (("runs", MAX_RUNS, lambda _: True), ("sweeps", MAX_SWEEPS, lambda size: size.is_choice)):
        total, axes = count(counts), [size for table in problems + optimizers for size in table if counts(size)]
        if total > most:
            largest = max(axes, key=lambda size: size.values, default=Size((), 1, False))
            blame = f"; '{largest.path[-1]}' has {largest.values:,} values" if largest.path else ""
            why = ", one for each combination of choices" if what == "sweeps" else ""
            notes.note(largest.path, f"the grid has {total:,} {what}{why}, more than {most:,}{blame}")
            return False
    return True


def has_allowed_records(
    spec: ExperimentSpec,
    cases: list[CaseAxes],
    rules: list[RuleAxes],
    notes: Diagnostics,
    largest: tuple[tuple[str | int, ...], str],
) -> bool:
    """Whether the grid is within the limits if the repeats of each cell and the recorded numbers are counted too.

    `largest` is the key that the error for too many runs points to, and the text for it.
    """
    runs = recorded = 0
    for case in cases:
        cells = _cells(case)
        these = sum(cells * _cells(rule) * repeats(spec, case.case, rule) for rule in rules)
        runs += these
        if spec.tuning is not None:  # almost nothing is recorded of runs for tuning, and one setting is judged
            judged = sum(cells * judging_seeds(spec, case.case, rule) for rule in rules)
            judged *= max(len(spec.tuning.trials), 1)
            runs, these = runs + judged, these * (spec.tuning.select == "area") + judged
        recorded += these * min(spec.record.points, spec.steps + 1) * _numbers_per_point(spec, case.case)
        recorded += these * min(spec.record.evaluations, spec.steps + 1) * _numbers_per_evaluation(case.case)
    if runs > MAX_RUNS:
        key, blame = largest
        notes.note(key, f"the grid has {runs:,} runs, more than {MAX_RUNS:,}; {blame}")
    elif recorded > MAX_RECORDED:
        _note_recorded(spec, runs, recorded, notes)
    return runs <= MAX_RUNS and recorded <= MAX_RECORDED


def _note_recorded(spec: ExperimentSpec, runs: int, recorded: int, notes: Diagnostics) -> None:
    """Note that too much would be recorded, at the key that adds the most numbers."""
    record = spec.record
    what = f"{recorded:,} numbers would be recorded along the steps of all runs, more than {MAX_RECORDED:,}"
    if record.trajectories and runs * min(record.points, spec.steps + 1) <= MAX_RECORDED // 10:
        notes.note(("record", "trajectories"), f"{what}; leave trajectories out, or record fewer points")
    else:
        key = "evaluations" if record.evaluations > record.points else "points"
        notes.note(("record", key), f"{what}; record fewer {key}")


def _numbers_per_point(spec: ExperimentSpec, case: Case) -> int:
    return 1 + case.dim * has_trajectory(spec, case)


def _numbers_per_evaluation(case: Case) -> int:
    """One for the training loss, one for the test loss, and one for each metric on the test data."""
    return 2 + len(case.problem.metrics) if case.split else 0


def _cells(axes: CaseAxes | RuleAxes) -> int:
    """The number of combinations of numbers."""
    return len(axes) if isinstance(axes, RuleAxes) else math.prod(map(len, axes.columns.values()))


def repeats(spec: ExperimentSpec, case: Case, rule: RuleAxes) -> int:
    """The number of runs of a cell: one per pixel, or one per seed. With [tuning], one per seed for tuning."""
    if isinstance(case.start, PixelGrid):
        return len(case.start)
    seeds = spec.tuning.repeats if spec.tuning else spec.seeds
    return seeds if repeats_seeds(case, rule) else 1


def judging_seeds(spec: ExperimentSpec, case: Case, rule: RuleAxes) -> int:
    """The number of runs with the chosen settings of an experiment with [tuning]."""
    return spec.seeds if repeats_seeds(case, rule) else 1


def repeats_seeds(case: Case, rule: RuleAxes) -> bool:
    """Whether each cell has a run for each seed. It has if anything in it is random, unless its starts are pixels."""
    return not isinstance(case.start, PixelGrid) and (case.is_random or rule.rule.is_random)


def has_trajectory(spec: ExperimentSpec, case: Case) -> bool:
    return spec.record.trajectories or case.dim == 2
