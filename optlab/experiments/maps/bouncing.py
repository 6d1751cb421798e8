"""Runs around a minimum at a kink, such as the tip of a cone: with steps of a constant length, none comes to rest.

At a smooth minimum the gradient fades, and steps with it. At a kink it does not: gradient descent with a constant
learning rate goes back and forth over the minimum for ever, at a height that its step gives. Such a run has come to the
minimum too, which the last steps of its path show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optlab.execution.records import Floats, Ints, Recording, Sweep, Trajectories
from optlab.experiments.maps import minima
from optlab.experiments.maps.minima import Landscape, Minima

STEPS = 16
"""Points at the end of a path that are looked at; momentum turns back within them."""
WIDE = 0.05
"""A run that covers more than this share of the domain in its last steps is on its way still."""
NEAR = 1e-4
"""How far from a minimum the function is looked at, as a share of the domain."""
CLOSER = 8
"""By what the distance is divided then. The rise falls by as much at a kink, and by its square at a smooth minimum."""
LOW = 1e-9
"""A rise that is too small to be told from roundings, as a share of the function's height."""


@dataclass(frozen=True)
class Tails:
    """The last steps of runs: the bounds of their positions `low`, `high` (2, R), and their highest `loss` (R,)."""

    low: Floats
    high: Floats
    loss: Floats

    def only(self, chosen: NDArray[np.bool_]) -> Tails:
        """Those of some runs."""
        return Tails(self.low[:, chosen], self.high[:, chosen], self.loss[chosen])


def watched(sweep: Sweep, landscapes: Iterable[Landscape]) -> Sweep:
    """The sweep, which records its last steps where a landscape has a known minimum at a kink, and else nothing."""
    count = STEPS if any(is_sharp(one, minima.known(one)).any() for one in landscapes) else 0
    last = np.arange(max(sweep.steps - count + 1, 0), sweep.steps + 1)
    return replace(sweep, recording=Recording(last, sweep.recording.evaluations[:0], trajectory=True, final_x=True))


def tails(trajectories: Trajectories) -> Tails | None:
    """What the runs of a watched sweep did in the end; None where nothing was recorded, or the sweep failed."""
    x = trajectories.x
    return None if x is None or not len(x) else Tails(x.min(axis=0), x.max(axis=0), trajectories.loss.max(axis=0))


def is_sharp(landscape: Landscape, points: Floats) -> NDArray[np.bool_]:
    """Which of some minima (K, 2) are at a kink: close by, the function rises in proportion to the distance."""
    if not len(points):
        return np.zeros(0, dtype=bool)
    ways = NEAR * np.array([[1, 0], [0, 1], [1, 1], [1, -1]]) * landscape.size

    def rises(ways: Floats) -> Floats:
        """What the function rises by in both directions together, shape (K, ways)."""
        around = np.concatenate([[[0.0, 0.0]], ways, -ways])
        at = landscape.losses((points[:, None] + around).reshape(-1, 2).T).reshape(len(points), 1 + 2 * len(ways))
        return at[:, 1 : 1 + len(ways)] + at[:, 1 + len(ways) :] - 2 * at[:, :1]

    far, close = rises(ways), rises(ways / CLOSER)
    floor = LOW * landscape.height(float(landscape.losses(points.T).min()))
    return np.any((far > floor) & (close > far / CLOSER**1.5), axis=1)


def around(landscape: Landscape, found: Minima, ends: Floats, tails: Tails) -> Ints:
    """The number of the minimum at a kink that each run goes back and forth over, -1 for none, shape (R,).

    It is the nearest one, where the run passed it along the coordinate in which it moves most, and is no farther from
    it along the other than it moves.
    """
    if not len(found):
        return np.full(ends.shape[1], -1)
    nearest, is_known = found.nearest(ends)
    size, pad = landscape.size[:, None], minima.SAME
    with np.errstate(all="ignore"):
        below, above = (found.points[nearest].T - tails.low) / size, (tails.high - found.points[nearest].T) / size
        width = below + above
        most = width.max(axis=0)
        passed = np.take_along_axis(np.minimum(below, above), width.argmax(axis=0)[None], axis=0)[0] >= -pad
        beside = (np.minimum(below, above) >= -most - pad).all(axis=0)
        there = is_known & passed & beside & (most <= WIDE) & is_sharp(landscape, found.points)[nearest]
    return np.where(there, nearest, -1)
