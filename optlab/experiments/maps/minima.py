"""The minima of a function of two parameters: the known ones, and those near which runs end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.derivatives import grad
from optlab.execution.evaluation import Evaluation
from optlab.execution.records import Case, Floats, Ints
from optlab.execution.step import objective
from optlab.experiments.maps import declared

CELLS = 1024
"""Of ends that share a cell of the box, cut into this many along each side, one is taken to look for a minimum."""
MOST = 4096
"""Cells that are looked into; where more hold an end, cells are taken larger."""
NEWTON = 30
"""Steps of Newton's method, from a cell to a point where the gradient vanishes."""
FLAT = 1e-9
"""A gradient times the size of the box that is taken for zero, as a share of the height."""
SAME = 1e-5
"""Points closer than this share of the box are one minimum."""


@dataclass(frozen=True)
class Landscape:
    """A case of two parameters under one combination of its options.

    `box` (2, 2) are the lower and upper bounds of the domain, or where there is none, of the view. What is near, flat
    or low is measured by its size and by its `height`, so that zooming into it changes no result.
    """

    case: Case
    options: Mapping[str, float]
    box: Floats

    @property
    def size(self) -> Floats:
        return self.box[1] - self.box[0]

    def losses(self, points: Floats) -> Floats:
        """The objective at points (2, count)."""
        return self._program({"loss": objective(self.case)}, points.shape[1]).at(points)["loss"]

    def height(self, lowest: float) -> float:
        """How high the function lies above a loss: the median over the box, on a grid of 64 x 64 points."""
        x, y = (np.linspace(self.box[0, i], self.box[1, i], 64) for i in range(2))
        losses = self.losses(np.stack([side.ravel() for side in np.meshgrid(x, y)]))
        above = losses[np.isfinite(losses) & (losses > lowest)] - lowest
        return float(np.median(above)) if above.size else 1.0

    def slopes(self, count: int) -> Callable[[Floats], Floats]:
        """The function points (2, count) -> the derivatives f_x, f_y, f_xx, f_xy, f_yy there, shape (5, count)."""
        f = objective(self.case)

        def first(i: int) -> Any:
            return lambda x, **options: grad(lambda p: f(p, **options))(x)[i]

        def second(i: int, j: int) -> Any:
            return lambda x, **options: grad(lambda p: first(i)(p, **options))(x)[j]

        quantities = [first(0), first(1), second(0, 0), second(0, 1), second(1, 1)]
        program = self._program({str(i): quantity for i, quantity in enumerate(quantities)}, count)
        return lambda points: np.stack(list(program.at(points).values()))

    def _program(self, quantities: Mapping[str, Any], count: int) -> Evaluation:
        columns = {name: np.array([value]) for name, value in self.options.items()}
        return Evaluation.of(self.case, quantities, columns, count)


@dataclass(frozen=True)
class Minima:
    """Minima in the order of their losses: `points` (K, 2), `losses` (K,).

    A run has come to a minimum where its loss is at most that of the minimum plus `tolerance`.
    """

    points: Floats
    losses: Floats
    tolerance: float

    def __len__(self) -> int:
        return len(self.points)

    @property
    def targets(self) -> Floats:
        """The losses that count as having come to each, shape (K,)."""
        return self.losses + self.tolerance

    def of(self, ends: Floats, losses: Floats) -> Ints:
        """The number of the minimum at which each run ended, -1 for none.

        It is the nearest one, where the run's loss is that of the minimum to within the tolerance: a run that is
        still on its way past is at none.

        Args:
            ends: where the runs ended, shape (2, R); NaN where one diverged.
            losses: their losses there, shape (R,).
        """
        if not len(self):
            return np.full(ends.shape[1], -1)
        nearest, is_known = self.nearest(ends)
        with np.errstate(all="ignore"):
            there = (losses <= self.targets[nearest]) & (losses >= self.losses[nearest] - self.tolerance)
        return np.where(there & is_known, nearest, -1)

    def nearest(self, ends: Floats) -> tuple[Ints, NDArray[np.bool_]]:
        """The number of the minimum nearest to each point (2, R), and whether there is one: not for NaN."""
        nearest, least = np.zeros(ends.shape[1], dtype=np.int64), np.full(ends.shape[1], np.inf)
        with np.errstate(all="ignore"):
            for k, point in enumerate(self.points):
                away = (ends[0] - point[0]) ** 2 + (ends[1] - point[1]) ** 2
                closer = away < least
                nearest[closer], least[closer] = k, away[closer]
        return nearest, np.isfinite(least)

    def only(self, chosen: NDArray[np.bool_]) -> Minima:
        """Some of them."""
        return Minima(self.points[chosen], self.losses[chosen], self.tolerance)


