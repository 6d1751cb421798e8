"""An experiment file, read: TOML text -> `ExperimentSpec`, or every mistake in it with its line and column.

The pydantic models say what a file may hold. Nothing of them leaves this module; frozen dataclasses do. Whether a problem
or a hyperparameter exists is not known here, so a `Draft` holds what could be read until a later room has looked at
the names, and all mistakes are raised together.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    FailFast,
    Field,
    PlainValidator,
    Tag,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.json_schema import SkipJsonSchema

from optlab import toml_positions
from optlab.errors import Mistake, SpecError, did_you_mean
from optlab.toml_positions import Path

MAX_VALUES = 1_000_000
"""Values that the grids of one file may have together; what they multiply to is for the plan to judge."""

_MAX_INT, _MAX_FLOAT, _MIN_LOG = 2**63 - 1, 1e300, 1e-300  # 64 bits; no overflow, no subnormals between two numbers


@dataclass(frozen=True)
class Axis:
    """The values of one option, of a problem, an optimizer or a schedule. Lists are tuples.

    `swept` tells one value (`lr = 0.1`) from an axis (`lr = [0.1]`). A flat list may as well be meant as one value, where
    the option is itself a list (`hidden = [64, 32]`); `raw` keeps it as written, for `as_single`.
    """

    values: tuple[Any, ...]
    swept: bool = False
    raw: Any = field(default=None, compare=False, repr=False)

    def as_single(self) -> Axis:
        """The axis whose only value is the list that was written; itself where that was no flat list.

        >>> Axis((64, 32), swept=True, raw=(64, 32)).as_single()
        Axis(values=((64, 32),), swept=False)
        """
        is_flat_list = isinstance(self.raw, tuple) and not any(isinstance(v, tuple) for v in self.raw)
        return Axis((self.raw,), swept=False, raw=self.raw) if is_flat_list else self


@dataclass(frozen=True)
class ProblemSpec:
    """A `[[problem]]` table. `path` is its place in the document, for mistakes that are found later."""

    name: str
    start: Literal["random"] | tuple[float, ...] | None = None
    dim: Axis | None = None
    options: Mapping[str, Axis] = field(default_factory=dict)
    path: Path = field(default=(), compare=False)


@dataclass(frozen=True)
class ScheduleSpec:
    """The schedule of an optimizer."""

    name: str
    options: Mapping[str, Axis] = field(default_factory=dict)


@dataclass(frozen=True)
class OptimizerSpec:
    """An `[[optimizer]]` table. `path` is its place in the document, for mistakes that are found later."""

    name: str
    label: str | None = None
    schedule: ScheduleSpec | None = None
    hyperparameters: Mapping[str, Axis] = field(default_factory=dict)
    path: Path = field(default=(), compare=False)


@dataclass(frozen=True)
class RecordSpec:
    """The `[record]` table: how many points of the history, how many evaluations, and whether the trajectories."""

    points: int = 200
    evaluations: int = 20
    trajectories: bool = False


@dataclass(frozen=True)
class ExperimentSpec:
    """A whole experiment, as written. `seed` is the root of all random streams, `seeds` the number of repeats."""

    name: str
    steps: int
    problems: tuple[ProblemSpec, ...]
    optimizers: tuple[OptimizerSpec, ...]
    description: str = ""
    seeds: int = 1
    seed: int = 0
    record: RecordSpec = RecordSpec()


# --- values -----------------------------------------------------------------------------------------------------------
# A validator's message continues the name of the key: "lr" + "must be finite, not nan".


def _number(value: Any) -> int | float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"must be a number, not {_shown(value)}")
    if not math.isfinite(value):
        raise ValueError(f"must be finite, not {value}")
    if abs(value) > (LARGEST_INT if isinstance(value, int) else LARGEST_FLOAT):
        raise ValueError(f"must lie within 64 bits (integers) or +-{LARGEST_FLOAT:g}, not {_shown(value)}")
    return value


def _scalar(value: Any) -> bool | int | float | str:
    if isinstance(value, bool | str):
        return value
    if not isinstance(value, int | float):
        raise ValueError(f"must be a number, a text, true or false, not {_shown(value)}")
    return _number(value)


def _list_entry(value: Any) -> Any:
    if not isinstance(value, list):
        return _scalar(value)
    entries = tuple(_scalar(entry) for entry in value)
    _one_kind(entries)
    return entries


def _one_kind(values: Iterable[Any]) -> str:
    kinds = {bool: "true or false", str: "texts", tuple: "lists"}
    found = sorted({kinds.get(type(value), "numbers") for value in values})
    if len(found) > 1:
        raise ValueError(f"must hold values of one kind, not {' and '.join(found)}")
    return found[0] if found else ""


def _listed(values: list[Any]) -> Axis:
    if not values:
        raise ValueError("is an empty axis: write at least one value, or [[]] where the value is an empty list")
    written = tuple(values)
    if _one_kind(values) == "numbers" and any(isinstance(value, float) for value in values):
        values = [float(value) for value in values]
    return Axis(tuple(values), swept=True, raw=written)


def _bounds(value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"must be two numbers, [lo, hi], not {_shown(value)}")
    lo, hi = _number(value[0]), _number(value[1])
    if lo >= hi:
        raise ValueError(f"must be [lo, hi] with lo below hi, not [{lo}, {hi}]")
    return lo, hi


def _log_bounds(value: Any) -> tuple[float, float]:
    lo, hi = _bounds(value)
    if lo < SMALLEST_LOG:
        raise ValueError(f"must have bounds above 0 (from {SMALLEST_LOG:g} on), not {_shown(lo)}")
    return lo, hi


def linear_values(lo: float, hi: float, num: int) -> tuple[float, ...]:
    """Evenly spaced values, each the float nearest to the exact one: 0.3, never 0.30000000000000004.

    >>> linear_values(0.0, 0.4, 5)
    (0.0, 0.1, 0.2, 0.3, 0.4)
    """
    first, last = Fraction(str(lo)), Fraction(str(hi))  # of the decimals that were written
    parts, unit = num - 1, math.lcm(first.denominator, last.denominator)
    a, b = int(first * unit), int(last * unit)
    return tuple((a * (parts - i) + b * i) / (unit * parts) for i in range(num))  # a quotient of integers rounds once


def log_values(lo: float, hi: float, num: int) -> tuple[float, ...]:
    """Values in equal ratios. Both ends are exact, and so are round values in between.

    >>> log_values(1e-5, 1e-1, 5)
    (1e-05, 0.0001, 0.001, 0.01, 0.1)
    """
    # Exponents are kept as whole decades, in integers, and a rest in [0, 2), where floats are precise.
    (m_lo, e_lo), (m_hi, e_hi) = _mantissa(lo), _mantissa(hi)
    i, parts = np.arange(num), num - 1
    decade, rest = np.divmod(e_lo * (parts - i) + e_hi * i, parts)
    mantissa = 10.0 ** ((math.log10(m_lo) * (parts - i) + math.log10(m_hi) * i + rest) / parts)
    power = np.array([float(f"1e{d}") for d in range(decade.min(), decade.max() + 1)])[decade - decade.min()]
    values = np.clip(mantissa * power, lo, hi)
    # A value that misses a number of twelve digits by rounding errors alone is that number.
    scaled = mantissa * 1e11
    for k in np.flatnonzero(np.abs(scaled - np.rint(scaled)) <= 4e-15 * scaled):
        values[k] = float(f"{values[k]:.12g}")
    return (float(lo), *values[1:-1].tolist(), float(hi))


def _mantissa(value: float) -> tuple[float, int]:
    """5e-3 -> (5.0, -3)."""
    decimal = Decimal(str(value))
    exponent = decimal.adjusted()
    return float(decimal.scaleb(-exponent)), exponent


def _folder_name(name: str) -> str:
    if not re.fullmatch(NAME_PATTERN, name) or not name.isprintable() or ".." in name:
        raise ValueError(
            f"must be a plain folder name, not {_shown(name)}: no / \\ : * ? \" < > | or '..' or control characters, "
            "no dot or space at either end"
        )
    if re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name, re.IGNORECASE):
        raise ValueError(f"must be another one: Windows keeps {_shown(name)} for a device")
    if len(name) > 100 or len(name.encode()) > 200:  # file systems allow 255 bytes, and temporary names are longer
        raise ValueError(f"must have at most 100 characters (200 bytes), not {len(name)} ({len(name.encode())})")
    return name


def _label(label: str) -> str:
    if not label.isprintable():
        raise ValueError(f"must be printable, on one line, not {_shown(label)}")
    return label


def _dimensions(axis: Axis) -> Axis:
    for value in axis.values:
        if type(value) is not int or not 1 <= value <= 1_000_000:
            raise ValueError(f"must be an integer from 1 to 1000000, not {_shown(value)}")
    return axis


def _random(value: Any) -> str:
    if value != "random":
        raise ValueError(f'must be "random" or a list of numbers, not {_shown(value)}')
    return value


def _tables(value: Any) -> Any:
    if not isinstance(value, list):
        raise ValueError("must be an array of tables: write its name in two pairs of brackets, [[...]]")
    if not value:
        raise ValueError("must hold at least one table")
    return value


# --- tables -----------------------------------------------------------------------------------------------------------
# The tags of unions appear in pydantic's paths; in angle brackets none can be a key.

NAME_PATTERN = r'[^./\\:*?"<>| \x00-\x1f]([^/\\:*?"<>|\x00-\x1f]*[^./\\:*?"<>| \x00-\x1f])?'

Text = Annotated[str, Field(strict=True, min_length=1)]


def _integer(least: int) -> Any:
    return Annotated[int, Field(strict=True, ge=least, le=LARGEST_INT)]


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LogGrid(Table):
    """Values in equal ratios, from lo to hi."""

    log: Annotated[Any, PlainValidator(_log_bounds), WithJsonSchema(PAIR)] = Field(examples=["log = [1e-4, 1.0]"])
    num: Annotated[int, Field(strict=True, ge=2, le=MAX_VALUES, examples=["num = 9"])]

    def values(self) -> tuple[float, ...]:
        return log_values(*self.log, self.num)


class _RecordTable(_Table):
    """How much of a run is written down."""

    points: int = Field(200, ge=0, le=_MAX_INT, description="recorded steps per run, spread over the run")
    evaluations: int = Field(20, ge=0, le=_MAX_INT, description="evaluations on the whole dataset per run")
    trajectories: bool = Field(False, description="record the parameters too, whatever the dimension")


class _Named(_Table):
    """A table whose keys, but for the declared ones, are options."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Axis]

    @property
    def options(self) -> dict[str, Axis]:
        return dict(self.__pydantic_extra__)


