"""From where runs end to the minimum of each, and to the loss that counts as having come to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from optlab.execution.records import Case, Floats, Ints, PixelGrid, Sweep, Trajectories
from optlab.experiments.maps import bouncing, minima
from optlab.experiments.maps.minima import Landscape, Minima

SHARE = 1e-6
"""A run has come to a minimum when its loss is within this share of the function's height above the lowest one."""

Done = tuple[Sweep, Trajectories]


def landscape_of(sweep: Sweep, title: int) -> Landscape:
    """The function of one of a sweep's titles."""
    return Landscape(sweep.case, sweep.options(title), _box(sweep.case))


def _box(case: Case) -> Floats:
    if case.problem.domain is not None:
        return np.array(case.problem.bounds(2))
    assert isinstance(case.start, PixelGrid)
    return np.array([case.start.low, case.start.high])


def minima_of(done: Sequence[Done]) -> dict[str, Minima]:
    """The minima of every title, lowest first: the known ones, and others where a run of any optimizer ended."""
    parts: dict[str, list[tuple[Floats, Floats]]] = {}
    landscapes: dict[str, Landscape] = {}
    for sweep, trajectories in done:
        for number, title in enumerate(sweep.titles):
            mine = sweep.title == number
            parts.setdefault(title, []).append((ends(sweep, trajectories)[:, mine], trajectories.final_loss[mine]))
            landscapes.setdefault(title, landscape_of(sweep, number))
    return {title: _reached(landscapes[title], parts[title]) for title in parts}


def _reached(landscape: Landscape, parts: Sequence[tuple[Floats, Floats]]) -> Minima:
    ends, losses = (np.concatenate(arrays, axis=-1) for arrays in zip(*parts, strict=True))
    found = minima.find(landscape, ends, SHARE)
    used = np.isin(np.arange(len(found)), found.of(ends, losses))
    for point in minima.known(landscape):
        used |= (found.points == point).all(axis=1)
    return found.only(used)


def ends(sweep: Sweep, trajectories: Trajectories) -> Floats:
    """Where the runs of a sweep ended, shape (2, R); a sweep that failed has nothing to say of it."""
    return np.full((2, len(sweep)), np.nan) if trajectories.final_x is None else trajectories.final_x


def watched(sweep: Sweep) -> Sweep:
    """The sweep of the first pass, which also records what shows that a run bounces around a minimum at a kink."""
    return bouncing.watched(sweep, (landscape_of(sweep, number) for number in range(len(sweep.titles))))


def numbers(sweep: Sweep, trajectories: Trajectories, found: Mapping[str, Minima]) -> Ints:
    """The number of the minimum at which each run of a sweep ended, -1 for none, shape (R,)."""
    number, tails = np.full(len(sweep), -1), bouncing.tails(trajectories)
    for i, title in enumerate(sweep.titles):
        mine = sweep.title == i
        ended = ends(sweep, trajectories)[:, mine]
        at = found[title].of(ended, trajectories.final_loss[mine])
        if tails is not None:
            around = bouncing.around(landscape_of(sweep, i), found[title], ended, tails.only(mine))
            at = np.where(at < 0, around, at)
        number[mine] = at
    return number


def aimed(sweep: Sweep, trajectories: Trajectories, number: Ints, found: Mapping[str, Minima]) -> Sweep:
    """The sweep that counts each run's steps to its minimum; a run that is at none has no target.

    That of a run that bounces around its minimum is the height at which it does.
    """
    target, tails = np.full(len(sweep), -np.inf), bouncing.tails(trajectories)
    for i, title in enumerate(sweep.titles):
        mine = (sweep.title == i) & (number >= 0)
        target[mine] = found[title].targets[number[mine]]
    if tails is not None:
        target = np.where((number >= 0) & (trajectories.final_loss > target), tails.loss, target)
    return replace(sweep, target=target)


def described(found: Mapping[str, Minima]) -> dict[str, list[dict[str, object]]]:
    """The minima of every title, for the manifest."""
    return {
        title: [
            {"x": point.tolist(), "loss": float(loss), "target": float(target)}
            for point, loss, target in zip(these.points, these.losses, these.targets, strict=True)
        ]
        for title, these in found.items()
    }


def read(described: Mapping[str, Iterable[Mapping[str, object]]], title: str) -> Floats:
    """The minima of a title as the manifest has them, shape (K, 2)."""
    return np.array([entry["x"] for entry in described[title]], dtype=float).reshape(-1, 2)
