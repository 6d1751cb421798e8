"""A rule as one writes it in Python: an optimizer with options, a schedule and transforms, each by name or itself."""

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
"""A schedule or a transform: by name, as a table of a name and options, or itself."""


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
        given: its options; the others have their defaults.
        schedule: of the learning rate.
        transforms: of the gradient or of the step, in this order.
        known: gives the registry; it is called only where something is given by name.

    Raises:
        UserError: an unknown name or option, a value that an option cannot have, a transform that is there twice, a
            schedule for an optimizer without a learning rate.
    """
    numbers, choices = validation.settled(optimizer, given)
    found = None if schedule is None else _one(schedule, Schedule, lambda name: known().schedule(name))
    if found and (fault := validation.fault_of_schedule(optimizer)):
        raise UserError(fault)
    if isinstance(transforms, str | Mapping):
        raise UserError(f"transforms is a list, as in transforms=[{transforms!r}]")
    around = [_one(transform, Transform, lambda name: known().transform(name)) for transform in transforms]
    plugins = tuple(transform for transform, _, _ in around)
    for n, transform in enumerate(plugins):
        if fault := validation.fault_of_transform(transform, optimizer, plugins[:n]):
            raise UserError(fault)
    rule = Rule(
        optimizer,
        choices,
        schedule=found and found[0],
        schedule_choices=found[2] if found else {},
        transforms=plugins,
        transform_choices=tuple(own for _, _, own in around),
    )
    values = [numbers, *([found[1]] if found else []), *(own for _, own, _ in around)]
    keyed = [part.keyed(own) for part, own in zip(rule.parts, values, strict=True)]
    return rule, {key: value for own in keyed for key, value in own.items()}


def _one(given: Around, kind: type[Any], find: Callable[[str], Any]) -> tuple[Any, dict[str, float], dict[str, Any]]:
    """A schedule or a transform with its numbers and its choices."""
    if isinstance(given, str | kind):
        given = {"name": given}
    what = kind.__name__.lower()
    if not isinstance(given, Mapping) or "name" not in given:
        raise UserError(f'{given!r} is no {what}; give a name, or a table as {{"name": "...", "option": 1.0}}')
    plugin = find(given["name"]) if isinstance(given["name"], str) else given["name"]
    if not isinstance(plugin, kind):
        raise UserError(f"{plugin!r} is no {what}; give a name, or what @{what} makes")
    return plugin, *validation.settled(plugin, {name: value for name, value in given.items() if name != "name"})
