"""The declared minima of a problem, and which of them are valid for its options.

A problem declares its global minimisers for the default options. Other values of the options may move the minima. Maps,
targets and pictures all use this module to test whether the declared points are still minima.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optlab.execution.evaluation import Evaluation
from optlab.execution.records import Case, Floats
from optlab.execution.step import objective

NEAR = 1e-4
"""The distance at which the function is evaluated, as a share of the domain. A minimum that moved less is valid."""
COORDINATES, PAIRS = 256, 16
"""The most coordinates along which the function is evaluated, and the most coordinates that are combined in pairs."""
NUMBERS = 1_000_000
"""The most numbers in the directions of each kind. With very many parameters, fewer coordinates are used."""


def valid_minima(case: Case, options: Mapping[str, float], size: Floats | None = None) -> Floats:
    """The declared minimisers that are valid for the options, shape (K, dim).

    A minimiser is valid if the function is not lower at any nearby point: along each coordinate, along the diagonals of
    each pair of coordinates, and along the diagonal of all. This test also works at kinks, and it does not depend on
    the scale of the function.

    Args:
        case: a problem in a dimension. A problem that trains on data has no known minima.
        options: its numeric options.
        size: the unit of nearby distances, shape (dim,). The default is the size of the domain.
    """
    declared = np.array(case.problem.minima_at(case.dim, {**case.choices, **options})).reshape(-1, case.dim)
    if not len(declared) or case.split is not None:
        return np.empty((0, case.dim))
    scale = NEAR * (_size(case, declared) if size is None else size)
    points = (declared[:, None] + scale * _directions(case.dim)).reshape(-1, case.dim)
    try:
        losses = _losses(case, options, points.T).reshape(len(declared), -1)
    except Exception:  # an error in the objective is reported when it is run
        return np.empty((0, case.dim))
    return declared[np.isfinite(losses[:, 0]) & ~(losses < losses[:, :1]).any(axis=1)]


def lowest(case: Case, options: Mapping[str, float]) -> float | None:
    """The global minimum: the objective at the declared minimisers.

    None if there are none, or if the options have moved one of them, which may now be lower than the others.
    """
    points = valid_minima(case, options)
    if not len(points) or len(points) < len(case.problem.minima_at(case.dim, {**case.choices, **options})):
        return None
    with np.errstate(all="ignore"):
        return min(float(objective(case)(point, **options)) for point in points)


def _size(case: Case, declared: Floats) -> Floats:
    """The size of the domain along each coordinate. Without a domain, the distance from the start to the minima."""
    if case.problem.domain is not None:
        low, high = case.problem.bounds(case.dim)
        return high - low
    start = case.problem.start_at(case.dim)
    return np.full(case.dim, np.abs(declared - start).max() or 1.0)


def _directions(dim: int) -> Floats:
    """The directions from a point to its nearby points, shape (count, dim). The first one is zero."""
    most = max(NUMBERS // dim, 1)
    unit = _units(dim, min(COORDINATES, most))
    one, other = (_units(dim, min(PAIRS, most))[i] for i in np.triu_indices(min(PAIRS, most, dim), 1))
    directions = np.concatenate([unit, one + other, one - other, np.ones((1, dim))])
    return np.concatenate([np.zeros((1, dim)), directions, -directions])


def _units(dim: int, most: int) -> Floats:
    """Unit vectors along at most `most` evenly spread coordinates."""
    along = np.linspace(0, dim - 1, min(dim, most)).round().astype(np.int64)
    units = np.zeros((len(along), dim))
    units[np.arange(len(along)), along] = 1
    return units


def _losses(case: Case, options: Mapping[str, float], points: Floats) -> Floats:
    """The objective at points (dim, count), in float64 even if the runs use another precision."""
    columns = {name: np.array([options[name]]) for name in case.problem.signature.numbers}
    exact = case.computed_in("float64")
    return Evaluation.of(exact, {"loss": objective(exact)}, columns, points.shape[1]).at(points)["loss"]
