"""What an error leaves of results is told as it is, not as it was meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optlab.errors import ResultsError
from optlab.store.manifest import failed, read_manifest
from optlab.store.results import load


@contextmanager
def told_truly(folder: Path, experiment: str) -> Iterator[None]:
    """Note on an interrupt, and on an error of the file system, that the results of an experiment are complete.

    That is so if they were published before it, and if they had been there already. Otherwise what the folder held is
    as it was: results are replaced by one rename.
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
    """The manifest in a folder, if it is of this experiment."""
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
