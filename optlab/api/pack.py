"""Packs results into one file, and verifies such a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from optlab.api import pipeline
from optlab.api.pipeline import Watched
from optlab.api.reproduce import Reproduction, again, plugin_files, untrusted
from optlab.errors import ResultsError, UserError, check_output, counted
from optlab.execution.executors.protocol import Asked
from optlab.results.sharing import sampling

SAMPLE = 0.1
"""The usual share of runs that `verify` runs again."""


def pack(results: str | Path, file: str | Path) -> Path:
    """Write finished results as one file: the tables, the experiment file, the files of plugins, the report, and the
    manifest with versions and checksums. Equal results give equal bytes.

    Args:
        results: the folder of results.
        file: the path of the packed file, which ends with ".zip". An earlier file is replaced.

    Returns:
        The path of the file. `optlab.load` reads it.

    Raises:
        ResultsError: the results are missing or damaged.
        UserError: the name does not end with ".zip", or its folder does not exist.
    """
    from optlab.api import experiment_results
    from optlab.results import store
    from optlab.results.sharing import packing

    path = Path(file)
    if path.suffix.lower() != ".zip":
        raise UserError(f"{path}: a packed file is a zip file; give it a name such as {path.name or 'results'}.zip")
    check_output(path)
    if path.is_dir():
        raise UserError(f"{path}: is a folder; choose another name")
    found = experiment_results.load(results)
    has_report = found.has_report()
    packing.pack(found, path, found.file(store.REPORT) if has_report else found.report().text.encode())
    return path


@dataclass(frozen=True)
class Verification:
    """The outcome of `optlab.verify`. It is true if nothing that was checked is wrong.

    name: the file. files: how many members have the right checksum. reproduction: the sample that was run again, or
    None if nothing was. why: why nothing was run again.
    """

    name: str
    files: int
    reproduction: Reproduction | None = None
    why: str = ""

    def __bool__(self) -> bool:
        return self.reproduction is None or bool(self.reproduction)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        """What was checked, and what was not."""
        yield f"{self.name}: {counted(self.files, 'file')}, all checksums are right"
        if self.reproduction is not None:
            yield from self.reproduction.lines()
        else:
            yield f"not run again: {self.why}"


def verify(
    file: str | Path,
    sample: float = SAMPLE,
    *,
    trust: bool = False,
    watched: Watched = pipeline.unwatched,
    executor: str = "",
    workers: int | None = None,
    scheduler: str = "",
) -> Verification:
    """Check a packed file: every checksum, and the bits of a sample of its runs, which are run again.

    Checksums find damage. They do not show who made the file; a sample that is run again shows that the numbers are
    those of the experiment.

    Args:
        file: a file that `pack` wrote.
        sample: the share of the runs that is run again; see `optlab.reproduce`.
        trust: whether the code of plugins in the file may be executed, with all rights of the user. Without it, results
            that need such plugins are not run again.
        watched: shows progress, see `pipeline.carry_out`.
        executor, workers, scheduler: where the sample is run again; see `optlab.reproduce`.

    Raises:
        ResultsError: the file is damaged, or a member of it is refused, such as a name that leads outside.
    """
    from optlab.api import experiment_results

    sampling.check(sample)
    path, asked = Path(file), Asked(executor, workers, scheduler)
    if path.is_dir():
        raise UserError(f"{path}: is a folder; optlab verify is for packed files, optlab reproduce for folders")
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    found = experiment_results.load(path)
    files = len(found.manifest["files"]) + 2  # the report, and the manifest, which has its own checksum
    if not trust and (plugins := plugin_files(found)):
        return Verification(str(path), files, why=f"the file {untrusted(plugins)}")
    try:
        return Verification(str(path), files, again(found, str(path), sample, watched, asked))
    except ResultsError as error:
        return Verification(str(path), files, why=str(error).removeprefix(f"{path}: "))
