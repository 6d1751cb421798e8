"""What a schedule is: a factor on the learning rate, as a function of the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from optlab import signature
from optlab.signature import Signature

SUPPLIES = ("steps",)
"""What a schedule may ask the lab for: `steps`, the horizon."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """A factor on `lr`, as a function of the 1-based step `t`.

    >>> @schedule
    ... def halving(t, *, every=10.0):
    ...     '''Halve the learning rate every so many steps.'''
    ...     return 0.5 ** ((t - 1) // every)
    >>> halving(11), dict(halving.signature.options)
    (0.5, {'every': 10.0})
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    signature: Signature = field(repr=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def schedule(function: Callable[..., Any]) -> Schedule:
    """Declare a schedule: `t` in, the factor out. Raises `PluginError` where the signature does not fit."""
    return Schedule(
        name=function.__name__,
        function=function,
        signature=signature.read(
            function, kind="schedule", given=("t",), supplies=SUPPLIES, reserved=("name", "t", *SUPPLIES)
        ),
    )
