"""Trajectories -> files: writes a table for each finished sweep, and at the end the files of the whole experiment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from optlab.errors import InUse, ResultsError, UserError, file_errors_name
from optlab.execution.records import Sweep, Trajectories
from optlab.results.store import manifest as layout
from optlab.results.store.drafts import drafting, drafts_in, remove_stale
from optlab.results.store.files import checksum, write_parquet, write_text
from optlab.results.store.lock import LOCK, PUBLISHING, locked, mark_of
from optlab.results.store.ownership import check_folders, check_free, is_file, own
from optlab.results.store.publishing import Manifest, complete, is_pending, publish
from optlab.results.store.results import Results, load
from optlab.results.store.runs import runs_table
from optlab.results.store.steps import history, trajectories

Waiting = Callable[[], AbstractContextManager[object]]
"""Makes a context for the time of waiting, which may tell the user about it."""


@contextmanager
def writing(folder: Path, experiment: str = "", waiting: Waiting = nullcontext) -> Iterator[Writer]:
    """The only writer of a results folder. The folder is made if it does not exist.

    If another process is running the same experiment, the one whose id is `experiment`, this one waits for it within
    the context `waiting()`.

    The work of a killed process is completed first: published files are moved to their final paths, drafts are removed.

    Raises:
        InUse: another process or thread is writing results of another experiment there.
        UserError: the folder cannot be made, or a file or folder that optlab did not make has a name that is needed.
    """
    with _locked(folder, experiment, waiting):
        with locked(folder, PUBLISHING, wait=True):
            complete(folder)
        check_folders(folder)
        needed = (layout.RUNS, layout.SPEC, layout.MANIFEST)
        check_free(folder, needed, own(folder))  # before the runs, which may take an hour
        with drafting(folder) as draft:
            yield Writer(folder, draft)


@contextmanager
def _locked(folder: Path, experiment: str, waiting: Waiting) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(folder, mark=experiment))
        except InUse:
            if not experiment or mark_of(folder) != experiment:
                raise
            with waiting():
                stack.enter_context(locked(folder, wait=True, mark=experiment))
        yield


def finish_killed(folder: Path) -> None:
    """Complete the publication and remove the drafts of killed processes, unless the folder is locked or read-only."""
    if is_pending(folder) or drafts_in(folder) or is_file(folder / LOCK) or is_file(folder / PUBLISHING):
        with suppress(UserError, OSError), locked(folder), locked(folder, PUBLISHING, wait=True):
            complete(folder)
            remove_stale(folder)


class Writer:
    """Writes the files of an experiment. The earlier results in the folder stay valid until all files are written."""

    def __init__(self, folder: Path, draft: Path) -> None:
        self.folder = folder
        self._draft = draft
        self._written: list[str] = []

    def sweep(self, sweep: Sweep, done: Trajectories) -> None:
        """Write the history of a sweep's runs, and their trajectories if they were recorded."""
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
        sources: str = "",
    ) -> Results:
        """Publish the written sweeps as the results of a finished experiment, in place of earlier results.

        All files are written and synced before one atomic rename publishes them. At any time the folder holds either
        the complete earlier results or the complete new ones.

        Args:
            parts: each sweep and its trajectories.
            spec: the text of the experiment file.
            log: the tracebacks of failed runs, or an empty text.
            about: the other keys of the manifest. `about["sweeps"]` lists the sweeps of the plan, all of which must
                have been written.
            columns: further columns of the table of runs, in the order of the plan.
            sources: the files of the plugins that are not built in, or an empty text.

        Raises:
            ResultsError: a sweep was not written, or files were removed meanwhile.
        """
        self._table(layout.RUNS, runs_table(parts, columns))
        self._text(layout.SPEC, spec)
        if log:
            self._text(layout.ERRORS_LOG, log)
        if sources:
            self._text(layout.SOURCES, sources)
        files = {name: self._checksum(name) for name in self._written}
        manifest = {"format": layout.FORMAT, **about, "files": files, layout.PICTURES: {}, layout.DRAWN: []}
        if lost := layout.missing(manifest):
            raise ResultsError(f"{self.folder}: {lost[0]} was never written; run the experiment again")
        publish(self.folder, self._draft, lambda _: manifest)
        return load(self.folder)

    def with_spec(self, results: Results, spec: str) -> Results:
        """The same results with another text of the same experiment file, for instance with another comment."""
        if results.is_of(spec):
            return results
        self._text(layout.SPEC, spec)
        new = self._checksum(layout.SPEC)

        def change(earlier: Manifest | None) -> Manifest:
            current = _manifest_of(results, earlier)
            return {**current, "files": {**current["files"], layout.SPEC: new}}

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
def drawing(results: Results, format: str) -> Iterator[DraftPictures]:
    """A draft for pictures of some results. The pictures are published together at the end.

    It does not take the lock of runs: drawing finished results does not wait for a run, and a run does not wait for it.
    """
    with file_errors_name(results.folder / layout.PLOTS), drafting(results.folder) as draft:
        (draft / layout.PLOTS).mkdir()
        yield DraftPictures(results, format, draft)


