"""An experiment in frozen dataclasses, which pydantic fills; nothing else leaves this package.

Every annotation says what may be written. pydantic puts aliases and the tags of unions into the paths of its errors; in
angle brackets none of them is taken for a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, make_dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Strict,
    Tag,
)
from pydantic.json_schema import SkipJsonSchema

from optlab.choices import Backend, Precision
from optlab.spec import values
from optlab.spec.axes import Axis, Dimensions
from optlab.spec.positions import Path

OPTIONS = "<options>"
"""Where the keys of a table are that are none of its fields."""

_LETTERS = r"\p{L}\p{M}\p{N}_"
_Text = Annotated[str, Strict()]
_Word = Annotated[_Text, Field(min_length=1)]
_Label = Annotated[_Word, Field(max_length=80), AfterValidator(values.printable)]
_FOLDER = rf"^[{_LETTERS}]([{_LETTERS} .,+=()-]*[{_LETTERS}+=()-])?$"
# for editors, whose regular expressions do not all know letters: none of ASCII's other signs in these places
_NO_LETTERS = r"\[-^`{-\xa9\u2000-\u206f"
_FOLDER_IN_EDITORS = (
    rf"^[^\x00-/:-@{_NO_LETTERS}]([^\x00-\x1f!-'*/:-<>-@{_NO_LETTERS}]*[^\x00-'*,./:-<>-@{_NO_LETTERS}])?$(?!\n)"
)
_Folder = Annotated[_Text, Field(pattern=_FOLDER, max_length=60, json_schema_extra={"pattern": _FOLDER_IN_EDITORS})]
_Count = Annotated[int, Strict(), Field(ge=0, le=values.MAX_INT)]
_Positive = Annotated[int, Strict(), Field(ge=1, le=values.MAX_INT)]
_Steps = Annotated[int, Strict(), Field(ge=1, le=values.MAX_STEPS)]
_Points = Annotated[int, Strict(), Field(ge=0, le=values.MAX_POINTS)]
_NOT_EMPTY: Any = {"minItems": 1}
_Number = Annotated[float, PlainValidator(values.number, json_schema_input_type=float), AfterValidator(float)]
_Start = Annotated[
    Annotated[
        list[_Number], Field(fail_fast=True, json_schema_extra=_NOT_EMPTY), AfterValidator(values.point), Tag("<list>")
    ]
    | Annotated[Literal["random"], Tag("<one>")],
    Discriminator(lambda value: "<list>" if isinstance(value, list) else "<one>"),
]
_Options = Annotated[Mapping[str, Axis], Field(alias=OPTIONS)]
_Path = SkipJsonSchema[Path]  # the place in the document, for mistakes that are found later


def _doc(text: str) -> Any:
    """What an editor shows of a key."""
    return Field(description=text)


@dataclass(frozen=True)
class ProblemSpec:
    """A problem. All further keys are its options, dataset and batch_size included."""

    name: _Word
    start: Annotated[_Start | None, _doc('a point, or "random": uniform over the domain, per seed')] = None
    dim: Annotated[Dimensions | None, _doc("the dimension, where any will do")] = None
    options: _Options = field(default_factory=dict)
    path: _Path = field(default=(), compare=False)


@dataclass(frozen=True)
class ScheduleSpec:
    """A schedule of the learning rate. All further keys are its options."""

    name: _Word
    options: _Options = field(default_factory=dict)


def _with_options(value: Any, owner: type, **known: Any) -> dict[str, Any]:
    """A table whose options are moved to a place of their own."""
    own = {f.name for f in fields(owner)} - {"options", "hyperparameters", "path"}
    known[OPTIONS] = {key: child for key, child in value.items() if key not in own}
    return known | {key: child for key, child in value.items() if key in own}


def _part(owner: type, value: Any) -> Any:
    """What is put around a rule: a name alone, or a table with options."""
    if not isinstance(value, str | dict):
        raise ValueError(f"must be a name or a table, not {values.shown(value)}")
    return {"name": value} if isinstance(value, str) else _with_options(value, owner)


_Schedule = Annotated[
    ScheduleSpec, BeforeValidator(partial(_part, ScheduleSpec), json_schema_input_type=_Word | ScheduleSpec)
]


@dataclass(frozen=True)
class TransformSpec:
    """Something around an update rule. All further keys are its options."""

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


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer. All further keys are its hyperparameters."""

    name: _Word
    label: Annotated[_Label | None, _doc("what it is called in pictures and tables")] = None
    schedule: Annotated[_Schedule | None, _doc("a factor on the learning rate, by name or as a table")] = None
    transforms: Annotated[_Transforms, _doc("what is put around the rule, by name or as tables")] = ()
    hyperparameters: _Options = field(default_factory=dict)
    path: _Path = field(default=(), compare=False)


