"""Planes through the space of parameters in which the loss around recorded paths is drawn.

A plane is origin + a * directions[0] + b * directions[1]. Points are rows: (points, dim).

Source: Li, Xu, Taylor, Studer & Goldstein (2018), "Visualizing the loss landscape of neural nets".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDING = 1e-12
"""The size of a difference, as a share of the numbers themselves, that may be only their rounding."""


@dataclass(frozen=True, eq=False)
class ParameterPlane:
    """A plane with the origin (dim,) and two directions (2, dim), which need not be orthogonal."""

    origin: Floats
    directions: Floats

    def coordinates(self, points: Floats) -> Floats:
        """The coordinates (points, 2) of the nearest point of the plane.

        >>> plane = ParameterPlane(np.zeros(3), np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]))
        >>> plane.coordinates(np.array([[5.0, 2.0, 7.0]])).round(12).tolist()
        [[3.0, 2.0]]
        """
        found: Any = np.linalg.lstsq(self.directions.T, (points - self.origin).T, rcond=None)[0]
        return found.T

    def points(self, coordinates: Floats) -> Floats:
        """The points (points, dim) with these coordinates."""
        return self.origin + coordinates @ self.directions

    def distances(self, points: Floats) -> Floats:
        """The Euclidean distance of each point to the plane."""
        return np.linalg.norm(points - self.points(self.coordinates(points)), axis=1)

    def explained(self, points: Floats) -> float:
        """The share of the squared distances to the origin that lies in the plane: 1 if all points lie in it. If the
        origin is the mean of the points, this is the share of their variance."""
        whole = np.sum((points - self.origin) ** 2)
        return float(1 - np.sum(self.distances(points) ** 2) / whole) if whole else 1.0


def principal_plane(points: Floats) -> ParameterPlane | None:
    """The plane with the least squared distances to the points: through their mean, along their first two principal
    components, which have length 1. None if all points are equal.

    The signs are such that the largest entry of a direction is positive.

    >>> plane = principal_plane(np.array([[0.0, 0.0, 1.0], [4.0, 0.0, 1.0], [2.0, 1.0, 1.0], [2.0, -1.0, 1.0]]))
    >>> plane.origin.tolist(), np.round(np.abs(plane.directions), 12).tolist()
    ([2.0, 0.0, 1.0], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    """
    origin = points.mean(axis=0)
    _, sizes, rows = np.linalg.svd(points - origin, full_matrices=False)
    if len(sizes) < 2 or sizes[0] <= _ROUNDING * np.abs(points).max():
        return None
    return ParameterPlane(origin, np.array([_with_sign(row) for row in rows[:2]]))


def _with_sign(direction: Floats) -> Floats:
    return direction * np.sign(direction[np.abs(direction).argmax()])


def random_plane(origin: Floats, tensors: Sequence[tuple[int, ...]], rng: np.random.Generator) -> ParameterPlane | None:
    """The plane through a point along two filter-normalised random directions.

    Each is drawn from the normal distribution, and each filter of it is scaled to the norm of the same filter of
    `origin`: d <- d / |d| * |w|. Then a step of 1 is as large as the weights themselves, whatever their scale. A filter
    is all weights into one unit: a column of a matrix. Biases stay fixed, as in the source. Where no tensor is a
    matrix, each tensor is one filter. None if all these weights are 0.

    Args:
        origin: the parameters (dim,) of a trained network.
        tensors: the shapes of the consecutive tensors in it.
    """
    directions = rng.standard_normal((2, len(origin)))
    has_matrix = any(len(shape) > 1 for shape in tensors)
    for direction, (where, shape) in itertools.product(directions, list(_places(tensors))):
        if has_matrix and len(shape) < 2:
            direction[where] = 0.0
        else:
            width = shape[-1] if has_matrix else 1
            weights, drawn = (array[where].reshape(-1, width) for array in (origin, direction))
            direction[where] = (drawn / np.linalg.norm(drawn, axis=0) * np.linalg.norm(weights, axis=0)).ravel()
    return ParameterPlane(origin, directions) if directions.any(axis=1).all() else None


def _places(tensors: Sequence[tuple[int, ...]]) -> Iterator[tuple[slice, tuple[int, ...]]]:
    begin = 0
    for shape in tensors:
        yield slice(begin, begin + math.prod(shape)), shape
        begin += math.prod(shape)
