"""What an executor must have, and what may happen to its workers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from optlab.errors import UserError

if TYPE_CHECKING:
    from optlab.execution.executors.travel import Head
    from optlab.execution.records import Trajectories

SECONDS, MEMORY = 60.0, 4_000_000_000
"""The limits of code of plugins in a process of its own, where an experiment has none."""

Wait = Callable[[], None]
"""Called repeatedly during waiting. It raises an exception if the result is no longer needed."""


class Died(Exception):
    """A worker ended during a block, such as by a signal."""


class OutOfTime(Exception):
    """A block took longer than the limit."""


@dataclass(frozen=True)
class Answer:
    """The results of a block, the back end that executed it, and what could not be saved or loaded, as sentences."""

    trajectories: Trajectories
    backend: str
    faults: Sequence[str] = ()

    def checked(self, runs: int) -> Answer:
        """This answer, if its arrays have this number of runs. A plugin may have replaced functions of NumPy there.

        Raises:
            Died: they have not. What the worker computes afterwards may be wrong too.
        """
        done = self.trajectories
        needed = (done.status, done.steps, done.grad_evals, done.first_loss, done.final_loss, done.best_loss)
        others = (done.x, done.final_x, done.reached, done.stopped)
        arrays = (*needed, done.seconds, done.loss, *done.metrics.values(), *(one for one in others if one is not None))
        if not all(isinstance(array, np.ndarray) and array.shape[-1:] == (runs,) for array in arrays):
            raise Died("its results have the wrong form; a plugin may have replaced functions of NumPy")
        return self


@dataclass(frozen=True)
class SweepLimits:
    """What a sweep may use: `seconds`, and `memory` in bytes beyond what a worker has before its first sweep."""

    seconds: float = math.inf
    memory: int | None = None

    @property
    def is_timed(self) -> bool:
        return self.seconds < math.inf

    @property
    def of_each_call(self) -> tuple[float, int]:
        """The seconds and the memory of a call of a plugin's code in a process that only tries it out or draws."""
        return self.seconds if self.is_timed else SECONDS, self.memory or MEMORY

    def __bool__(self) -> bool:
        return self.memory is not None or self.is_timed


NO_LIMITS = SweepLimits()


class Pool(Protocol):
    """Workers. Several threads call `compute` at the same time, `parallel` of them."""

    @property
    def parallel(self) -> int:
        """The number of blocks that are computed at the same time."""
        ...

    def compute(self, head: Head, begin: int, end: int, wait: Wait, /) -> Answer:
        """Execute the runs `begin` to `end` of a sweep on a worker: `worker.compute` there.

        Raises:
            Died: the worker died. OutOfTime: the block took longer than the limit.
        """
        ...


@dataclass(frozen=True)
class Asked:
    """What a user has asked for: an executor by name ("" for the default), the number of workers, the address of a
    scheduler, and limits."""

    name: str = ""
    workers: int | None = None
    scheduler: str = ""
    limits: SweepLimits = SweepLimits()

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise UserError(f"workers must be at least 1, not {self.workers}")


DEFAULT = Asked()
"""Nothing in particular."""
