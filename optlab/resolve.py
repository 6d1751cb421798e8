"""From the names in a spec to what they stand for, with every mistake noted at its place in the document.

A table of the spec is resolved into *axes*: numbers, which lie along the run axis, and choices, each combination of
which is a case or a rule of its own.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from optlab import signature
from optlab.errors import Mistake, TraceError, UserError, did_you_mean
from optlab.foreign import Foreign, trial
from optlab.optimizers.base import Optimizer
from optlab.problems.base import Problem, Split
from optlab.problems.split import split
from optlab.records import Case, Floats
from optlab.registry import Registry
from optlab.signature import Signature
from optlab.spec import Axis, OptimizerSpec, ProblemSpec
from optlab.starts import drawn
from optlab.step import Rule, objective, objective_graph
from optlab.transforms.base import Transform

Path = tuple[str | int, ...]


@dataclass
class Notebook:
    """The mistakes found so far. `before` are the paths of earlier ones: no others need follow from them."""

    mistakes: list[Mistake] = field(default_factory=list)
    before: frozenset[Path] = frozenset()

    def is_wrong(self, path: Path) -> bool:
        """Whether there is a mistake at a path already."""
        return path in self.before or any(mistake.path == path for mistake in self.mistakes)

    def note(self, path: Path, message: str) -> None:
        if Mistake(path, message) not in self.mistakes:
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
    """A rule, and the values of the optimizer's, the schedule's and the transforms' numbers."""

    rule: Rule
    label: str
    hyperparameters: Mapping[str, Floats]
    schedule_numbers: Mapping[str, Floats]
    path: Path
    transform_numbers: Mapping[str, Floats] = field(default_factory=dict)


# ---- the size of a grid ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Size:
    """How many values were written for an option. Each value of a choice makes a sweep of its own."""

    path: Path
    values: int
    is_choice: bool


def sizes(spec: ProblemSpec | OptimizerSpec, registry: Registry) -> list[Size]:
    """The sizes of the axes of a table, before anything is made of them."""
    if isinstance(spec, ProblemSpec):
        dims = [Size((*spec.path, "dim"), len(spec.dim.values), True)] if spec.dim else []
        return dims + _sizes(registry.problems.get(spec.name), spec.options, spec.path)
    optimizer = _found(registry.optimizer, spec.name, (), Notebook())
    found = _sizes(optimizer, spec.hyperparameters, spec.path)
    if spec.schedule:
        found += _sizes(registry.schedules.get(spec.schedule.name), spec.schedule.options, (*spec.path, "schedule"))
    for n, part in enumerate(spec.transforms):
        found += _sizes(registry.transforms.get(part.name), part.options, (*spec.path, "transforms", n))
    return found


def _sizes(plugin: Any, axes: Mapping[str, Axis], path: Path) -> list[Size]:
    if plugin is None:
        return []
    read: Signature = plugin.signature
    return [
        Size((*path, name), len(_as_meant(axis, read.choices.get(name)).values), name not in read.numbers)
        for name, axis in axes.items()
    ]


def _as_meant(axis: Axis, default: Any) -> Axis:
    """A flat list is one value where the option is itself a list."""
    return axis.as_single() if isinstance(default, list | tuple) else axis


# ---- options in general --------------------------------------------------------------------------------------------


def _split_axes(
    owner: str,
    read: Signature,
    axes: Mapping[str, Axis],
    extra: Mapping[str, Any],
    keys: Sequence[str],
    path: Path,
    notes: Notebook,
) -> tuple[dict[str, Floats], list[dict[str, Any]]]:
    """The numbers with their values, and all combinations of the choices.

    `extra` are the lab's own choices; `keys` are no options, but one may have been meant.
    """
    choices = {**read.choices, **extra}
    known = [*read.numbers, *choices]
    for name in axes:
        if name not in known:
            meant = [*known, *keys] if did_you_mean(name, keys) else known
            notes.note((*path, name), str(signature.unknown_option(owner, name, meant)))
    numbers = {
        name: _numbers(owner, name, axes[name], (*path, name), notes, read) if name in axes else np.array([default])
        for name, default in read.numbers.items()
    }
    values = {
        name: _choices(owner, name, default, axes[name], (*path, name), notes, read) if name in axes else [default]
        for name, default in choices.items()
    }
    combinations = [dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())]
    return numbers, combinations


