"""The interface of a kind of experiment. Every method has the answer of a plain grid as its default."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from optlab.containment import contained
from optlab.errors import PluginError, UserError
from optlab.mapping import Passes
from optlab.signature import complaint, is_built_in, source
from optlab.spec import ExperimentSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from optlab.plan import Plan
    from optlab.records import Sweep
    from optlab.resolve import CaseAxes, Notebook, RuleAxes
    from optlab.store import Results

Key = tuple[str | int, ...]
"""The place of a key in an experiment file: `("basins", "resolution")`."""


class Kind:
    """A kind of experiment. A subclass states what differs from a plain grid; the hook `optlab_kinds` adds an instance.

    An instance holds nothing of an experiment: what belongs to one is passed to the methods, `table` above all, which
    is the table of the experiment file as an instance of the class `Kind.table`.
    """

    name: ClassVar[str]
    """The name of the kind, and of its table in an experiment file."""
    table: ClassVar[type | None] = None
    """A frozen dataclass: the keys of the table with their types and defaults. pydantic reads it, so its annotations
    may say more than the type: `Annotated[int, Field(ge=2, description="pixels along each side")]`. Other keys than
    its fields are refused. Without a table (of the grid) there is nothing to ask for the kind by."""
    forms: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """What to write where a key of the table is missing, by its name: `{"x": 'x = "lr"'}`."""
    times: ClassVar[int] = 1
    """How many times every run is computed; see `passes`."""
    is_ranked: ClassVar[bool] = True
    """Whether runs compete as in a grid: then there is a ranking, and there are the pictures of a grid. A kind whose
    runs are the pixels of a picture has neither."""

    def __init__(self) -> None:
        """Refuse a class that no experiment file could ask for.

        Raises:
            PluginError: the name is none that a table can have, or the table is no dataclass.
        """
        cls = type(self)
        own = {f.name for f in fields(ExperimentSpec)} | {"problem", "optimizer"} | {*dir(ExperimentSpec)}
        name = getattr(cls, "name", None)
        if not isinstance(name, str) or not name.isidentifier() or name in own:
            raise PluginError(f"{cls.__name__}: name = {name!r} is no name that a table of an experiment can have")
        if cls.table is not None and not (isinstance(cls.table, type) and is_dataclass(cls.table)):
            raise PluginError(f"{cls.__name__}: table is the dataclass of the keys of [{name}], not {cls.table!r}")

    @property
    def function(self) -> type:
        """The class, from which come the file, the line and the summary."""
        return type(self)

    # ---- reading ---------------------------------------------------------------------------------------------------

    def filled(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The document of an experiment that has this table, with what the kind leaves to other defaults.

        It was not checked yet: anything may stand anywhere.
        """
        return document

    def in_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The JSON Schema of experiment files with what the table changes in the rest of the file."""
        return schema

    # ---- planning --------------------------------------------------------------------------------------------------

    def checked(
        self,
        table: Any,
        spec: ExperimentSpec,
        cases: Sequence[CaseAxes],
        rules: Sequence[RuleAxes],
        notes: Notebook,
    ) -> list[CaseAxes]:
        """The cases of the experiment, which the kind may change. `notes.note(key, text)` notes a mistake at its place.

        Cases that cannot be had are left out: with a mistake nothing is planned.
        """
        return list(cases)

    def sweep(self, table: Any, sweep: Sweep) -> Sweep:
        """A sweep with what the runs record and aim at."""
        return sweep

    def largest(self, table: Any, spec: ExperimentSpec) -> tuple[Key, str]:
        """The key to blame if there are too many runs of each cell, and what to say of it."""
        return ("seeds",), f"'seeds' has {spec.seeds:,} values"

    # ---- running ---------------------------------------------------------------------------------------------------

    def passes(self, planned: Plan) -> Passes:
        """How the sweeps of the plan are executed, and what is kept of them."""
        return Passes(planned.sweeps)

    # ---- results ---------------------------------------------------------------------------------------------------

    def panels(self, results: Results, planned: Plan) -> list[Any]:
        """The results as arrays, in the order of the plan; of a grid there are none."""
        return []

    def panel_counts(self, planned: Plan) -> dict[str, int]:
        """How many panels there will be of each problem, by its title."""
        return {}

    def figures(self, results: Results, planned: Plan, labels: Sequence[str]) -> Iterator[tuple[str, Figure]]:
        """The pictures of this kind by name, which show the optimizers with these labels. Those of a grid come first if
        the kind is ranked."""
        return iter(())

    def summary(self, results: Results, planned: Plan) -> Iterable[str]:
        """Lines for the end of `optlab run`, below the ranking if there is one."""
        return ()


@contextmanager
def faults_of(kind: Kind) -> Iterator[None]:
    """Let what the code of a kind from elsewhere raises be told as a fault of that code.

    Raises:
        PluginError: it raised something; the message has the file and the line.
    """
    if is_built_in(kind.function):  # what is raised there is no fault of a plugin
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
