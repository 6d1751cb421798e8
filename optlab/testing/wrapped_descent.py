"""Transforms and schedules as rules: gradient descent with the transform or the schedule.

So the checks for rules apply to them too: they change nothing in place, keep nothing outside their state, can be
traced, compute the same numbers in a batch, and so on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.schedules.base import Schedule
from optlab.plugins.signature import Signature
from optlab.plugins.transforms.base import Transform

LR = 0.01
"""The learning rate of gradient descent, the same as the default of `gd`."""

Checked = Optimizer | Transform | Schedule


@dataclass(frozen=True, eq=False)
class WrappedDescent(Optimizer):
    """Gradient descent with a transform or a schedule, whose name, states and options it has."""

    plugin: Transform | Schedule | None = None

    @property
    def returns(self) -> str:
        """The name of the first value that the function returns."""
        if isinstance(self.plugin, Schedule):
            return "factor"
        return "x" if isinstance(self.plugin, Transform) and self.plugin.wraps else "g"


@functools.lru_cache(maxsize=8)
def as_rule(plugin: Checked) -> Optimizer:
    """An optimizer unchanged; a transform or a schedule as the rule of gradient descent with it.

    >>> from optlab.plugins.transforms.clip_value import clip_value
    >>> [float(x) for x in as_rule(clip_value)(5.0, 3.0, lr=0.5, limit=1.0)]
    [4.5]
    """
    if isinstance(plugin, Optimizer):
        return plugin
    if isinstance(plugin, Schedule):
        return _around(plugin, _scheduled(plugin), ("t",), {})
    function = _whole_step(plugin) if plugin.wraps else _of_gradient(plugin)
    return _around(plugin, function, ("grad",) if plugin.wraps else (), plugin.signature.state)


def _around(
    plugin: Transform | Schedule, function: Callable[..., Any], more: tuple[str, ...], state: Mapping[str, Any]
) -> WrappedDescent:
    own = plugin.signature
    supplied = tuple(name for name in own.supplied if name not in ("step", "lr"))
    signature = Signature(state, {"lr": LR, **own.numbers}, own.choices, tuple({*supplied, *more}), own.ranges)
    return WrappedDescent(plugin.name, function, signature, plugin=plugin)


def _of_gradient(plugin: Transform) -> Callable[..., Any]:
    @functools.wraps(plugin.function)
    def rule(x: Any, g: Any, *state: Any, lr: Any = LR, **given: Any) -> Any:
        first, *rest = _listed(plugin.function(x, g, *state, **given))
        return [first if first is None else x - lr * first, *rest]

    return rule


def _whole_step(plugin: Transform) -> Callable[..., Any]:
    takes_lr = "lr" in plugin.signature.supplied

    @functools.wraps(plugin.function)
    def rule(x: Any, g: Any, *state: Any, grad: Any, lr: Any = LR, **given: Any) -> Any:
        def step(p: Any) -> Any:
            return p - lr * (g if p is x else grad(p))

        return _listed(plugin.function(x, *state, step=step, **given, **({"lr": lr} if takes_lr else {})))

    return rule


def _scheduled(plugin: Schedule) -> Callable[..., Any]:
    takes_steps = "steps" in plugin.signature.supplied

    @functools.wraps(plugin.function)
    def rule(x: Any, g: Any, *, t: Any, lr: Any = LR, steps: Any = None, **given: Any) -> Any:
        return x - lr * plugin.function(t, **given, **({"steps": steps} if takes_steps else {})) * g

    return rule


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple | list) else [result]
