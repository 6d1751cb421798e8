"""The interface of schedules: a factor on the learning rate, as a function of the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, overload

import numpy as np

from optlab.plugins import signature
from optlab.plugins.signature import Signature

SUPPLIES = ("steps",)
"""Optional argument of a schedule, supplied by optlab: `steps`, the horizon. After it, the last value is kept."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """A factor on `lr`, as a function of the 1-based step `t`.

    A call of the schedule calls the function. A schedule with the argument `steps` is defined up to that step; at later
    steps, which occur when a rule runs longer in another package, it keeps its value at `steps`. A schedule without
    this argument has no horizon, and its formula applies at every step.

    >>> @schedule
    ... def halving(t, *, every=10.0):
    ...     '''Halve the learning rate every so many steps.'''
    ...     return 0.5 ** ((t - 1) // every)
    >>> float(halving(11)), dict(halving.signature.options)
    (0.5, {'every': 10.0})
    >>> @schedule
    ... def falling(t, *, steps):
    ...     '''Fall linearly, to a quarter at the last step.'''
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
            t = np.float64(t)  # NumPy returns infinity where Python's numbers raise OverflowError
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
    """Declare a schedule: a function of the step `t` that returns the factor.

    `ranges` are the valid values of options, as intervals: `{"every": "{1, 2, ...}"}`. `files` are files that results
    depend on, relative to the folder of the plugin's own file.

    Raises:
        PluginError: the signature is not that of a schedule.
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
