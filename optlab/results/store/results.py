"""Files -> data frames. Each file is checked against the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from optlab.errors import DamagedResults, ResultsError
from optlab.results.store import manifest as layout
from optlab.results.store.files import checksum


@dataclass(frozen=True)
class Results:
    """A finished results folder as data frames. Each frame is read at its first use and kept in memory.

    `runs` has one row per run; `history` (run, step, loss, ...) and `trajectories` (run, step, x0, x1, ...) one row per
    recorded step of each run.

    Raises:
        ResultsError: a frame was not read yet, and meanwhile the results in the folder were replaced by another run or
            removed.
    """

    folder: Path
    manifest: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", self.folder.absolute())  # a later chdir must not change the folder

    @property
    def place(self) -> Path:
        """What messages name: the folder."""
        return self.folder

    @cached_property
    def runs(self) -> pd.DataFrame:
        return _frame(self._read([layout.RUNS])[0])

    def arrays(self, *columns: str) -> dict[str, Any]:
        """Some columns of `runs` as NumPy arrays. For very many runs this is much faster than the whole frame."""
        table = self._read([layout.RUNS], columns)[0]
        return {name: table[name].to_numpy() for name in columns}

    @cached_property
    def history(self) -> pd.DataFrame:
        return _frame(self._tables(layout.HISTORY, ("loss",)))

    @cached_property
    def trajectories(self) -> pd.DataFrame:
        return _frame(self._tables(layout.TRAJECTORIES, ("x0", "x1")))

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return layout.failed(self.manifest)

    @property
    def spec(self) -> Path:
        """The path of the experiment file, a copy of what the user wrote."""
        return self.file(layout.SPEC)

    @property
    def specs(self) -> Mapping[str, Path]:
        """The paths of all experiment files, by their names: one, except for several results that are compared."""
        return {layout.SPEC: self.spec}

    @property
    def remarks(self) -> Sequence[str]:
        """Sentences on where the results come from, for readers of the report."""
        return ()

    def is_of(self, spec: str) -> bool:
        """Whether `spec` is exactly the text of the experiment file."""
        return self.spec.read_bytes() == spec.encode()

    @property
    def plots(self) -> list[Path]:
        """The paths of the pictures, sorted by name."""
        current = self._current_manifest()
        if layout.PICTURES not in current:  # a manifest of an earlier version, which does not name the pictures
            return sorted(path for path in (self.folder / layout.PLOTS).glob("*") if path.is_file())
        names = sorted(name for name in layout.pictures(current) if name != layout.REPORT)
        return [path for path in map(self._path, names) if path.is_file()]

    def has_plots(self, format: str) -> bool:
        """Whether all pictures were drawn in this format, and none of them is damaged."""
        return format in self._current_manifest().get(layout.DRAWN, []) and not self.damaged_pictures(f".{format}")

    def has_report(self) -> bool:
        """Whether there is a report, and it is not damaged."""
        sum_ = layout.pictures(self._current_manifest()).get(layout.REPORT)
        return sum_ is not None and not _fault(self.folder, layout.REPORT, sum_)

    def is_drawn(self, format: str) -> bool:
        """Whether all pictures were drawn in this format, there is a report, and nothing that was drawn is damaged."""
        manifest = self._current_manifest()
        has_all = format in manifest.get(layout.DRAWN, []) and layout.REPORT in layout.pictures(manifest)
        return has_all and not self.damaged_pictures()

    def damaged_pictures(self, suffix: str = "") -> dict[str, str]:
        """What is wrong with pictures, and the report, that were removed or changed after drawing, by name.

        `suffix`: only files whose names end like this are checked.
        """
        drawn = layout.pictures(self._current_manifest()).items()
        faults = {name: _fault(self.folder, name, sum_) for name, sum_ in drawn if name.endswith(suffix)}
        return {name: what for name, what in faults.items() if what}

    def are_there(self) -> bool:
        """Whether the folder still holds these results, so that no other run has replaced them."""
        try:
            return layout.are_same(layout.read_manifest(self.folder), self.manifest)
        except ResultsError:
            return False

    def _current_manifest(self) -> dict[str, Any]:
        """The current manifest. Pictures may have been drawn since these results were loaded."""
        manifest = layout.read_manifest(self.folder)
        if not layout.are_same(manifest, self.manifest):
            raise _replaced(self.folder)
        return manifest

    def file(self, name: str) -> Path:
        """The path of a file of the results."""
        self._current_manifest()
        return self._path(name)

    def _path(self, name: str) -> Path:
        published, own = layout.located(self.folder, name)
        return published if published.is_file() else own

    def _tables(self, inner: str, columns: Sequence[str]) -> pa.Table:
        """The tables of all sweeps as one table. If no sweep has one, the table is empty and has these `columns`."""
        names = [name for name in sorted(self.manifest["files"]) if name.startswith(f"{inner}/")]
        if not names:
            kinds = {"run": pa.int64(), "step": pa.int64()} | dict.fromkeys(columns, pa.float64())
            return pa.schema(kinds.items()).empty_table()
        tables = pa.concat_tables(self._read(names), promote_options="default")
        return tables.sort_by([("run", "ascending"), ("step", "ascending")])

    def _read(self, names: Sequence[str], columns: Sequence[str] | None = None) -> list[pa.Table]:
        """The tables in some files."""
        tables = [_first_readable(layout.located(self.folder, name), columns) for name in names]
        # The manifest is the first thing that is replaced. If it is the same after reading, the tables are too.
        if not self.are_there():
            raise _replaced(self.folder / names[0])
        for name, table in zip(names, tables, strict=True):
            if table is None:
                raise DamagedResults(f"{self.folder / name}: is missing or damaged")
        return [table for table in tables if table is not None]

    def __repr__(self) -> str:
        return f"<results of {self.manifest['name']!r} in {self.folder}: {layout.outcomes(self.manifest)}>"


def _first_readable(paths: Sequence[Path], columns: Sequence[str] | None) -> pa.Table | None:
    for path in paths:
        try:
            return pq.read_table(path, columns=columns and list(columns))
        except (OSError, pa.ArrowInvalid):
            continue
    return None


def _replaced(path: Path) -> ResultsError:
    return ResultsError(f"{path}: is gone; the results were replaced or removed since they were loaded")


def load(folder: Path) -> Results:
    """The results in a folder, after checking each file against the manifest.

    Raises:
        ResultsError: the folder is missing, unfinished or damaged; the message names the file.
    """
    if not folder.is_dir():
        raise ResultsError(f"{folder}: there is no such results folder")
    manifest = layout.read_manifest(folder)
    while fault := _first_fault(folder, manifest):
        before, manifest = manifest, layout.read_manifest(folder)
        if before == manifest:
            raise DamagedResults(fault)
        # The results were replaced during the check, so that the new ones are checked.
    return Results(folder, manifest)


def _first_fault(folder: Path, manifest: Mapping[str, Any]) -> str:
    if lost := layout.missing(manifest):
        return f"{folder / layout.MANIFEST}: names no {lost[0]}, so results are missing"
    faults = ((name, _fault(folder, name, sum_)) for name, sum_ in manifest["files"].items())
    return next((f"{folder / name}: {what}" for name, what in faults if what), "")


def _fault(folder: Path, name: str, expected: str) -> str:
    """What is wrong with a file, or an empty text."""
    for path in layout.located(folder, name):
        try:
            return "" if checksum(path) == expected else "is damaged (its checksum is not the manifest's)"
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
    return "is missing"


def _frame(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas()
