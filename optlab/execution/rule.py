"""An update rule with its schedule and transforms: its state, and one step.

The order within a step: The transforms of the gradient change the gradient, one after the other. The rule makes a step
with this gradient, and with the learning rate times the factor of the schedule. The transforms of the step wrap this
step. Each of them wraps the step with all transforms before it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from optlab.errors import PluginError, counted
from optlab.plugins.code_location import location
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.schedules.base import Schedule
from optlab.plugins.signature import choices_asked
from optlab.plugins.tensors import Shapes, split
from optlab.plugins.transforms.base import Transform

__not_the_users__ = True  # for messages: see `engine.trace_errors`

Plugin = Optimizer | Transform
T = TypeVar("T")
Key = tuple[str, str]
"""The key of a number or a choice: its owner ("hyperparameter", "schedule", "transform", or "option" for the problem)
and its name in the signature, with the plugin's name for a transform: "clip_norm.max_norm"."""
STEPS: Key = ("run", "steps")  # the number of all steps, where that is not fixed


@dataclass(frozen=True)
class Part:
    """One plugin of a rule, with its choices, and the owner of its numbers."""

    owner: str
    plugin: Plugin | Schedule
    choices: Mapping[str, Any]

    def keyed(self, values: Mapping[str, T]) -> dict[Key, T]:
        """Convert values by name, as in the plugin's signature, to values by key."""
        prefix = f"{self.plugin.name}." if self.owner == "transform" else ""
        return {(self.owner, prefix + name): value for name, value in values.items()}

    def own(self, values: Mapping[Key, T]) -> dict[str, T]:
        """The plugin's numbers among `values`, by the names in its signature."""
        keys = self.keyed({name: name for name in self.plugin.signature.numbers})
        return {name: values[key] for key, name in keys.items() if key in values}


@dataclass(frozen=True)
class Rule:
    """An update rule with its schedule and transforms. Everything is fixed except the values of the numbers.

    `choices` are the choices of the optimizer, and `schedule_choices` those of the schedule. `transform_choices` has
    the choices of each transform. A choice that is left out has its default.
    """

    optimizer: Optimizer
    choices: Mapping[str, Any] = field(default_factory=dict)
    schedule: Schedule | None = None
    schedule_choices: Mapping[str, Any] = field(default_factory=dict)
    transforms: tuple[Transform, ...] = ()
    transform_choices: tuple[Mapping[str, Any], ...] = ()

    @functools.cached_property
    def parts(self) -> tuple[Part, ...]:
        """The optimizer, the schedule if there is one, and the transforms, in this order."""
        transforms = zip(self.transforms, self.transform_choices, strict=True)
        return (
            Part("hyperparameter", self.optimizer, self.choices),
            *([Part("schedule", self.schedule, self.schedule_choices)] if self.schedule else []),
            *(Part("transform", transform, choices) for transform, choices in transforms),
        )

    @property
    def numbers(self) -> dict[Key, float]:
        """The numbers of all parts, with their defaults. They may differ between runs."""
        return {key: value for part in self.parts for key, value in part.keyed(part.plugin.signature.numbers).items()}

    @property
    def all_choices(self) -> dict[Key, Any]:
        """The choices of all parts."""
        return {key: value for part in self.parts for key, value in part.keyed(part.choices).items()}

    @property
    def is_random(self) -> bool:
        """Whether any part draws random numbers."""
        return any("rng" in part.plugin.signature.supplied for part in self.parts)


def shown_as(key: Key) -> str:
    """The name of a number or a choice in a list of those of a whole rule.

    >>> shown_as(("hyperparameter", "lr")), shown_as(("schedule", "end")), shown_as(("transform", "ema.decay"))
    ('lr', 'schedule.end', 'ema.decay')
    """
    owner, name = key
    return f"schedule.{name}" if owner == "schedule" else name


def initial_states(rule: Rule, tensors: Shapes, x: Any) -> dict[str, Any]:
    """The initial state of a rule by name: all arrays that are carried from step to step, except x."""
    own, *others = rule.parts
    parts = split(x, tensors) if rule.optimizer.per == "tensor" else [x]
    found = {}
    for number, of in enumerate(parts):
        suffix = f".{number}" if len(parts) > 1 else ""
        found |= {f"{name}{suffix}": value for name, value in _states(own, of).items()}
    for part in others:
        found |= {f"{part.plugin.name}.{name}": value for name, value in _states(part, x).items()}
    return found


