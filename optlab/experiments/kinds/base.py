"""The interface of a kind of experiment, with the defaults of a plain grid, and the plan that its methods get."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from optlab.engine.containment import contained
from optlab.errors import PluginError, UserError
from optlab.execution import fingerprint
from optlab.experiments.document import ExperimentSpec, RecordSpec
from optlab.experiments.passes import Passes
from optlab.experiments.tuning import Tuning
from optlab.plugins.code_location import complaint, is_built_in, source

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from optlab.execution.records import Sweep
    from optlab.experiments.resolve import CaseAxes, Diagnostics, RuleAxes
    from optlab.results.store import Results

Key = tuple[str | int, ...]
"""The place of a key in an experiment file: `("basins", "resolution")`."""


class Kind:
    """A kind of experiment. A subclass overrides what differs from a grid; the hook `optlab_kinds` adds an instance.

    An instance has no state of an experiment. The methods get it as arguments. The argument `table` is the table of the
    experiment file, as an instance of the class `Kind.table`.
    """

    name: ClassVar[str]
    """The name of the kind, and of its table in an experiment file."""
    table: ClassVar[type | None] = None
    """A frozen dataclass: the keys of the table with their types and defaults. pydantic reads it, so annotations may
    have more than the type: `Annotated[int, Field(ge=2, description="pixels along each side")]`. Keys that are not
    fields are errors. None (for the grid): no experiment file can select the kind."""
    forms: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """What messages suggest for a missing key of the table, by name: `{"x": 'x = "lr"'}`."""
    times: ClassVar[int] = 1
    """The number of times that every run is computed; see `passes`."""
    is_ranked: ClassVar[bool] = True
    """Whether optimizers are ranked as in a grid. If so, there are a ranking and the pictures of a grid. A kind whose
    runs are the pixels of a picture has neither."""

    def __init__(self) -> None:
        """Check the name and the table of the class.

        Raises:
            PluginError: no table of an experiment file can have the name, or `table` is no dataclass.
        """
        cls = type(self)
        reserved = {f.name for f in fields(ExperimentSpec)} | {"problem", "optimizer"} | {*dir(ExperimentSpec)}
        name = getattr(cls, "name", None)
        if not isinstance(name, str) or not name.isidentifier() or name in reserved:
            raise PluginError(f"{cls.__name__}: name = {name!r} is not a valid name of a table of an experiment")
        if cls.table is not None and not (isinstance(cls.table, type) and is_dataclass(cls.table)):
            raise PluginError(f"{cls.__name__}: table must be a dataclass with the keys of [{name}], not {cls.table!r}")

    @property
    def function(self) -> type:
        """The class, which has the file, the line and the summary."""
        return type(self)

    # ---- reading ---------------------------------------------------------------------------------------------------

    def filled(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The document of an experiment with this table, with the defaults that the kind changes elsewhere.

        The document is not checked yet: any entry may have any type.
        """
        return document

    def in_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The JSON Schema of experiment files, with the changes that the table causes in the rest of the file."""
        return schema

    # ---- planning --------------------------------------------------------------------------------------------------

    def checked(
        self,
        table: Any,
        spec: ExperimentSpec,
        cases: Sequence[CaseAxes],
        rules: Sequence[RuleAxes],
        notes: Diagnostics,
    ) -> list[CaseAxes]:
        """Check the experiment. `notes.note(key, text)` records a mistake at the place of a key.

        Returns:
            The cases, which the kind may change. Cases with mistakes may be left out, because nothing is planned then.
        """
        return list(cases)

    def sweep(self, table: Any, sweep: Sweep) -> Sweep:
        """A sweep with the recording and the target of its runs."""
        return sweep

    def largest(self, table: Any, spec: ExperimentSpec) -> tuple[Key, str]:
        """The key that the error for too many runs per cell points to, and the text for it."""
        return ("seeds",), f"'seeds' has {spec.seeds:,} values"

    # ---- running ---------------------------------------------------------------------------------------------------

    def passes(self, planned: Plan) -> Passes:
        """How the sweeps of the plan are executed, and which results are kept."""
        return Passes(planned.sweeps)

    # ---- results ---------------------------------------------------------------------------------------------------

    def panels(self, results: Results, planned: Plan) -> list[Any]:
        """The results as arrays, in the order of the plan; empty for a grid."""
        return []

    def panel_counts(self, planned: Plan) -> dict[str, int]:
        """The number of panels of each problem, by its title."""
        return {}

    def figures(self, results: Results, planned: Plan, labels: Sequence[str]) -> Iterator[tuple[str, Figure]]:
        """The pictures of this kind by name, for the optimizers with these labels. For a ranked kind they come after
        the pictures of a grid."""
        return iter(())

    def summary(self, results: Results, planned: Plan) -> Iterable[str]:
        """Lines to print at the end of `optlab run`, below the ranking if there is one."""
        return ()


@contextmanager
def faults_of(kind: Kind) -> Iterator[None]:
    """Report exceptions of the code of a kind from a plugin as errors of that plugin.

    Raises:
        PluginError: the code raised an exception; the message has the file and the line.
    """
    if is_built_in(kind.function):  # an exception here is a bug of optlab
        yield
        return
    try:
        with contained():
            yield
    except (UserError, OSError):
        raise
    except Exception as error:
        file = source(kind.function)[0]
        if all(f.filename != file for f in traceback.extract_tb(error.__traceback__)):
            raise
        raise PluginError(complaint(error, [kind.function], file)) from error


@dataclass(frozen=True)
class Plan:
    """All sweeps of an experiment.

    - `repeats_saved`: the number of runs that are left out because they would repeat a deterministic run.
    - `seeds`: the number of seeds. None if nothing is random, or if each pixel of a map has its own seed.
    - `record`: what the experiment file asks to record.
    - `kind`, `table`: the kind of experiment, and its table in the experiment file, or None.
    - `tuning`: the second pass of an experiment with [tuning], whose sweeps are those of the first; else None.
    """

    name: str
    sweeps: tuple[Sweep, ...]
    cells: int
    repeats_saved: int
    labels: tuple[str, ...]
    cases: tuple[str, ...]
    seeds: int | None
    record: RecordSpec
    kind: Kind
    table: Any = None
    tuning: Tuning | None = None

    @property
    def runs(self) -> int:
        """The number of runs in the results."""
        return self.tuning.tuning_runs + self.tuning.runs if self.tuning else sum(len(sweep) for sweep in self.sweeps)

    @property
    def run_steps(self) -> int:
        judging = self.tuning.run_steps if self.tuning else 0
        return self.kind.times * sum(len(sweep) * sweep.steps for sweep in self.sweeps) + judging

    @property
    def is_recorded(self) -> bool:
        """Whether anything is recorded along the steps."""
        recordings = self.tuning.judged if self.tuning else self.sweeps
        return any(len(each.recording.steps) for each in recordings)

    @property
    def id(self) -> str:
        """A hash of everything that the results depend on."""
        asked = [type(self.table).__name__, vars(self.table)] if self.table else []
        code = [] if is_built_in(self.kind.function) else [fingerprint.of_plugin(self.kind)]
        tuned = self.tuning.identity if self.tuning else []
        return fingerprint.digest([self.name, *(sweep.id for sweep in self.sweeps), *asked, *code, *tuned])
