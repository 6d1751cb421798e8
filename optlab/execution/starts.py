"""The starts of runs: a given point, a point drawn from the domain, a pixel of a grid, or a draw of the problem."""

from __future__ import annotations

import inspect

import numpy as np

from optlab.engine.containment import Escaped, contained, described, original
from optlab.errors import PluginError, UserError
from optlab.execution.randomness import generator, uniform
from optlab.execution.records import Case, DomainDraw, FixedPoint, Floats, Ints, PixelGrid
from optlab.plugins.code_location import location


def starts(case: Case, root_seed: int, seeds: Ints) -> Floats:
    """The start of each run, shape (dim, runs)."""
    if isinstance(case.start, FixedPoint):
        return np.repeat(case.start.x[:, None], len(seeds), axis=1)
    if isinstance(case.start, PixelGrid):
        return case.start.points(seeds)
    if isinstance(case.start, DomainDraw):
        low, high = case.problem.bounds(case.dim)
        return (low + (high - low) * uniform(root_seed, "start", seeds, case.dim)).T
    distinct, of_run = np.unique(seeds, return_inverse=True)
    return np.stack([drawn(case, root_seed, int(seed)) for seed in distinct], axis=1)[:, of_run]


def drawn(case: Case, root_seed: int, seed: int) -> Floats:
    """The start that a problem draws itself: the flat vector of all parameters.

    Raises:
        PluginError: the start function raises an exception, has an unknown argument, or does not return a vector.
    """
    draw = case.problem.start
    assert callable(draw)
    assert case.split is not None
    offer = {
        "rng": generator(root_seed, "start", seed),
        "inputs": case.split.train_inputs,
        "targets": case.split.train_targets,
        **case.choices,
    }
    asked = list(inspect.signature(draw).parameters)
    if unknown := [name for name in asked if name not in offer]:
        arguments = ", ".join(unknown)
        raise PluginError(f"{location(draw)}: the start of '{case.problem.name}' has an unknown argument: {arguments}")
    try:
        with contained():
            x = np.asarray(draw(**{name: offer[name] for name in asked}), dtype=float)
    except Exception as error:
        if isinstance(error, UserError) and not isinstance(error, Escaped):
            raise
        what = described(original(error))
        raise PluginError(f"{location(draw)}: the start of '{case.problem.name}' raises {what}") from error
    if x.ndim != 1:
        raise PluginError(f"{location(draw)}: the start of '{case.problem.name}' is not a flat vector: {x.shape}")
    return x