def _states(part: Part, x: Any) -> dict[str, Any]:
    """The initial states of one plugin."""
    choices = {**part.plugin.signature.choices, **part.choices}
    return {name: _initial(part.plugin, name, x, choices) for name in part.plugin.signature.state}


def _initial(plugin: Plugin | Schedule, name: str, x: Any, choices: Mapping[str, Any]) -> Any:
    """The initial value of a state: a function of x (and of choices), or a number broadcast to the shape of x."""
    default = plugin.signature.state[name]
    if callable(default):
        value = default(x, **{asked: choices[asked] for asked in choices_asked(default, choices)})
        fault = _fault(value)
    else:
        fits = np.shape(default) in ((), x.shape)
        value = np.zeros(x.shape, x.dtype) + default if fits else default
        fault = "" if fits else f"an array of shape {np.shape(default)}"
    if fault:
        raise PluginError(
            f"{_where(plugin)} has a state '{name}' that begins as {fault}, where x has shape {x.shape}; "
            f"write a number or an array, as in {name}=0.0 or {name}=lambda x: np.ones(x.size)"
        )
    return value


@dataclass(frozen=True)
class Point:
    """The loss `f`, the gradient `g`, and the product of the Hessian and a vector `hvp` at a point."""

    f: Any
    g: Any
    hvp: Callable[[Any], Any]


@dataclass
class Advance:
    """One step of a rule from x and `state`. The state has the entries of `initial_states`.

    `evaluate(p)` computes the loss and derivatives at a point. `values` has the numbers of the rule. `offer` has the
    other arguments that plugins may request: t, steps, grad, loss, rng.
    """

    rule: Rule
    tensors: Shapes
    state: Sequence[Any]
    values: Mapping[Key, Any]
    evaluate: Callable[[Any], Point]
    offer: Mapping[str, Any]
    _after: dict[int, list[Any]] = field(default_factory=dict)

    def __call__(self, x: Any) -> list[Any]:
        """The next x and state."""
        step = self._of_rule
        for number, transform in enumerate(self.rule.transforms, start=self._tensors):
            if transform.wraps:
                step = functools.partial(self._wrapped, transform, number, step)
        x = step(x)
        if 0 not in self._after:
            called = [
                t for n, t in enumerate(self.rule.transforms, start=self._tensors) if t.wraps and n in self._after
            ]
            raise PluginError(f"{_where(called[0])} never calls step")
        return [x, *(value for n in range(len(self._after)) for value in self._after[n])]

    @property
    def _tensors(self) -> int:
        return len(self.tensors) if self.rule.optimizer.per == "tensor" else 1

    @functools.cached_property
    def _before(self) -> list[list[Any]]:
        """The state before the step: that of the rule for each tensor, then that of each transform."""
        rest = iter(self.state)
        owners = [*[self.rule.optimizer] * self._tensors, *self.rule.transforms]
        return [[next(rest) for _ in owner.signature.state] for owner in owners]

    @functools.cached_property
    def _hyperparameters(self) -> dict[str, Any]:
        """The hyperparameters of the optimizer. The learning rate is multiplied by the factor of the schedule."""
        own, *others = self.rule.parts
        found = own.own(self.values)
        if (schedule := self.rule.schedule) is not None:
            supplied = {name: self.offer[name] for name in schedule.signature.supplied}
            options = {**others[0].own(self.values), **self.rule.schedule_choices}
            found["lr"] = found["lr"] * _factor(schedule, self.offer["t"], **supplied, **options)
        return found

    def _of_rule(self, x: Any) -> Any:
        """The step of the rule, with the gradient that the transforms have changed."""
        point = self.evaluate(x)
        g = point.g
        for number, transform in enumerate(self.rule.transforms, start=self._tensors):
            if not transform.wraps:
                g = self._apply(transform, number, x, [x, g], g, f=point.f)
        rule = self.rule.optimizer
        offer = {**self.offer, "f": point.f, "hvp": point.hvp}
        if rule.per == "tensor":
            offer = {name: value for name, value in offer.items() if name not in ("grad", "loss", "hvp")}
        if unknown := [name for name in rule.signature.supplied if name not in offer]:
            raise PluginError(f"{_where(rule)} needs {unknown[0]}, which is not available to a rule for one tensor")
        supplied = {name: offer[name] for name in rule.signature.supplied}
        parts = zip(split(x, self.tensors), split(g, self.tensors), strict=True) if rule.per == "tensor" else [(x, g)]
        updated = []
        for number, (part, slope) in enumerate(parts):
            result = rule.function(
                part, slope, *self._before[number], **supplied, **self._hyperparameters, **self.rule.choices
            )
            updated.append(self._store_state(rule, number, result, part))
        return updated[0] if updated[0].shape == x.shape else np.concatenate([part.reshape(-1) for part in updated])

    def _wrapped(self, transform: Transform, number: int, step: Callable[[Any], Any], x: Any) -> Any:
        if "lr" in transform.signature.supplied and "lr" not in self._hyperparameters:
            raise PluginError(f"{_where(transform)} needs lr, but {self.rule.optimizer.name} has none")
        f = self.evaluate(x).f if "f" in transform.signature.supplied else None
        return self._apply(transform, number, x, [x], x, step=step, f=f, lr=self._hyperparameters.get("lr"))

    def _apply(self, transform: Transform, number: int, x: Any, given: list[Any], old: Any, **more: Any) -> Any:
        """Call a transform. Returns the changed gradient, or the next x."""
        offer = {**self.offer, **more}
        supplied = {name: offer[name] for name in transform.signature.supplied}
        part = next(part for part in self.rule.parts if part.plugin is transform)
        numbers = part.own(self.values)
        result = transform.function(*given, *self._before[number], **supplied, **numbers, **part.choices)
        return self._store_state(transform, number, result, old)

    def _store_state(self, plugin: Plugin, number: int, result: Any, old: Any) -> Any:
        """The first returned value. The others are the new state, which is stored."""
        if number in self._after:
            wrapper = next(t for t in self.rule.transforms if t.wraps)
            raise PluginError(f"{_where(wrapper)} calls step more than once")
        first, *self._after[number] = checked(plugin, result, [old, *self._before[number]])
        return first


