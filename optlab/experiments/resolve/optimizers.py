"""The rules of an `[[optimizer]]` table: an optimizer, a schedule and transforms, with the values of their options."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optlab.execution.records import Floats
from optlab.execution.rule import Key, Rule
from optlab.experiments.document import OptimizerSpec
from optlab.experiments.resolve.diagnostics import Diagnostics, KeyPath
from optlab.experiments.resolve.options import split_axes
from optlab.experiments.resolve.problems import CaseAxes
from optlab.plugins import validation
from optlab.plugins.external import Foreign, refused_options
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.registry import Registry
from optlab.plugins.schedules.base import Schedule
from optlab.plugins.transforms.base import Transform


@dataclass(frozen=True)
class RuleAxes:
    """A rule, and the values of each of its numbers."""

    rule: Rule
    numbers: Mapping[Key, Floats]
    label: str
    path: KeyPath


def rules(spec: OptimizerSpec, label: str, registry: Registry, notes: Diagnostics) -> Iterator[RuleAxes]:
    """The rules of an `[[optimizer]]` table."""
    optimizer = notes.found(registry.optimizer, spec.name, (*spec.path, "name"))
    schedule, scheduled, schedules = _scheduled(spec, registry, notes)
    if schedule is not None and optimizer is not None and (fault := validation.fault_of_schedule(optimizer)):
        notes.note((*spec.path, "schedule"), fault)
        return
    transformed = _transformed(spec, optimizer, registry, notes)
    if optimizer is None:
        return
    keys = ("label", "schedule", "transforms")
    numbers, combinations = split_axes(optimizer, spec.hyperparameters, spec.path, notes, keys=keys)
    transforms = tuple(transform for transform, _, _ in transformed)
    values = [numbers, *([scheduled] if schedule else []), *(own for _, own, _ in transformed)]
    chosen = itertools.product(*(choices for _, _, choices in transformed))
    right = not any(notes.is_wrong((*spec.path, name)) for name in spec.hyperparameters)
    if isinstance(optimizer, Foreign) and right:
        key, message = refused_options.mistake(optimizer, numbers, combinations, spec.hyperparameters) or ("", "")
        if message:
            notes.note((*spec.path, key), message)
    for choices, of_schedule, of_transforms in itertools.product(combinations, schedules, chosen):
        rule = Rule(optimizer, choices, schedule, of_schedule, transforms, of_transforms)
        keyed = [part.keyed(own) for part, own in zip(rule.parts, values, strict=True)]
        yield RuleAxes(rule, {key: column for own in keyed for key, column in own.items()}, label, spec.path)


def _scheduled(
    spec: OptimizerSpec, registry: Registry, notes: Diagnostics
) -> tuple[Schedule | None, dict[str, Floats], list[dict[str, Any]]]:
    """The schedule of an `[[optimizer]]` table, the values of its numbers, and all combinations of its choices."""
    if spec.schedule is None:
        return None, {}, [{}]
    at = (*spec.path, "schedule")
    schedule = notes.found(registry.schedule, spec.schedule.name, (*at, "name"))
    if schedule is None:
        return None, {}, [{}]
    return schedule, *split_axes(schedule, spec.schedule.options, at, notes)


def _transformed(
    spec: OptimizerSpec, optimizer: Optimizer | None, registry: Registry, notes: Diagnostics
) -> list[tuple[Transform, dict[str, Floats], list[dict[str, Any]]]]:
    """Each transform of an `[[optimizer]]` table, the values of its numbers, and all combinations of its choices."""
    found = []
    for n, part in enumerate(spec.transforms):
        at = (*spec.path, "transforms", n)
        transform = notes.found(registry.transform, part.name, (*at, "name"))
        if transform is None:
            continue
        if fault := validation.fault_of_transform(transform, optimizer, [other for other, _, _ in found]):
            notes.note(at, fault)
            continue
        found.append((transform, *split_axes(transform, part.options, at, notes)))
    return found


def note_minibatches(cases: Sequence[CaseAxes], rules: Sequence[RuleAxes], notes: Diagnostics) -> None:
    """Note each optimizer that cannot use minibatches or noise, because it chooses the points of its gradients."""
    batched = next((axes.case for axes in cases if axes.case.batch_size), None)
    noisy = next((axes.case for axes in cases if axes.case.noise is not None), None)
    for rule in rules:
        optimizer = rule.rule.optimizer
        if batched is not None and isinstance(optimizer, Foreign) and optimizer.minimize is not None:
            what = f"{optimizer.name} needs the same objective in all steps, but {batched.problem.name} has minibatches"
            notes.note((*rule.path, "name"), f"{what}; write batch_size = 0 for all of the data")
        elif noisy is not None and isinstance(optimizer, Foreign) and optimizer.minimize is not None:
            what = f"{optimizer.name} needs the same objective in all steps, but {noisy.problem.name} has noise"
            notes.note((*rule.path, "name"), f"{what}; leave one of the two out")
