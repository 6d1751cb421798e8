"""The dataclasses of the tables of an experiment, which pydantic fills.

The annotations define which values are valid. pydantic puts aliases and the tags of unions into the paths of its
errors; they are in angle brackets here, so that they cannot be confused with keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache, partial
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetPydanticSchema,
    PlainValidator,
    Strict,
    Tag,
    TypeAdapter,
)
from pydantic.json_schema import SkipJsonSchema

from optlab.experiments.document import values
from optlab.experiments.document.axes import RANGES, Axis, Dimensions, Grid
from optlab.experiments.document.source_map import KeyPath

OPTIONS = "<options>"
"""The alias of the field for all keys of a table that are not fields."""

_Text = Annotated[str, Strict()]
_Word = Annotated[_Text, Field(min_length=1)]
_Label = Annotated[_Word, Field(max_length=80), AfterValidator(values.printable)]
_Points = Annotated[int, Strict(), Field(ge=0, le=values.MAX_POINTS)]
_NOT_EMPTY: Any = {"minItems": 1}
_Number = Annotated[float, PlainValidator(values.number, json_schema_input_type=float), AfterValidator(float)]
_Limit = Annotated[float, PlainValidator(values.number, json_schema_input_type=float), AfterValidator(values.above_0)]
_Start = Annotated[
    Annotated[
        list[_Number], Field(fail_fast=True, json_schema_extra=_NOT_EMPTY), AfterValidator(values.point), Tag("<list>")
    ]
    | Annotated[Literal["random"], Tag("<one>")],
    Discriminator(lambda value: "<list>" if isinstance(value, list) else "<one>"),
]
_Options = Annotated[Mapping[str, Axis], Field(alias=OPTIONS)]
_Path = SkipJsonSchema[KeyPath]  # the place in the document, for mistakes that later checks find


def _doc(text: str) -> Any:
    """The description of a key that editors show."""
    return Field(description=text)


_GRADIENT = Axis(("gradient",))


@dataclass(frozen=True)
class NoiseSpec:
    """Noise on what optimizers receive. All other keys are options of its kind, such as scale."""

    kind: Annotated[Axis, _doc("normal, multiplicative, student_t, cauchy or dropout; a list gives one problem each")]
    on: Annotated[Axis, _doc("what has noise: gradient or loss")] = _GRADIENT
    options: _Options = field(default_factory=dict)


_Noise = Annotated[
    NoiseSpec,
    BeforeValidator(lambda value: _with_options(value, NoiseSpec), json_schema_input_type=NoiseSpec | Axis),
]


def _is_noise(value: Any) -> bool:
    """Whether the value of the key `noise` is a table of noise, and not an option that a problem has of this name."""
    return isinstance(value, dict) and not value.keys() & {*RANGES, *(f.name for f in fields(Grid))}


@dataclass(frozen=True)
class TargetSpec:
    """What a run is to reach: a loss, or a value of a quantity on the data of the problem."""

    value: _Number
    of: str = ""


def _target(value: Any) -> Any:
    table = value if isinstance(value, dict) else {"": value}
    if len(table) != 1:
        raise ValueError("must be a loss, or a table with one quantity: write target = { test_accuracy = 0.95 }")
    ((of, reached),) = table.items()
    try:
        return {"value": values.number(reached), "of": of}
    except ValueError as error:
        forms = "write a loss, as in target = 0.01, or target = { test_accuracy = 0.95 }"
        raise ValueError(f"{error}; {forms}") from None


_Target = Annotated[TargetSpec, BeforeValidator(_target, json_schema_input_type=_Number | dict[str, _Number])]


@dataclass(frozen=True)
class ProblemSpec:
    """A problem. All other keys are its options, dataset and batch_size included.

    A table may have the key `suite` in place of `name`. Then its other keys are the options of the suite, and `name` is
    the name of the suite until `resolve` has replaced the table by the problems of the suite.
    """

    name: Annotated[_Word, _doc("the problem; leave it out if suite is given")]
    suite: Annotated[_Word | None, _doc("a family of problems in place of one: classic, bbob, ...")] = None
    start: Annotated[_Start | None, _doc('a point, or "random": uniform over the domain, per seed')] = None
    dim: Annotated[Dimensions | None, _doc("the dimension, where any will do")] = None
    target: Annotated[
        _Target | None,
        _doc("a loss, or { test_accuracy = 0.95 }; the first step that reaches it is recorded"),
    ] = None
    noise: Annotated[_Noise | None, _doc("noise on the gradient or the loss that optimizers receive")] = None
    options: _Options = field(default_factory=dict)
    path: _Path = field(default=(), compare=False)


@dataclass(frozen=True)
class ScheduleSpec:
    """A schedule of the learning rate. All other keys are its options."""

    name: _Word
    options: _Options = field(default_factory=dict)
    path: _Path = field(default=(), compare=False)


_SHARED: Mapping[str, Callable[[Any], bool]] = {
    "noise": _is_noise,
    "trials": lambda value: isinstance(value, list) and any(isinstance(row, dict) for row in value),
    "zip": lambda value: isinstance(value, list) and any(isinstance(names, list | str) for names in value),
}
"""Keys that plugins may have as options too, such as the `trials` of a line search. The value says which is meant."""


def _with_options(value: Any, owner: type, **known: Any) -> dict[str, Any]:
    """Move the options of a table to the key `OPTIONS`."""
    own = {"schedule" if f.name == "schedules" else f.name for f in fields(owner)}
    own -= {"options", "hyperparameters", "path"}
    own -= {key for key, is_own in _SHARED.items() if key in value and not is_own(value[key])}
    known[OPTIONS] = {key: child for key, child in value.items() if key not in own}
    return known | {key: child for key, child in value.items() if key in own}


def _part(owner: type, value: Any) -> Any:
    """Normalize a schedule or transform, which is written as a name or as a table with options."""
    if not isinstance(value, str | dict):
        raise ValueError(f"must be a name or a table, not {values.shown(value)}")
    return {"name": value} if isinstance(value, str) else _with_options(value, owner)


def _several(schedules: list[ScheduleSpec]) -> tuple[ScheduleSpec, ...]:
    if not schedules:
        raise ValueError("must not be an empty list: write at least one schedule")
    return tuple(schedules)


_Schedule = Annotated[
    ScheduleSpec, BeforeValidator(partial(_part, ScheduleSpec), json_schema_input_type=_Word | ScheduleSpec)
]
_WrittenSchedules = Annotated[
    Annotated[list[_Schedule], Field(json_schema_extra=_NOT_EMPTY), AfterValidator(_several), Tag("<list>")]
    | Annotated[_Schedule, AfterValidator(lambda one: (one,)), Tag("<one>")],
    Discriminator(lambda value: "<list>" if isinstance(value, list) else "<one>"),
]
_Schedules = Annotated[
    tuple[ScheduleSpec, ...], GetPydanticSchema(lambda _, handler: handler.generate_schema(_WrittenSchedules))
]


@dataclass(frozen=True)
class TransformSpec:
    """A transform of an update rule. All other keys are its options."""

    name: _Word
    options: _Options = field(default_factory=dict)


def _transforms(value: Any) -> Any:
    if not isinstance(value, list):
        raise ValueError(f"must be a list of names or tables, not {values.shown(value)}")
    return value


_Transform = Annotated[
    TransformSpec,
    BeforeValidator(partial(_part, TransformSpec), json_schema_input_type=_Word | TransformSpec),
]
_Transforms = Annotated[tuple[_Transform, ...], BeforeValidator(_transforms, json_schema_input_type=list[_Transform])]


_Joined = Annotated[
    tuple[tuple[str, ...], ...], PlainValidator(values.joined, json_schema_input_type=list[list[str]] | Axis)
]
_Rows = Annotated[
    tuple[Mapping[str, Any], ...], PlainValidator(values.rows, json_schema_input_type=list[dict[str, Any]] | Axis)
]


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer. All other keys are its hyperparameters.

    A table may have several schedules until `resolve` has replaced it by an optimizer for each of them.
    """

    name: _Word
    label: Annotated[_Label | None, _doc("what it is called in pictures and tables")] = None
    schedules: Annotated[
        _Schedules,
        Field(alias="schedule", description="a factor on the learning rate; a list gives one optimizer each"),
    ] = ()
    transforms: Annotated[_Transforms, _doc("what is put around the rule, by name or as tables")] = ()
    zip: Annotated[_Joined, _doc("names of axes of equal length that go together")] = ()
    trials: Annotated[_Rows, _doc("settings to try, a table for each; names as in zip")] = ()
    hyperparameters: _Options = field(default_factory=dict)
    path: _Path = field(default=(), compare=False)

    @property
    def schedule(self) -> ScheduleSpec | None:
        """The schedule of an optimizer that has no other."""
        return self.schedules[0] if self.schedules else None


