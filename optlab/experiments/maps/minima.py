"""The minima of a function of two parameters: the declared ones, and those found from the ends of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optlab.engine.derivatives import grad, jacobian
from optlab.execution.evaluation import Evaluation, Quantities
from optlab.execution.records import Case, Floats, Ints
from optlab.execution.step import objective
from optlab.experiments.maps import declared

CELLS = 1024
"""The number of cells along each side of the box. One end per cell is used as the start of a search for a minimum."""
MOST = 4096
"""The most cells with a search. If more cells contain ends, the cells are made larger."""
NEWTON = 30
"""The number of steps of Newton's method in a search for a point with zero gradient."""
FLAT = 1e-9
"""If the gradient times the size of the box is at most this share of the height, it counts as zero."""
DERIVATIVES = ("f_x", "f_y", "f_xx", "f_xy", "f_yy")
SAME = 1e-5
"""Points closer than this share of the box are the same minimum."""


@dataclass(frozen=True)
class Landscape:
    """A case of two parameters with one combination of its options.

    `box` (2, 2) has the lower and upper bounds of the domain, or of the view if there is no domain. Distances are
    measured in units of its size, and losses in units of its `height`, so that zooming in does not change a result.
    """

    case: Case
    options: Mapping[str, float]
    box: Floats

    @property
    def size(self) -> Floats:
        return self.box[1] - self.box[0]

    def losses(self, points: Floats) -> Floats:
        """The objective at points (2, count)."""
        quantities = {"loss": objective(self.case)}
        return Evaluation.of(self.case, quantities, self._columns, points.shape[1]).at(points)["loss"]

    def height(self, lowest: float) -> float:
        """The median of the loss minus `lowest`, over the points of a 64 x 64 grid in the box with a higher loss."""
        x, y = (np.linspace(self.box[0, i], self.box[1, i], 64) for i in range(2))
        losses = self.losses(np.stack([side.ravel() for side in np.meshgrid(x, y)]))
        above = losses[np.isfinite(losses) & (losses > lowest)] - lowest
        return float(np.median(above)) if above.size else 1.0

    def slopes(self, count: int) -> Callable[[Floats], Floats]:
        """The function points (2, count) -> the derivatives f_x, f_y, f_xx, f_xy, f_yy there, shape (5, count)."""
        program = Evaluation.jointly(self.case, DERIVATIVES, derivatives(self.case), self._columns, count)
        return lambda points: np.stack(list(program.at(points).values()))

    @property
    def _columns(self) -> dict[str, Floats]:
        return {name: np.array([value]) for name, value in self.options.items()}


def derivatives(case: Case) -> Quantities:
    """The function (x, options) -> the `DERIVATIVES` of the objective of a case of two parameters."""
    f = objective(case)

    def of(x: Any, **options: Any) -> list[Any]:
        slope = grad(lambda p: f(p, **options))
        g, h = slope(x), jacobian(slope)(x)
        return [g[0], g[1], h[0, 0], h[0, 1], h[1, 1]]

    return of


@dataclass(frozen=True)
class Minima:
    """Minima in the order of their losses: `points` (K, 2), `losses` (K,).

    A run has reached a minimum if its loss is at most the loss of the minimum plus `tolerance`.
    """

    points: Floats
    losses: Floats
    tolerance: float

    def __len__(self) -> int:
        return len(self.points)

    @property
    def targets(self) -> Floats:
        """The loss at which each minimum counts as reached, shape (K,)."""
        return self.losses + self.tolerance

    def of(self, ends: Floats, losses: Floats) -> Ints:
        """The index of the minimum at which each run ended, or -1 for none.

        It is the nearest minimum, provided that the loss of the run equals its loss to within the tolerance. A run that
        is only passing a minimum ended at none.

        Args:
            ends: the final points of the runs, shape (2, R). They are NaN for diverged runs.
            losses: the final losses of the runs, shape (R,).
        """
        if not len(self):
            return np.full(ends.shape[1], -1)
        nearest, is_known = self.nearest(ends)
        with np.errstate(all="ignore"):
            there = (losses <= self.targets[nearest]) & (losses >= self.losses[nearest] - self.tolerance)
        return np.where(there & is_known, nearest, -1)

    def nearest(self, ends: Floats) -> tuple[Ints, NDArray[np.bool_]]:
        """The index of the minimum nearest to each point (2, R), and whether there is one. NaN points have none."""
        nearest, least = np.zeros(ends.shape[1], dtype=np.int64), np.full(ends.shape[1], np.inf)
        with np.errstate(all="ignore"):
            for k, point in enumerate(self.points):
                away = (ends[0] - point[0]) ** 2 + (ends[1] - point[1]) ** 2
                closer = away < least
                nearest[closer], least[closer] = k, away[closer]
        return nearest, np.isfinite(least)

    def only(self, chosen: NDArray[np.bool_]) -> Minima:
        """The chosen minima."""
        return Minima(self.points[chosen], self.losses[chosen], self.tolerance)


def known(landscape: Landscape) -> Floats:
    """The declared minimisers of the problem that are valid for its options, shape (K, 2)."""
    return declared.valid_minima(landscape.case, landscape.options, landscape.size)


def find(landscape: Landscape, ends: Floats, share: float) -> Minima:
    """The declared minima, and those found from the ends of runs, lowest first.

    From one end in each cell, Newton's method searches a point with zero gradient. The point is a minimum if its
    Hessian is positive definite. Degenerate minima, such as the minimum of x^4, are found only if they are declared.

    Args:
        landscape: the function.
        ends: the final points of the runs, shape (2, R).
        share: the tolerance, as a share of the function's height above its lowest minimum.
    """
    before = known(landscape)
    points = np.concatenate([before, _polished(landscape, _representatives(landscape, ends)).T])
    if not len(points):
        return Minima(points, np.empty(0), 0.0)
    losses = landscape.losses(points.T)
    order = np.lexsort([points[:, 1], points[:, 0], np.arange(len(points)) >= len(before)])  # declared ones first
    kept: list[int] = []
    for i in order.tolist():
        if all(np.abs((points[i] - points[j]) / landscape.size).max() > SAME for j in kept):
            kept.append(i)
    kept.sort(key=lambda i: [_rounded(value) for value in (losses[i], *points[i])])
    lowest = float(losses[kept].min())
    return Minima(points[kept], losses[kept], share * landscape.height(lowest))


def _rounded(value: float) -> float:
    """A number to nine digits: rounding errors do not change the order of minima."""
    return float(f"{value:.9g}") if abs(value) > 1e-12 else 0.0


def _representatives(landscape: Landscape, ends: Floats) -> Floats:
    """One end for each cell that contains any, shape (2, count)."""
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
    """The minima that Newton's method finds from the points, shape (2, count). Failed searches are left out."""
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
    """The points without duplicates, which arise if several searches find the same minimum."""
    cells = np.round(points / size[:, None] / (0.1 * SAME)).astype(np.int64)
    _, first = np.unique(cells, axis=1, return_index=True)
    return points[:, np.sort(first)]
