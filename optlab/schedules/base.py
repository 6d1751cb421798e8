"""What a schedule is: a factor on the learning rate, as a function of the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, overload

import numpy as np

from optlab import signature
from optlab.signature import Signature

SUPPLIES = ("steps",)
"""What a schedule may ask the lab for: `steps`, the horizon. Beyond it, such a schedule keeps its last value."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """A factor on `lr`, as a function of the 1-based step `t`.

    Calling it calls the function. A schedule that asks for `steps` is defined up to that step; at later steps, which
    come when a rule trains on elsewhere, its value at `steps` is held. Any other schedule has no horizon, and its
    formula holds at every step.

    >>> @schedule
    ... def halving(t, *, every=10.0):
    ...     '''Halve the learning rate every so many steps.'''
    ...     return 0.5 ** ((t - 1) // every)
    >>> float(halving(11)), dict(halving.signature.options)
    (0.5, {'every': 10.0})
    >>> @schedule
    ... def falling(t, *, steps):
    ...     '''Fall in a line, to a quarter at the last step.'''
    ...     return 1 - 0.75 * (t - 1) / (steps - 1)
    >>> [float(falling(t, steps=4)) for t in (1, 4, 5, 400)]
    [1.0, 0.25, 0.25, 0.25]
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    signature: Signature = field(repr=False)

    def __call__(self, t: Any, **given: Any) -> Any:
        if "steps" in given:
            t = np.minimum(t, given["steps"])
        elif isinstance(t, int | float):
            t = np.float64(t)  # whose powers and quotients are infinite, where those of Python's numbers raise
        return self.function(t, **given)


@overload
def schedule(function: Callable[..., Any]) -> Schedule: ...
@overload
def schedule(
    *, ranges: Mapping[str, str] = ..., files: Sequence[str] = ...
) -> Callable[[Callable[..., Any]], Schedule]: ...
def schedule(
    function: Callable[..., Any] | None = None,
    *,
    ranges: Mapping[str, str] = MappingProxyType({}),
    files: Sequence[str] = (),
) -> Schedule | Callable[[Callable[..., Any]], Schedule]:
    """Declare a schedule: `t` in, the factor out. Raises `PluginError` where the signature does not fit.

    `ranges` are the values that options may have, as intervals: `{"every": "[1, inf)"}`; `files` those that results
    depend on, relative to the folder of the plugin's own file.
    """

    def declare(factor: Callable[..., Any]) -> Schedule:
        read = signature.read(
            factor,
            kind="schedule",
            given=("t",),
            supplies=SUPPLIES,
            reserved=("name", "t", *SUPPLIES),
            ranges=ranges,
            files=files,
        )
        return Schedule(name=factor.__name__, function=factor, signature=read)

    return declare if function is None else declare(function)
