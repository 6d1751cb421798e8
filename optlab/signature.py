"""The grammar of a plugin function, read from its signature.

    def adam(x, g, m=0.0, v=0.0, *, t, lr=1e-3, amsgrad=False)
             ────  ────────────     ─  ───────  ─────────────
             given    state   supplied  number      choice

- positional without a default: what the function is *given*, in the order its kind prescribes;
- positional with a default: *state*, the default being its initial value: a number, or a function of x, which may
  take choices by their names as well (`lambda x, history: ...`);
- keyword-only without a default: *supplied* by the lab;
- keyword-only with a float as default: a *number*. It lies along the run axis, so a whole grid of values is
  one sweep;
- keyword-only with any other default (integer, boolean, text, list): a *choice*. It shapes the computation
  itself, so another value is another sweep.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from optlab.errors import PluginError, UserError, did_you_mean
from optlab.ranges import Range

T = TypeVar("T")


@dataclass(frozen=True)
class Signature:
    """What a plugin function takes; see the module's text for the words."""

    state: Mapping[str, Any]
    numbers: Mapping[str, float]
    choices: Mapping[str, Any]
    supplied: tuple[str, ...]
    ranges: Mapping[str, Range] = field(default_factory=dict)

    @property
    def options(self) -> Mapping[str, Any]:
        """Everything a user may set, with its default, in the order of the signature."""
        return MappingProxyType({**self.numbers, **self.choices})

    def out_of_range(self, owner: str, name: str, value: Any) -> str:
        """What is wrong with the value of an option, or nothing."""
        allowed = self.ranges.get(name)
        if allowed is None or isinstance(value, bool | str) or value in allowed:
            return ""
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
) -> Signature:
    """The signature of a plugin function, or a `PluginError` that names the file, the line and the right form.

    >>> def adam(x, g, m=0.0, *, t, lr=1e-3, amsgrad=False): ...
    >>> s = read(adam, kind="optimizer", given=("x", "g"), supplies={"t"}, may_hold_state=True)
    >>> dict(s.state), dict(s.numbers), dict(s.choices), s.supplied
    ({'m': 0.0}, {'lr': 0.001}, {'amsgrad': False}, ('t',))
    """
    form = f"def {function.__name__}({', '.join(given)}{', state=0.0' if may_hold_state else ''}, *, option=1.0)"

    def wrong(what: str) -> PluginError:
        return PluginError(f"{location(function)}: {kind} '{function.__name__}' {what}; the form is: {form}")

    if not function.__name__.isidentifier():
        raise PluginError(f"{location(function)}: a {kind} needs a name of its own: write it with def")
    leading, state, numbers, choices, supplied = [], {}, {}, {}, []
    for p in inspect.signature(function).parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            raise wrong(f"takes {p}, but every argument needs a name of its own")
        if p.kind is not p.KEYWORD_ONLY:
            if p.default is p.empty:
                leading.append(p.name)
            elif may_hold_state:
                state[p.name] = p.default
            else:
                raise wrong(f"takes '{p.name}' by position with a default; put options after a *")
        elif p.default is p.empty:
            if p.name not in supplies:
                guess = did_you_mean(p.name, supplies) or " (give it a default to make it an option)"
                offer = ", ".join(sorted(supplies)) or "nothing"
                raise wrong(f"asks for '{p.name}', and the lab supplies only: {offer}{guess}")
            supplied.append(p.name)
        elif p.name in reserved:
            raise wrong(f"has an option '{p.name}', a name the lab uses itself")
        elif isinstance(p.default, float):
            numbers[p.name] = p.default
        elif isinstance(p.default, bool | int | str | list | tuple):
            choices[p.name] = p.default
        else:
            kind_of_default = type(p.default).__name__
            raise wrong(
                f"has an option '{p.name}' whose default is of type {kind_of_default}; "
                "a default is a number, a boolean, a text or a list"
            )
    if tuple(leading) != given:
        raise wrong(f"takes ({', '.join(leading)}) by position instead of ({', '.join(given)})")
    for name, default in state.items():
        for asked in choices_of_default(default):
            if asked not in choices:
                guess = did_you_mean(asked, choices) or f"; {', '.join(choices) or 'nothing'} may be asked for"
                raise wrong(f"has a state '{name}' that starts from '{asked}', which is no choice of it{guess}")
    options = {**numbers, **choices}
    intervals: dict[str, Range] = {}
    for name, text in ranges.items():
        if name not in options:
            raise wrong(f"declares a range of '{name}', which is no option of it")
        try:
            intervals[name] = Range.read(text)
        except ValueError as error:
            raise wrong(f"declares a range of '{name}' that cannot be read: {error}") from None
        if options[name] not in intervals[name]:
            raise wrong(f"has the default {name}={options[name]}, which does not lie in its range {text}")
    return Signature(
        MappingProxyType(state),
        MappingProxyType(numbers),
        MappingProxyType(choices),
        tuple(supplied),
        MappingProxyType(intervals),
    )


def choices_of_default(default: Any) -> tuple[str, ...]:
    """The choices that a state's default takes besides x, by their names.

    >>> choices_of_default(lambda x, history: np.zeros((history, x.size)))
    ('history',)
    >>> choices_of_default(0.0), choices_of_default(np.zeros_like)
    ((), ())
    """
    try:
        _, *others = inspect.signature(default).parameters.values()
    except (TypeError, ValueError):  # a number, or a function that has no signature to be read
        return ()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(p.name for p in others if p.kind in named and p.default is p.empty)


def start_of(default: Callable[..., Any], x: Any, choices: Mapping[str, Any]) -> Any:
    """The state that a default makes of x, given the choices it takes."""
    return default(x, **{name: choices[name] for name in choices_of_default(default)})


def unknown_option(owner: str, name: str, known: Collection[str]) -> UserError:
    """The error for an option that a plugin does not have."""
    guess = did_you_mean(name, known) or (f"; it has {', '.join(known)}" if known else "; it has no options")
    return UserError(f"{owner} has no option '{name}'{guess}")


def pick(owner: str, option: str, table: Mapping[str, T], name: str) -> T:
    """The entry of a table that a choice names, or a `UserError` that says which there are.

    >>> pick("descent", "step", {"long": 1, "short": 2}, "short")
    2
    """
    if name not in table:
        raise UserError(f"{owner} has no {option} {name!r}{did_you_mean(name, table)}; there are {', '.join(table)}")
    return table[name]


def as_number(owner: str, name: str, value: Any) -> float:
    """The value of a number, or a `UserError` that says it is none."""
    if isinstance(value, bool | str) or np.ndim(value) != 0:
        shown = f"the text {value!r}" if isinstance(value, str) else str(value)
        raise UserError(f"{owner}: '{name}' takes a number, not {shown}")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UserError(f"{owner}: '{name}' takes a number, not {value!r}") from None


def summary(function: Callable[..., Any]) -> str:
    """The first line of the docstring, or an empty string."""
    return (inspect.getdoc(function) or "").partition("\n")[0].strip()


def source(function: Callable[..., Any]) -> tuple[str, int]:
    """The file that holds a function, and the line of its first decorator or `def`."""
    code = inspect.unwrap(function).__code__
    return code.co_filename, code.co_firstlineno


def location(function: Callable[..., Any]) -> str:
    """`file:line` of a function."""
    file, line = source(function)
    return f"{file}:{line}"