def _numbers(owner: str, name: str, axis: Axis, path: Path, notes: Notebook, read: Signature) -> Floats:
    bad = [v for v in axis.values if isinstance(v, bool) or not isinstance(v, int | float)]
    if bad:
        notes.note(path, f"{owner}: '{name}' takes a number, not {_shown(bad[0])}")
        return np.array([0.0])
    _in_range(owner, name, axis.values, path, notes, read)
    return np.array(axis.values, dtype=float)


def _in_range(owner: str, name: str, values: Sequence[Any], path: Path, notes: Notebook, read: Signature) -> None:
    wrong = [said for value in values if (said := read.out_of_range(owner, name, value))]
    if wrong:
        notes.note(path, wrong[0])


def _choices(
    owner: str, name: str, default: Any, axis: Axis, path: Path, notes: Notebook, read: Signature
) -> list[Any]:
    """The values of a choice; they have the type of its default."""
    wanted = _kind(default)
    values = _as_meant(axis, default).values
    if wanted == "a number":
        values = tuple(float(v) if _kind(v) == "an integer" else v for v in values)
    for value in values:
        if _kind(value) != wanted:
            hint = "; give it a default with a point, as in 1.0, to make it a number" if wanted == "an integer" else ""
            notes.note(path, f"{owner}: '{name}' takes {wanted}, not {_shown(value)}{hint}")
            return [default]
    _in_range(owner, name, values, path, notes, read)
    return list(values)


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
    extra = problem.data_options
    numbers, combinations = _split_axes(
        spec.name, problem.signature, spec.options, extra, ("start", "dim"), spec.path, notes
    )
    dims = spec.dim.values if spec.dim else (None,)
    for dim, combination in itertools.product(dims, combinations):
        ours = {name: combination.pop(name) for name in extra}
        case = _case(spec, problem, registry, dim, combination, ours, root_seed, notes)
        if case is not None:
            yield CaseAxes(case, numbers, _written(spec, problem, case, {**combination, **ours}, dim), spec.path)


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
    case = Case(problem, size, start, choices, data, ours.get("batch_size", 0))
    try:
        case = _sized(case, root_seed)
    except UserError as error:
        _note_choices(spec, case, root_seed, error, notes)
        return None
    if isinstance(start, np.ndarray) and len(start) != case.dim:
        notes.note((*spec.path, "start"), f"{spec.name} has {case.dim} parameters here; this start has {len(start)}")
    elif not callable(problem.start) and not _computes(case):
        _note_dimension(spec, problem, case, notes)
    return case


def _sized(case: Case, root_seed: int) -> Case:
    """The case with the dimension that its start has, or a `UserError` of the problem's own about its choices."""
    if callable(case.problem.start):
        case = replace(case, dim=len(drawn(case, root_seed, 0)))
    try:
        _traced(case)
    except (Exception, SystemExit) as error:
        if isinstance(error, UserError) and not isinstance(error, TraceError):
            raise
        # anything else is a fault in the problem's code, and shows when it is run
    return case


def _note_choices(spec: ProblemSpec, case: Case, root_seed: int, error: UserError, notes: Notebook) -> None:
    """Note what a problem says of its choices at those to blame: one whose default mends it, or each wrong alone."""
    defaults = case.problem.signature.choices
    written = [name for name in case.choices if name in spec.options]

    def complaint(choices: Mapping[str, Any]) -> str:
        try:
            _sized(replace(case, choices=choices), root_seed)
        except UserError as error:
            return str(error)
        return ""

    mending = [name for name in written if not complaint({**case.choices, name: defaults[name]})]
    if len(mending) == 1:
        notes.note((*spec.path, mending[0]), str(error))
        return
    alone = {name: complaint({**defaults, name: case.choices[name]}) for name in written}
    for name, said in alone.items():
        if said:
            notes.note((*spec.path, name), said)
    if not any(alone.values()):
        notes.note((*spec.path, *mending[-1:]), str(error))


