"""The states of blocks that take long, each in a file of its own: a segment with one entry, which is replaced at once.

The name of a file has the key of the sweep and a hash of the rows of the block. A block may continue from the state of
more runs than its own, so that an interrupted sweep may be divided into other blocks.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from optlab.engine.saver import State
from optlab.execution.cache.identity import Identity
from optlab.execution.cache.kept import ROWS
from optlab.execution.cache.rows import Rows, places, rows_of
from optlab.execution.cache.segments import CHECKPOINT, SAVING, Damaged, StoredRuns, encoded, entries
from optlab.execution.records import Ints, Sweep
from optlab.execution.rule import Key
from optlab.markup.files import sync_folder

INTERVAL = 60.0
"""The seconds between two states of a block."""
LEAST = 3.0
"""The seconds that a block must have computed since its last state to save one before it is stopped."""
SHARE = 0.01
"""The share of the time that saving may take. States that take longer are saved less often."""
_STATE = "state "


@dataclass
class Checkpoints:
    """The checkpoints of a sweep in the folder of a store. It can be sent to a worker process.

    If there is no place for the folder, as on another machine, nothing is saved.

    - `numbers`: the keys of the numbers in the rows.
    - `faults`: what was damaged, and what could not be written, as sentences.
    - `interval`: the seconds between two states of a block. `least`: those after which one that is stopped is saved.
    - `spent`: the seconds that the sweep took until its checkpoint, which count for a limit of time.
    """

    folder: Path
    identity: Identity
    numbers: Sequence[Key]
    faults: list[str] = field(default_factory=list)
    interval: float = INTERVAL
    least: float = LEAST
    spent: float = 0.0

    def __call__(self, block: Sweep) -> BlockSaver:
        return BlockSaver(self, block)

    def held(self) -> list[Checkpoint]:
        """All checkpoints of the sweep, those with the most steps first. Damaged ones are removed, which is said."""
        found = []
        for path in self._files(CHECKPOINT):
            with self.unless_damaged(path):
                (entry,) = entries(path)
                about = entry.description()[0]
                found.append(Checkpoint(entry, about["step"], about["seconds"], entry.arrays(ROWS)[ROWS]))
        return sorted(found, key=lambda one: -one.step)

    def begun(self, rows: Rows, missing: Ints) -> list[tuple[int, Ints]]:
        """The steps of checkpoints, and which missing runs of a sweep with these rows each of them has."""
        found = []
        for checkpoint in self.held():
            at = missing[places(rows[missing], checkpoint.rows) >= 0]
            if len(at):
                found.append((checkpoint.step, at))
                missing = np.setdiff1d(missing, at)
        return found

    def spent_on(self, rows: Rows) -> float:
        """The seconds that were spent on the checkpoint with all of these runs, or 0."""
        with_all = (one for one in self.held() if (places(rows, one.rows) >= 0).all())
        return next((one.seconds * len(one.rows) for one in with_all), 0.0)

    def remove(self, done: Rows) -> None:
        """Remove the checkpoints of runs that are all done."""
        for checkpoint in self.held():
            if (places(checkpoint.rows, done) >= 0).all():
                checkpoint.entry.path.unlink(missing_ok=True)

    def clean(self) -> None:
        """Remove what killed processes were writing, when all runs of the sweep are done."""
        for path in self._files(SAVING):
            path.unlink(missing_ok=True)

    def _files(self, suffix: str) -> list[Path]:
        begin = f"{self.identity.key.hex()}-"
        try:
            names = [name for name in os.listdir(self.folder) if name.startswith(begin) and name.endswith(suffix)]
        except OSError:
            return []
        return [self.folder / name for name in sorted(names)]

    @contextlib.contextmanager
    def unless_damaged(self, path: Path) -> Iterator[None]:
        """Remove a checkpoint that cannot be read, and say it."""
        try:
            yield
        except FileNotFoundError:  # removed by another process
            return
        except (Damaged, ValueError, LookupError, TypeError, OSError):
            self.faults.append(f"{path} was damaged; its runs are computed from an earlier step")
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint: its step, the seconds per run until then, and the rows of its runs."""

    entry: StoredRuns
    step: int
    seconds: float
    rows: Rows

    def load(self, at: Ints, state: State) -> None:
        """Write the state of some runs, by their places, into these arrays.

        Raises:
            Damaged: the file is damaged, or has other arrays.
        """
        arrays = self.entry.arrays()
        if arrays.keys() != {ROWS, *(_STATE + name for name in state)}:
            raise Damaged
        picked = {name: arrays[_STATE + name][..., at] for name in state}
        if any((array.shape, array.dtype) != (state[name].shape, state[name].dtype) for name, array in picked.items()):
            raise Damaged
        for name, array in picked.items():
            np.copyto(state[name], array)


class BlockSaver:
    """Saves and loads the state of a block (see `StateSaver`)."""

    def __init__(self, of: Checkpoints, block: Sweep, clock: Callable[[], float] = time.monotonic) -> None:
        self._of, self._block, self._clock = of, block, clock
        self._interval, self._last = of.interval, clock()

    @functools.cached_property
    def _rows(self) -> Rows:
        return rows_of(self._block, self._of.numbers)

    @functools.cached_property
    def _path(self) -> Path:
        block = hashlib.blake2b(self._rows.tobytes(), digest_size=8).hexdigest()
        return self._of.folder / f"{self._of.identity.key.hex()}-{block}{CHECKPOINT}"

    def load(self, state: State) -> tuple[int, float]:
        """Continue the checkpoint with the most steps that has all runs of the block."""
        for checkpoint in self._of.held():
            at = places(self._rows, checkpoint.rows)
            if (at >= 0).all():
                with self._of.unless_damaged(checkpoint.entry.path):
                    checkpoint.load(at, state)
                    return checkpoint.step, checkpoint.seconds
        return 0, 0.0

    def due(self, is_last: bool = False) -> bool:
        return self._clock() - self._last >= (min(self._interval, self._of.least) if is_last else self._interval)

    def save(self, state: State, step: int, seconds: float) -> None:
        began, own = self._clock(), self._of.identity
        arrays = {ROWS: self._rows, **{_STATE + name: array for name, array in state.items()}}
        about = {"parts": dict(own.parts), "step": step, "seconds": seconds}
        try:
            _replace(self._path, encoded(own.key, own.family, len(self._rows), about, arrays))
        except FileNotFoundError:  # there is no folder of results, or the store was cleared meanwhile
            pass
        except OSError as error:
            self._of.faults.append(f"a checkpoint was not written in {self._of.folder}: {error.strerror}")
        self._last = self._clock()
        self._interval = max(self._of.interval, (self._last - began) / SHARE)


def _replace(path: Path, parts: Sequence[Any]) -> None:
    """Write a file under another name, sync it, give it its name, and sync the folder with this name."""
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_name(f"{path.stem}-{os.getpid()}{SAVING}")
    try:
        with open(unfinished, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        sync_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise
