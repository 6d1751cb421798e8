"""An experiment file, read: TOML text -> `ExperimentSpec`, or every mistake in it with its line and column.

The pydantic models say what a file may hold. Nothing of them leaves this module; frozen dataclasses do. Whether a
problem or a hyperparameter exists is not known here, so a `Draft` holds what could be read until a later room has
looked at the names, and all mistakes are raised together.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
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
    Field,
    PlainValidator,
    Tag,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)

from optlab import toml_positions
from optlab.errors import Mistake, SpecError, did_you_mean
from optlab.toml_positions import Path

MAX_VALUES = 1_000_000
"""Values that the grids of one file may have together; what they multiply to is for the plan to judge."""
MAX_SHOWN = 100
"""Mistakes that are told one by one."""

_MAX_INT, _MAX_FLOAT, _MIN_LOG = 2**63 - 1, 1e300, 1e-300  # 64 bits; no overflow, no subnormals between two numbers


@dataclass(frozen=True)
class Axis:
    """The values of one option, of a problem, an optimizer or a schedule. Lists are tuples.

    `swept` tells one value (`lr = 0.1`) from an axis (`lr = [0.1]`). A flat list may as well be meant as one value,
    where the option is itself a list (`hidden = [64, 32]`); `raw` keeps it as written, for `as_single`.
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
    if isinstance(value, int):
        if abs(value) > _MAX_INT:
            raise ValueError(f"must be at most {_MAX_INT} in size, not {_shown(value)}")
    elif not math.isfinite(value):
        raise ValueError(f"must be finite, not {value}")
    elif abs(value) > _MAX_FLOAT:
        raise ValueError(f"must be at most {_MAX_FLOAT:g} in size, not {value}")
    return value


def _scalar(value: Any) -> bool | int | float | str:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return _number(value)
    raise ValueError(f"must be a number, a text, true or false, not {_shown(value)}")


def _entry(value: Any) -> Any:
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
    return "".join(found)


def _listed(values: list[Any]) -> Axis:
    if not values:
        raise ValueError("is an empty axis: write at least one value ([[]] where the value is itself an empty list)")
    written = tuple(values)
    if _one_kind(values) == "numbers" and any(isinstance(value, float) for value in values):
        values = [float(value) for value in values]
    return Axis(tuple(values), swept=True, raw=written)


def _single(value: Any) -> Axis:
    return Axis((_scalar(value),), raw=value)


def _bounds(value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"must be a list of two numbers, [lo, hi], not {_shown(value)}")
    lo, hi = map(_number, value)
    if lo >= hi:
        raise ValueError(f"must be [lo, hi] with lo below hi, not [{lo}, {hi}]")
    return lo, hi


def _log_bounds(value: Any) -> tuple[float, float]:
    lo, hi = _bounds(value)
    if lo < _MIN_LOG:
        raise ValueError(f"must have both bounds above 0 (at least {_MIN_LOG:g}), not {lo}")
    return lo, hi


def linear_values(lo: float, hi: float, num: int) -> tuple[float, ...]:
    """Evenly spaced values, each the float nearest to the exact one: 0.3, never 0.30000000000000004.

    >>> linear_values(0.0, 0.4, 5)
    (0.0, 0.1, 0.2, 0.3, 0.4)
    """
    first, last = Fraction(str(lo)), Fraction(str(hi))  # the decimals as written
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
    power = np.array([float(f"1e{d}") for d in range(decade[0], decade[-1] + 1)])[decade - decade[0]]
    values = np.clip(mantissa * power, lo, hi)
    # A value that misses a number of twelve digits by rounding errors alone is that number.
    scaled = mantissa * 1e11
    for k in np.flatnonzero(np.abs(scaled - np.rint(scaled)) <= 4e-15 * scaled):
        values[k] = float(f"{values[k]:.12g}")
    return (float(lo), *values[1:-1].tolist(), float(hi))


