"""Trajectories -> files: a table for each sweep as it is done, and what makes a finished experiment of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from optlab.errors import ResultsError, file_errors_name
from optlab.records import Sweep, Trajectories
from optlab.store.files import checksum, sync, write_parquet, write_text
from optlab.store.lock import locked
from optlab.store.manifest import ERRORS_LOG, FORMAT, HISTORY, MANIFEST, RUNS, SPEC, TRAJECTORIES, missing, sealed
from optlab.store.results import Results, load
from optlab.store.runs import runs_table
from optlab.store.steps import history, trajectories

DRAFT = ".draft"
"""The folder in that of the results where files are until all of them are written."""


@contextmanager
def writing(folder: Path) -> Iterator[Writer]:
    """The only writer of a results folder, which is made if there is none.

    Raises:
        InUse: another process or thread is writing there.
        UserError: the folder cannot be made.
    """
    with locked(folder):
        shutil.rmtree(folder / DRAFT, ignore_errors=True)  # of a process that was killed
        try:
            yield Writer(folder)
        finally:
            shutil.rmtree(folder / DRAFT, ignore_errors=True)


class Writer:
    """Writes the files of an experiment. What the folder held until now stays valid until all are written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: list[str] = []

    def sweep(self, sweep: Sweep, done: Trajectories) -> None:
        """Write the history of a sweep's runs, and their trajectories if there are any."""
        self._table(f"{HISTORY}/{sweep.id}.parquet", history(sweep, done))
        if done.x is not None:
            self._table(f"{TRAJECTORIES}/{sweep.id}.parquet", trajectories(sweep, done))

    def finish(
        self,
        parts: Sequence[tuple[Sweep, Trajectories]],
        spec: str,
        log: str,
        about: Mapping[str, Any],
        columns: Mapping[str, Any] = {},
    ) -> Results:
        """Make a finished experiment of the sweeps that were written, in place of what the folder held until now.

        `columns` are further columns of the table of runs, in the order of the plan; `about["sweeps"]` are the sweeps
        of the plan, without any of which nothing is sealed.

        All is written before anything is replaced, so that a full disk leaves the earlier results as they were.

        Raises:
            ResultsError: not all sweeps are there, or files were removed meanwhile.
        """
        self._table(RUNS, runs_table(parts, columns))
        self._text(SPEC, spec)
        manifest = {"format": FORMAT, **about, "files": {name: self._checksum(name) for name in self._written}}
        if lost := missing(manifest):
            raise ResultsError(f"{self.folder}: {lost[0]} was never written; run the experiment again")
        if log:
            self._text(ERRORS_LOG, log)
        self._text(MANIFEST, sealed(manifest))
        for name in self._written:
            sync(self._draft(name))
        shutil.rmtree(self.folder / "plots", ignore_errors=True)  # they no longer show what is in the folder
        self._publish()
        self._remove_others(log)
        return load(self.folder)

    def with_spec(self, results: Results, spec: str) -> Results:
        """The same results under another text of the same experiment, such as one with another comment."""
        if results.is_of(spec):
            return results
        self._text(SPEC, spec)
        files = {**results.manifest["files"], SPEC: self._checksum(SPEC)}
        manifest = {**results.manifest, "files": files}
        self._text(MANIFEST, sealed(manifest))
        for name in self._written:
            sync(self._draft(name))
        self._publish()
        return Results(self.folder, manifest)

    def _draft(self, name: str) -> Path:
        return self.folder / DRAFT / name

    def _table(self, name: str, table: pa.Table) -> None:
        with self._drafting(name) as path:
            write_parquet(path, table)

    def _text(self, name: str, text: str) -> None:
        with self._drafting(name) as path:
            write_text(path, text)

    @contextmanager
    def _drafting(self, name: str) -> Iterator[Path]:
        path = self._draft(name)
        with file_errors_name(self.folder / name):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield path
        self._written.append(name)

    def _checksum(self, name: str) -> str:
        try:
            return checksum(self._draft(name))
        except FileNotFoundError:
            raise ResultsError(f"{self.folder}: {name} was removed meanwhile; run the experiment again") from None

    def _publish(self) -> None:
        """Move all that was written to where it belongs, the manifest last."""
        for name in self._written:
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            os.replace(self._draft(name), path)

    def _remove_others(self, log: str) -> None:
        """Remove what is left of the earlier experiment."""
        ours = {self.folder / name for name in self._written}
        for room in (self.folder / HISTORY, self.folder / TRAJECTORIES):
            for path in {*room.glob("*")} - ours:
                path.unlink()
            with suppress(OSError):  # it is not there, or not empty
                room.rmdir()
        if not log:
            (self.folder / ERRORS_LOG).unlink(missing_ok=True)
