"""Continue the tuning of finished results with wider ranges, where chosen values are at the ends of their ranges."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optlab.errors import ResultsError, UserError
from optlab.experiments.document.widening import Edge, Widened, widened
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
        raise UserError(f"{results.folder}: a map has no chosen settings, so that there is nothing to extend")
    text = results.spec.read_bytes().decode()
    found = widened(text, tomllib.loads(text), [*_edges(results)])
    name = results.manifest["name"]
    if out is not None:
        made = Extension(found, name, out)
        if not _is_free(made):
            raise UserError(f"{out}: holds another experiment '{name}'; choose another folder with --out")
        return made
    parent = results.folder.parent
    base = parent.parent if re.fullmatch(rf"{FOLDER}(-\d+)?", parent.name) else parent
    folders = (base / (FOLDER if n == 1 else f"{FOLDER}-{n}") for n in itertools.count(1))
    return next(made for made in (Extension(found, name, folder) for folder in folders) if _is_free(made))


def _is_free(made: Extension) -> bool:
    """Whether the folder holds no other experiment of this name."""
    if made.file.exists():
        return made.file.read_bytes() == made.widened.text.encode()
    return not (made.folder / made.name).exists()


def _edges(results: ExperimentResults) -> Iterator[Edge]:
    """The axes whose chosen value is at an end, with their places in the experiment file."""
    planned = results.origin.plan
    if planned is None:
        raise ResultsError(f"{results.folder}: the ranges cannot be read: {'; '.join(results.origin.reasons)}")
    document = tomllib.loads(results.spec.read_text(encoding="utf-8"))
    rules = {sweep.label: sweep.rule for sweep in planned.sweeps}
    for row in analysis.edges(results.runs).to_dict("records"):
        number = planned.labels.index(row["label"])
        path, allowed = _place(document["optimizer"][number], row["name"], rules[row["label"]])
        yield Edge(("optimizer", number, *path), row["name"], row["label"], row["low"] > 0, row["high"] > 0, allowed)


def _place(table: Mapping[str, Any], name: str, rule: Rule) -> tuple[tuple[str | int, ...], Any]:
    """The place of a setting in its `[[optimizer]]` table, and the numbers that it allows."""
    owner, _, own = name.rpartition(".")
    if owner == "schedule":
        assert rule.schedule is not None
        return ("schedule", own), rule.schedule.signature.ranges.get(own)
    if owner:
        number = next(n for n, part in enumerate(rule.transforms) if part.name == owner)
        return ("transforms", number, own), rule.transforms[number].signature.ranges.get(own)
    return (name,), rule.optimizer.signature.ranges.get(name)
