"""The size of a grid, computed before the grid is made."""

from __future__ import annotations

import json
import math
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
    """The number of values of an option. Each value of a choice makes a separate sweep. `name` is that in `zip`."""

    path: KeyPath
    values: int
    is_choice: bool
    name: str = ""


def sizes(spec: ProblemSpec | OptimizerSpec, registry: Registry) -> list[Size]:
    """The sizes of the axes of a table."""
    if isinstance(spec, ProblemSpec):
        dims = [Size((*spec.path, "dim"), len(spec.dim.values), True)] if spec.dim else []
        return dims + _of_noise(spec) + _sizes(registry.problems.get(spec.name), spec.options, spec.path)
    found = _of_rule(spec, registry)
    repeated = {name for names in spec.zip for name in names[1:]}  # axes that go together count once
    found = [size for size in found if size.name not in repeated]
    if not spec.trials:
        return found
    rows = _sweeps_of(spec, registry)
    at = (*spec.path, "trials")
    return [*found, Size(at, rows, True), Size(at, -(-len(spec.trials) // rows), False)]


def _sweeps_of(spec: OptimizerSpec, registry: Registry) -> int:
    """The number of combinations of choices in the `trials` of a table."""
    optimizer = _optimizer(spec, registry)
    plugins = [("", optimizer), *((f"{part.name}.", registry.transforms.get(part.name)) for part in spec.transforms)]
    if spec.schedule:
        plugins.append(("schedule.", registry.schedules.get(spec.schedule.name)))
    numbers = {prefix + name for prefix, plugin in plugins if plugin is not None for name in plugin.signature.numbers}
    return len({json.dumps({name: row[name] for name in row if name not in numbers}) for row in spec.trials})


def drawn_sizes(spec: OptimizerSpec, registry: Registry, trials: int) -> list[Size]:
    """The sizes of the points that are drawn from the axes of a table: in sweeps, and in each sweep."""
    sweeps = min(trials, math.prod(size.values for size in sizes(spec, registry) if size.is_choice))
    at = ("tuning", "trials")
    return [Size(at, sweeps, True), Size(at, -(-trials // sweeps), False)]


def _of_rule(spec: OptimizerSpec, registry: Registry) -> list[Size]:
    found = _sizes(_optimizer(spec, registry), spec.hyperparameters, spec.path)
    if spec.schedule:
        plugin = registry.schedules.get(spec.schedule.name)
        found += _sizes(plugin, spec.schedule.options, spec.schedule.path, "schedule.")
    for n, part in enumerate(spec.transforms):
        plugin = registry.transforms.get(part.name)
        found += _sizes(plugin, part.options, (*spec.path, "transforms", n), f"{part.name}.")
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


def _sizes(plugin: Any, axes: Mapping[str, Axis], path: KeyPath, prefix: str = "") -> list[Size]:
    if plugin is None:
        return []
    read: Signature = plugin.signature
    return [
        Size(
            (*path, name),
            _count(as_option(axis, read.choices.get(name))),
            name not in read.numbers,
            prefix + name,
        )
        for name, axis in axes.items()
    ]


def _count(axis: Axis) -> int:
    """The number of values of an axis; of a range of integers, the number of integers."""
    interval = axis.interval
    if interval is None or interval.form != "integers":
        return len(axis.values)
    return int(interval.high - interval.low) + 1