def _mantissa(value: float) -> tuple[float, int]:
    """0.005 -> (5.0, -3)."""
    decimal = Decimal(str(value))
    exponent = decimal.adjusted()
    return float(decimal.scaleb(-exponent)), exponent


def _folder_name(name: str) -> str:
    if not re.fullmatch(_FOLDER_NAME, name) or not name.isprintable() or ".." in name:
        forbidden = "no / \\ : * ? \" < > |, no control characters, no '..', no dot or space at either end"
        raise ValueError(f"must be a plain folder name ({forbidden}), not {_shown(name)}")
    if re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name, re.IGNORECASE):
        raise ValueError(f"must be another one than {_shown(name)}, which Windows keeps for a device")
    if len(name) > 100 or len(name.encode()) > 200:  # file systems stop at 255 bytes, and temporary names are longer
        raise ValueError(f"must have at most 100 characters and 200 bytes, not {len(name)} and {len(name.encode())}")
    return name


def _label(label: str) -> str:
    if not label.isprintable():
        raise ValueError(f"must be printable and on one line, not {_shown(label)}")
    return label


def _dimensions(axis: Axis) -> Axis:
    for value in axis.values:
        if _one_kind([value]) != "numbers" or value != int(value) or not 1 <= value <= 1_000_000:
            raise ValueError(f"must be an integer from 1 to 1000000, not {_shown(value)}")
    return replace(axis, values=tuple(map(int, axis.values)))


def _coordinate(value: Any) -> float:
    return float(_number(value))


def _point(values: list[float]) -> tuple[float, ...]:
    if not values:
        raise ValueError("must hold at least one number")
    return tuple(values)


def _random(value: Any) -> str:
    if value != "random":
        guess = did_you_mean(value, ["random"]) if isinstance(value, str) else ""
        raise ValueError(f'must be "random" or a list of numbers, not {_shown(value)}{guess}')
    return value


def _tables(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, list):
        raise ValueError(f"must be an array of tables: write [[{info.field_name}]] above each of them")
    if not value:
        raise ValueError(f"must not be empty: write [[{info.field_name}]] and at least a name")
    strange = next((entry for entry in value if not isinstance(entry, dict)), None)
    if strange is not None:
        raise ValueError(f"must hold tables only, not {_shown(strange)}")
    return value


# --- tables -----------------------------------------------------------------------------------------------------------
# pydantic puts the tags of unions into its paths; in angle brackets none can be taken for a key.

_FOLDER_NAME = r'[^./\\:*?"<>| \x00-\x1f]([^/\\:*?"<>|\x00-\x1f]*[^./\\:*?"<>| \x00-\x1f])?'
_SCALARS = ["number", "string", "boolean"]
_PAIR = WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
_NOT_EMPTY: Any = {"minItems": 1}
_ENTRIES = Field(fail_fast=True, json_schema_extra=_NOT_EMPTY)  # a list of numbers may be long
_Text = Annotated[str, Field(min_length=1)]


def _optional(**kwargs: Any) -> Any:
    """A key that may be absent, but not null."""

    def without_null(schema: dict[str, Any]) -> None:
        del schema["default"]

    return Field(default=None, json_schema_extra=without_null, **kwargs)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LogGrid(_Table):
    """Values in equal ratios from lo to hi."""

    log: Annotated[Any, PlainValidator(_log_bounds), _PAIR] = Field(examples=[[1e-4, 1.0]])
    num: int = Field(ge=2, le=MAX_VALUES, examples=[9])


class LinearGrid(_Table):
    """Evenly spaced values from lo to hi."""

    linear: Annotated[Any, PlainValidator(_bounds), _PAIR] = Field(examples=[[0.1, 0.9]])
    num: int = Field(ge=2, le=MAX_VALUES, examples=[9])