class _ProblemTable(_Named):
    """A problem. All further keys are its options, datasets and minibatches included."""

    name: _Text = Field(examples=['name = "rosenbrock"'])
    start: _Start | SkipJsonSchema[None] = Field(None, description='a point, or "random": uniform over the domain')
    dim: Annotated[_Axis, AfterValidator(_dimensions)] | SkipJsonSchema[None] = Field(None, description="dimension")


class _ScheduleTable(_Named):
    """A schedule of the learning rate. All further keys are its options."""

    name: _Text = Field(examples=['name = "cosine"'])


class _OptimizerTable(_Named):
    """An optimizer. All further keys are its hyperparameters."""

    name: _Text = Field(examples=['name = "adam"'])
    label: Annotated[_Text, Field(max_length=80), AfterValidator(_label)] | SkipJsonSchema[None] = None
    schedule: _Schedule | SkipJsonSchema[None] = None


class _ExperimentTable(_Table):
    name: str = Field(examples=['name = "my_experiment"'], ...)


# --- reading ---


@dataclass(frozen=True)
class Draft:
    """What could be read of an experiment, and the mistakes so far.

    With mistakes, `spec` is made of everything that was valid ('unnamed' and 1 standing in for name and steps), so that
    later checks can go on; it is None where nothing could be read.
    """

    spec: ExperimentSpec | None
    mistakes: tuple[Mistake, ...]
    file: str = "<experiment>"
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)
    source: str | None = field(default=None, repr=False)

    def raise_if_wrong(self, extra_mistakes: Iterable[Mistake] = ()) -> None:
        """Raise a `SpecError` with all mistakes, those given included, in the order of the file."""
        mistakes = [*self.mistakes, *extra_mistakes]
        if not mistakes:
            return
        if self.source is None:
            places = {path: (0, n) for n, path in enumerate(_paths(self.document))}
        else:
            places = {(): (1, 1)} if self.spec is None else toml_positions.positions(self.source)
        placed = [(m.line, m.column) if m.line else _nearest(m.path, places) for m in mistakes]
        located = [
            Mistake(m.path, m.message, line, column if line else 0)
            for (line, column), m in sorted(zip(placed, mistakes, strict=True), key=lambda pair: pair[0])
        ]
        raise SpecError(self.file, located, _printable(self.source or ""))


def read(text: str, file: str = "<experiment>") -> Draft:
    """Read an experiment from TOML. Mistakes are kept in the draft; nothing is raised.

    >>> draft = read('name = "bowl"\\nsteps = 10\\n[[problem]]\\nname = "sphere"\\n[[optimizer]]\\nname = "gd"\\nlr = [0.1, 1]')
    >>> draft.spec.optimizers[0].hyperparameters["lr"]
    Axis(values=(0.1, 1.0), swept=True)
    """
    text = text.removeprefix("\ufeff")
    document = toml_positions.parse(text)
    if isinstance(document, Mistake):
        return Draft(None, (document,), file, {}, text)
    return Draft(*_read(document), file, document, text)


def read_dict(mapping: Mapping[str, Any]) -> Draft:
    """Read an experiment from a dictionary of the same form. NumPy values are welcome; None is as good as absent."""
    document = _plain(mapping)
    return Draft(*_read(document), document=document)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of an experiment file, for editors."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "An optlab experiment"}
    return {**ExperimentTable.model_json_schema(), **head}
