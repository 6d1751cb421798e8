"""The cases of a `[[problem]]` table: each combination of its choices, with the values of its numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from optlab.errors import UserError, counted, did_you_mean
from optlab.execution.evaluation import on_data
from optlab.execution.records import Case, DomainDraw, FixedPoint, Floats
from optlab.execution.rule import Key
from optlab.experiments.document import Axis, ProblemSpec, TargetSpec
from optlab.experiments.resolve.data import data_of
from optlab.experiments.resolve.diagnostics import Diagnostics, KeyPath
from optlab.experiments.resolve.noise import noises, note_without_table
from optlab.experiments.resolve.options import note_repeated, split_axes
from optlab.experiments.resolve.probe import computes, note_choices, note_dimension, sized
from optlab.experiments.resolve.starts import A_POINT, start_of
from optlab.plugins.problems.base import Problem
from optlab.plugins.registry import Registry


@dataclass(frozen=True)
class CaseAxes:
    """A case, the values of its numeric options and of its noise, the written settings of its title, and the target."""

    case: Case
    numbers: Mapping[str, Floats]
    written: Mapping[str, Any]
    path: KeyPath
    target: TargetSpec | None = None
    noise: Mapping[Key, Floats] = field(default_factory=dict)

    @property
    def columns(self) -> dict[Key, Floats]:
        """The values of all numbers by key."""
        return {("option", name): values for name, values in self.numbers.items()} | dict(self.noise)


def cases(spec: ProblemSpec, registry: Registry, root_seed: int, notes: Diagnostics) -> Iterator[CaseAxes]:
    """The cases of a `[[problem]]` table."""
    problem = notes.found(registry.problem, spec.name, (*spec.path, "name"))
    if problem is None:
        return
    options, target = dict(spec.options), spec.target
    if target is not None and not target.of and "target" in problem.signature.options:  # an option of the problem
        options, target = {**options, "target": Axis((target.value,))}, None
    if note_without_table(spec, problem, notes):
        del options["noise"]
    numbers, combinations = split_axes(
        problem, options, spec.path, notes, extra=problem.data_options, keys=("start", "dim", "target", "noise")
    )
    for name, axis in options.items():
        if axis.interval is not None:
            what = f"{name} is an option of a problem, and points are drawn for settings of optimizers only"
            notes.note((*spec.path, name), f"{what}; write a list or a grid")
    if spec.dim:
        note_repeated(spec.dim, spec.dim.values, (*spec.path, "dim"), notes)
    dims = spec.dim.values if spec.dim else (None,)
    for dim, combination in itertools.product(dims, combinations):
        case = _case(spec, problem, registry, dim, combination, root_seed, notes)
        if case is None:
            continue
        if target is not None and not _has_quantity(case, target.of, (*spec.path, "target"), notes):
            continue
        written = _written(spec, case, combination, dim)
        for noise, of_noise in noises(spec, notes):
            yield CaseAxes(replace(case, noise=noise), numbers, written, spec.path, target, of_noise)


def _has_quantity(case: Case, name: str, path: KeyPath, notes: Diagnostics) -> bool:
    """Whether the case has the quantity of its target. Otherwise the mistake is noted. The objective has no name."""
    known = list(on_data(case))
    if not name or name in known:
        return True
    what = f"{case.problem.name} has no {name}{did_you_mean(name, known)}"
    has = f"there are: {', '.join(known)}" if known else "it is not trained on data; write a loss, as in target = 1e-3"
    notes.note(path, f"{what}; {has}")
    return False


def note_without_start(found: Iterable[CaseAxes], notes: Diagnostics) -> None:
    """Note the cases without a start. A plain function has neither a start nor a domain to draw a start from."""
    for axes in found:
        problem = axes.case.problem
        at = (*axes.path, "start")
        if isinstance(axes.case.start, DomainDraw) and problem.domain is None and not notes.is_wrong(at):
            notes.note(at, f"{problem.name} has no start of its own; write a point, as {A_POINT}")


def _case(
    spec: ProblemSpec,
    problem: Problem,
    registry: Registry,
    dim: int | None,
    combination: Mapping[str, Any],
    root_seed: int,
    notes: Diagnostics,
) -> Case | None:
    choices = {name: value for name, value in combination.items() if name not in problem.data_options}
    data = None
    if problem.data_options:
        data = data_of(spec, combination, registry, notes)
        if data is None:
            return None
    start = start_of(spec, problem, dim, notes)
    size = len(start.x) if isinstance(start, FixedPoint) else dim or problem.default_dim
    case = Case(problem, size, start, choices, data, combination.get("batch_size", 0))
    try:
        case = sized(case, root_seed)
    except UserError as error:
        note_choices(spec, case, root_seed, error, notes)
        return None
    if isinstance(start, FixedPoint) and len(start.x) != case.dim:
        has = f"{spec.name} has {counted(case.dim, 'parameter')} here; this start has {len(start.x)}"
        notes.note((*spec.path, "start"), has)
    elif not callable(problem.start) and not computes(case):
        note_dimension(spec, problem, case, notes)
    return case


def _written(spec: ProblemSpec, case: Case, combination: Mapping[str, Any], dim: int | None) -> dict[str, Any]:
    """The settings in a title: the settings that the user wrote, and the dataset."""
    shown: dict[str, Any] = {}
    if case.split is not None:
        shown["dataset"] = case.split.name
    if dim is not None:
        shown["dim"] = dim
    if spec.start == "random":
        shown["start"] = "random"
    return shown | {name: value for name, value in combination.items() if name in spec.options}