def _spaced(grid: LogGrid | LinearGrid, info: ValidationInfo) -> Axis:
    count: dict[str, int] = info.context or {"values": 0}
    count["values"] += grid.num
    if count["values"] > MAX_VALUES:
        raise ValueError(f"brings the grids of this file to more than {MAX_VALUES} values together")
    (lo, hi), spaced = (grid.log, log_values) if isinstance(grid, LogGrid) else (grid.linear, linear_values)
    values: tuple[Any, ...] = spaced(lo, hi, grid.num)
    if isinstance(lo, int) and isinstance(hi, int) and all(value.is_integer() for value in values):
        values = tuple(map(int, values))  # batch_size = { log = [16, 256], num = 5 }
    return Axis(values, swept=True)


def _form_of_axis(value: Any) -> str | None:
    if isinstance(value, dict):
        return "<log>" if "log" in value else "<linear>" if "linear" in value else None
    return "<list>" if isinstance(value, list) else "<one>"


_Entry = Annotated[Any, PlainValidator(_entry), WithJsonSchema({"type": [*_SCALARS, "array"]})]
_Axis = Annotated[
    Annotated[LogGrid, AfterValidator(_spaced), Tag("<log>")]
    | Annotated[LinearGrid, AfterValidator(_spaced), Tag("<linear>")]
    | Annotated[list[_Entry], _ENTRIES, AfterValidator(_listed), Tag("<list>")]
    | Annotated[Any, PlainValidator(_single), WithJsonSchema({"type": _SCALARS}), Tag("<one>")],
    Discriminator(_form_of_axis),
]
_Coordinate = Annotated[Any, PlainValidator(_coordinate), WithJsonSchema({"type": "number"})]
_Start = Annotated[
    Annotated[list[_Coordinate], _ENTRIES, AfterValidator(_point), Tag("<point>")]
    | Annotated[Any, PlainValidator(_random), WithJsonSchema({"const": "random"}), Tag("<random>")],
    Discriminator(lambda value: "<point>" if isinstance(value, list) else "<random>"),
]


class _Named(_Table):
    """A table in which every key that is not declared is an option."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Axis]

    @property
    def options(self) -> Mapping[str, Any]:
        return dict(self.__pydantic_extra__)


class Problem(_Named):
    """A problem. All further keys are its options, dataset and batch_size included."""

    name: _Text = Field(examples=["rosenbrock"])
    start: _Start = _optional(description='a point, or "random": uniform over the domain, per seed')
    dim: Annotated[_Axis, AfterValidator(_dimensions)] = _optional(description="the dimension, where any will do")


class Schedule(_Named):
    """A schedule of the learning rate. All further keys are its options."""

    name: _Text = Field(examples=["cosine"])


_Schedule = Annotated[
    Annotated[_Text, Tag("<name>")] | Annotated[Schedule, Tag("<table>")],
    Discriminator(lambda value: "<name>" if isinstance(value, str) else "<table>"),
]


class Optimizer(_Named):
    """An optimizer. All further keys are its hyperparameters."""

    name: _Text = Field(examples=["adam"])
    label: Annotated[_Text, Field(max_length=80), AfterValidator(_label)] = _optional(description="shown in its place")
    schedule: _Schedule = _optional(description="a factor on the learning rate, by name or as a table")


class Record(_Table):
    """How much of every run is written down."""

    points: int = Field(default=200, ge=0, le=_MAX_INT, description="recorded steps per run, spread over the run")
    evaluations: int = Field(default=20, ge=0, le=_MAX_INT, description="evaluations on the whole dataset per run")
    trajectories: bool = Field(default=False, description="write down the parameters too")


class Experiment(_Table):
    """An experiment: every optimizer on every problem."""

    name: Annotated[str, AfterValidator(_folder_name)] = Field(
        examples=["my_experiment"],
        description="the folder of the results",
        json_schema_extra={"pattern": f"^{_FOLDER_NAME}$", "maxLength": 100},
    )
    description: str = ""
    steps: int = Field(ge=1, le=_MAX_INT, examples=[1000], description="steps per run")
    seeds: int = Field(default=1, ge=1, le=_MAX_INT, description="repeats of every cell that has anything random in it")
    seed: int = Field(default=0, ge=0, le=_MAX_INT, description="the root of all random streams")
    problem: Annotated[list[Problem], BeforeValidator(_tables)] = Field(json_schema_extra=_NOT_EMPTY)
    optimizer: Annotated[list[Optimizer], BeforeValidator(_tables)] = Field(json_schema_extra=_NOT_EMPTY)
    record: Record = Record()


class _Rest(Experiment):
    """What is left of an experiment without its mistakes: nothing is required."""

    name: str = "unnamed"
    steps: int = 1
    problem: list[Problem] = []
    optimizer: list[Optimizer] = []


# --- mistakes ---------------------------------------------------------------------------------------------------------

_TABLES: dict[str, type[BaseModel]] = {
    "": Experiment,
    "problem": Problem,
    "optimizer": Optimizer,
    "record": Record,
    "<table>": Schedule,
    "<log>": LogGrid,
    "<linear>": LinearGrid,
}
_TAGS = {"<log>", "<linear>", "<list>", "<one>", "<point>", "<random>", "<name>", "<table>"}
_EXPECTED = {
    "int_type": "an integer",
    "string_type": "a text",
    "bool_type": "true or false",
    "model_type": "a table",
}
_LIMITS = {
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "string_too_short": "at least one character long",
    "string_too_long": "at most {max_length} characters long",
}


def _path(loc: Path) -> Path:
    return tuple(part for part in loc if part not in _TAGS)


def _shown(value: Any) -> str:
    """A value in a message."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text {value[:60]!r}" + "..." * (len(value) > 60)
    if isinstance(value, int) and abs(value) > _MAX_INT:
        return "an integer beyond 64 bits"  # Python refuses to print the largest ones
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    return str(value) if isinstance(value, int | float | None) else f"the {type(value).__name__} {value}"


