"""Drafts: temporary folders in a results folder for unfinished files. Drafts of killed processes are removed."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from optlab.errors import InUse
from optlab.results.store.lock import LOCK, PUBLISHING, locked
from optlab.results.store.manifest import (
    ERRORS_LOG,
    HISTORY,
    MANIFEST,
    PICTURE,
    PLOTS,
    REPORT,
    RUNS,
    SOURCES,
    SPEC,
    TRAJECTORIES,
)
from optlab.results.store.ownership import is_file

DRAFT = ".optlab-draft-"
"""The prefix of the names of drafts."""

_FORMER = re.compile(r"\.draft|\.plots[a-z0-9_]{8}")
"""The names of drafts in earlier versions."""

_TOP = "|".join(map(re.escape, (MANIFEST, SPEC, RUNS, ERRORS_LOG, SOURCES, REPORT)))
_OURS = re.compile(
    rf"(new/)?({_TOP}|({HISTORY}|{TRAJECTORIES})/[0-9a-f]{{16}}\.parquet"
    rf"|({PLOTS}/)?\.?{PICTURE}(\.\d+\.part)?)"
    rf"|{re.escape(LOCK)}"
)
"""The names of the files that optlab makes in drafts."""


@contextmanager
def drafting(folder: Path) -> Iterator[Path]:
    """A new folder within a results folder, for files to be published. It is removed at the end if it still exists.

    The draft is locked while its process runs, so that other processes do not remove it.
    """
    with ExitStack() as stack:
        with locked(folder, PUBLISHING, wait=True):
            remove_stale(folder)
            draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=folder))
            stack.enter_context(locked(draft))
        stack.callback(discard, draft, keep=LOCK)
        files = draft / "new"
        files.mkdir()
        yield files


def drafts_in(folder: Path) -> list[Path]:
    """The drafts in a folder: of killed processes, of the current run, and of processes that draw its pictures."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    named = [path for path in folder.iterdir() if path.name.startswith(DRAFT) or _FORMER.fullmatch(path.name)]
    return [path for path in named if path.is_dir() and not path.is_symlink()]


def remove_stale(folder: Path) -> None:
    """Remove the drafts of killed processes. Requires the lock `PUBLISHING`, which is also held to make a draft."""
    for draft in drafts_in(folder):
        with suppress(InUse), locked(draft):
            discard(draft, keep=LOCK)


def discard(folder: Path, keep: str = "") -> None:
    """Remove the files in a draft that optlab made, and then each empty folder."""
    for where, folders, files in os.walk(folder, topdown=False):
        for file in files:
            path = Path(where, file)
            name = path.relative_to(folder).as_posix()
            if _OURS.fullmatch(name) and name != keep and is_file(path):
                with suppress(OSError):  # the next run tries again
                    path.unlink()
        for inner in folders:
            with suppress(OSError):  # the folder is not empty, or is a link
                os.rmdir(Path(where, inner))
    with suppress(OSError):
        folder.rmdir()
