"""Plain functions as problems."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from optlab.errors import PluginError
from optlab.plugins import code_location
from optlab.plugins.problems.base import Problem
from optlab.plugins.signature import Signature


def function_name(function: Callable[..., Any]) -> str:
    """The name of a function as a problem. A function without a name, like a lambda, is called "objective"."""
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else "objective"


def from_function(function: Callable[..., Any]) -> Problem:
    """A plain function as a problem without a domain and a start.

    Arguments without a default are the parameters. A single one is the vector x; several are one number each. Arguments
    whose default is a number, a string, a boolean or a list are options.

    Raises:
        PluginError: the function has no argument without a default, or takes *args or **kwargs.

    >>> import numpy as np
    >>> def bowl(a, b, scale=2.0):
    ...     return scale * (a**2 + b**2)
    >>> made = from_function(bowl)
    >>> made.name, made.dim, dict(made.signature.numbers), float(made(np.array([1.0, 2.0]), scale=3.0))
    ('bowl', 2, {'scale': 2.0}, 15.0)
    """
    name = function_name(function)
    if not hasattr(inspect.unwrap(function), "__code__"):
        raise PluginError(f"{function!r} is not a Python function; write one that calls it: def f(x): ...")
    where = f"{code_location.location(function)}: function '{name}'"
    parameters = inspect.signature(function).parameters.values()
    if starred := [p for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]:
        raise PluginError(f"{where} takes {starred[0]}, but every argument needs its own name")
    needed = [p.name for p in parameters if p.default is p.empty]
    if not needed:
        raise PluginError(f"{where} has no argument without a default, so there is nothing to differentiate by")

    @functools.wraps(function)  # so that messages show the user's name and line
    def of_vector(x: Any, **options: Any) -> Any:
        values = [x] if len(needed) == 1 else [x[i] for i in range(len(needed))]
        return function(**dict(zip(needed, values, strict=True)), **options)

    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    numbers = {key: value for key, value in defaults.items() if type(value) is float}
    choices = {key: value for key, value in defaults.items() if type(value) in (bool, int, str, tuple, list)}
    read = Signature({}, MappingProxyType(numbers), MappingProxyType(choices), ())
    dim = len(needed) if len(needed) > 1 else None
    return Problem(name, of_vector, read, None, None, (), dim, None, {})
