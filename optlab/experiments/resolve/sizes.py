"""The size of a grid, computed before the grid is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optlab.errors import UserError
from optlab.experiments.document import Axis, OptimizerSpec, ProblemSpec
from optlab.experiments.resolve.diagnostics import KeyPath
from optlab.experiments.resolve.options import as_option
from optlab.plugins.registry import Registry
from optlab.plugins.signature import Signature


@dataclass(frozen=True)
class Size:
    """The number of values of an option. Each value of a choice makes a separate sweep."""

    path: KeyPath
    values: int
    is_choice: bool


def sizes(spec: ProblemSpec | OptimizerSpec, registry: Registry) -> list[Size]:
    """The sizes of the axes of a table."""
    if isinstance(spec, ProblemSpec):
        dims = [Size((*spec.path, "dim"), len(spec.dim.values), True)] if spec.dim else []
        return dims + _of_noise(spec) + _sizes(registry.problems.get(spec.name), spec.options, spec.path)
    found = _sizes(_optimizer(spec, registry), spec.hyperparameters, spec.path)
    if spec.schedule:
        found += _sizes(registry.schedules.get(spec.schedule.name), spec.schedule.options, (*spec.path, "schedule"))
    for n, part in enumerate(spec.transforms):
        found += _sizes(registry.transforms.get(part.name), part.options, (*spec.path, "transforms", n))
    return found


def _of_noise(spec: ProblemSpec) -> list[Size]:
    if spec.noise is None:
        return []
    path, choices = (*spec.path, "noise"), {"kind": spec.noise.kind, "on": spec.noise.on}
    numbers = [Size((*path, name), len(axis.values), False) for name, axis in spec.noise.options.items()]
    return [Size((*path, name), len(axis.values), True) for name, axis in choices.items()] + numbers


def _optimizer(spec: OptimizerSpec, registry: Registry) -> Any:
    try:
        return registry.optimizer(spec.name)  # also finds optimizers of other packages
    except UserError:  # reported when the rule is made
        return None


def _sizes(plugin: Any, axes: Mapping[str, Axis], path: KeyPath) -> list[Size]:
    if plugin is None:
        return []
    read: Signature = plugin.signature
    return [
        Size((*path, name), len(as_option(axis, read.choices.get(name)).values), name not in read.numbers)
        for name, axis in axes.items()
    ]
