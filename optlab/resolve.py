"""From the names in a spec to what they stand for, with every mistake noted at its place in the document.

A table of the spec is resolved into *axes*: numbers, which lie along the run axis, and choices, each combination of
which is a case or a rule of its own.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optlab import signature
from optlab.errors import Mistake, UserError
from optlab.problems.base import Problem, Split
from optlab.problems.split import split
from optlab.records import Case, Floats
from optlab.registry import Registry
from optlab.signature import Signature
from optlab.spec import Axis, OptimizerSpec, ProblemSpec
from optlab.starts import drawn
from optlab.step import Rule, objective, objective_graph

Path = tuple[str | int, ...]
TEST_FRACTION = 0.2


@dataclass
class Notebook:
    """The mistakes found so far."""

    mistakes: list[Mistake] = field(default_factory=list)

    def note(self, path: Path, message: str) -> None:
        self.mistakes.append(Mistake(path, message))


@dataclass(frozen=True)
class CaseAxes:
    """A case, the values of its numeric options, and the settings that were written, for its title."""

    case: Case
    numbers: Mapping[str, Floats]
    written: Mapping[str, Any]
    path: Path


@dataclass(frozen=True)
class RuleAxes:
    """A rule, and the values of the optimizer's and the schedule's numbers."""

    rule: Rule
    label: str
    hyperparameters: Mapping[str, Floats]
    schedule_numbers: Mapping[str, Floats]
    path: Path


# ---- options in general --------------------------------------------------------------------------------------------


def _split_axes(
    owner: str, read: Signature, axes: Mapping[str, Axis], extra: Mapping[str, Any], path: Path, notes: Notebook
) -> tuple[dict[str, Floats], list[dict[str, Any]]]:
    """The numbers with their values, and all combinations of the choices; `extra` are the lab's own choices."""
    choices = {**read.choices, **extra}
    known = [*read.numbers, *choices]
    for name in axes:
        if name not in known:
            notes.note((*path, name), str(signature.unknown_option(owner, name, known)))
    numbers = {
        name: _numbers(owner, name, axes[name], (*path, name), notes) if name in axes else np.array([default])
        for name, default in read.numbers.items()
    }
    values = {
        name: _choices(owner, name, default, axes[name], (*path, name), notes) if name in axes else [default]
        for name, default in choices.items()
    }
    combinations = [dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())]
    return numbers, combinations


def _numbers(owner: str, name: str, axis: Axis, path: Path, notes: Notebook) -> Floats:
    bad = [v for v in axis.values if isinstance(v, bool) or not isinstance(v, int | float)]
    if bad:
        notes.note(path, f"{owner}: '{name}' takes a number, not {_shown(bad[0])}")
        return np.array([0.0])
    return np.array(axis.values, dtype=float)


def _choices(owner: str, name: str, default: Any, axis: Axis, path: Path, notes: Notebook) -> list[Any]:
    """The values of a choice; they have the type of its default."""
    if isinstance(default, list | tuple):
        axis = axis.as_single()
    wanted = _kind(default)
    for value in axis.values:
        if _kind(value) != wanted:
            hint = "; give it a default with a point, as in 1.0, to make it a number" if wanted == "an integer" else ""
            notes.note(path, f"{owner}: '{name}' takes {wanted}, not {_shown(value)}{hint}")
            return [default]
    return list(axis.values)


def _kind(value: Any) -> str:
    kinds = {
        bool: "true or false",
        int: "an integer",
        float: "a number",
        str: "a text",
        tuple: "a list",
        list: "a list",
    }
    return kinds[type(value)]


def _shown(value: Any) -> str:
    return f"the text {value!r}" if isinstance(value, str) else json.dumps(value)


def _found(find: Callable[[str], Any], name: str, path: Path, notes: Notebook) -> Any:
    try:
        return find(name)
    except UserError as error:
        notes.note(path, str(error))
        return None


# ---- problems --------------------------------------------------------------------------------------------------------


def cases(spec: ProblemSpec, registry: Registry, root_seed: int, notes: Notebook) -> Iterator[CaseAxes]:
    """The cases of a `[[problem]]` table."""
    problem: Problem | None = _found(registry.problem, spec.name, (*spec.path, "name"), notes)
    if problem is None:
        return
    extra = _data_options(problem)
    numbers, combinations = _split_axes(spec.name, problem.signature, spec.options, extra, spec.path, notes)
    dims = spec.dim.values if spec.dim else (None,)
    for dim, combination in itertools.product(dims, combinations):
        ours = {name: combination.pop(name) for name in extra}
        try:
            case = _case(spec, problem, registry, dim, combination, ours, root_seed, notes)
        except UserError as error:
            notes.note(spec.path, str(error))
            continue
        if case is not None:
            yield CaseAxes(case, numbers, _written(spec, problem, case, {**combination, **ours}, dim), spec.path)


def _data_options(problem: Problem) -> dict[str, Any]:
    """The lab's own options for a problem trained on data, with their defaults."""
    if not problem.trains_on_data:
        return {}
    return {"dataset": problem.dataset or "digits", "batch_size": 0, "test_fraction": TEST_FRACTION}


