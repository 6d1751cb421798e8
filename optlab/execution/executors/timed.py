"""A limit on the time of sweeps that threads of this process execute."""

from __future__ import annotations

import time
from collections.abc import Callable

from optlab.execution.executors.local import Progress, Task
from optlab.execution.executors.protocol import OutOfTime
from optlab.execution.records import TIMEOUT, Sweep, Trajectories


class Timed:
    """A task with a limit on the time of each sweep, in seconds. The time is read between steps.

    Code that never returns from a step cannot be ended in a thread; `executor = "processes"` ends it.
    """

    def __init__(self, task: Task, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._task, self._seconds, self._clock = task, seconds, clock

    def __call__(self, block: Sweep, progress: Progress) -> Trajectories:
        spent = block.savers.spent if block.savers else 0.0
        deadline, reported = self._clock() + self._seconds - spent, 0

        def watch(run_steps: int) -> None:
            nonlocal reported
            reported += run_steps
            progress(run_steps)
            if self._clock() > deadline:
                raise OutOfTime

        try:
            return self._task(block, watch)
        except OutOfTime:
            progress(len(block) * block.steps - reported)
            log = f"{block.label}: took longer than limits.seconds = {self._seconds:g}"
            return Trajectories.failed(len(block), len(block.recording.steps), log, TIMEOUT)

    def divides(self, sweep: Sweep) -> bool:
        """SweepLimits are for whole sweeps, which are therefore not executed in blocks."""
        return False