def _key(path: Path) -> str:
    """The name of a path's key in a message; entries of a list count from 0."""
    name = str(path[-1] if isinstance(path[-1], str) else path[-2])
    name = name if re.fullmatch(r"[\w-]{1,60}", name) else repr(name[:60])
    return name if isinstance(path[-1], str) else f"{name}[{path[-1]}]"


def _mistake(error: Mapping[str, Any]) -> Mistake:
    """A pydantic error in words, at its place in the document."""
    path, found, kind, context = _path(error["loc"]), error["input"], error["type"], error.get("ctx", {})
    key = _key(path)
    if kind in ("missing", "extra_forbidden"):
        table = next((part for part in reversed(error["loc"][:-1]) if isinstance(part, str)), "")
        known = _TABLES[table].model_fields
        if kind == "missing":
            examples = known[key].examples
            form = f"{key} = {json.dumps(examples[0])}" if examples else f"[[{key}]]"
            return Mistake(path[:-1], f"{key} is missing: write {form}")
        guess = did_you_mean(str(path[-1]), known) or f" (known here: {', '.join(known)})"
        return Mistake(path, f"unknown key {key}{guess}")
    if kind == "union_tag_not_found":
        guess = next(filter(None, (did_you_mean(word, ("log", "linear")) for word in found)), "")
        form = "{ log = [lo, hi], num = n } or { linear = [lo, hi], num = n }"
        return Mistake(path, f"{key} must be a value, a list, or a table {form}{guess}")
    if kind == "value_error":
        return Mistake(path, f"{key} {context['error']}")
    expected = _EXPECTED[kind] if kind in _EXPECTED else _LIMITS[kind].format(**context)
    expected = "a name or " * (error["loc"][-1] == "<table>") + expected
    whole = f"; write {int(found)}" if kind == "int_type" and isinstance(found, float) and found.is_integer() else ""
    return Mistake(path, f"{key} must be {expected}, not {_shown(found)}{whole}")


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(document: Mapping[str, Any]) -> tuple[ExperimentSpec, tuple[Mistake, ...]]:
    """The experiment, or what remains of it without its mistakes, and these."""
    try:
        return _frozen(Experiment.model_validate(document, context={"values": 0})), ()
    except ValidationError as error:
        errors = error.errors(include_url=False)
    blamed = {_blamed(_path(error["loc"])) for error in errors}
    rest = _Rest.model_validate(_without(document, blamed), context={"values": 0})
    return _frozen(rest, blamed), tuple(_mistake(error) for error in errors)


