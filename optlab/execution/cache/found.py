"""What a store has of a sweep."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from optlab.execution.cache import kept
from optlab.execution.cache.addresses import Address, Addresses
from optlab.execution.cache.checkpoints import Checkpoints
from optlab.execution.cache.kept import ROWS
from optlab.execution.cache.rows import places
from optlab.execution.cache.segments import Damaged, StoredRuns
from optlab.execution.cache.store import RunStore
from optlab.execution.cache.timeouts import key_of
from optlab.execution.executors.protocol import SweepLimits
from optlab.execution.records import TIMEOUT, Ints, Sweep, Trajectories


@dataclass
class Found:
    """A sweep, and what the store has of it: the places of runs in the sweep, and in an entry.

    - `address`: None if nothing of it is kept.
    - `timeouts`: an entry that says that the runs at these places reached the limit.
    - `missing`: the places of runs that are to be executed. Some of them are `begun`: they are at this step of a
      checkpoint.
    """

    sweep: Sweep
    address: Address | None
    held: list[tuple[StoredRuns, Ints, Ints]] = field(default_factory=list)
    timeouts: tuple[StoredRuns, Ints] | None = None
    missing: Ints = field(default_factory=lambda: np.arange(0))
    checkpoints: Checkpoints | None = None
    begun: list[tuple[int, Ints]] = field(default_factory=list)


class Finder:
    """Looks sweeps up. `keeps` says which of them; the state of a block is saved every `interval` seconds.

    `faults`: what was damaged or not written of checkpoints, in this process and in others.
    """

    def __init__(
        self,
        store: RunStore,
        addresses: Addresses,
        keeps: Callable[[Sweep], bool],
        interval: float,
        limits: SweepLimits,
    ) -> None:
        self._store, self._addresses, self._keeps = store, addresses, keeps
        self._interval, self._limits = interval, limits
        self._known: dict[str, Found] = {}
        self.faults: list[str] = []

    def of(self, sweeps: Sequence[Sweep]) -> list[Found]:
        """What the store has of sweeps. A kind of experiment may execute other sweeps with the ids of planned ones."""
        new = [sweep for sweep in sweeps if sweep.id not in self._known or self._known[sweep.id].sweep is not sweep]
        addresses = self._addresses.of([sweep for sweep in new if self._keeps(sweep)])
        self._known |= {sweep.id: self._look_up(sweep, addresses) for sweep in new}
        return [self._known[sweep.id] for sweep in sweeps]

    def forget(self) -> None:
        """Look all sweeps up again when they are asked for."""
        self._known.clear()

    def read(self, found: Found) -> list[tuple[Ints, Trajectories]]:
        """The kept runs of a sweep, with their places in it. Those of damaged entries become missing."""
        parts = []
        for entry, at, inside in found.held:
            with self._unless_damaged(entry, found, at):
                arrays = entry.arrays()
                del arrays[ROWS]
                parts.append((at, kept.picked(kept.from_arrays(arrays), inside)))
        if found.timeouts is not None:
            entry, at = found.timeouts
            with self._unless_damaged(entry, found, at):
                log = entry.description()[0]["log"]
                parts.append((at, Trajectories.failed(len(at), len(found.sweep.recording.steps), log, TIMEOUT)))
        return parts

    def _look_up(self, sweep: Sweep, addresses: Mapping[str, Address | None]) -> Found:
        found = Found(sweep, addresses.get(sweep.id), missing=np.arange(len(sweep)))
        if found.address is None:
            return found
        rows, key = found.address.rows, found.address.identity.key
        for entry in list(self._store.of_key(key)):
            if not len(found.missing):
                break
            with self._unless_damaged(entry):
                at = places(rows[found.missing], entry.arrays(ROWS)[ROWS])
                if (at >= 0).any():
                    found.held.append((entry, found.missing[at >= 0], at[at >= 0]))
                    found.missing = found.missing[at < 0]
        self._find_checkpoints(found, found.address)
        if len(found.missing) and self._limits.is_timed:
            of_timeouts = key_of(found.address, found.missing, self._limits.seconds)
            for entry in self._store.of_key(of_timeouts)[:1]:
                found.timeouts, found.missing, found.begun = (entry, found.missing), found.missing[:0], []
        return found

    def _find_checkpoints(self, found: Found, address: Address) -> None:
        """The checkpoints of what is missing. With limits, one for all of it, because it is executed as a whole."""
        folder, key = self._store.folder.absolute(), address.identity.key.hex()
        found.checkpoints = Checkpoints(folder, address.identity, address.numbers, self.faults, self._interval)
        if key not in self._store.with_checkpoints:
            return
        done = np.setdiff1d(np.arange(len(found.sweep)), found.missing)
        found.checkpoints.remove(address.rows[done])  # the process was killed before it removed them
        found.begun = found.checkpoints.begun(address.rows, found.missing)
        if self._limits:
            found.begun = [one for one in found.begun if len(one[1]) == len(found.missing)]
            found.checkpoints.spent = found.checkpoints.spent_on(address.rows[found.missing])

    @contextlib.contextmanager
    def _unless_damaged(self, entry: StoredRuns, found: Found | None = None, at: Ints | None = None) -> Iterator[None]:
        """Drop an entry that cannot be read. Its runs at these places of a sweep become missing."""
        try:
            yield
        except (Damaged, OSError, LookupError):
            self._store.drop(entry)
            if found is not None and at is not None:
                found.missing = np.union1d(found.missing, at)
