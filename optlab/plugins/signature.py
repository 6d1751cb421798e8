"""The grammar of a plugin function, read from its signature.

    def adam(x, g, m=0.0, v=0.0, *, t, lr=1e-3, amsgrad=False)
             ────  ────────────     ─  ───────  ─────────────
             given    state   supplied  number      choice

- Positional without a default: a *given* argument. The kind of plugin determines their order.
- Positional with a default: a *state*. The default is its initial value: a number, or a function of x. The function
  may have choices as further arguments (`lambda x, history: ...`).
- Keyword-only without a default: an argument that optlab has *supplied*.
- Keyword-only with a float as default: a *number*. Its values vary along the run axis, so that a grid of values is one
  sweep.
- Keyword-only with any other default (integer, boolean, text, list): a *choice*. It may change the graph, so that each
  value is a separate sweep.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from optlab.errors import PluginError, UserError, did_you_mean, shortened
from optlab.plugins import source_files
from optlab.plugins.code_location import location, source
from optlab.plugins.interval import AllowedRange

T = TypeVar("T")
_SUSPENDED = (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction)


@dataclass(frozen=True)
class Signature:
    """The arguments of a plugin function. The docstring of the module defines the terms."""

    state: Mapping[str, Any]
    numbers: Mapping[str, float]
    choices: Mapping[str, Any]
    supplied: tuple[str, ...]
    ranges: Mapping[str, AllowedRange] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    """The paths of the declared files that its results depend on."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The numbers and the choices that a user may set, with their defaults."""
        return MappingProxyType({**self.numbers, **self.choices})

    def out_of_range(self, owner: str, name: str, value: Any) -> str:
        """What is wrong with the value of an option, or an empty text."""
        allowed = self.ranges.get(name)
        if allowed is None or isinstance(value, bool | str) or value in allowed:
            return ""
        if allowed.is_whole and allowed.low < value < allowed.high:
            return f"{owner}: '{name}' must be a whole number, not {value!r}"
        return f"{owner}: '{name}' must lie in {allowed}, not {value:g}"


def read(
    function: Callable[..., Any],
    *,
    kind: str,
    given: tuple[str, ...],
    supplies: Collection[str] = (),
    may_hold_state: bool = False,
    reserved: Collection[str] = (),
    ranges: Mapping[str, str] = MappingProxyType({}),
    files: Sequence[str] = (),
) -> Signature:
    """The signature of a plugin function. Raises `PluginError` with the file, the line and the right form.

    >>> def adam(x, g, m=0.0, *, t, lr=1e-3, amsgrad=False): ...
    >>> s = read(adam, kind="optimizer", given=("x", "g"), supplies={"t"}, may_hold_state=True)
    >>> dict(s.state), dict(s.numbers), dict(s.choices), s.supplied
    ({'m': 0.0}, {'lr': 0.001}, {'amsgrad': False}, ('t',))
    """
    check_is_function(function, kind, given, may_hold_state)
    name = function.__name__
    form = _form(name, given, may_hold_state)

    def wrong(what: str) -> PluginError:
        return PluginError(f"{location(function)}: {kind} '{name}' {what}; write it as: {form}")

    if not name.isidentifier():
        article = "an" if kind.startswith("o") else "a"
        raise PluginError(f"{location(function)}: {article} {kind} needs a name of its own: write it with def")
    if any(is_one(function) for is_one in _SUSPENDED):
        raise wrong("yields or awaits; end it with return")
    leading, state, numbers, choices, supplied = [], {}, {}, {}, []
    for p in inspect.signature(function).parameters.values():
        default = p.default.item() if isinstance(p.default, np.generic) else p.default
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            raise wrong(f"takes {p}, but every argument needs a name of its own")
        if p.kind is not p.KEYWORD_ONLY:
            if default is p.empty:
                leading.append(p.name)
            elif may_hold_state:
                state[p.name] = default
            else:
                raise wrong(f"takes '{p.name}' by position with a default; put options after a *")
        elif default is p.empty:
            if p.name not in supplies:
                guess = did_you_mean(p.name, supplies) or " (give it a default to make it an option)"
                offer = ", ".join(sorted(supplies)) or "nothing"
                raise wrong(f"needs '{p.name}', but optlab supplies only: {offer}{guess}")
            supplied.append(p.name)
        elif p.name in reserved:
            raise wrong(f"has an option '{p.name}', a name that optlab uses itself")
        elif fault := _fault_of_option(p.name, default):
            raise wrong(fault)
        elif isinstance(default, float):
            numbers[p.name] = default
        else:
            choices[p.name] = default
    if tuple(leading) != given:
        raise wrong(f"takes ({', '.join(leading)}) by position instead of ({', '.join(given)})")
    for held, default in state.items():
        if fault := _fault_of_state(held, default, supplies, choices):
            raise wrong(fault)
    try:
        intervals = _intervals(ranges, {**numbers, **choices})
    except ValueError as error:
        raise wrong(str(error)) from None
    try:
        paths = source_files.declared(Path(source(function)[0]).absolute().parent, files)
    except ValueError as error:
        raise PluginError(f"{location(function)}: {kind} '{name}' {error}") from None
    return Signature(
        MappingProxyType(state),
        MappingProxyType(numbers),
        MappingProxyType(choices),
        tuple(supplied),
        MappingProxyType(intervals),
        paths,
    )


def check_is_function(function: Any, kind: str, given: tuple[str, ...], may_hold_state: bool = False) -> None:
    """Raise `PluginError` if a decorator is not applied to a function."""
    if not inspect.isfunction(inspect.unwrap(function)):
        what = "a class" if inspect.isclass(function) else f"a value of type {type(function).__name__}"
        form = _form("name", given, may_hold_state)
        raise PluginError(f"@{kind} decorates a function, not {what}; write it as: {form}")


