"""Validation of single values. Each message continues the name of its key: "lr" + " must be a number"."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

MAX_INT = 2**63 - 1
MAX_STEPS = 10**12
MAX_POINTS = 10**7
"""The maximum number of recorded steps per run. Their array is allocated for each sweep before it runs."""
_KINDS = {bool: "true or false", str: "texts", tuple: "lists"}


def shown(value: Any) -> str:
    """A value, as messages show it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f"the text {value[:60]!r}" + "..." * (len(value) > 60)
        case int() if abs(value) > MAX_INT:
            return "an integer beyond 64 bits"  # Python does not print the largest integers
        case int() | float():
            return str(value)
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "a table"
        case _:
            return f"the {type(value).__name__} {value}"


def number(value: Any) -> int | float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"must be a number, not {shown(value)}")
    if isinstance(value, int) and abs(value) > MAX_INT:
        raise ValueError(f"must be at most {MAX_INT} in size, not {shown(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"must be finite, not {value}")
    return value


def scalar(value: Any) -> bool | int | float | str:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return number(value)
    raise ValueError(f"must be a number, a string, true or false, not {shown(value)}")


def entry(value: Any) -> Any:
    """An entry of an axis: a scalar, or a list of them."""
    return of_one_kind(map(scalar, value)) if isinstance(value, list) else scalar(value)


def of_one_kind(values: Iterable[Any]) -> tuple[Any, ...]:
    values = tuple(values)
    kinds = sorted({_KINDS.get(type(value), "numbers") for value in values})
    if len(kinds) > 1:
        raise ValueError(f"must hold values of one kind, not {' and '.join(kinds)}")
    return values


def point(coordinates: list[float]) -> tuple[float, ...]:
    if not coordinates:
        raise ValueError("must not be empty")
    return tuple(coordinates)


def bounds(value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"must be a list of two numbers, [lo, hi], not {shown(value)}")
    lo, hi = map(number, value)
    if lo >= hi:
        raise ValueError(f"must be [lo, hi] with lo below hi, not [{lo}, {hi}]")
    return lo, hi


def integers(value: Any) -> tuple[int, int]:
    lo, hi = bounds(value)
    if not isinstance(lo, int) or not isinstance(hi, int):
        raise ValueError(f"must be a list of two integers, [lo, hi], not [{lo}, {hi}]")
    return lo, hi


def entries(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"must be a list of values, not {shown(value) if value != [] else 'an empty list'}")
    return [entry(one) for one in value]


FORMS = {
    "zip": 'must be a list of lists of names, as in [["lr", "beta"]]',
    "trials": "must be a list of tables, as in [{ lr = 0.1, beta = 0.9 }, { lr = 0.01, beta = 0.99 }]",
}
"""How the keys of an optimizer are written that may also be hyperparameters of a rule."""


def joined(value: Any) -> tuple[tuple[str, ...], ...]:
    """The names of axes that go together: a list of lists of names."""
    form = FORMS["zip"]
    if not isinstance(value, list) or not all(isinstance(names, list) for names in value):
        raise ValueError(f"{form}, not {shown(value)}")
    for names in value:
        if len(names) < 2 or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{form}, each with at least two names")
    return tuple(tuple(names) for names in value)


def rows(value: Any) -> tuple[dict[str, Any], ...]:
    """The rows of a table of settings. A nested table is a name with a dot: `schedule.end`."""
    form = FORMS["trials"]
    if not isinstance(value, list) or not value or not all(isinstance(row, dict) and row for row in value):
        raise ValueError(f"{form}, not {shown(value)}")
    return tuple({name: entry(one) for name, one in _flat(row)} for row in value)


def _flat(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def above_0(limit: float) -> float:
    if limit <= 0:
        raise ValueError(f"must be above 0, not {limit}")
    return float(limit)


def positive(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] <= 0 or pair[1] > 1e300:
        raise ValueError(f"must have both bounds above 0 and at most 1e300, not [{pair[0]}, {pair[1]}]")
    return pair


def printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"must be printable and on one line, not {shown(text)}")
    return text
