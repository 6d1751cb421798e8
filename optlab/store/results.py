"""Files -> data frames, every one checked against the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from optlab.errors import ResultsError
from optlab.store.files import checksum
from optlab.store.manifest import HISTORY, MANIFEST, RUNS, SPEC, TRAJECTORIES, failed, missing, read_manifest


@dataclass(frozen=True)
class Results:
    """A finished results folder as data frames. `history` and `trajectories` are read when first asked for.

    `runs` has one row per run; `history` (run, step, loss, ...) and `trajectories` (run, step, x0, x1, ...) one row per
    recorded step of each run.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def runs(self) -> pd.DataFrame:
        return _frame(_read(self.folder / RUNS))

    def arrays(self, *columns: str) -> dict[str, Any]:
        """Some columns of `runs` as NumPy arrays: of very many runs, much sooner than all of the frame."""
        table = _read(self.folder / RUNS, columns)
        return {name: table[name].to_numpy() for name in columns}

    @property
    def history(self) -> pd.DataFrame:
        return _frame(_together(self._files(HISTORY), ("loss",)))

    @property
    def trajectories(self) -> pd.DataFrame:
        return _frame(_together(self._files(TRAJECTORIES), ("x0", "x1")))

    def _files(self, room: str) -> list[Path]:
        """What the manifest names; an interrupted run may have left other files beside."""
        return [self.folder / name for name in sorted(self.manifest["files"]) if name.startswith(f"{room}/")]

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return failed(self.manifest)

    @property
    def spec(self) -> Path:
        """The experiment, as it was written."""
        return self.folder / SPEC

    def is_of(self, spec: str) -> bool:
        """Whether this is the text of the experiment."""
        return self.spec.read_bytes() == spec.encode()

    @property
    def plots(self) -> list[Path]:
        """The pictures, in the order of their names."""
        return sorted((self.folder / "plots").glob("*"))

    def has_plots(self, format: str) -> bool:
        """Whether pictures of this format were drawn."""
        return any(path.suffix == f".{format}" for path in self.plots)

    def are_there(self) -> bool:
        """Whether these are still the results in the folder, and no other run has replaced them."""
        try:
            return read_manifest(self.folder) == self.manifest
        except ResultsError:
            return False

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {status}" for status, n in self.manifest["statuses"].items() if n)
        return f"<results of {self.manifest['name']!r} in {self.folder}: {counts}>"


def load(folder: Path) -> Results:
    """The results in a folder, every file checked against the manifest.

    Raises:
        ResultsError: the folder is missing, unfinished or damaged; the message names the file.
    """
    if not folder.is_dir():
        raise ResultsError(f"{folder}: there is no such results folder")
    manifest = read_manifest(folder)
    if lost := missing(manifest):
        raise ResultsError(f"{folder / MANIFEST}: names no {lost[0]}, so results are missing; run the experiment again")
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise ResultsError(f"{path}: is missing; run the experiment again")
        if checksum(path) != expected:
            raise ResultsError(f"{path}: is damaged (its checksum is not the manifest's); run the experiment again")
    return Results(folder, manifest)


def _read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns and list(columns))
    except FileNotFoundError:
        raise ResultsError(f"{path}: is gone; the results were replaced or removed since they were loaded") from None


def _together(paths: Sequence[Path], columns: Sequence[str]) -> pa.Table:
    """The tables of all sweeps as one; `columns` are those that it has even where there is none."""
    tables = [_read(path) for path in paths]
    if not tables:
        kinds = {"run": pa.int64(), "step": pa.int64()} | dict.fromkeys(columns, pa.float64())
        return pa.schema(kinds.items()).empty_table()
    return pa.concat_tables(tables, promote_options="default").sort_by([("run", "ascending"), ("step", "ascending")])


def _frame(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas()
