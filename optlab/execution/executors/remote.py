"""A task that lets workers execute the blocks of sweeps."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Sequence

import numpy as np

from optlab.errors import UserError
from optlab.execution import fingerprint
from optlab.execution.executors.local import Progress
from optlab.execution.executors.protocol import Answer, Died, OutOfTime, Pool, SweepLimits
from optlab.execution.executors.travel import Head, drops_of, written
from optlab.execution.records import CRASHED, STATUSES, TIMEOUT, Sweep, Trajectories
from optlab.plugins.registry import Registry
from optlab.plugins.withheld import fate_of


class Remote:
    """Executes blocks of some sweeps on the workers of a pool, as `runner.Runner` does in this process.

    A block whose worker dies ends with the status `crashed`, and one that takes too long with `timeout`. A block whose
    plugins are withheld in this process is not sent (see `plugins.withheld`).
    """

    def __init__(self, sweeps: Sequence[Sweep], pool: Pool, known: Registry, limits: SweepLimits) -> None:
        self._whole = {sweep.id: sweep for sweep in sweeps}
        self._pool, self._known, self._limits = pool, known, limits
        self._drops, self._versions = drops_of(known), fingerprint.versions()
        self._heads: dict[str, Head] = {}
        self._backends: dict[str, str] = {}
        self._one_at_a_time = threading.Lock()

    def __call__(self, block: Sweep, progress: Progress) -> Trajectories:
        if done := self._withheld(block):
            progress(len(block) * block.steps)
            return done
        whole = self._whole[block.id]
        begin = int(np.flatnonzero(whole.run == block.run[0])[0])
        try:
            answer = self._answer(whole, begin, begin + len(block), progress)
        except Died as death:
            done = self._lost(block, CRASHED, f"the process that executed it ended ({death})")
        except OutOfTime:
            done = self._lost(block, TIMEOUT, f"took longer than limits.seconds = {self._limits.seconds:g}")
        else:
            done = answer.trajectories
            self._backends[block.id] = answer.backend
            if whole.savers is not None:
                whole.savers.faults.extend(answer.faults)
            if self._limits.memory is not None and "MemoryError" in done.log:
                done = self._lost(block, CRASHED, f"needs more than limits.memory = {self._limits.memory:,} bytes")
        progress(len(block) * block.steps)
        return done

    def _answer(self, whole: Sweep, begin: int, end: int, progress: Progress) -> Answer:
        """The answer of a worker. After the death of a worker another one tries again: the runs may be innocent."""
        head = self._head(whole)
        try:
            return self._pool.compute(head, begin, end, lambda: progress(0))
        except Died:
            return self._pool.compute(head, begin, end, lambda: progress(0))

    def divides(self, sweep: Sweep) -> bool:
        """Whether a sweep is executed in blocks. SweepLimits are for whole sweeps."""
        return not self._limits

    def backend(self, sweep: Sweep) -> str:
        """The name of the back end that executed a sweep: "none" if that is not known."""
        return self._backends.get(sweep.id, "none")

    def _head(self, sweep: Sweep) -> Head:
        with self._one_at_a_time:
            if sweep.id not in self._heads:
                saves, spent = (True, sweep.savers.spent) if sweep.savers else (False, 0.0)
                self._heads[sweep.id] = Head(self._drops, self._versions, self._written(sweep), saves, spent)
            return self._heads[sweep.id]

    def _written(self, sweep: Sweep) -> bytes:
        try:
            return written(sweep, self._known)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise UserError(
                f"{sweep.label} on {sweep.titles[0]} cannot be sent to another process ({error}); write its plugins "
                'into a file in plugins/, or use executor = "threads"'
            ) from error

    def _withheld(self, block: Sweep) -> Trajectories | None:
        """The trajectories of runs of a plugin that is not executed in this process, or None."""
        for plugin in fingerprint.plugins(block):
            if fate := fate_of(plugin):
                why = f"{fingerprint.place_of(plugin)}: the code of '{plugin.name}' {fate.why}"
                return self._lost(block, STATUSES.index(fate.status), why)
        return None

    def _lost(self, block: Sweep, status: int, why: str) -> Trajectories:
        return Trajectories.failed(len(block), len(block.recording.steps), f"{block.label}: {why}", status)
