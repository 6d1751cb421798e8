"""The minima that a problem declares, and which of them hold under its options.

A problem declares its global minimisers for the default options. Another value of an option may move them, and then
they are points like any other. This is the one test of it, for maps, targets and pictures.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optlab.execution.evaluation import Evaluation
from optlab.execution.records import Case, Floats
from optlab.execution.step import objective

NEAR = 1e-4
"""How far away the function is looked at, as a share of the domain: a minimum that has moved less is where it was."""
COORDINATES, PAIRS = 256, 16
"""Coordinates along which it is looked at, and those of which every two are combined."""
NUMBERS = 1_000_000
"""The size of what is computed for a problem of very many parameters, of which it is looked at along fewer."""


def holding(case: Case, options: Mapping[str, float], size: Floats | None = None) -> Floats:
    """The declared minimisers that hold under the options, shape (K, dim).

    One holds if the function is nowhere lower close by: along each coordinate, along the diagonals of every two, and
    along that of all. So it is judged alike at a kink, and whatever the function is multiplied by.

    Args:
        case: a problem in a dimension; one that trains on data has no known minima.
        options: its numeric options.
        size: what is close by is measured by, shape (dim,); the size of the domain unless given.
    """
    declared = np.array(case.problem.minima_at(case.dim)).reshape(-1, case.dim)
    if not len(declared) or case.split is not None:
        return np.empty((0, case.dim))
    scale = NEAR * (_size(case, declared) if size is None else size)
    points = (declared[:, None] + scale * _ways(case.dim)).reshape(-1, case.dim)
    try:
        losses = _losses(case, options, points.T).reshape(len(declared), -1)
    except Exception:  # a fault in the objective shows when it is run
        return np.empty((0, case.dim))
    return declared[np.isfinite(losses[:, 0]) & ~(losses < losses[:, :1]).any(axis=1)]


def lowest(case: Case, options: Mapping[str, float]) -> float | None:
    """The global minimum: the objective at the declared minimisers.

    None where there are none, or where the options have moved one of them: it may be lower than the others now.
    """
    points = holding(case, options)
    if not len(points) or len(points) < len(case.problem.minima):
        return None
    with np.errstate(all="ignore"):
        return min(float(objective(case)(point, **options)) for point in points)


def _size(case: Case, declared: Floats) -> Floats:
    """The size of the domain along each coordinate, or without one the distance from the start to a minimum."""
    if case.problem.domain is not None:
        low, high = case.problem.bounds(case.dim)
        return high - low
    start = case.problem.start_at(case.dim)
    return np.full(case.dim, np.abs(declared - start).max() or 1.0)


def _ways(dim: int) -> Floats:
    """Where to look from a point, the point itself first, shape (count, dim)."""
    most = max(NUMBERS // dim, 1)
    unit = _units(dim, min(COORDINATES, most))
    one, other = (_units(dim, min(PAIRS, most))[i] for i in np.triu_indices(min(PAIRS, most, dim), 1))
    ways = np.concatenate([unit, one + other, one - other, np.ones((1, dim))])
    return np.concatenate([np.zeros((1, dim)), ways, -ways])


def _units(dim: int, most: int) -> Floats:
    """Unit vectors along coordinates that are evenly spread, all of them where there are no more than `most`."""
    along = np.linspace(0, dim - 1, min(dim, most)).round().astype(np.int64)
    units = np.zeros((len(along), dim))
    units[np.arange(len(along)), along] = 1
    return units


def _losses(case: Case, options: Mapping[str, float], points: Floats) -> Floats:
    """The objective at points (dim, count), in float64 whatever the runs are computed in."""
    columns = {name: np.array([options[name]]) for name in case.problem.signature.numbers}
    exact = case.computed_in("float64")
    return Evaluation.of(exact, {"loss": objective(exact)}, columns, points.shape[1]).at(points)["loss"]
