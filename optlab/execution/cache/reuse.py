"""Execute only the runs of sweeps that are not in a store, and keep their results."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from optlab.errors import UserError
from optlab.execution import executors
from optlab.execution.cache import kept, reasons
from optlab.execution.cache.checkpoints import INTERVAL, Checkpoints
from optlab.execution.cache.identity import Identities, Identity
from optlab.execution.cache.rows import Rows, places, rows_of
from optlab.execution.cache.segments import Damaged, StoredRuns
from optlab.execution.cache.store import RunStore
from optlab.execution.executors.choice import Execute
from optlab.execution.executors.local import Progress
from optlab.execution.records import DIVERGED, DONE, ERROR, Ints, Sweep, Trajectories
from optlab.execution.rule import Key
from optlab.execution.runner import Graphs
from optlab.plugins.external import Foreign

PIECE = 4.0
"""Longer sweeps are executed in pieces of at least about this time in seconds, without the overhead of calls."""
_EACH, _EACH_EXTERNAL = 1e-9, 1e-4
"""Roughly the seconds of a step for each of its parameters times examples, and of a step of another package."""
_ROWS = "rows"

Done = tuple[Sweep, Trajectories, str]
"""A sweep, its trajectories, and the name of its back end."""


@dataclass
class _Found:
    """A sweep, and what the store has of it: the places of runs in the sweep, and in an entry. `missing` are those that
    are not done. Some of them are `begun`: these places are at this step of a checkpoint."""

    sweep: Sweep
    identity: Identity | None = None
    rows: Rows | None = None
    held: list[tuple[StoredRuns, Ints, Ints]] = field(default_factory=list)
    missing: Ints = field(default_factory=lambda: np.arange(0))
    checkpoints: Checkpoints | None = None
    begun: list[tuple[int, Ints]] = field(default_factory=list)


class Reuse:
    """Executes sweeps with a store. `keeps` says which sweeps are looked up and kept. The state of a block is saved
    every `interval` seconds. If sweeps are limited in time or memory (`is_limited`), they are not cut into pieces, and
    no states are saved, since the limits are those of a whole sweep. What ends within them is kept.

    `graphs` has the step graphs of the sweeps, which the execution uses too.
    """

    def __init__(
        self,
        store: RunStore,
        keeps: Callable[[Sweep], bool] = lambda sweep: True,
        interval: float = INTERVAL,
        is_limited: bool = False,
    ) -> None:
        self.graphs = Graphs()
        self._store, self._keeps, self._identities = store, keeps, Identities(self.graphs)
        self._interval, self._is_limited = interval, is_limited
        self._looked_up: dict[str, _Found] = {}
        self._said = 0
        self._of_checkpoints: list[str] = []
        """What was damaged or not written, in this process and in others."""
        self._said_of_checkpoints: set[str] = set()
        self.kept = 0
        """The number of runs that were computed and kept."""

    def prospect(self, sweeps: Sequence[Sweep]) -> list[str]:
        """What of these sweeps is kept, what will be computed, and why, as sentences. Empty if there is nothing of
        them in the store."""
        found = [self._of(sweep) for sweep in sweeps]
        changes = [
            reasons.Change(one.sweep, one.identity, self._numbers(one.sweep), one.rows, one.missing)
            for one in found
            if one.identity is not None and one.rows is not None and len(one.missing)
        ]
        missing = sum(len(one.missing) for one in found)
        begun = [(one.sweep, step, len(at)) for one in found for step, at in one.begun]
        continued = reasons.of_checkpoints(begun, changes, self._store)
        return [*reasons.sentences(sweeps, missing, changes, self._store), *continued]

    def faults(self) -> list[str]:
        """What was damaged in the store, and why it was not written, as sentences. Each is returned once."""
        new = [f"{what}; its runs are computed again" for what in self._store.damage[self._said :]]
        self._said = len(self._store.damage)
        new += [said for said in dict.fromkeys(self._of_checkpoints) if said not in self._said_of_checkpoints]
        self._said_of_checkpoints.update(self._of_checkpoints)
        failure, self._store.journal.failure = self._store.journal.failure, None
        return new + [f"runs were not kept for later in {self._store.folder}: {failure}"] * (failure is not None)

    def close(self) -> None:
        """Complete what was written to the store."""
        self._store.journal.close()

    def computed(self, sweeps: Sequence[Sweep], execute: Execute, progress: Progress) -> Iterator[Done]:
        """Each sweep with its trajectories and its back end. Runs that are kept are not executed."""
        waiting: dict[str, tuple[_Found, list[tuple[Ints, Trajectories]]]] = {}
        pieces: dict[str, tuple[str, Ints]] = {}
        asked: list[Sweep] = []
        for found in map(self._of, sweeps):
            parts = self._read(found)
            if not len(found.missing):
                progress(len(found.sweep) * found.sweep.steps)
                assert found.identity is not None
                yield found.sweep, kept.merged(parts), found.identity.backend
                continue
            progress((len(found.sweep) - len(found.missing)) * found.sweep.steps)
            waiting[found.sweep.id] = found, parts
            for piece, at in self._pieces(found, len(sweeps)):
                pieces[piece.id] = found.sweep.id, at
                asked.append(piece)
        self._looked_up.clear()
        for piece, begin, done, backend in execute(asked, self.graphs, progress) if asked else ():
            of, places_of_piece = pieces[piece.id]
            at = places_of_piece[begin : begin + len(done.status)]
            found, parts = waiting[of]
            self._keep(found, at, done)
            parts.append((at, done))
            if found.begun or float(done.seconds.sum()) >= self._interval / 2:  # there may be a checkpoint
                self._remove_checkpoints(found, parts)
            if sum(len(at) for at, _ in parts) == len(found.sweep):
                del waiting[of]
                yield found.sweep, kept.merged(parts), backend

    def _of(self, sweep: Sweep) -> _Found:
        """What the store has of a sweep. A kind of experiment may execute other sweeps with the ids of planned ones."""
        known = self._looked_up.get(sweep.id)
        if known is None or known.sweep is not sweep:
            known = self._looked_up[sweep.id] = self._look_up(sweep)
        return known

    def _look_up(self, sweep: Sweep) -> _Found:
        found = _Found(sweep, missing=np.arange(len(sweep)))
        found.identity = self._identities.of(sweep) if self._keeps(sweep) else None
        if found.identity is None:
            return found
        try:
            found.rows = rows_of(sweep, self._numbers(sweep))
        except UserError:  # the problem cannot draw its start: the execution reports it
            found.identity = None
            return found
        for entry in list(self._store.of_key(found.identity.key)):
            if not len(found.missing):
                break
            with self._unless_damaged(entry):
                at = places(found.rows[found.missing], entry.arrays(_ROWS)[_ROWS])
                if (at >= 0).any():
                    found.held.append((entry, found.missing[at >= 0], at[at >= 0]))
                    found.missing = found.missing[at < 0]
        if self._is_limited:
            return found
        folder, numbers = self._store.folder.absolute(), self._numbers(sweep)
        found.checkpoints = Checkpoints(folder, found.identity, numbers, self._of_checkpoints, self._interval)
        if found.identity.key.hex() in self._store.with_checkpoints:
            found.begun = found.checkpoints.begun(found.rows, found.missing)
            done = np.setdiff1d(np.arange(len(sweep)), found.missing)
            found.checkpoints.remove(found.rows[done])  # the process was killed before it removed them
        return found

    def _numbers(self, sweep: Sweep) -> Sequence[Key]:
        """The keys of the numbers that runs depend on."""
        is_external = isinstance(sweep.rule.optimizer, Foreign)
        return sorted(sweep.numbers) if is_external else self.graphs.of(sweep).numbers

    @contextlib.contextmanager
    def _unless_damaged(self, entry: StoredRuns) -> Iterator[None]:
        """Drop an entry that cannot be read."""
        try:
            yield
        except (Damaged, OSError):
            self._store.drop(entry)

    def _read(self, found: _Found) -> list[tuple[Ints, Trajectories]]:
        """The kept runs of a sweep, with their places in it. Those of damaged entries become missing."""
        parts = []
        for entry, at, inside in found.held:
            before = len(parts)
            with self._unless_damaged(entry):
                arrays = entry.arrays()
                del arrays[_ROWS]
                parts.append((at, kept.picked(kept.from_arrays(arrays), inside)))
            if len(parts) == before:
                found.missing = np.union1d(found.missing, at)
        return parts

    def _pieces(self, found: _Found, sweeps: int) -> Iterator[tuple[Sweep, Ints]]:
        """The missing runs as sweeps that are executed, with the places of their runs: one for each checkpoint."""
        sweep, missing = replace(found.sweep, savers=found.checkpoints), found.missing
        cut = [at for _, at in found.begun]
        if len(rest := np.setdiff1d(missing, np.concatenate(cut)) if cut else missing):
            if found.identity is None or self._is_limited:
                cut.append(rest)
            else:
                cut += _cut(sweep, rest, found.identity.backend, sweeps)
        if len(cut) == 1 and len(missing) == len(sweep):
            yield sweep, cut[0]
            return
        for n, at in enumerate(cut):
            piece = replace(sweep.block(at), id=f"{sweep.id}-{n}")
            assert found.identity is not None
            if self._identities.backend(piece) != found.identity.backend:  # fewer runs may be faster on another one
                piece = replace(piece, backend=found.identity.backend)
            yield piece, at

    def _remove_checkpoints(self, found: _Found, parts: Sequence[tuple[Ints, Trajectories]]) -> None:
        """Remove the checkpoints of runs that are done, unless their process was ended. First the runs are synced."""
        over = [at for at, done in parts if np.isin(done.status, (DONE, DIVERGED, ERROR)).all()]
        done = np.concatenate([found.missing[:0], *over])
        if found.checkpoints is not None and found.rows is not None:
            self._store.journal.sync()
            found.checkpoints.remove(found.rows[done])
            if len(done) == len(found.sweep):
                found.checkpoints.clean()

    def _keep(self, found: _Found, at: Ints, done: Trajectories) -> None:
        if found.identity is None or found.rows is None or not kept.is_worth(done):
            return
        own = found.identity
        arrays = {_ROWS: found.rows[at], **kept.as_arrays(done)}
        if self._store.journal.append(own.key, own.family, {"parts": dict(own.parts)}, arrays):
            self.kept += len(at)


def _cut(sweep: Sweep, missing: Ints, backend: str, sweeps: int) -> list[Ints]:
    """Divide runs that take long. Those on NumPy are divided as they are executed anyway."""
    split = sweep.case.split
    examples = sweep.case.batch_size or (len(split.train_inputs) if split else 1)
    each = sweep.steps * (sweep.case.dim * examples * _EACH + (backend == "foreign") * _EACH_EXTERNAL)
    count = min(len(missing), int(len(missing) * each / PIECE))
    if backend == "replay" and count > 1:
        parts = -(-executors.workers() // sweeps)
        count = min(count, len(executors.blocks(sweep.block(missing), parts)))
    return np.array_split(missing, max(count, 1))
