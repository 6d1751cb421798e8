"""The rules of an `[[optimizer]]` table: an optimizer, a schedule and transforms, with the values of their options."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.execution.records import Floats, Ints
from optlab.execution.rule import Key, Part, Rule
from optlab.experiments.document import Axis, OptimizerSpec
from optlab.experiments.draws import Sampling
from optlab.experiments.resolve import settings
from optlab.experiments.resolve.diagnostics import Diagnostics, KeyPath
from optlab.experiments.resolve.options import combinations, options_of
from optlab.experiments.resolve.problems import CaseAxes
from optlab.plugins import validation
from optlab.plugins.external import Foreign, refused_options
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.registry import Registry


@dataclass(frozen=True)
class RuleAxes:
    """A rule, and the values of each of its numbers.

    The settings of the rule are all combinations of these values. If they are `joint`, all numbers have equally many
    values instead, and setting i has value i of each.

    `drawn` are the places of the settings among the points that were drawn, from 1; 0 are the defaults. It is None if
    no points are drawn.
    """

    rule: Rule
    numbers: Mapping[Key, Floats]
    label: str
    path: KeyPath
    joint: bool = False
    drawn: Ints | None = None

    @property
    def tried(self) -> int:
        """The number of settings without the defaults."""
        return len(self) if self.drawn is None else int((self.drawn > 0).sum())

    def __len__(self) -> int:
        """The number of settings."""
        sizes = [len(values) for values in self.numbers.values()]
        return max(sizes, default=1) if self.joint else math.prod(sizes)


@dataclass(frozen=True)
class _Axes:
    """A plugin of a rule with the values of its numbers and of its choices, as written or their defaults."""

    owner: str
    plugin: Any
    numbers: Mapping[str, Floats]
    choices: Mapping[str, list[Any]]
    written: Mapping[str, Axis]
    path: KeyPath

    @property
    def options(self) -> Iterator[settings.Option]:
        part = Part(self.owner, self.plugin, {})
        values = {name: column.tolist() for name, column in self.numbers.items()} | dict(self.choices)
        for name, own in values.items():
            axis = self.written.get(name)
            (key,) = part.keyed({name: None})
            interval = axis.interval if axis else None
            yield settings.Option(key, part, name, own, interval, (*self.path, name) if axis else None)


def rules(
    spec: OptimizerSpec, label: str, registry: Registry, notes: Diagnostics, drawing: Sampling | None = None
) -> Iterator[RuleAxes]:
    """The rules of an `[[optimizer]]` table. `drawing`: how points are drawn from its axes, if they are."""
    optimizer = notes.found(registry.optimizer, spec.name, (*spec.path, "name"))
    scheduled = _scheduled(spec, registry, notes)
    if scheduled is not None and optimizer is not None and (fault := validation.fault_of_schedule(optimizer)):
        notes.note(scheduled.path, fault)
        return
    transformed = _transformed(spec, optimizer, registry, notes)
    if optimizer is None:
        return
    keys = ("label", "schedule", "transforms", "zip", "trials")
    zipped = _zipped(spec)
    written = options_of(optimizer, spec.hyperparameters, spec.path, notes, keys=keys, repeated=zipped)
    own = _Axes("hyperparameter", optimizer, *written, spec.hyperparameters, spec.path)
    right = not any(notes.is_wrong((*spec.path, name)) for name in spec.hyperparameters)
    if isinstance(optimizer, Foreign) and right:
        tried = (own.numbers, combinations(own.choices), spec.hyperparameters)
        key, message = refused_options.mistake(optimizer, *tried) or ("", "")
        if message:
            notes.note((*spec.path, key), message)
    axes = [own, *([scheduled] if scheduled else []), *transformed]
    before = len(notes.mistakes)
    rows = settings.table(spec, [option for each in axes for option in each.options], drawing, notes)
    if rows is not None:
        yield from _joint(axes, rows, label, spec.path, drawing)
    elif len(notes.mistakes) == before:
        yield from _grids(axes, label, spec.path)


def _grids(axes: Sequence[_Axes], label: str, path: KeyPath) -> Iterator[RuleAxes]:
    """A rule for each combination of choices, with all values of each number."""
    for choices in itertools.product(*(combinations(each.choices) for each in axes)):
        rule = _rule(axes, choices)
        keyed = [part.keyed(each.numbers) for part, each in zip(rule.parts, axes, strict=True)]
        yield RuleAxes(rule, {key: column for own in keyed for key, column in own.items()}, label, path)


def _joint(
    axes: Sequence[_Axes], rows: Sequence[settings.Row], label: str, path: KeyPath, drawing: Sampling | None
) -> Iterator[RuleAxes]:
    """A rule for each combination of choices in the rows, with the numbers of these rows."""
    keys = [Part(each.owner, each.plugin, {}).keyed({name: name for name in each.choices}) for each in axes]
    groups: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(json.dumps([row[key] for own in keys for key in own]), []).append(place)
    for places in groups.values():
        rule = _rule(axes, [{name: rows[places[0]][key] for key, name in own.items()} for own in keys])
        numbers = {key: np.array([rows[place][key] for place in places]) for key in rule.numbers}
        drawn = None if drawing is None else np.array(places) + (0 if drawing.has_defaults else 1)
        yield RuleAxes(rule, numbers, label, path, True, drawn)


def _rule(axes: Sequence[_Axes], choices: Sequence[Mapping[str, Any]]) -> Rule:
    """The rule of these plugins with one value of each choice."""
    schedules = [(each.plugin, chosen) for each, chosen in zip(axes, choices, strict=True) if each.owner == "schedule"]
    schedule, of_schedule = schedules[0] if schedules else (None, {})
    transforms = [pair for pair in zip(axes, choices, strict=True) if pair[0].owner == "transform"]
    plugins = tuple(each.plugin for each, _ in transforms)
    return Rule(axes[0].plugin, choices[0], schedule, of_schedule, plugins, tuple(chosen for _, chosen in transforms))


def _scheduled(spec: OptimizerSpec, registry: Registry, notes: Diagnostics) -> _Axes | None:
    """The schedule of an `[[optimizer]]` table with its values, or None."""
    if spec.schedule is None:
        return None
    at = spec.schedule.path
    schedule = notes.found(registry.schedule, spec.schedule.name, (*at, "name"))
    if schedule is None:
        return None
    written = spec.schedule.options
    values = options_of(schedule, written, at, notes, repeated=_zipped(spec, "schedule."))
    return _Axes("schedule", schedule, *values, written, at)


def _zipped(spec: OptimizerSpec, prefix: str = "") -> set[str]:
    """The options of a plugin that go together with others; `prefix` is that of their names in `zip`."""
    return {name.removeprefix(prefix) for names in spec.zip for name in names if name.startswith(prefix)}


def _transformed(
    spec: OptimizerSpec, optimizer: Optimizer | None, registry: Registry, notes: Diagnostics
) -> list[_Axes]:
    """Each transform of an `[[optimizer]]` table with its values."""
    found: list[_Axes] = []
    for n, part in enumerate(spec.transforms):
        at = (*spec.path, "transforms", n)
        transform = notes.found(registry.transform, part.name, (*at, "name"))
        if transform is None:
            continue
        if fault := validation.fault_of_transform(transform, optimizer, [each.plugin for each in found]):
            notes.note(at, fault)
            continue
        values = options_of(transform, part.options, at, notes, repeated=_zipped(spec, f"{transform.name}."))
        found.append(_Axes("transform", transform, *values, part.options, at))
    return found


def note_minibatches(cases: Sequence[CaseAxes], rules: Sequence[RuleAxes], notes: Diagnostics) -> None:
    """Note each optimizer that cannot use minibatches, noise or a problem that changes from step to step, because it
    chooses the points of its gradients."""
    batched = next((axes.case for axes in cases if axes.case.batch_size), None)
    noisy = next((axes.case for axes in cases if axes.case.noise is not None), None)
    changing = next((axes.case for axes in cases if axes.case.problem.changes), None)
    for rule in rules:
        optimizer = rule.rule.optimizer
        if batched is not None and isinstance(optimizer, Foreign) and optimizer.minimize is not None:
            what = f"{optimizer.name} needs the same objective in all steps, but {batched.problem.name} has minibatches"
            notes.note((*rule.path, "name"), f"{what}; write batch_size = 0 for all of the data")
        elif noisy is not None and isinstance(optimizer, Foreign) and optimizer.minimize is not None:
            what = f"{optimizer.name} needs the same objective in all steps, but {noisy.problem.name} has noise"
            notes.note((*rule.path, "name"), f"{what}; leave one of the two out")
        elif changing is not None and isinstance(optimizer, Foreign) and optimizer.minimize is not None:
            what = f"{optimizer.name} needs the same objective in all steps, but {changing.problem.name} changes"
            notes.note((*rule.path, "name"), f"{what}; leave one of the two out")