@dataclass(frozen=True)
class RecordSpec:
    """How much of every run is written down."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    points: Annotated[_Points, _doc("recorded steps per run, spread over the run")] = 200
    evaluations: Annotated[_Points, _doc("evaluations on the whole dataset per run")] = 20
    trajectories: Annotated[bool, Strict(), _doc("write down the parameters too")] = False


def _tables(key: str, owner: type, value: Any) -> Any:
    """The tables with their places. None stands for one that was left out."""
    if value == []:
        raise ValueError(f"must not be empty: write [[{key}]] and at least a name")
    if not isinstance(value, list) or not all(isinstance(table, dict | None) for table in value):
        raise ValueError(f"must be an array of tables: write [[{key}]] above each of them")
    return [_with_options(table, owner, path=(key, n)) for n, table in enumerate(value) if table is not None]


_Problems = Annotated[
    tuple[ProblemSpec, ...],
    Field(alias="problem", json_schema_extra=_NOT_EMPTY),
    BeforeValidator(partial(_tables, "problem", ProblemSpec)),
]
_Optimizers = Annotated[
    tuple[OptimizerSpec, ...],
    Field(alias="optimizer", json_schema_extra=_NOT_EMPTY),
    BeforeValidator(partial(_tables, "optimizer", OptimizerSpec)),
]


class KindOfTable(Protocol):
    """What is read of a kind of experiment (`optlab.kinds.Kind`)."""

    name: ClassVar[str]
    """The name of the table."""
    table: ClassVar[Any]
    """The dataclass of its keys; None of a kind that no table asks for."""
    forms: ClassVar[Mapping[str, str]]
    """What to write where a key is missing."""

    def filled(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The document with other defaults."""
        ...

    def in_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The JSON Schema with what the table changes in it."""
        ...


@dataclass(frozen=True)
class ExperimentSpec:
    """An experiment: every optimizer on every problem."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: Annotated[_Folder, _doc("the folder of the results")]
    steps: Annotated[_Steps, _doc("steps per run")]
    problems: _Problems
    optimizers: _Optimizers
    description: _Text = ""
    seeds: Annotated[_Positive, _doc("repeats of every cell that has anything random in it")] = 1
    seed: Annotated[_Count, _doc("the root of all random streams")] = 0
    backend: Annotated[
        Backend,
        _doc("what executes the steps: machine code, NumPy, or the faster one"),
    ] = "auto"
    precision: Annotated[
        Precision,
        _doc("the type of numbers that runs are computed in: float32 takes half the memory"),
    ] = "float64"
    record: RecordSpec = RecordSpec()

    kinds: ClassVar[tuple[KindOfTable, ...]] = ()
    """The kinds of experiment whose tables may stand here; see `experiment_of`."""

    @property
    def asked(self) -> list[tuple[KindOfTable, Any]]:
        """The kinds of experiment whose tables are there, with these."""
        found = ((kind, getattr(self, kind.name)) for kind in self.kinds)
        return [(kind, table) for kind, table in found if table is not None]


def experiment_of(kinds: tuple[KindOfTable, ...]) -> type[ExperimentSpec]:
    """The class of experiments that may have the tables of these kinds: a field for each, by its name.

    What a table does not know is a mistake in it, unless its class has a configuration of its own for pydantic.
    """
    if not kinds:
        return ExperimentSpec
    own = []
    for kind in kinds:
        if not hasattr(kind.table, "__pydantic_config__"):
            kind.table.__pydantic_config__ = ConfigDict(extra="forbid")  # pyright: ignore[reportAttributeAccessIssue]
        own.append((kind.name, kind.table | None, None))
    base = ExperimentSpec
    made = make_dataclass(base.__name__, own, bases=(base,), frozen=True, namespace={"kinds": kinds})
    made.__doc__ = base.__doc__
    return made