def known(landscape: Landscape) -> Floats:
    """The minimisers that the problem declares and that hold under its options, shape (K, 2)."""
    return declared.holding(landscape.case, landscape.options, landscape.size)


def find(landscape: Landscape, ends: Floats, share: float) -> Minima:
    """The minima that are known, and those found from where runs ended, lowest first.

    From one end of each occupied cell, Newton's method goes to a point where the gradient vanishes; it is a minimum if
    the Hessian is positive definite there. Degenerate minima, such as that of x^4, are found only where known.

    Args:
        landscape: the function.
        ends: where the runs ended, shape (2, R).
        share: the tolerance, as a share of the function's height above its lowest minimum.
    """
    before = known(landscape)
    points = np.concatenate([before, _polished(landscape, _representatives(landscape, ends)).T])
    if not len(points):
        return Minima(points, np.empty(0), 0.0)
    losses = landscape.losses(points.T)
    order = np.lexsort([points[:, 1], points[:, 0], np.arange(len(points)) >= len(before)])  # known ones first
    kept: list[int] = []
    for i in order.tolist():
        if all(np.abs((points[i] - points[j]) / landscape.size).max() > SAME for j in kept):
            kept.append(i)
    kept.sort(key=lambda i: (float(f"{losses[i]:.9g}") if abs(losses[i]) > 1e-12 else 0.0, *points[i].tolist()))
    lowest = float(losses[kept].min())
    return Minima(points[kept], losses[kept], share * landscape.height(lowest))


def _representatives(landscape: Landscape, ends: Floats) -> Floats:
    """One end for each cell that holds any, shape (2, count)."""
    size = landscape.size[:, None]
    near = (np.abs(ends - landscape.box[0][:, None]) <= 10 * size).all(axis=0)  # NaN is not near
    ends = ends[:, near]
    cells = np.floor((ends - landscape.box[0][:, None]) / size * CELLS).astype(np.int64)
    first = np.arange(ends.shape[1])
    for coarser in range(CELLS.bit_length()):
        column, row = cells >> coarser
        _, first = np.unique(column * 2**32 + row, return_index=True)
        if len(first) <= MOST:
            break
    return ends[:, first]


def _polished(landscape: Landscape, points: Floats) -> Floats:
    """Points moved to the minima close by, shape (2, count); those that come to none are left out."""
    if not points.shape[1]:
        return points
    size, slopes = landscape.size[:, None], landscape.slopes(points.shape[1])
    with np.errstate(all="ignore"):
        for _ in range(NEWTON):
            fx, fy, fxx, fxy, fyy = slopes(points)
            step = np.stack([fyy * fx - fxy * fy, fxx * fy - fxy * fx]) / (fxx * fyy - fxy**2)
            points = points - np.clip(np.where(np.isfinite(step), step, 0.0), -0.02 * size, 0.02 * size)
        fx, fy, fxx, fxy, fyy = slopes(points)
        curved = (fxx > 0) & (fxx * fyy - fxy**2 > 1e-10 * (fxx + fyy) ** 2)
        losses = landscape.losses(points)
        finite = np.isfinite(losses) & np.isfinite(points).all(axis=0)
        height = landscape.height(float(losses[finite].min())) if finite.any() else 1.0
        flat = (np.abs([fx, fy]) * size <= FLAT * height).all(axis=0)
    return _distinct(points[:, finite & curved & flat], landscape.size)


def _distinct(points: Floats, size: Floats) -> Floats:
    """The points without those that Newton's method brought to the same place."""
    cells = np.round(points / size[:, None] / (0.1 * SAME)).astype(np.int64)
    _, first = np.unique(cells, axis=1, return_index=True)
    return points[:, np.sort(first)]
