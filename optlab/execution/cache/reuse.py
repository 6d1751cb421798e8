"""Execute only the runs of sweeps that are not in a store, and keep their results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from optlab.execution import executors
from optlab.execution.cache import kept, reasons, timeouts
from optlab.execution.cache.addresses import Addresses, Apart
from optlab.execution.cache.checkpoints import INTERVAL
from optlab.execution.cache.found import Finder, Found
from optlab.execution.cache.kept import ROWS
from optlab.execution.cache.store import RunStore
from optlab.execution.executors.choice import Execute
from optlab.execution.executors.local import Progress
from optlab.execution.executors.protocol import NO_LIMITS, SweepLimits
from optlab.execution.records import DIVERGED, DONE, ERROR, Ints, Sweep, Trajectories
from optlab.execution.runner import Graphs

PIECE = 4.0
"""Longer sweeps are executed in pieces of at least about this time in seconds, without the overhead of calls."""
_EACH, _EACH_EXTERNAL = 1e-9, 1e-4
"""Roughly the seconds of a step for each of its parameters times examples, and of a step of another package."""

Done = tuple[Sweep, Trajectories, str]
"""A sweep, its trajectories, and the name of its back end."""


class Reuse:
    """Executes sweeps with a store. `keeps` says which sweeps are looked up and kept. The state of a block is saved
    every `interval` seconds. Sweeps with `limits` are not cut into pieces, since these are limits of a whole sweep.
    With `apart`, code of the user is traced in processes of its own, which have these limits for each sweep.

    `graphs` has the step graphs of the sweeps, which the execution uses too.
    """

    def __init__(
        self,
        store: RunStore,
        keeps: Callable[[Sweep], bool] = lambda sweep: True,
        interval: float = INTERVAL,
        limits: SweepLimits = NO_LIMITS,
        apart: Apart | None = None,
    ) -> None:
        self.graphs = Graphs()
        self._store, self._interval, self._limits = store, interval, limits
        self._addresses = Addresses(self.graphs, apart)
        self._finder = Finder(store, self._addresses, keeps, interval, limits)
        self._said: set[str] = set()
        self.kept = 0
        """The number of runs that were computed and kept."""

    def prospect(self, sweeps: Sequence[Sweep]) -> list[str]:
        """What of these sweeps is kept, what will be computed, and why, as sentences. Empty if there is nothing of
        them in the store."""
        found = self._finder.of(sweeps)
        changes = [
            reasons.Change(one.sweep, one.address, one.missing)
            for one in found
            if one.address is not None and len(one.missing)
        ]
        missing = sum(len(one.missing) for one in found)
        begun = [(one.sweep, step, len(at)) for one in found for step, at in one.begun]
        continued = reasons.of_checkpoints(begun, changes, self._store)
        late = [reasons.of_timeouts(one.sweep, len(one.timeouts[1]), self._limits.seconds)
                for one in found if one.timeouts is not None]  # fmt: skip
        return [*reasons.sentences(sweeps, missing, changes, self._store), *continued, *late]

    def faults(self) -> list[str]:
        """What was damaged in the store, and why it was not written, as sentences. Each is returned once."""
        damage = [f"{what}; its runs are computed again" for what in self._store.damage]
        new = [said for said in dict.fromkeys([*damage, *self._finder.faults, *self._addresses.faults])
               if said not in self._said]  # fmt: skip
        self._said.update(new)
        failure, self._store.journal.failure = self._store.journal.failure, None
        return new + [f"runs were not kept for later in {self._store.folder}: {failure}"] * (failure is not None)

    def close(self) -> None:
        """Complete what was written to the store."""
        self._store.journal.close()

    def computed(self, sweeps: Sequence[Sweep], execute: Execute, progress: Progress) -> Iterator[Done]:
        """Each sweep with its trajectories and its back end. Runs that are kept are not executed."""
        waiting: dict[str, tuple[Found, list[tuple[Ints, Trajectories]]]] = {}
        pieces: dict[str, tuple[str, Ints]] = {}
        asked: list[Sweep] = []
        for found in self._finder.of(sweeps):
            parts = self._finder.read(found)
            if not len(found.missing):
                progress(len(found.sweep) * found.sweep.steps)
                assert found.address is not None
                yield found.sweep, kept.merged(parts), found.address.identity.backend
                continue
            progress((len(found.sweep) - len(found.missing)) * found.sweep.steps)
            waiting[found.sweep.id] = found, parts
            for piece, at in self._pieces(found, len(sweeps)):
                pieces[piece.id] = found.sweep.id, at
                asked.append(piece)
        self._finder.forget()
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

    def _pieces(self, found: Found, sweeps: int) -> Iterator[tuple[Sweep, Ints]]:
        """The missing runs as sweeps that are executed, with the places of their runs: one for each checkpoint."""
        sweep, missing = replace(found.sweep, savers=found.checkpoints), found.missing
        cut = [at for _, at in found.begun]
        if len(rest := np.setdiff1d(missing, np.concatenate(cut)) if cut else missing):
            if found.address is None or self._limits:
                cut.append(rest)
            else:
                cut += _cut(sweep, rest, found.address.identity.backend, sweeps)
        if len(cut) == 1 and len(missing) == len(sweep):
            yield sweep, cut[0]
            return
        for n, at in enumerate(cut):
            piece = replace(sweep.block(at), id=f"{sweep.id}-{n}")
            assert found.address is not None
            backend = found.address.identity.backend
            # Fewer runs may be faster on another back end. It is not known of what is traced in other processes.
            if self._addresses.is_apart(piece) or self._addresses.backend(piece) != backend:
                piece = replace(piece, backend=backend)
            yield piece, at

    def _remove_checkpoints(self, found: Found, parts: Sequence[tuple[Ints, Trajectories]]) -> None:
        """Remove the checkpoints of runs that are done, unless their process was ended. First the runs are synced."""
        over = [at for at, done in parts if np.isin(done.status, (DONE, DIVERGED, ERROR)).all()]
        done = np.concatenate([found.missing[:0], *over])
        if found.checkpoints is not None and found.address is not None:
            self._store.journal.sync()
            found.checkpoints.remove(found.address.rows[done])
            if len(done) == len(found.sweep):
                found.checkpoints.clean()

    def _keep(self, found: Found, at: Ints, done: Trajectories) -> None:
        if found.address is None:
            return
        if self._limits.is_timed:
            timeouts.keep(self._store.journal, found.address, at, done, self._limits.seconds)
        if not kept.is_worth(done):
            return
        own = found.address.identity
        arrays = {ROWS: found.address.rows[at], **kept.as_arrays(done)}
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
