"""TOML text -> `Draft`: the experiment, and all mistakes in it with their lines and columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from optlab.errors import Mistake, SpecError
from optlab.experiments.document import messages, source_map
from optlab.experiments.document.experiment import ExperimentSpec, KindOfTable, experiment_of
from optlab.experiments.document.source_map import KeyPath
from optlab.experiments.document.text import located, printable

_REST = {"name": "unnamed", "steps": 1, "problem": [None], "optimizer": [None]}
Kinds = Iterable[KindOfTable]
"""The kinds of experiment whose tables a file may contain; other tables are unknown keys."""


@dataclass(frozen=True)
class Draft:
    """The valid parts of an experiment, and the mistakes found so far.

    If there are mistakes, `spec` consists of the valid parts, so that later checks can continue; a missing name is
    'unnamed', and missing steps are 1. It is None if the text is not valid TOML. `source` is None for a dictionary.
    """

    spec: ExperimentSpec | None
    mistakes: tuple[Mistake, ...]
    file: str = "<experiment>"
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)
    source: str | None = field(default=None, repr=False)

    def raise_if_wrong(self, extra_mistakes: Iterable[Mistake] = ()) -> None:
        """Raise a `SpecError` with all mistakes, `extra_mistakes` included, in the order of the file."""
        found = [*self.mistakes, *extra_mistakes]
        if not found:
            return
        if self.source is not None and self.spec is not None:
            found = located(found, self.source)
        raise SpecError(self.file, found, printable(self.source or ""))


def read(text: str, file: str = "<experiment>", kinds: Kinds = ()) -> Draft:
    """Read an experiment from TOML. Mistakes are returned in the draft and not raised.

    >>> draft = read('steps = 10\\n[[optimizer]]\\nname = "gd"\\nlr = [0.1, 1.0]')
    >>> draft.spec.optimizers[0].hyperparameters["lr"]
    Axis(values=(0.1, 1.0), listed=True)
    >>> [mistake.message for mistake in draft.mistakes]
    ['name is missing: write name = "my_experiment"', 'problem is missing: write [[problem]]']
    """
    text = text.removeprefix("\ufeff")
    document = source_map.parse(text)
    if isinstance(document, Mistake):
        return Draft(None, (document,), file, {}, text)
    return Draft(*_read(document, kinds), file, document, text)


def read_dict(mapping: Mapping[str, Any], kinds: Kinds = ()) -> Draft:
    """Read an experiment from a dictionary of the same form. It may contain NumPy values; a None is ignored."""
    document = _plain(mapping)
    return Draft(*_read(document, kinds), document=document)


def adapter(kinds: Kinds) -> tuple[tuple[KindOfTable, ...], TypeAdapter[ExperimentSpec]]:
    """The kinds that have a table, and the type adapter for experiments that may contain these tables."""
    with_table = tuple(kind for kind in kinds if kind.table is not None)
    return with_table, _adapter(with_table)


@lru_cache(maxsize=8)  # a kind in a drop-in file is another one each time it is loaded
def _adapter(kinds: tuple[KindOfTable, ...]) -> TypeAdapter[ExperimentSpec]:
    return TypeAdapter(experiment_of(kinds))


def _read(document: Mapping[str, Any], kinds: Kinds) -> tuple[ExperimentSpec, tuple[Mistake, ...]]:
    """The experiment without its invalid parts, and the mistakes."""
    with_table, experiment = adapter(kinds)
    for kind in with_table:
        if isinstance(document.get(kind.name), dict):
            document = kind.filled(document)
    try:
        return experiment.validate_python(document, context={"values": 0}), ()
    except ValidationError as error:
        errors = error.errors(include_url=False)
    blamed = {_blamed(messages.place(error)) for error in errors}
    rest = experiment.validate_python(_REST | _without(document, blamed), context={"values": 0})
    return rest, tuple(messages.mistake(error, with_table) for error in errors)


def _blamed(path: KeyPath) -> KeyPath:
    """The path to remove because of a mistake: the key, or its whole table if the table has no valid name or suite."""
    if path[0] not in ("problem", "optimizer"):
        return path[:1]
    return path[:2] if path[2:] in [("name",), ("suite",)] else path[:3]


def _without(node: Any, blamed: Collection[KeyPath], path: KeyPath = ()) -> Any:
    """The document without these keys, and with None in place of these tables."""
    if isinstance(node, dict):
        return {k: _without(v, blamed, (*path, k)) for k, v in node.items() if (*path, k) not in blamed}
    if isinstance(node, list) and len(path) == 1:
        return [None if (*path, n) in blamed else _without(v, blamed, (*path, n)) for n, v in enumerate(node)]
    return node


def _plain(value: Any) -> Any:
    """Convert a Python value to the types that tomllib returns."""
    if isinstance(value, Mapping):
        return {str(key): _plain(child) for key, child in value.items() if child is not None}
    if hasattr(value, "tolist"):  # NumPy's
        return value.tolist()
    is_list = isinstance(value, list | tuple | range)
    return [_plain(child) for child in value if child is not None] if is_list else value
