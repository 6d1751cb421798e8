"""The dataclass of an experiment, which pydantic fills. It is the result of this package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import ConfigDict, Field, Strict

from optlab.experiments.choices import Backend, Precision
from optlab.experiments.document import values
from optlab.experiments.document.limits import Executor, LimitsTable
from optlab.experiments.document.tables import Optimizers, Problems, RecordSpec, Stop
from optlab.experiments.document.tuning import TuningSpec

_LETTERS = r"\p{L}\p{M}\p{N}_"
_FOLDER = rf"^[{_LETTERS}]([{_LETTERS} .,+=()-]*[{_LETTERS}+=()-])?$"
# The regular expressions of some editors have no classes of letters, so this pattern excludes other ASCII characters.
_NO_LETTERS = r"\[-^`{-\xa9\u2000-\u206f"
_FOLDER_IN_EDITORS = (
    rf"^[^\x00-/:-@{_NO_LETTERS}]([^\x00-\x1f!-'*/:-<>-@{_NO_LETTERS}]*[^\x00-'*,./:-<>-@{_NO_LETTERS}])?$(?!\n)"
)
_Folder = Annotated[
    str, Strict(), Field(pattern=_FOLDER, max_length=60, json_schema_extra={"pattern": _FOLDER_IN_EDITORS})
]
_Count = Annotated[int, Strict(), Field(ge=0, le=values.MAX_INT)]
_Positive = Annotated[int, Strict(), Field(ge=1, le=values.MAX_INT)]
_Steps = Annotated[int, Strict(), Field(ge=1, le=values.MAX_STEPS)]
_USUAL_RECORD = RecordSpec()


class KindOfTable(Protocol):
    """The attributes of a kind of experiment (`optlab.experiments.kinds.Kind`) that this package uses."""

    name: ClassVar[str]
    """The name of the table."""
    table: ClassVar[Any]
    """The dataclass of its keys; None if the kind has no table."""
    forms: ClassVar[Mapping[str, str]]
    """An example line for each key, printed if the key is missing."""

    def filled(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The document with the defaults of this kind."""
        ...

    def in_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The JSON Schema with the changes for this table."""
        ...


@dataclass(frozen=True)
class ExperimentSpec:
    """An experiment: every optimizer on every problem."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: Annotated[_Folder, Field(description="the folder of the results")]
    steps: Annotated[_Steps, Field(description="steps per run")]
    problems: Problems
    optimizers: Optimizers
    description: Annotated[str, Strict()] = ""
    seeds: Annotated[_Positive, Field(description="repeats of every cell that has anything random in it")] = 1
    seed: Annotated[_Count, Field(description="the root of all random streams")] = 0
    backend: Annotated[
        Backend,
        Field(description="what executes the steps: machine code, NumPy, or the faster one"),
    ] = "auto"
    precision: Annotated[
        Precision,
        Field(description="the type of numbers that runs are computed in: float32 takes half the memory"),
    ] = "float64"
    record: RecordSpec = _USUAL_RECORD
    tuning: Annotated[TuningSpec | None, Field(description="how settings are chosen before they are judged")] = None
    stop: Annotated[Stop | None, Field(description="limits at which runs end early")] = None
    executor: Annotated[
        Executor | None,
        Field(description="where sweeps are executed: threads, processes, or the workers of a Dask cluster"),
    ] = None
    limits: Annotated[LimitsTable | None, Field(description="limits of each sweep, beyond which it fails")] = None

    kinds: ClassVar[tuple[KindOfTable, ...]] = ()
    """The kinds of experiment whose tables are fields of this class; see `experiment_of`."""

    @property
    def asked(self) -> list[tuple[KindOfTable, Any]]:
        """The kinds of experiment whose tables are present, with their tables."""
        found = ((kind, getattr(self, kind.name)) for kind in self.kinds)
        return [(kind, table) for kind, table in found if table is not None]


def experiment_of(kinds: tuple[KindOfTable, ...]) -> type[ExperimentSpec]:
    """The class of experiments that may contain the tables of these kinds, with a field for each kind.

    Unknown keys in such a table are mistakes, unless its class has its own configuration for pydantic.
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
