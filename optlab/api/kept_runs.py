"""The runs that are kept in a folder of results: how much there is, and clearing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from optlab.errors import UserError
from optlab.execution.cache import FOLDER
from optlab.execution.cache.store import StoreFile, clear, segments


@dataclass(frozen=True)
class KeptRuns:
    """The files of a store, and their total size in bytes."""

    folder: Path
    files: Sequence[StoreFile]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def kept_runs(out: str | Path = "results") -> KeptRuns:
    """The runs that are kept in a folder of results.

    Raises:
        UserError: there is no such folder.
    """
    if not Path(out).is_dir():
        raise UserError(f"{out} is no folder of results; give it with --out")
    folder = Path(out) / FOLDER
    return KeptRuns(folder, segments(folder))


def clear_kept(out: str | Path = "results", older_than: float = 0.0, down_to: int = 0) -> KeptRuns:
    """Delete the files that are older than some seconds, the oldest first, until at most `down_to` bytes are left.

    Returns what was deleted. Results are not touched: their runs are computed again when another experiment needs them.
    """
    return KeptRuns(Path(out) / FOLDER, clear(kept_runs(out).folder, older_than, down_to))
