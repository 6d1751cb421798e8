"""A rule as it is written in Python: an optimizer with options, a schedule and transforms, as names or objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from optlab.errors import UserError
from optlab.execution.rule import Key, Rule
from optlab.plugins import validation
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.schedules.base import Schedule
from optlab.plugins.transforms.base import Transform

if TYPE_CHECKING:
    from optlab.plugins.registry import Registry

Around = str | Mapping[str, Any] | Schedule | Transform
"""A schedule or a transform: a name, a table with a name and options, or an object."""


def rule_with(
    optimizer: Optimizer,
    given: Mapping[str, Any],
    schedule: Around | None,
    transforms: Sequence[Around],
    known: Callable[[], Registry],
) -> tuple[Rule, dict[Key, float]]:
    """A rule and its numbers.

    Args:
        optimizer: the optimizer.
        given: its options. Options that are left out have their defaults.
        schedule: the schedule of the learning rate, or None.
        transforms: the transforms of the gradient or of the step, in this order.
        known: returns the registry. It is called only if something is given by name.

    Raises:
        UserError: a name or an option is unknown, an option has a wrong value, a transform is given twice, or there is
            a schedule for an optimizer without a learning rate.
    """
    numbers, choices = validation.with_defaults(optimizer, given)
    found = None if schedule is None else _plugin_with_options(schedule, Schedule, lambda name: known().schedule(name))
    if found and (fault := validation.fault_of_schedule(optimizer)):
        raise UserError(fault)
    if isinstance(transforms, str | Mapping):
        raise UserError(f"transforms must be a list, as in transforms=[{transforms!r}]")
    found_transforms = [
        _plugin_with_options(transform, Transform, lambda name: known().transform(name)) for transform in transforms
    ]
    plugins = tuple(transform for transform, _, _ in found_transforms)
    for n, transform in enumerate(plugins):
        if fault := validation.fault_of_transform(transform, optimizer, plugins[:n]):
            raise UserError(fault)
    rule = Rule(
        optimizer,
        choices,
        schedule=found and found[0],
        schedule_choices=found[2] if found else {},
        transforms=plugins,
        transform_choices=tuple(own for _, _, own in found_transforms),
    )
    values = [numbers, *([found[1]] if found else []), *(own for _, own, _ in found_transforms)]
    keyed = [part.keyed(own) for part, own in zip(rule.parts, values, strict=True)]
    return rule, {key: value for own in keyed for key, value in own.items()}


def _plugin_with_options(
    given: Around, kind: type[Any], find: Callable[[str], Any]
) -> tuple[Any, dict[str, float], dict[str, Any]]:
    """A schedule or a transform with its numbers and its choices."""
    if isinstance(given, str | kind):
        given = {"name": given}
    what = kind.__name__.lower()
    if not isinstance(given, Mapping) or "name" not in given:
        raise UserError(f'{given!r} is not a {what}; give a name, or a table as {{"name": "...", "option": 1.0}}')
    plugin = find(given["name"]) if isinstance(given["name"], str) else given["name"]
    if not isinstance(plugin, kind):
        raise UserError(f"{plugin!r} is not a {what}; give a name, or a function decorated with @{what}")
    return plugin, *validation.with_defaults(plugin, {name: value for name, value in given.items() if name != "name"})
