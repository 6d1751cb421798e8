"""Where random numbers come from: named streams, independent of the order in which they are asked for.

A stream is fixed by the experiment's seed, what it is for, and the run's seed. Nothing else enters: so all optimizers
get the same starts, weights and minibatches for the same seed, and a run's numbers do not depend on its company.
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
"""Philox makes four 64-bit words at each value of its counter."""


def _entropy(root: int, purpose: str) -> list[int]:
    digest = hashlib.sha256(purpose.encode()).digest()
    return [root, int.from_bytes(digest[:8], "little")]


def generator(root: int, purpose: str, *position: int) -> np.random.Generator:
    """The generator of one stream; `position` is the run's seed and whatever else numbers it.

    >>> a, b = generator(0, "weights", 3), generator(0, "weights", 3)
    >>> bool(a.random() == b.random())
    True
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([*_entropy(root, purpose), *position])))


def uniform(root: int, purpose: str, seeds: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """`size` numbers in [0, 1) for each seed, shape (len(seeds), size): a million seeds take a fraction of a second.

    All seeds share one counter-based stream, seed s owning the counts from s * size on (rounded up to whole counts).

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
    """Random numbers that a rule asks for in every step: "standard_normal", or "random" from [0, 1)."""

    kind: str
    shape: tuple[int, ...]


class Noise:
    """What rules draw: fresh numbers for every step, the same for all runs of one seed."""

    def __init__(self, root: int, seeds: NDArray[np.int64], draws: Sequence[Draw]) -> None:
        self.root, self.draws = root, draws
        self.seeds, self.of_run = np.unique(seeds, return_inverse=True)

    def fill(self, step: int, outs: Sequence[Any]) -> None:
        """Write the numbers for a step into arrays of each draw's shape and, at the end, the run axis."""
        for number, (draw, out) in enumerate(zip(self.draws, outs, strict=True)):
            size = math.prod(draw.shape)
            purpose = f"draw {number} of step {step}"
            make = normal if draw.kind == "standard_normal" else uniform
            values = make(self.root, purpose, self.seeds, size)[self.of_run]
            np.copyto(out, np.moveaxis(values.reshape(-1, *draw.shape), 0, -1), casting="same_kind")


def normal(root: int, purpose: str, seeds: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """`size` standard normal numbers for each seed, as `uniform` (Box & Muller, 1958)."""
    pairs = uniform(root, purpose, seeds, 2 * size)
    radius, angle = np.sqrt(-2 * np.log1p(-pairs[:, :size])), 2 * np.pi * pairs[:, size:]
    return radius * np.cos(angle)


class Minibatches:
    """Which examples each run sees at each step: every epoch a fresh permutation per seed, cut into equal batches.

    What is left over at the end of an epoch is left out of it, since all batches have the same size.
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
