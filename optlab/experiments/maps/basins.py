"""From the ends of runs to their minima, and to the loss at which a minimum counts as reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from optlab.execution.records import Case, Floats, Ints, PixelGrid, Sweep, Trajectories
from optlab.experiments.maps import bouncing, minima
from optlab.experiments.maps.minima import Landscape, Minima

SHARE = 1e-6
"""The tolerance on the loss of a run that has reached a minimum, as a share of `Landscape.height` above the lowest
minimum."""

Done = tuple[Sweep, Trajectories]


def landscape_of(sweep: Sweep, title: int) -> Landscape:
    """The function of one title (problem and its options) of a sweep."""
    return Landscape(sweep.case, sweep.options(title), _box(sweep.case))


def _box(case: Case) -> Floats:
    if case.problem.domain is not None:
        return np.array(case.problem.bounds(2))
    assert isinstance(case.start, PixelGrid)
    return np.array([case.start.low, case.start.high])


def minima_of(done: Sequence[Done]) -> dict[str, Minima]:
    """The minima of each title, lowest first: the declared ones, and others at which a run of any optimizer ended."""
    parts: dict[str, list[tuple[Floats, Floats]]] = {}
    landscapes: dict[str, Landscape] = {}
    for sweep, trajectories in done:
        for number, title in enumerate(sweep.titles):
            of_title = sweep.title == number
            parts.setdefault(title, []).append(
                (ends(sweep, trajectories)[:, of_title], trajectories.final_loss[of_title])
            )
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
    """The final points of the runs of a sweep, shape (2, R). They are NaN for a failed sweep."""
    return np.full((2, len(sweep)), np.nan) if trajectories.final_x is None else trajectories.final_x


def with_last_steps(sweep: Sweep) -> Sweep:
    """The sweep of the first pass. If needed, it records the last steps, which show oscillation around a kink."""
    return bouncing.with_last_steps(sweep, (landscape_of(sweep, number) for number in range(len(sweep.titles))))


def numbers(sweep: Sweep, trajectories: Trajectories, found: Mapping[str, Minima]) -> Ints:
    """The index of the minimum at which each run of a sweep ended, or -1 for none, shape (R,)."""
    number, tails = np.full(len(sweep), -1), bouncing.tails(trajectories)
    for i, title in enumerate(sweep.titles):
        of_title = sweep.title == i
        ended = ends(sweep, trajectories)[:, of_title]
        at = found[title].of(ended, trajectories.final_loss[of_title])
        if tails is not None:
            oscillates_at = bouncing.around(landscape_of(sweep, i), found[title], ended, tails.only(of_title))
            at = np.where(at < 0, oscillates_at, at)
        number[of_title] = at
    return number


def with_targets(sweep: Sweep, trajectories: Trajectories, number: Ints, found: Mapping[str, Minima]) -> Sweep:
    """The sweep that counts the steps of each run to its minimum. A run that ended at no minimum has the target -inf.

    A run that oscillates around its minimum has as target the highest loss of its last steps.
    """
    target, tails = np.full(len(sweep), -np.inf), bouncing.tails(trajectories)
    for i, title in enumerate(sweep.titles):
        of_title = (sweep.title == i) & (number >= 0)
        target[of_title] = found[title].targets[number[of_title]]
    if tails is not None:
        target = np.where((number >= 0) & (trajectories.final_loss > target), tails.loss, target)
    return replace(sweep, target=target)


def described(found: Mapping[str, Minima]) -> dict[str, list[dict[str, object]]]:
    """The minima of each title, for the manifest."""
    return {
        title: [
            {"x": point.tolist(), "loss": float(loss), "target": float(target)}
            for point, loss, target in zip(these.points, these.losses, these.targets, strict=True)
        ]
        for title, these in found.items()
    }


def read(described: Mapping[str, Iterable[Mapping[str, object]]], title: str) -> Floats:
    """The minima of a title, read from the manifest, shape (K, 2)."""
    return np.array([entry["x"] for entry in described[title]], dtype=float).reshape(-1, 2)