def write_report(results: Results, text: str) -> Path:
    """Put the report into the folder of its results, in place of an earlier one. Returns its path.

    Raises:
        ResultsError: another run has replaced the results meanwhile.
        UserError: a file that optlab did not make has the name of the report.
    """
    with file_errors_name(results.folder / layout.REPORT), drafting(results.folder) as draft:
        write_text(draft / layout.REPORT, text)
        new = {layout.REPORT: checksum(draft / layout.REPORT)}

        def change(earlier: Manifest | None) -> Manifest:
            current = _manifest_of(results, earlier)
            return {**current, layout.PICTURES: {**layout.pictures(current), **new}}

        publish(results.folder, draft, change)
    return results.folder / layout.REPORT


def forget_pictures(results: Results, names: Collection[str]) -> None:
    """Remove pictures from the folder and its manifest."""
    with drafting(results.folder) as draft:

        def change(earlier: Manifest | None) -> Manifest:
            current = _manifest_of(results, earlier)
            kept = {name: sum_ for name, sum_ in layout.pictures(current).items() if name not in names}
            return {**current, layout.PICTURES: kept}

        publish(results.folder, draft, change)


class DraftPictures:
    """Pictures of some results in one format. They are files in `folder` until they are published."""

    def __init__(self, results: Results, format: str, draft: Path) -> None:
        self.results = results
        self.format = format
        self.folder = draft / layout.PLOTS
        self._draft = draft
        self._names: list[str] = []

    def add(self, picture: Path) -> None:
        """Add a picture that was saved in `folder` to those that are published."""
        self._names.append(f"{layout.PLOTS}/{picture.name}")

    def add_report(self, text: str) -> None:
        """Add the report, as a text, to what is published."""
        write_text(self._draft / layout.REPORT, text)
        self._names.append(layout.REPORT)

    def publish(self, are_all: bool | None = True) -> list[Path]:
        """Move the pictures into `plots/` and the report beside it, in place of earlier ones of the same names.

        Returns the paths of the pictures. `are_all`: whether no picture of this format is missing, or None if this has
        not changed. If a picture is missing, the next run draws all of them again.

        Raises:
            ResultsError: another run has replaced the results meanwhile, so that these pictures do not belong to them.
            UserError: a file or folder that optlab did not make has the name of a picture.
        """
        new = {name: checksum(self._draft / name) for name in self._names}

        def change(earlier: Manifest | None) -> Manifest:
            current = _manifest_of(self.results, earlier)
            drawn = {*current.get(layout.DRAWN, [])}
            if are_all is not None:
                drawn = drawn | {self.format} if are_all else drawn - {self.format}
            return {
                **current,
                layout.PICTURES: {**layout.pictures(current), **new},
                layout.DRAWN: sorted(drawn),
            }

        publish(self.results.folder, self._draft, change)
        return [self.results.folder / name for name in new if name != layout.REPORT]


def _manifest_of(results: Results, manifest: Manifest | None) -> Manifest:
    """The current manifest, if it still describes these results. Raises `ResultsError` otherwise."""
    if manifest is None or not layout.are_same(manifest, results.manifest):
        raise ResultsError(f"{results.folder}: the results were replaced while they were drawn; draw them again")
    return manifest
