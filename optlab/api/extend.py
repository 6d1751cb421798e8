"""Continue the tuning of finished results with wider ranges, where chosen values are at the ends of their ranges."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optlab.errors import ResultsError, UserError
from optlab.experiments.document.widening import Edge, Widened, widened
from optlab.experiments.tuning import labels_of
from optlab.results import analysis

if TYPE_CHECKING:
    from optlab.api.experiment_results import ExperimentResults
    from optlab.execution.rule import Rule

FOLDER = "extended"
"""The name of the folder for results with wider ranges, next to the folder of the results."""


@dataclass(frozen=True)
class Extension:
    """The experiment with wider ranges, and where its file and its results are written."""

    widened: Widened
    name: str
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.toml"

    def write(self) -> None:
        """Write the experiment file. It does not replace another file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.file.exists():
            self.file.write_bytes(self.widened.text.encode())


def extension(results: ExperimentResults, out: Path | None = None) -> Extension:
    """The experiment of finished results with wider ranges. Nothing is written.

    Args:
        results: finished results, with or without `[tuning]`.
        out: the folder for the new file and the new results. Default: `extended` next to the results, or the first of
            `extended-2`, `extended-3`, ... that does not hold another experiment of this name.

    Raises:
        UserError: the results are a map, or `out` holds another experiment of this name.
    """
    if not results.kind.is_ranked:
        raise UserError(f"{results.place}: a map has no chosen settings, so that there is nothing to extend")
    text = results.spec.read_bytes().decode()
    found = widened(text, tomllib.loads(text), [*_edges(results)])
    name = results.manifest["name"]
    if out is not None:
        made = Extension(found, name, out)
        if not _is_free(made):
            raise UserError(f"{out}: holds another experiment '{name}'; choose another folder with --out")
        return made
    parent = results.place.absolute().parent
    base = parent.parent if re.fullmatch(rf"{FOLDER}(-\d+)?", parent.name) else parent
    folders = (base / (FOLDER if n == 1 else f"{FOLDER}-{n}") for n in itertools.count(1))
    return next(made for made in (Extension(found, name, folder) for folder in folders) if _is_free(made))


def _is_free(made: Extension) -> bool:
    """Whether the folder holds no other experiment of this name."""
    if made.file.exists():
        return made.file.read_bytes() == made.widened.text.encode()
    return not (made.folder / made.name).exists()


def _edges(results: ExperimentResults) -> Iterator[Edge]:
    """The axes whose chosen value is at an end, with their places in the experiment file. Each occurs once."""
    planned = results.origin.plan
    if planned is None:
        raise ResultsError(f"{results.place}: the ranges cannot be read: {'; '.join(results.origin.reasons)}")
    document = tomllib.loads(results.spec.read_text(encoding="utf-8"))
    rules = {sweep.label: sweep.rule for sweep in planned.sweeps}  # in the order of the file
    tables = dict(zip(rules, _tables(document["optimizer"]), strict=True))
    trials = planned.tuning.table.trials if planned.tuning else ()
    bases = {label: base for base in rules for label in labels_of(base, trials)}
    found: dict[tuple[str | int, ...], Edge] = {}
    for row in analysis.edges(results.runs).to_dict("records"):
        base = bases[row["label"]]
        number, schedule = tables[base]
        place, allowed = _place(schedule, row["name"], rules[base])
        path = ("optimizer", number, *place)
        low, high = row["low"] > 0, row["high"] > 0
        if path in found:  # of another schedule or number of trials
            low, high = low or found[path].low, high or found[path].high
        found[path] = Edge(path, row["name"], found[path].label if path in found else base, low, high, allowed)
    yield from found.values()


def _tables(optimizers: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, tuple[str | int, ...]]]:
    """For each optimizer, the number of its table and the place of its schedule there. A list of schedules has several
    optimizers."""
    for number, table in enumerate(optimizers):
        written = table.get("schedule")
        if isinstance(written, list):
            yield from ((number, ("schedule", n)) for n in range(len(written)))
        else:
            yield number, ("schedule",)


def _place(schedule: tuple[str | int, ...], name: str, rule: Rule) -> tuple[tuple[str | int, ...], Any]:
    """The place of a setting in its `[[optimizer]]` table, and the numbers that it allows."""
    owner, _, own = name.rpartition(".")
    if owner == "schedule":
        assert rule.schedule is not None
        return (*schedule, own), rule.schedule.signature.ranges.get(own)
    if owner:
        number = next(n for n, part in enumerate(rule.transforms) if part.name == owner)
        return ("transforms", number, own), rule.transforms[number].signature.ranges.get(own)
    return (name,), rule.optimizer.signature.ranges.get(name)
