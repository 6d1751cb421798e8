"""Functions at a point, for `optlab explain` and `gradcheck`: problems and plain functions.

Values are Python objects, or texts from a command line.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

import numpy as np

from optlab.engine.graph import Graph
from optlab.engine.trace import trace
from optlab.errors import UserError, counted, did_you_mean, shortened
from optlab.experiments.document.axes import MAX_DIM
from optlab.plugins import code_location, registry, shorthand, validation
from optlab.plugins.problems.base import Problem

AT = "--at"
"""The name of the point in messages of the command line; from Python it is `at`."""


@dataclass(frozen=True)
class Function:
    """A function, the names of its arguments, and their values."""

    function: Callable[..., Any]
    names: Sequence[str]
    values: Sequence[Any]
    file: str = ""

    def graph(self) -> Graph:
        """The graph of the function. An exception of its code becomes a UserError."""
        try:
            return trace(self.function, *(np.asarray(value, dtype=float) for value in self.values))
        except UserError:
            raise
        except Exception as error:
            raise UserError(registry.one_line(error, self.file)) from error


# ---- values ----------------------------------------------------------------------------------------------------------


def number(what: str, given: Any) -> float:
    """Convert to a finite number. `what` names the value in messages."""
    try:
        value = float(given)
    except (TypeError, ValueError):
        shown = repr(shortened(given)) if isinstance(given, str) else shortened(repr(given))
        raise UserError(f"{what}: {shown} is no number") from None
    if not np.isfinite(value):
        raise UserError(f"{what}: {given!r} is no finite number")
    return value


def point(what: str, given: Any) -> Any:
    """Convert to finite numbers: a text with commas becomes a list, anything else an array of any shape."""
    if not isinstance(given, str):
        try:
            array = np.asarray(given, dtype=float)
        except (TypeError, ValueError):
            raise UserError(f"{what}: {shortened(repr(given))} is no number and no array of numbers") from None
        if not np.isfinite(array).all():
            raise UserError(f"{what}: {shortened(repr(given))} is not finite")
        return array
    what = f"{what} {shortened(given)}"
    return [number(what, part.strip()) for part in given.split(",")]


def value(owner: str, name: str, given: Any) -> Any:
    """The value of an option; a text is parsed as on the command line. Raises UserError if it is not finite."""
    found = shorthand.value(given) if isinstance(given, str) else given
    if isinstance(found, float) and not np.isfinite(found):
        raise UserError(f"{owner}: {name}={given}: {str(given)!r} is no finite number")
    return found


def options_of(plugin: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The checked values of the options that are given."""
    numbers, choices = validation.with_defaults(plugin, {n: value(plugin.name, n, item) for n, item in given.items()})
    return {name: {**numbers, **choices}[name] for name in given}


# ---- problems and functions ------------------------------------------------------------------------------------------


def dimension(problem: Problem, given: dict[str, Any]) -> int | None:
    """The dimension from `dim=3`, or None. Removes the entry from `given`."""
    if "dim" in problem.signature.options or "dim" not in given:
        return None
    text = str(given.pop("dim"))
    if not text.isdecimal() or len(text) >= 20 or not 1 <= int(text) <= MAX_DIM:
        raise UserError(f"{problem.name}: dim={shortened(text)} is no whole number from 1 to {MAX_DIM:,}")
    if problem.dim not in (None, int(text)):
        raise UserError(f"dim={text}: {problem.name} has {counted(problem.dim, 'parameter')}")
    return int(text)


def of_problem(problem: Problem, at: Any, given: Mapping[str, Any], called: str = AT) -> Function:
    """A problem at a point (default: its start), with the given options and dimension.

    `called` is the name of the point in messages.
    """
    name = problem.name
    if problem.trains_on_data:
        raise UserError(f"{name} is trained on data; optlab explain backprop goes through a network step by step")
    written = dict(given)
    dim = dimension(problem, written)
    options = options_of(problem, written)
    if at is None and problem.start is None:
        raise UserError(f"{name} has no start; give a point, {_example(called, 'X,Y')}")
    values = problem.start_at(dim or problem.default_dim) if at is None else _flat(point(called, at))
    if (needed := problem.dim or dim) not in (None, len(values)):
        has = f"{counted(needed, 'parameter')}{' here' * bool(dim)}, not {len(values)}"
        raise UserError(f"{called} {shortened('' if at is None else str(at))}: {name} has {has}")
    function = wraps(problem.function)(partial(problem, **options))  # so that messages show the user's name
    return Function(function, ("x",), (values,), code_location.source(problem.function)[0])


def _flat(numbers: Any) -> Any:
    return numbers if isinstance(numbers, list) else np.ravel(numbers)


def of_function(function: Callable[..., Any], at: Any, written: Mapping[str, Any], called: str = AT) -> Function:
    """A plain function. The derivative is with respect to the arguments without a default; the others are options.

    `called` is the name of the point in messages.
    """
    name, file = getattr(function, "__name__", "f"), code_location.source(function)[0]
    parameters = inspect.signature(function).parameters.values()
    starred = [p for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if starred:
        raise UserError(f"{name} takes {starred[0]}; write each argument with its own name")
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    needed = [p.name for p in parameters if p.default is p.empty]
    given = {} if at is None else _in_order(name, needed, at, called)
    options = {}
    for key, text in written.items():
        if key in defaults:
            options[key] = validation.converted(defaults[key], name, key, value(name, key, text))
        elif key in given:
            raise UserError(f"{key}={text}: {key!r} has a value from {called} already")
        elif key in needed:
            given[key] = _argument(f"{key} =", text)
        else:
            raise UserError(f"{key}={text}: {name} has no argument {key!r}{did_you_mean(key, [*needed, *defaults])}")
    missing = [key for key in needed if key not in given]
    if missing:
        for_all = f"a point, {_example(called, '1.0,2.0')}" if len(needed) == 1 else f"{called} for all of them"
        raise UserError(f"{name} needs a value for {', '.join(missing)}; add {missing[0]}=1.0, or {for_all}")
    if not needed:
        raise UserError(
            f"{name} has no argument without a default, so there is nothing to differentiate with respect to"
        )

    @wraps(function)
    def f(*values: Any) -> Any:
        return function(**dict(zip(needed, values, strict=True)), **options)

    return Function(f, needed, [given[key] for key in needed], file)


def _example(called: str, numbers: str) -> str:
    """The point as written on the command line or in Python.

    >>> _example("--at", "1,2"), _example("at", "1,2")
    ('--at 1,2', 'at=[1, 2]')
    """
    return f"{called} {numbers}" if called.startswith("-") else f"{called}=[{', '.join(numbers.split(','))}]"


def _in_order(name: str, needed: Sequence[str], at: Any, called: str) -> dict[str, Any]:
    """The values of a function's arguments from the point: a single argument gets all entries, several get one each."""
    if len(needed) == 1:
        return {needed[0]: _argument(called, at)}
    numbers = np.ravel(point(called, at)).tolist()
    if len(numbers) != len(needed):
        raise UserError(f"{called} {at}: {name} takes {len(needed)} numbers ({', '.join(needed)}), not {len(numbers)}")
    return dict(zip(needed, numbers, strict=True))


def _argument(what: str, given: Any) -> Any:
    """A number or an array; a text with commas is an array."""
    numbers = point(what, given)
    return numbers[0] if isinstance(given, str) and len(numbers) == 1 else numbers