def _data(registry: Registry, spec: ProblemSpec, ours: Mapping[str, Any], notes: Notebook) -> Split | None:
    dataset = _found(registry.dataset, ours["dataset"], (*spec.path, "dataset"), notes)
    if dataset is None:
        return None
    if not 0 <= ours["test_fraction"] < 1:
        message = f"test_fraction must be at least 0 and below 1, not {ours['test_fraction']}"
        notes.note((*spec.path, "test_fraction"), message)
        return None
    try:
        data = split(dataset.name, dataset(), ours["test_fraction"])
    except (Exception, SystemExit) as error:
        where, what = signature.location(dataset.function), f"{type(error).__name__}: {error}"
        notes.note((*spec.path, "dataset"), f"{where}: dataset '{dataset.name}' cannot be used: {what}")
        return None
    count = len(data.train_inputs)
    if not 0 <= ours["batch_size"] <= count:
        message = f"batch_size must be between 1 and the {count} training examples of {dataset.name}"
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


def _traced(case: Case) -> None:
    data = (case.split.train_inputs, case.split.train_targets) if case.split else ()
    objective_graph(case, objective(case, *data))


def _computes(case: Case) -> bool:
    try:
        _traced(case)
    except (Exception, SystemExit):  # whatever the user's function raises
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
        schedule = _found(registry.schedule, spec.schedule.name, (*at, "name"), notes)
        if schedule is not None:
            scheduled, schedules = _split_axes(
                schedule.name, schedule.signature, spec.schedule.options, {}, (), at, notes
            )
        if schedule is not None and optimizer is not None and "lr" not in optimizer.signature.numbers:
            has = "there is none in"
            if "lr" in optimizer.signature.choices:
                has = "give it a default with a point, as in 1.0, to make it a number in"
            notes.note(at, f"a schedule multiplies the hyperparameter 'lr'; {has} {optimizer.name}")
            return
    around = _around(spec, optimizer, registry, notes)
    if optimizer is None:
        return
    keys = ("label", "schedule", "transforms")
    numbers, combinations = _split_axes(
        optimizer.name, optimizer.signature, spec.hyperparameters, {}, keys, spec.path, notes
    )
    transforms = tuple(transform for transform, _, _ in around)
    transformed = {f"{t.name}.{name}": values for t, own, _ in around for name, values in own.items()}
    chosen = itertools.product(*(choices for _, _, choices in around))
    right = not any(notes.is_wrong((*spec.path, name)) for name in spec.hyperparameters)
    if isinstance(optimizer, Foreign) and right:
        key, said = trial.mistake(optimizer, numbers, combinations, spec.hyperparameters) or ("", "")
        if said:
            notes.note((*spec.path, key), said)
    for settings, schedule_settings, transform_settings in itertools.product(combinations, schedules, chosen):
        rule = Rule(optimizer, settings, schedule, schedule_settings, transforms, transform_settings)
        yield RuleAxes(rule, label, numbers, scheduled, spec.path, transformed)


def _around(
    spec: OptimizerSpec, optimizer: Optimizer | None, registry: Registry, notes: Notebook
) -> list[tuple[Transform, dict[str, Floats], list[dict[str, Any]]]]:
    """Each transform of an `[[optimizer]]` table, the values of its numbers, and all combinations of its choices."""
    found = []
    for n, part in enumerate(spec.transforms):
        at = (*spec.path, "transforms", n)
        transform = _found(registry.transform, part.name, (*at, "name"), notes)
        if transform is None:
            continue
        if any(transform is other for other, _, _ in found):
            notes.note(at, f"{part.name} is there already; each transform may be put around a rule once")
            continue
        if isinstance(optimizer, Foreign):
            notes.note(at, f"{part.name} goes around a rule of the lab, and {optimizer.name} is none")
            continue
        if "lr" in transform.signature.supplied and optimizer and "lr" not in optimizer.signature.numbers:
            notes.note(at, f"{part.name} asks for 'lr', and {optimizer.name} has no such hyperparameter")
            continue
        found.append((transform, *_split_axes(part.name, transform.signature, part.options, {}, (), at, notes)))
    return found


def same_throughout(cases: Sequence[CaseAxes], rules: Sequence[RuleAxes], notes: Notebook) -> None:
    """Note each optimizer that decides itself where it asks for gradients, and is to do so on minibatches."""
    batched = next((axes.case for axes in cases if axes.case.batch_size), None)
    for rule in rules:
        optimizer = rule.rule.optimizer
        if batched is not None and isinstance(optimizer, Foreign) and optimizer.minimize is not None:
            what = f"{optimizer.name} wants the same objective throughout, and {batched.problem.name} has minibatches"
            notes.note((*rule.path, "name"), f"{what}; write batch_size = 0 for all of the data")