def _form(name: str, given: tuple[str, ...], may_hold_state: bool) -> str:
    """The form of the `def` of a plugin."""
    return f"def {name}({', '.join([*given, *['state=0.0'] * may_hold_state, '*', 'option=1.0'])})"


def _fault_of_state(name: str, default: Any, supplies: Collection[str], choices: Collection[str]) -> str:
    """What is wrong with a state and its initial value, or an empty text."""
    if name in supplies:
        return (
            f"has a state '{name}', a name that optlab uses itself; "
            f"to get optlab's {name}, put it after a * without a default"
        )
    if callable(default):
        try:
            choices_asked(default, choices)
        except TypeError:
            what = "needs more than x and choices"
        else:
            return ""
    elif isinstance(default, bool | int | float | np.ndarray):
        return ""
    else:
        what = f"is of type {type(default).__name__}"
    form = f"as in {name}=0.0 or {name}=lambda x: np.ones(x.size)"
    return f"has a state '{name}' whose initial value {what}; it is a number or a function of x, {form}"


def choices_asked(function: Callable[..., Any], choices: Collection[str]) -> list[str]:
    """The names of the choices that the function of a state takes in addition to x.

    Raises:
        TypeError: the function needs other arguments.

    >>> choices_asked(lambda x, history, scale=1.0: x, ["history", "nesterov"])
    ['history']
    """
    try:
        read = inspect.signature(function)
    except ValueError:  # a function written in C, which has no signature
        return []
    asked = [name for name in list(read.parameters)[1:] if name in choices]
    read.bind(None, **dict.fromkeys(asked))
    return asked


def _fault_of_option(name: str, default: Any) -> str:
    """What is wrong with the default of an option, or an empty text."""
    if isinstance(default, float) and math.isnan(default):
        return f"has an option '{name}' whose default is nan, not a number"
    if isinstance(default, str) and (meant := _number_in(default)):
        return f"has an option '{name}' whose default is the text {default!r}; write {name}={meant}"
    if not _is_plain(default):
        within = " with something else in it" if isinstance(default, list | tuple) else ""
        return (
            f"has an option '{name}' whose default is of type {type(default).__name__}{within}; "
            "a default is a number, a boolean, a string or a list"
        )
    return ""


def _number_in(text: str) -> str:
    """The finite number in a string, or an empty string. Words such as "inf" are not numbers here."""
    try:
        return text.strip() if math.isfinite(float(text)) else ""
    except ValueError:
        return ""


def _is_plain(value: Any) -> bool:
    """Whether a value can be written in an experiment file: a number, a boolean, a string, or a list of these."""
    return (
        all(map(_is_plain, value)) if isinstance(value, list | tuple) else isinstance(value, bool | int | float | str)
    )


def _intervals(ranges: Mapping[str, str], options: Mapping[str, Any]) -> dict[str, AllowedRange]:
    """The declared ranges. Raises `ValueError` if one is not valid."""
    if not isinstance(ranges, Mapping):
        raise ValueError('takes ranges as a dictionary, as in ranges={"lr": "(0, inf)"}')
    intervals: dict[str, AllowedRange] = {}
    for name, text in ranges.items():
        if name not in options:
            raise ValueError(f"declares a range of '{name}', which is not one of its options")
        if isinstance(options[name], bool) or not isinstance(options[name], int | float):
            raise ValueError(f"declares a range of '{name}', which is not a number")
        try:
            intervals[name] = AllowedRange.read(text)
        except ValueError as error:
            raise ValueError(f"declares a range of '{name}' that cannot be read: {error}") from None
        if options[name] not in intervals[name]:
            raise ValueError(f"has the default {name}={options[name]}, which does not lie in its range {text}")
    return intervals


def unknown_option(owner: str, name: str, known: Collection[str]) -> UserError:
    """The error for an option that a plugin does not have."""
    guess = did_you_mean(name, known) or (f"; it has {', '.join(known)}" if known else "; it has no options")
    return UserError(f"{owner} has no option '{name}'{guess}")


def pick(owner: str, option: str, table: Mapping[str, T], name: str) -> T:
    """The entry of a table with the name of a choice. Raises `UserError` with all names if there is none.

    >>> pick("descent", "step", {"long": 1, "short": 2}, "short")
    2
    """
    if name not in table:
        raise UserError(f"{owner} has no {option} {name!r}{did_you_mean(name, table)}; there are {', '.join(table)}")
    return table[name]


def as_number(owner: str, name: str, value: Any) -> float:
    """The value as a float. Raises `UserError` if it is not a number."""
    if isinstance(value, bool | np.bool | str) or np.ndim(value) != 0:
        raise UserError(f"{owner}: '{name}' takes a number, not {shown(value)}")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UserError(f"{owner}: '{name}' takes a number, not {shown(value)}") from None
    except OverflowError:  # not shown, because Python refuses to print very large integers
        raise UserError(f"{owner}: '{name}' takes a number, not an integer beyond 1e308") from None


def shown(value: Any) -> str:
    """The form of a value in a message.

    >>> shown("x"), shown(True), shown((1, 2)), shown(0.5)
    ("the text 'x'", 'true', '[1, 2]', '0.5')
    """
    if isinstance(value, str):
        return f"the text {shortened(value)!r}"
    if isinstance(value, bool):
        return str(value).lower()
    return shortened(str(list(value) if isinstance(value, tuple) else value))


def summary(function: Callable[..., Any]) -> str:
    """The first line of the docstring, or an empty string."""
    return (inspect.getdoc(function) or "").partition("\n")[0].strip()
