"""The interface of an optimizer of another package: its options, and functions that run it on NumPy arrays."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.errors import counted
from optlab.plugins.optimizers.base import Optimizer
from optlab.plugins.signature import Signature

Array = NDArray[Any]
Arguments = Mapping[str, Any]
Shapes = tuple[tuple[int, ...], ...]
Value = Callable[[Array], float]
"""The loss at a point."""
Look = Callable[[Array], tuple[float, Array]]
"""The loss and the gradient at a point. It raises an exception to end a run."""
Product = Callable[[Array, Array], Array]
"""The Hessian at a point times a vector. It raises an exception to end a run."""
Step = Callable[[Look, float], Array]
"""One update with a factor on the learning rate. It returns the next x."""


def gradient(x: Any, g: Any, *, t: Any, **options: Any) -> Any:
    """The update rule of a foreign optimizer for tracing. It returns g, so only the loss and gradient are traced.

    It takes `t` because a foreign optimizer may depend on more than x and g.
    """
    return g


@dataclass(frozen=True, eq=False)
class Foreign(Optimizer):
    """An optimizer of another package.

    An optimizer with single steps has `begin(x, tensors, arguments)`, which returns its `Step`; `tensors` are the
    shapes in which the package gets x. An optimizer that chooses the points of its gradients itself has `minimize(x,
    arguments, budget, value, look, product)`, which returns the x that it found; `budget` is the number of gradients.
    """

    package: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    begin: Callable[[Array, Shapes, Arguments], Step] | None = None
    minimize: Callable[[Array, Arguments, int, Value, Look, Product], Array] | None = None

    def arguments(self, numbers: Mapping[str, float], choices: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments for the package: all numbers that are not NaN, and choices that differ from its defaults."""
        own = self.signature.choices
        given = {name: float(value) for name, value in numbers.items() if not math.isnan(value)}
        return given | {name: value for name, value in choices.items() if value != own[name]}

    def complaint(self, numbers: Mapping[str, float], choices: Mapping[str, Any]) -> str:
        """The error message of the package for these options in a trial on a quadratic, or an empty string."""
        for name, value in choices.items():
            own = self.signature.choices[name]
            if isinstance(own, list | tuple) and isinstance(value, list | tuple) and own and len(value) != len(own):
                return f"{self.name}: '{name}' takes {counted(len(own), 'value')}, as in {list(own)}, not {len(value)}"
        arguments, x, left = self.arguments(numbers, choices), np.array([1.0, 2.0]), [3]

        def look(p: Array) -> tuple[float, Array]:
            left[0] -= 1
            if left[0] < 0:
                raise _Enough
            return float(p @ p) / 2, p.copy()

        def product(p: Array, v: Array) -> Array:
            look(p)
            return v.copy()

        try:
            with np.errstate(all="ignore"):
                if self.minimize is not None:
                    self.minimize(x, arguments, 3, lambda p: float(p @ p) / 2, look, product)
                elif self.begin is not None:
                    self.begin(x, ((2,),), arguments)(look, 1.0)
        except _Enough:
            return ""
        except Exception as error:  # the package may raise any exception
            return f"{self.name} cannot be used like this: {str(error).partition(chr(10))[0] or type(error).__name__}"
        return ""


class _Enough(Exception):
    """Ends a trial."""


def described(package: str, name: str, options: Signature, packages: Iterable[str], **drive: Any) -> Foreign:
    """A foreign optimizer with the versions of the packages that affect its results."""
    versions = {one: version(one) for one in packages}
    return Foreign(f"{package}:{name}", gradient, options, package=package, versions=versions, **drive)


def options(parameters: Iterable[inspect.Parameter], leave_out: Collection[str]) -> Signature:
    """The options of a signature, divided into numbers and choices as for optlab's rules.

    An integer is a number if the annotation allows a float. None is also a number in this case: it is stored as NaN and
    not passed to the package. If the annotation allows a string, None is stored as an empty string.
    """
    numbers: dict[str, float] = {}
    choices: dict[str, Any] = {}
    for p in parameters:
        default, annotation = p.default, str(p.annotation)
        if p.name in leave_out or default is p.empty:
            continue
        if isinstance(default, bool):
            choices[p.name] = default
        elif isinstance(default, float | int) and (isinstance(default, float) or "float" in annotation):
            numbers[p.name] = float(default)
        elif default is None and "float" in annotation:
            numbers[p.name] = math.nan
        elif default is None and "str" in annotation:
            choices[p.name] = ""
        elif type(default) in (int, str, list, tuple):
            choices[p.name] = default
    return Signature({}, numbers, choices, ("t",))
