"""A folder of segments: looking up blocks of runs, writing them, and clearing the folder."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from optlab.errors import counted
from optlab.execution.cache.segments import CHECKPOINT, COMPLETE, PART, SAVING, Damaged, Journal, StoredRuns, entries

FOLDER = ".optlab-cache"
"""The folder of the store in a folder of results. It may be deleted at any time."""


@dataclass(frozen=True)
class StoreFile:
    """A file of a store. `age` is in seconds, since it was last written to."""

    path: Path
    size: int
    age: float


class RunStore:
    """The store in a folder. Any number of processes may use it at once.

    `damage`: what was found to be damaged, as sentences. It was dropped, and its runs count as not kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damage: list[str] = []
        self.journal = Journal(folder)

    @functools.cached_property
    def _entries(self) -> list[StoredRuns]:
        """All entries, the newest segment first."""
        found: list[StoredRuns] = []
        for segment in sorted(segments(self.folder), key=lambda one: one.age):
            if segment.path.suffix in (PART, COMPLETE):
                found += self._of(segment.path)
        return found

    @functools.cached_property
    def _checkpoint_files(self) -> list[Path]:
        return [file.path for file in segments(self.folder) if file.path.suffix == CHECKPOINT]

    @functools.cached_property
    def with_checkpoints(self) -> set[str]:
        """The keys of the sweeps that have checkpoints, as hexadecimal numbers. Names of files begin with them."""
        return {path.name.partition("-")[0] for path in self._checkpoint_files}

    @functools.cached_property
    def checkpoints(self) -> list[StoredRuns]:
        """The checkpoints of all sweeps. Damaged ones are found by the sweeps that they belong to."""
        found: list[StoredRuns] = []
        for path in self._checkpoint_files:
            with contextlib.suppress(Damaged, OSError):
                found += entries(path)
        return found

    def _of(self, path: Path) -> Iterator[StoredRuns]:
        end = 0
        try:
            for entry in entries(path):
                end = entry.offset + entry.size
                yield entry
        except OSError:  # cleared by another process
            return
        except Damaged:
            if path.suffix == COMPLETE:
                self.damage.append(f"{path} was damaged from byte {end:,} on")
                _truncate(path, end)

    @functools.cached_property
    def _by_key(self) -> dict[bytes, list[StoredRuns]]:
        return _grouped((entry.key, entry) for entry in self._entries)

    @functools.cached_property
    def _by_family(self) -> dict[bytes, list[StoredRuns]]:
        return _grouped((entry.family, entry) for entry in self._entries)

    def of_key(self, key: bytes) -> list[StoredRuns]:
        """The blocks of sweeps with this key."""
        return self._by_key.get(key, [])

    def of_family(self, family: bytes) -> list[StoredRuns]:
        """The blocks of sweeps with the same names of plugins."""
        return self._by_family.get(family, [])

    def drop(self, entry: StoredRuns) -> None:
        """Forget a damaged block."""
        self.damage.append(f"{entry.path} was damaged at byte {entry.offset:,}, with {counted(entry.runs, 'run')}")
        self._by_key[entry.key].remove(entry)
        entry.drop()


def _grouped(pairs: Iterator[tuple[bytes, StoredRuns]]) -> dict[bytes, list[StoredRuns]]:
    groups: dict[bytes, list[StoredRuns]] = {}
    for key, entry in pairs:
        groups.setdefault(key, []).append(entry)
    return groups


def _truncate(path: Path, end: int) -> None:
    try:
        os.truncate(path, end) if end else path.unlink()
    except OSError:  # it stays damaged, which is said again next time
        return


def segments(folder: Path) -> list[StoreFile]:
    """The files of a store."""
    now, found = time.time(), []
    try:
        with os.scandir(folder) as inside:
            for file in inside:
                if file.name.endswith((PART, COMPLETE, CHECKPOINT, SAVING)) and file.is_file(follow_symlinks=False):
                    at = file.stat()
                    found.append(StoreFile(Path(file.path), at.st_size, now - at.st_mtime))
    except OSError:
        return []
    return sorted(found, key=lambda segment: segment.path.name)


def clear(folder: Path, older_than: float = 0.0, down_to: int = 0) -> list[StoreFile]:
    """Delete the files of a store that are older than some seconds, oldest first, until at most `down_to` bytes are
    left. Returns the deleted files."""
    left = sum(segment.size for segment in segments(folder))
    deleted = []
    for segment in sorted(segments(folder), key=lambda one: -one.age):
        if segment.age >= older_than and left > down_to:
            segment.path.unlink(missing_ok=True)
            left -= segment.size
            deleted.append(segment)
    return deleted
