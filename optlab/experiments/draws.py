"""Points to try, drawn from a unit cube: at random, or as a scrambled Sobol sequence.

The points depend on the experiment's seed and on what is drawn: the name of the optimizer, of its schedule and its
transforms, and the names of the options that are drawn. They do not depend on the label, on the order of the file or on
other optimizers. More points continue the same sequence, so that the first 25 of 50 trials are those of 25 trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optlab.execution.randomness import generator
from optlab.execution.records import Floats
from optlab.experiments.document.axes import Interval

MOST_AXES = 21_201
"""The largest number of dimensions for which SciPy has a Sobol sequence."""


@dataclass(frozen=True)
class Sampling:
    """How many points are drawn for each optimizer, how, and from which root of random streams.

    smaller: further numbers of points that are compared, each a part of the same sequence. 0 are the defaults.
    """

    trials: int
    search: str
    seed: int
    smaller: tuple[int, ...] = ()

    @property
    def has_defaults(self) -> bool:
        """Whether the defaults are tried too, before all points."""
        return 0 in self.smaller

    @property
    def least(self) -> int:
        """The smallest number of points, without the defaults."""
        return min(filter(None, self.smaller), default=self.trials)

    def shares(self, content: Sequence[str], axes: int, count: int) -> Floats:
        """The first `count` points of a sequence in the unit cube, shape (count, axes), each number in [0, 1).

        Args:
            content: the names that the sequence depends on.
            axes: the number of dimensions.
            count: the number of points.

        >>> few, many = (Sampling(3, "sobol", 0).shares(["gd", "lr"], 2, count) for count in (3, 9))
        >>> bool((many[:3] == few).all()), bool((many < 1).all())
        (True, True)
        """
        random = generator(self.seed, "\0".join(["trials", self.search, *content]))
        if self.search == "random":
            return random.random((count, axes))
        from scipy.stats import qmc  # takes a while to load

        # SciPy before 1.15 has no argument `rng`, and later versions accept this one too.
        sequence = qmc.Sobol(axes, scramble=True, seed=random)  # pyright: ignore[reportCallIssue]
        return sequence.random_base2(math.ceil(math.log2(count)))[:count]


def values_at(interval: Interval, shares: Any) -> Any:
    """The values of a range at shares from 0 to 1 (1 excluded).

    >>> [round(float(values_at(Interval("log_uniform", 1e-4, 1.0), u)), 6) for u in (0.0, 0.25, 0.5)]
    [0.0001, 0.001, 0.01]
    >>> values_at(Interval("integers", 1, 8), np.array([0.0, 0.5, 0.99])).tolist()
    [1.0, 5.0, 8.0]
    """
    low, high = float(interval.low), float(interval.high)
    if interval.form == "integers":
        return low + np.floor(shares * (high - low + 1))
    if interval.form == "log_uniform":
        return np.clip(np.exp(np.log(low) + shares * (np.log(high) - np.log(low))), low, high)
    return np.clip(low + shares * (high - low), low, high)


def indices(shares: Floats, count: int) -> list[int]:
    """The position in a list of `count` values for each share of the list.

    >>> indices(np.array([0.0, 0.49, 0.5, 0.999]), 2)
    [0, 0, 1, 1]
    """
    return np.minimum((shares * count).astype(np.int64), count - 1).tolist()