def _blamed(path: Path) -> Path:
    """What to leave out for a mistake at `path`: the key, or the whole table where that has no valid name."""
    if path[0] == "record":
        return path[:2]
    if path[0] not in ("problem", "optimizer"):
        return path[:1]
    if path[2:3] == ("name",):
        return path[:2]
    in_schedule = path[0] == "optimizer" and path[2:3] == ("schedule",) and path[3:4] != ("name",)
    return path[:4] if in_schedule else path[:3]


def _without(node: Any, blamed: Collection[Path], path: Path = ()) -> Any:
    if isinstance(node, dict):
        return {k: _without(v, blamed, (*path, k)) for k, v in node.items() if (*path, k) not in blamed}
    if isinstance(node, list):
        return [_without(v, blamed, (*path, n)) for n, v in enumerate(node) if (*path, n) not in blamed]
    return node


def _frozen(table: Experiment, blamed: Collection[Path] = ()) -> ExperimentSpec:
    def placed(key: str, tables: list[Any]) -> Iterable[tuple[Path, Any]]:
        return zip(((key, n) for n in itertools.count() if (key, n) not in blamed), tables, strict=False)

    return ExperimentSpec(
        name=table.name,
        steps=table.steps,
        problems=tuple(ProblemSpec(t.name, t.start, t.dim, t.options, p) for p, t in placed("problem", table.problem)),
        optimizers=tuple(
            OptimizerSpec(t.name, t.label, _schedule(t.schedule), t.options, p)
            for p, t in placed("optimizer", table.optimizer)
        ),
        description=table.description,
        seeds=table.seeds,
        seed=table.seed,
        record=RecordSpec(**table.record.model_dump()),
    )


def _schedule(written: Schedule | str | None) -> ScheduleSpec | None:
    if isinstance(written, Schedule):
        return ScheduleSpec(written.name, written.options)
    return None if written is None else ScheduleSpec(written)


def _plain(value: Any) -> Any:
    """A Python value as TOML would have given it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(child) for key, child in value.items() if child is not None}
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return [_plain(child) for child in value] if isinstance(value, list | tuple | range) else value


def _paths(node: Any, path: Path = ()) -> Iterable[Path]:
    """All paths of a document, in its order."""
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from _paths(child, (*path, key))


def _nearest(path: Path, places: Mapping[Path, tuple[int, int]]) -> tuple[int, int]:
    while path not in places:
        path = path[:-1]
    return places[path]


def _printable(source: str) -> str:
    """Without what a terminal would obey or count as a line of its own. Columns stay."""
    unsafe = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
    return re.sub(unsafe, "\ufffd", source.replace("\r\n", "\n"))


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
        placed = [((m.line, m.column) if m.line else _nearest(m.path, places), m) for m in mistakes]
        placed.sort(key=lambda entry: entry[0])
        located = [Mistake(m.path, m.message, line, column if line else 0) for (line, column), m in placed]
        if len(located) > MAX_SHOWN:
            more = replace(located[MAX_SHOWN], message=f"and {len(located) - MAX_SHOWN} more mistakes from here on")
            located = [*located[:MAX_SHOWN], more]
        raise SpecError(self.file, located, _printable(self.source or ""))


def read(text: str, file: str = "<experiment>") -> Draft:
    """Read an experiment from TOML. Mistakes are kept in the draft; nothing is raised.

    >>> draft = read('steps = 10\\n[[optimizer]]\\nname = "gd"\\nlr = [0.1, 1]')
    >>> draft.spec.optimizers[0].hyperparameters["lr"]
    Axis(values=(0.1, 1.0), swept=True)
    >>> [mistake.message for mistake in draft.mistakes]
    ['name is missing: write name = "my_experiment"', 'problem is missing: write [[problem]]']
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
    return {**Experiment.model_json_schema(), **head}
