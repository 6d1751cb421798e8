"""Runs that oscillate around a minimum at a kink, such as the tip of a cone.

Near a smooth minimum the gradient becomes small, and so do the steps. Near a kink it does not: gradient descent with a
constant learning rate oscillates around the minimum without end, at a loss that depends on the step size. Such a run
has reached the minimum too. The last steps of its path show this.
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
"""The number of points at the end of a path that are examined. Runs with momentum change direction within them."""
WIDE = 0.05
"""A run that covers more than this share of the domain in its last steps has not reached its minimum."""
NEAR = 1e-4
"""The distance from a minimum at which the function is evaluated, as a share of the domain."""
CLOSER = 8
"""The second distance is smaller by this factor. The rise is smaller by this factor at a kink, and by its square at a
smooth minimum."""
LOW = 1e-9
"""A smaller rise may be a rounding error. It is given as a share of `Landscape.height`."""


@dataclass(frozen=True)
class Tails:
    """The last steps of runs: the bounds of their positions `low`, `high` (2, R), and their highest `loss` (R,)."""

    low: Floats
    high: Floats
    loss: Floats

    def only(self, chosen: NDArray[np.bool_]) -> Tails:
        """The last steps of the chosen runs."""
        return Tails(self.low[:, chosen], self.high[:, chosen], self.loss[chosen])


def with_last_steps(sweep: Sweep, landscapes: Iterable[Landscape]) -> Sweep:
    """The sweep, recording its last steps if a landscape has a declared minimum at a kink, and otherwise nothing."""
    count = STEPS if any(is_sharp(one, minima.known(one)).any() for one in landscapes) else 0
    last = np.arange(max(sweep.steps - count + 1, 0), sweep.steps + 1)
    return replace(sweep, recording=Recording(last, sweep.recording.evaluations[:0], trajectory=True, final_x=True))


def tails(trajectories: Trajectories) -> Tails | None:
    """The last steps of the runs, if `with_last_steps` recorded them. None otherwise, or if the sweep failed."""
    x = trajectories.x
    return None if x is None or not len(x) else Tails(x.min(axis=0), x.max(axis=0), trajectories.loss.max(axis=0))


def is_sharp(landscape: Landscape, points: Floats) -> NDArray[np.bool_]:
    """Which of the minima (K, 2) are at a kink. There the function rises in proportion to the distance."""
    if not len(points):
        return np.zeros(0, dtype=bool)
    directions = NEAR * np.array([[1, 0], [0, 1], [1, 1], [1, -1]]) * landscape.size

    def rises(directions: Floats) -> Floats:
        """The sum of the rises along a direction and its opposite, shape (K, directions)."""
        around = np.concatenate([[[0.0, 0.0]], directions, -directions])
        at = landscape.losses((points[:, None] + around).reshape(-1, 2).T).reshape(len(points), 1 + 2 * len(directions))
        return at[:, 1 : 1 + len(directions)] + at[:, 1 + len(directions) :] - 2 * at[:, :1]

    far, close = rises(directions), rises(directions / CLOSER)
    floor = LOW * landscape.height(float(landscape.losses(points.T).min()))
    return np.any((far > floor) & (close > far / CLOSER**1.5), axis=1)


def around(landscape: Landscape, found: Minima, ends: Floats, tails: Tails) -> Ints:
    """The index of the minimum at a kink around which each run oscillates, or -1 for none, shape (R,).

    It is the minimum nearest to the final point, under two conditions. Along the coordinate with the largest movement,
    the run passed the minimum. Along the other one, its distance from the minimum is at most this movement.
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
        near = (np.minimum(below, above) >= -most - pad).all(axis=0)
        there = is_known & passed & near & (most <= WIDE) & is_sharp(landscape, found.points)[nearest]
    return np.where(there, nearest, -1)
