"""The values of one option, and the forms in which they may be written."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    Strict,
    Tag,
    ValidationInfo,
)

from optlab.errors import did_you_mean
from optlab.experiments.document import values

MAX_VALUES = 1_000_000
"""The maximum number of values in all grids of a file together. The plan limits the number of their combinations."""

MAX_DIM = 1_000_000


@dataclass(frozen=True)
class Interval:
    """A range from which values are drawn: "log_uniform", "uniform" or "integers", from low to high."""

    form: str
    low: float
    high: float


@dataclass(frozen=True)
class Axis:
    """The values of one option of a problem, an optimizer or a schedule. Lists are represented as tuples.

    `listed` distinguishes `[0.1]` from `0.1`. If the option itself is a list, a flat list may be meant as one value.
    `interval` is the range to draw values from; `values` are then its ends.
    """

    values: tuple[Any, ...]
    listed: bool = False
    interval: Interval | None = field(default=None, repr=False)

    def as_single(self) -> Axis:
        """The axis with the written list as its only value; the axis itself if the option was not a flat list.

        >>> Axis((64, 32), listed=True).as_single()
        Axis(values=((64, 32),), listed=False)
        """
        is_flat = self.listed and not any(isinstance(value, tuple) for value in self.values)
        return Axis((self.values,)) if is_flat else self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return handler.generate_schema(_Written)


def linear_values(lo: float, hi: float, num: int) -> tuple[float, ...]:
    """Evenly spaced values, each rounded once to the nearest float: 0.3, never 0.30000000000000004.

    >>> linear_values(0.0, 0.4, 5)
    (0.0, 0.1, 0.2, 0.3, 0.4)
    """
    first, last = Fraction(str(lo)), Fraction(str(hi))  # the decimals as written
    parts, unit = num - 1, math.lcm(first.denominator, last.denominator)
    a, b = int(first * unit), int(last * unit)
    return tuple((a * (parts - i) + b * i) / (unit * parts) for i in range(num))  # a quotient of integers rounds once


def log_values(lo: float, hi: float, num: int) -> tuple[float, ...]:
    """Logarithmically spaced values, rounded to twelve digits between the ends: 0.001, never 0.0010000000000000002.

    >>> log_values(1e-5, 1e-1, 5)
    (1e-05, 0.0001, 0.001, 0.01, 0.1)
    """
    lo, hi = float(lo), float(hi)
    first, step = math.log10(lo), (math.log10(hi) - math.log10(lo)) / (num - 1)
    inner = [float(f"{10.0 ** (first + step * i):.12g}") for i in range(1, num - 1)]
    return (lo, *[lo if value < lo else hi if value > hi else value for value in inner], hi)


_Bounds = Annotated[Any, PlainValidator(values.bounds, json_schema_input_type=tuple[float, float])]


@dataclass(kw_only=True)
class Grid:
    """Logarithmically (log) or evenly (linear) spaced values from lo to hi."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    log: Annotated[_Bounds, AfterValidator(values.positive)] = None
    linear: _Bounds = None
    num: Annotated[int, Strict(), Field(ge=2, le=MAX_VALUES)]


@dataclass(kw_only=True)
class Range:
    """Values to draw for tuning: evenly between the logarithms of lo and hi, evenly between lo and hi, integers from lo
    to hi, or one of a list."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    log_uniform: Annotated[_Bounds, AfterValidator(values.positive)] = None
    uniform: _Bounds = None
    integers: Annotated[Any, PlainValidator(values.integers, json_schema_input_type=tuple[int, int])] = None
    choice: Annotated[Any, PlainValidator(values.entries, json_schema_input_type=list[Any])] = None


RANGES = tuple(f.name for f in fields(Range))
"""The keys of a table that is a range."""


def _one_range(table: dict[str, Any]) -> dict[str, Any]:
    given = [name for name in RANGES if name in table]
    if len(given) > 1:
        raise ValueError(f"must be one range, not both {given[0]} and {given[1]}")
    return table


def _drawn(table: Range) -> Axis:
    if table.choice is not None:
        return _listed(table.choice)
    form, bounds = next((name, getattr(table, name)) for name in RANGES if getattr(table, name) is not None)
    return Axis(tuple(bounds), interval=Interval(form, *bounds))


def _one_form(table: dict[str, Any]) -> dict[str, Any]:
    if ("log" in table) == ("linear" in table):
        forms = "{ log = [lo, hi], num = n } or { linear = [lo, hi], num = n }"
        drawn = "{ log_uniform = [lo, hi] }, uniform, integers or choice"
        keys = ("log", "linear", "num", *RANGES)
        guess = next(filter(None, (did_you_mean(str(key), keys) for key in table if key not in keys)), "")
        raise ValueError(f"must be a value, a list, or a table {forms}; with [tuning] also {drawn}{guess}")
    return table


def _spaced(grid: Grid, info: ValidationInfo) -> Axis:
    count: Any = info.context
    count["values"] += grid.num
    if count["values"] > MAX_VALUES:
        raise ValueError(f"brings the grids of this file to more than {MAX_VALUES} values together")
    (lo, hi), between = (grid.log, log_values) if grid.log else (grid.linear, linear_values)
    spaced = between(lo, hi, grid.num)
    if isinstance(lo, int) and isinstance(hi, int) and all(value.is_integer() for value in spaced):
        return Axis(tuple(map(int, spaced)))  # batch_size = { log = [16, 256], num = 5 }
    return Axis(spaced)


def _listed(entries: list[Any]) -> Axis:
    if not entries:
        raise ValueError("is an empty axis: write at least one value ([[]] where the value is itself an empty list)")
    return Axis(values.of_one_kind(entries), listed=True)


def _form(value: Any) -> str:
    if isinstance(value, dict):
        return "<range>" if any(name in value for name in RANGES) else "<grid>"
    return "<list>" if isinstance(value, list) else "<one>"


_Scalar = bool | int | float | str
_Entry = Annotated[Any, PlainValidator(values.entry, json_schema_input_type=_Scalar | list[_Scalar])]
_One = Annotated[Any, PlainValidator(lambda value: Axis((values.scalar(value),)), json_schema_input_type=_Scalar)]
_Written = Annotated[
    Annotated[Grid, BeforeValidator(_one_form), AfterValidator(_spaced), Tag("<grid>")]
    | Annotated[Range, BeforeValidator(_one_range), AfterValidator(_drawn), Tag("<range>")]
    | Annotated[list[_Entry], Field(fail_fast=True), AfterValidator(_listed), Tag("<list>")]
    | Annotated[_One, Tag("<one>")],
    Discriminator(_form),
]


def _whole(axis: Axis) -> Axis:
    if axis.interval is not None:
        raise ValueError("is an option of a problem, and only settings of optimizers are drawn; write a list")
    for value in axis.values:
        if type(value) not in (int, float) or value % 1 or not 1 <= value <= MAX_DIM:
            raise ValueError(f"must be an integer from 1 to {MAX_DIM}, not {values.shown(value)}")
    return replace(axis, values=tuple(map(int, axis.values)))


Dimensions = Annotated[Axis, AfterValidator(_whole)]
