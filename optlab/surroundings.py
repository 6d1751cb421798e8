"""What is put around an update rule from Python: a schedule and transforms, by name, as a table, or themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optlab import signature
from optlab.errors import UserError
from optlab.optimizers.base import Optimizer
from optlab.schedules.base import Schedule
from optlab.transforms.base import Transform

if TYPE_CHECKING:
    from optlab.registry import Registry

Around = str | Mapping[str, Any] | Schedule | Transform
"""A schedule or a transform: by name, as a table of a name and options, or itself."""


@dataclass(frozen=True)
class Surroundings:
    """A schedule and transforms with everything settled. Numbers of a transform are named `clip_norm.max_norm`."""

    schedule: Schedule | None = None
    schedule_settings: Mapping[str, Any] = field(default_factory=dict)
    schedule_numbers: Mapping[str, float] = field(default_factory=dict)
    transforms: tuple[Transform, ...] = ()
    transform_settings: tuple[Mapping[str, Any], ...] = ()
    transform_numbers: Mapping[str, float] = field(default_factory=dict)


def surroundings(
    optimizer: Optimizer, schedule: Around | None, transforms: Sequence[Around], known: Callable[[], Registry]
) -> Surroundings:
    """What is to be put around an optimizer; `known` gives the registry where something is named.

    Raises:
        UserError: an unknown name or option, a value that an option cannot have, a transform that is there twice, a
            schedule for an optimizer without a learning rate.
    """
    found, numbers, settings = None, {}, {}
    if schedule is not None:
        found, numbers, settings = _one(schedule, Schedule, lambda name: known().schedule(name))
        if "lr" not in optimizer.signature.numbers:
            raise UserError(f"a schedule multiplies 'lr', and {optimizer.name} has no such hyperparameter")
    if isinstance(transforms, str | Mapping):
        raise UserError(f"transforms is a list, as in transforms=[{transforms!r}]")
    around = [_one(transform, Transform, lambda name: known().transform(name)) for transform in transforms]
    names = [transform.name for transform, _, _ in around]
    if twice := [name for n, name in enumerate(names) if name in names[:n]]:
        raise UserError(f"{twice[0]} is there twice; each transform may be put around a rule once")
    return Surroundings(
        found,
        settings,
        numbers,
        tuple(transform for transform, _, _ in around),
        tuple(choices for _, _, choices in around),
        {f"{transform.name}.{name}": value for transform, own, _ in around for name, value in own.items()},
    )


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
    return plugin, *settled(plugin, {name: value for name, value in given.items() if name != "name"})


def settled(plugin: Any, given: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
    """The numbers and the choices of a plugin, those that are given and the defaults of the others."""
    numbers, choices = dict(plugin.signature.numbers), dict(plugin.signature.choices)
    for name, value in given.items():
        if name in numbers:
            numbers[name] = signature.as_number(plugin.name, name, value)
        elif name in choices:
            choices[name] = value
        else:
            raise signature.unknown_option(plugin.name, name, plugin.signature.options)
        if wrong := plugin.signature.out_of_range(plugin.name, name, {**numbers, **choices}[name]):
            raise UserError(wrong)
    return numbers, choices
