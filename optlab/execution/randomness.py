"""Random numbers from named streams, independent of the order in which the streams are used.

A stream depends only on the experiment's seed, its purpose, and the run's seed. So all optimizers get the same starts,
weights and minibatches for the same seed, and the random numbers of a run do not depend on the other runs.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS_PER_COUNT = 4
"""Philox generates four 64-bit words for each value of its counter."""


def _entropy(root: int, purpose: str) -> list[int]:
    digest = hashlib.sha256(purpose.encode()).digest()
    return [root, int.from_bytes(digest[:8], "little")]


def root_of(root: int, purpose: str) -> int:
    """Another root, for runs whose random numbers must differ from those of `root`. Seeds of experiments are smaller.

    >>> root_of(0, "tuning") == root_of(0, "tuning") != root_of(1, "tuning"), root_of(0, "tuning") >= 2**127
    (True, True)
    """
    digest = hashlib.sha256(f"{purpose}\0{root}".encode()).digest()
    return int.from_bytes(digest[:16], "little") | 2**127


def generator(root: int, purpose: str, *position: int) -> np.random.Generator:
    """The generator of one stream; `position` is the run's seed, followed by further indices such as the epoch.

    >>> a, b = generator(0, "weights", 3), generator(0, "weights", 3)
    >>> bool(a.random() == b.random())
    True
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([*_entropy(root, purpose), *position])))


def uniform(root: int, purpose: str, seeds: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """`size` numbers in [0, 1) for each seed, shape (len(seeds), size), fast enough for a million seeds.

    All seeds share one counter-based stream. Seed s uses the n counter values from s n on, n = size / 4, rounded up.

    >>> many, one = uniform(0, "start", np.arange(5), 2), uniform(0, "start", np.array([3]), 2)
    >>> bool((many[3] == one[0]).all())
    True
    """
    counts = -(-size // WORDS_PER_COUNT)
    first, last = (int(seeds.min()), int(seeds.max())) if len(seeds) else (0, -1)
    bits = np.random.Philox(np.random.SeedSequence(_entropy(root, purpose)))
    bits.advance(first * counts)
    block = np.random.Generator(bits).random(((last - first + 1), counts * WORDS_PER_COUNT))
    return block[seeds - first, :size]


@dataclass(frozen=True)
class Draw:
    """Random numbers that are drawn in every step: "standard_normal", "standard_exponential", or "random" from [0, 1).

    `stream` is "draw" for those that a rule draws, and "noise" for the noise of a problem.
    """

    kind: str
    shape: tuple[int, ...]
    stream: str = "draw"


class Draws:
    """The random numbers of each step: new numbers in every step, the same for all runs with the same seed."""

    def __init__(self, root: int, seeds: NDArray[np.int64], draws: Sequence[Draw]) -> None:
        self.root, self.draws = root, draws
        self.numbers = [sum(other.stream == draw.stream for other in draws[:n]) for n, draw in enumerate(draws)]
        self.seeds, self.of_run = np.unique(seeds, return_inverse=True)

    def fill(self, step: int, outs: Sequence[Any]) -> None:
        """Write the numbers for a step into one array per draw, of shape (*draw.shape, runs)."""
        for number, draw, out in zip(self.numbers, self.draws, outs, strict=True):
            size = math.prod(draw.shape)
            purpose = f"{draw.stream} {number} of step {step}"
            values = _MAKE[draw.kind](self.root, purpose, self.seeds, size)[self.of_run]
            np.copyto(out, np.moveaxis(values.reshape(-1, *draw.shape), 0, -1), casting="same_kind")


def normal(root: int, purpose: str, seeds: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """`size` standard normal numbers for each seed, from those of `uniform` (Box & Muller, 1958)."""
    pairs = uniform(root, purpose, seeds, 2 * size)
    radius, angle = np.sqrt(-2 * np.log1p(-pairs[:, :size])), 2 * np.pi * pairs[:, size:]
    return radius * np.cos(angle)


def exponential(root: int, purpose: str, seeds: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """`size` numbers of the standard exponential distribution for each seed, from those of `uniform`."""
    return -np.log1p(-uniform(root, purpose, seeds, size))


_MAKE = {"standard_normal": normal, "standard_exponential": exponential, "random": uniform}


class Minibatches:
    """The examples of each run at each step: each epoch is a new permutation per seed, split into equal batches.

    The remaining examples at the end of an epoch are not used in it, since all batches have the same size.
    """

    def __init__(self, root: int, seeds: NDArray[np.int64], examples: int, batch_size: int) -> None:
        self.root, self.examples, self.batch_size = root, examples, batch_size
        self.seeds, self.of_run = np.unique(seeds, return_inverse=True)
        self.per_epoch = examples // batch_size
        self.epoch = -1
        self.order: NDArray[np.int64] = np.empty((0, 0), np.int64)

    def fill(self, step: int, out: Any) -> None:
        """Write the indices for a 1-based step into `out`, shape (runs, batch_size)."""
        epoch, position = divmod(step - 1, self.per_epoch)
        if epoch != self.epoch:
            draws = (generator(self.root, "minibatches", int(s), epoch) for s in self.seeds)
            self.order = np.stack([draw.permutation(self.examples) for draw in draws])
            self.epoch = epoch
        here = slice(position * self.batch_size, (position + 1) * self.batch_size)
        np.take(self.order[:, here], self.of_run, axis=0, out=out, mode="clip")
