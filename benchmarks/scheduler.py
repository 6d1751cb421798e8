"""A simulation of one scheduler that gives blocks to workers, and the closed form of its throughput.

The scheduler serves one block at a time, which takes `1 / rate` seconds of its time in all: to assign the block and to
take the answer. The worker then computes it. A worker has one block at a time, and waits until it gets the next one.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Simulated:
    """The end of all tasks in seconds, and the share of the workers' time in which they computed."""

    seconds: float
    utilisation: float


def simulated(workers: int, duration: float, rate: float, tasks: int, spread: float = 0.0, seed: int = 0) -> Simulated:
    """Let workers compute blocks, event by event.

    Args:
        workers: the number of workers.
        duration: the mean seconds that a worker computes a block.
        rate: the blocks that the scheduler can serve in a second.
        tasks: the number of blocks.
        spread: the standard deviation of the logarithm of the durations. With 0 all are equal.
        seed: of the durations.
    """
    each, served = 1 / rate, 0.0
    free = [0.0] * workers  # when each worker is free, as a heap
    durations = _durations(duration, tasks, spread, seed)
    for needed in durations:
        served = max(served, free[0]) + each
        heapq.heapreplace(free, served + needed)
    end = max(free)
    return Simulated(end, sum(durations) / (workers * end))


def _durations(mean: float, tasks: int, spread: float, seed: int) -> list[float]:
    drawn = np.random.default_rng(seed).lognormal(-(spread**2) / 2, spread, tasks) if spread else np.ones(tasks)
    return (mean * drawn).tolist()


def throughput(workers: float, duration: float, rate: float) -> float:
    """The blocks per second of many blocks: as many as the workers compute, but not more than the scheduler serves."""
    return min(workers / duration, rate)


def limit(duration: float, rate: float) -> float:
    """The number of workers from which on the scheduler is the limit."""
    return rate * duration