@dataclass(frozen=True)
class RecordSpec:
    """What is recorded of every run."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    points: Annotated[_Points, _doc("recorded steps per run, spread over the run")] = 200
    evaluations: Annotated[_Points, _doc("evaluations on the whole dataset per run")] = 20
    trajectories: Annotated[bool, Strict(), _doc("write down the parameters too")] = False


def _problem(table: dict[str, Any]) -> dict[str, Any]:
    """A problem table. The name of a suite is also filled in as its name, because each table has one."""
    suite = table.get("suite")
    return {"name": suite if isinstance(suite, str) and suite else "suite"} | table if "suite" in table else table


@dataclass(frozen=True)
class StopSpec:
    """Limits at which runs end before their last step: the first one that is reached."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    loss: Annotated[_Number | None, _doc("a run stops when its loss is at most this")] = None
    gradient_norm: Annotated[_Limit | None, _doc("a run stops when its gradient is at most this long")] = None
    seconds: Annotated[_Limit | None, _doc("a run stops when it has taken longer; not reproducible")] = None


def _stop(value: Any) -> Any:
    if value == {}:
        raise ValueError("has no limit: write at least one of loss, gradient_norm and seconds")
    return value


Stop = Annotated[StopSpec, BeforeValidator(_stop, json_schema_input_type=StopSpec)]