def _case(
    spec: ProblemSpec,
    problem: Problem,
    registry: Registry,
    dim: int | None,
    choices: dict[str, Any],
    ours: dict[str, Any],
    root_seed: int,
    notes: Notebook,
) -> Case | None:
    data = None
    if ours:
        data = _data(registry, spec, ours, notes)
        if data is None:
            return None
    start = _start(spec, problem, dim, notes)
    size = len(start) if isinstance(start, np.ndarray) else dim or problem.default_dim
    case = Case(problem, size, start, {**problem.signature.choices, **choices}, data, ours.get("batch_size", 0))
    if callable(problem.start):
        length = len(drawn(case, root_seed, 0))
        if isinstance(start, np.ndarray) and len(start) != length:
            notes.note((*spec.path, "start"), f"{spec.name} has {length} parameters here; this start has {len(start)}")
        case = Case(problem, length, start, case.choices, data, case.batch_size)
    elif not _computes(case):
        _note_dimension(spec, problem, case, notes)
    return case


def _data(registry: Registry, spec: ProblemSpec, ours: Mapping[str, Any], notes: Notebook) -> Split | None:
    dataset = _found(registry.dataset, ours["dataset"], (*spec.path, "dataset"), notes)
    if dataset is None:
        return None
    if not 0 <= ours["test_fraction"] < 1:
        message = f"test_fraction must be at least 0 and below 1, not {ours['test_fraction']}"
        notes.note((*spec.path, "test_fraction"), message)
        return None
    data = split(dataset.name, dataset(), ours["test_fraction"])
    examples = len(data.train_inputs)
    if not 0 <= ours["batch_size"] <= examples:
        message = f"batch_size must be between 1 and the {examples} training examples of {dataset.name}"
        notes.note((*spec.path, "batch_size"), f"{message} (0 for all of them), not {ours['batch_size']}")
        return None
    return data


def _start(spec: ProblemSpec, problem: Problem, dim: int | None, notes: Notebook) -> Floats | str | None:
    """A point, "random", or None where the problem draws its own."""
    path = (*spec.path, "start" if spec.start is not None else "dim")
    asked = len(spec.start) if isinstance(spec.start, tuple) else dim
    if problem.dim is not None and asked not in (None, problem.dim):
        notes.note(path, f"{spec.name} has {problem.dim} parameters, not {asked}")
    elif isinstance(spec.start, tuple) and dim not in (None, asked):
        notes.note((*spec.path, "start"), f"the start has {asked} numbers, and dim is {dim}; give one of the two")
    elif dim is not None and callable(problem.start):
        notes.note((*spec.path, "dim"), f"the dimension of {spec.name} follows from its options; leave dim out")
    elif isinstance(spec.start, tuple):
        return np.array(spec.start, dtype=float)
    elif spec.start == "random" and problem.domain is None:
        what = "it draws its own start: leave start out" if callable(problem.start) else "write the start as a list"
        notes.note(path, f"{spec.name} has no domain to draw a random start from; {what}")
    elif spec.start == "random" or problem.start is None:
        return "random"
    elif not callable(problem.start):
        return problem.start_at(dim or problem.default_dim)
    return None if callable(problem.start) else problem.start_at(problem.default_dim)


def _computes(case: Case) -> bool:
    try:
        objective_graph(case, objective(case))
    except Exception:  # whatever the user's function raises
        return False
    return True


def _note_dimension(spec: ProblemSpec, problem: Problem, case: Case, notes: Notebook) -> None:
    """A problem that fails in this dimension and works in its own has the wrong dimension; other faults show later."""
    if case.dim == problem.default_dim:
        return
    if _computes(Case(problem, problem.default_dim, "random", case.choices)):
        key = "start" if isinstance(spec.start, tuple) else "dim"
        notes.note((*spec.path, key), f"{spec.name} has {problem.default_dim} parameters, not {case.dim}")


def _written(
    spec: ProblemSpec, problem: Problem, case: Case, choices: dict[str, Any], dim: int | None
) -> dict[str, Any]:
    """The settings that a title names: what the user wrote, and the dataset."""
    shown: dict[str, Any] = {}
    if case.split is not None:
        shown["dataset"] = case.split.name
    if dim is not None:
        shown["dim"] = dim
    if spec.start == "random":
        shown["start"] = "random"
    return shown | {name: value for name, value in choices.items() if name in spec.options}


# ---- optimizers ------------------------------------------------------------------------------------------------------


def rules(spec: OptimizerSpec, label: str, registry: Registry, notes: Notebook) -> Iterator[RuleAxes]:
    """The rules of an `[[optimizer]]` table."""
    optimizer = _found(registry.optimizer, spec.name, (*spec.path, "name"), notes)
    schedule, scheduled, schedules = None, {}, [{}]
    if spec.schedule is not None:
        at = (*spec.path, "schedule")
        schedule = _found(registry.schedule, spec.schedule.name, at, notes)
        if schedule is not None:
            scheduled, schedules = _split_axes(schedule.name, schedule.signature, spec.schedule.options, {}, at, notes)
        if schedule is not None and optimizer is not None and "lr" not in optimizer.signature.numbers:
            notes.note(at, f"a schedule multiplies 'lr', and {optimizer.name} has no such hyperparameter")
            return
    if optimizer is None:
        return
    numbers, combinations = _split_axes(optimizer.name, optimizer.signature, spec.hyperparameters, {}, spec.path, notes)
    for settings, schedule_settings in itertools.product(combinations, schedules):
        rule = Rule(optimizer, settings, schedule, schedule_settings)
        yield RuleAxes(rule, label, numbers, scheduled, spec.path)
