"""After an error, tell the user whether the results are complete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optlab.errors import ResultsError
from optlab.results.store.manifest import failed, read_manifest
from optlab.results.store.results import load


@contextmanager
def note_if_complete(folder: Path, experiment: str) -> Iterator[None]:
    """Add a note to an interrupt or a file system error if the results of the experiment are complete nevertheless.

    They are complete if they were published before the error, or if the folder held them from the beginning without
    failed runs. Otherwise the folder is unchanged, because results are replaced by one atomic rename.
    """
    before = _manifest(folder, experiment)
    try:
        yield
    except (KeyboardInterrupt, OSError) as error:
        now = _manifest(folder, experiment)
        if now is not None and (now != before or not failed(now)) and _are_whole(folder):
            error.add_note(complete_in(folder))
        raise


def complete_in(folder: Path) -> str:
    return f"the results of this experiment are complete in {folder}"


def _manifest(folder: Path, experiment: str) -> Mapping[str, Any] | None:
    """The manifest in a folder if it belongs to this experiment, else None."""
    try:
        manifest = read_manifest(folder)
    except (ResultsError, OSError):
        return None
    return manifest if manifest["experiment"] == experiment else None


def _are_whole(folder: Path) -> bool:
    try:
        load(folder)
    except (ResultsError, OSError):
        return False
    return True