def _tables(key: str, owner: type, value: Any) -> Any:
    """The tables with their places in the document. A None marks a table that was removed because of a mistake."""
    if value == []:
        raise ValueError(f"must not be empty: write [[{key}]] and at least a name")
    if not isinstance(value, list) or not all(isinstance(table, dict | None) for table in value):
        raise ValueError(f"must be an array of tables: write [[{key}]] above each of them")
    tables = [(n, table) for n, table in enumerate(value) if table is not None]
    named = [(n, _problem(table) if owner is ProblemSpec else table) for n, table in tables]
    return [_with_options(table, owner, path=(key, n)) for n, table in named]


@cache
def _adapter() -> TypeAdapter[ProblemSpec]:
    return TypeAdapter(ProblemSpec)


def problem_of(table: Mapping[str, Any]) -> ProblemSpec:
    """A problem from a table that is not in the document, such as one of a suite. Raises `ValueError`."""
    made = _adapter().validate_python(_with_options(table, ProblemSpec), context={"values": 0})
    return replace(made, path=())


Problems = Annotated[
    tuple[ProblemSpec, ...],
    Field(alias="problem", json_schema_extra=_NOT_EMPTY),
    BeforeValidator(partial(_tables, "problem", ProblemSpec)),
]
Optimizers = Annotated[
    tuple[OptimizerSpec, ...],
    Field(alias="optimizer", json_schema_extra=_NOT_EMPTY),
    BeforeValidator(partial(_tables, "optimizer", OptimizerSpec)),
]