def _factor(schedule: Schedule, t: Any, **options: Any) -> Any:
    """The factor that a schedule returns for a step. Raises `PluginError` if it is not one number."""
    factor = schedule(t, **options)
    if fault := _fault(factor) or (f"an array of shape {np.shape(factor)}" if np.shape(factor) else ""):
        raise PluginError(f"{_where(schedule)} returns {fault}; end it with: return factor, a number times lr")
    return float(factor) if isinstance(factor, np.generic) else factor


def _where(plugin: Plugin | Schedule) -> str:
    return f"{location(plugin.function)}: {type(plugin).__name__.lower()} '{plugin.name}'"


def checked(plugin: Plugin, result: Any, before: Sequence[Any]) -> list[Any]:
    """The values that a rule or a transform returned. Raises `PluginError` if they do not match its signature."""
    of_gradient = isinstance(plugin, Transform) and not plugin.wraps
    names = ["g" if of_gradient else "x", *plugin.signature.state]
    form = f"return {', '.join(names)}"
    result = list(result) if isinstance(result, tuple | list) else [result]
    where = _where(plugin)
    if faults := [fault for value in result if (fault := _fault(value))]:
        raise PluginError(f"{where} returns {faults[0]}; end it with: {form}")
    if len(result) != len(names):
        returned = counted(len(result), "value")
        grammar = " (a parameter with a default before the * is state; hyperparameters follow the *)"
        hint = grammar if len(result) < len(names) else ""
        raise PluginError(f"{where} returns {returned}, but its signature needs {len(names)}: {form}{hint}")
    for name, old, new in zip(names, before, result, strict=True):
        if np.shape(new) != old.shape:
            single = np.shape(new) == () and name in plugin.signature.state
            hint = f"; a state that is a single number begins as one: {name}=lambda x: 0.0" if single else ""
            raise PluginError(
                f"{where} returns '{name}' of shape {np.shape(new)} where it was given {old.shape}; end it with: "
                f"{form}, each in the shape it came in{hint}"
            )
        if getattr(new, "dtype", old.dtype).kind == "b" != old.dtype.kind:
            raise PluginError(
                f"{where} returns '{name}' as true or false where it was given numbers; "
                "np.where(condition, a, b) makes numbers of it"
            )
    return result


def _fault(value: Any) -> str:
    """A description of a value that is not a number or an array of numbers, or an empty text."""
    if value is None:
        return "nothing (None)"
    if isinstance(value, list | tuple):
        return "a list where a number or an array belongs (np.stack makes an array of it)"
    if not hasattr(value, "dtype"):
        return "" if isinstance(value, bool | int | float) else f"a value of type {type(value).__name__}"
    return "" if value.dtype.kind in "fiub" else f"an array of type {value.dtype}"
