"""Trajectories -> files: a table for each sweep as it is done, and what makes a finished experiment of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from optlab.errors import ResultsError, UserError, file_errors_name
from optlab.records import Sweep, Trajectories
from optlab.store import manifest as layout
from optlab.store.drafts import drafting, litter, tidy
from optlab.store.files import checksum, write_parquet, write_text
from optlab.store.lock import LOCK, PUBLISHING, locked
from optlab.store.ownership import check_folders, check_free, is_file, own
from optlab.store.publishing import Manifest, complete, is_pending, publish
from optlab.store.results import Results, load
from optlab.store.runs import runs_table
from optlab.store.steps import history, trajectories


@contextmanager
def writing(folder: Path) -> Iterator[Writer]:
    """The only writer of a results folder, which is made if there is none.

    What an earlier process left is put in order first: published files come to their places, drafts are removed.

    Raises:
        InUse: another process or thread is writing there.
        UserError: the folder cannot be made, or something that optlab did not make is in the way of its files.
    """
    with locked(folder):
        with locked(folder, PUBLISHING, wait=True):
            complete(folder)
        check_folders(folder)
        needed = (layout.RUNS, layout.SPEC, layout.MANIFEST)
        check_free(folder, needed, own(folder))  # now, and not after an hour of work
        with drafting(folder) as draft:
            yield Writer(folder, draft)


def tidied(folder: Path) -> None:
    """Put in order what killed processes left in a folder, unless a run is writing there or nobody can."""
    if is_pending(folder) or litter(folder) or is_file(folder / LOCK) or is_file(folder / PUBLISHING):
        with suppress(UserError, OSError), locked(folder), locked(folder, PUBLISHING, wait=True):
            complete(folder)
            tidy(folder)


class Writer:
    """Writes the files of an experiment. What the folder held until now stays valid until all are written."""

    def __init__(self, folder: Path, draft: Path) -> None:
        self.folder = folder
        self._draft = draft
        self._written: list[str] = []

    def sweep(self, sweep: Sweep, done: Trajectories) -> None:
        """Write the history of a sweep's runs, and their trajectories if there are any."""
        self._table(f"{layout.HISTORY}/{sweep.id}.parquet", history(sweep, done))
        if done.x is not None:
            self._table(f"{layout.TRAJECTORIES}/{sweep.id}.parquet", trajectories(sweep, done))

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

        All is written and synced before one rename publishes it: at any instant the folder holds the earlier results or
        the new ones, complete.

        Raises:
            ResultsError: not all sweeps are there, or files were removed meanwhile.
        """
        self._table(layout.RUNS, runs_table(parts, columns))
        self._text(layout.SPEC, spec)
        if log:
            self._text(layout.ERRORS_LOG, log)
        files = {name: self._checksum(name) for name in self._written}
        manifest = {"format": layout.FORMAT, **about, "files": files, layout.PICTURES: {}, layout.DRAWN: []}
        if lost := layout.missing(manifest):
            raise ResultsError(f"{self.folder}: {lost[0]} was never written; run the experiment again")
        publish(self.folder, self._draft, lambda _: manifest)
        return load(self.folder)

    def with_spec(self, results: Results, spec: str) -> Results:
        """The same results under another text of the same experiment, such as one with another comment."""
        if results.is_of(spec):
            return results
        self._text(layout.SPEC, spec)
        new = self._checksum(layout.SPEC)

        def change(earlier: Manifest | None) -> Manifest:
            of = _still(results, earlier)
            return {**of, "files": {**of["files"], layout.SPEC: new}}

        return Results(self.folder, publish(self.folder, self._draft, change))

    def _table(self, name: str, table: pa.Table) -> None:
        with self._drafting(name) as path:
            write_parquet(path, table)

    def _text(self, name: str, text: str) -> None:
        with self._drafting(name) as path:
            write_text(path, text)

    @contextmanager
    def _drafting(self, name: str) -> Iterator[Path]:
        path = self._draft / name
        with file_errors_name(self.folder / name):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield path
        self._written.append(name)

    def _checksum(self, name: str) -> str:
        try:
            return checksum(self._draft / name)
        except FileNotFoundError:
            raise ResultsError(f"{self.folder}: {name} was removed meanwhile; run the experiment again") from None


@contextmanager
def drawing(results: Results, format: str) -> Iterator[Drawing]:
    """A draft for the pictures of some results, which are published together in the end.

    It asks for no lock of runs: whoever draws finished results does not wait for a run, nor a run for them.
    """
    with file_errors_name(results.folder / layout.PLOTS), drafting(results.folder) as draft:
        (draft / layout.PLOTS).mkdir()
        yield Drawing(results, format, draft)


class Drawing:
    """Pictures of some results in one format, as files in `folder` until they are published."""

    def __init__(self, results: Results, format: str, draft: Path) -> None:
        self.results = results
        self.format = format
        self.folder = draft / layout.PLOTS
        self._draft = draft
        self._names: list[str] = []

    def add(self, picture: Path) -> None:
        """Take a picture that was saved in `folder`."""
        self._names.append(f"{layout.PLOTS}/{picture.name}")

    def publish(self, are_all: bool = True) -> list[Path]:
        """Put the pictures into `plots/`, in place of earlier ones of their names. `are_all` says that none is missing;
        otherwise the next run draws them all.

        Raises:
            ResultsError: another run has replaced the results meanwhile: these pictures would lie beside its results.
            UserError: something that optlab did not make is in the way.
        """
        new = {name: checksum(self._draft / name) for name in self._names}

        def change(earlier: Manifest | None) -> Manifest:
            of = _still(self.results, earlier)
            others = {*of.get(layout.DRAWN, [])} - {self.format}
            return {
                **of,
                layout.PICTURES: {**layout.pictures(of), **new},
                layout.DRAWN: sorted({*others, *([self.format] * are_all)}),
            }

        publish(self.results.folder, self._draft, change)
        return [self.results.folder / name for name in new]


def _still(results: Results, manifest: Manifest | None) -> Manifest:
    """The manifest that is there, if it is still that of these results."""
    if manifest is None or not layout.are_same(manifest, results.manifest):
        raise ResultsError(f"{results.folder}: the results were replaced while they were drawn; draw them again")
    return manifest
