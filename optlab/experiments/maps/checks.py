"""Check whether a map can be made of an experiment. Each mistake is noted at its place in the document."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from optlab.execution.records import Case, Floats, PixelGrid
from optlab.experiments.maps.declared import lowest
from optlab.experiments.maps.targets import target
from optlab.experiments.resolve import CaseAxes, Diagnostics, RuleAxes
from optlab.plugins import signature

if TYPE_CHECKING:
    from optlab.experiments.document import ExperimentSpec

Side = tuple[float, float] | None
"""The range of an axis, or None for the domain of the problem."""


# ---- basins ----------------------------------------------------------------------------------------------------------


def on_grid(
    sides: Mapping[str, Side],
    resolution: int,
    spec: ExperimentSpec,
    cases: Sequence[CaseAxes],
    notes: Diagnostics,
) -> list[CaseAxes]:
    """The cases of a map of basins, with the pixels as starts. `sides` are the ranges of the axes, by name."""
    for problem in spec.problems:
        if problem.start is not None:
            notes.note((*problem.path, "start"), "in a map of basins each pixel is a start; leave start out")
    placed = []
    for axes in cases:
        grid = _grid(sides, resolution, axes, notes)
        if grid is not None:
            placed.append(replace(axes, case=replace(axes.case, start=grid)))
    return placed


def _grid(sides: Mapping[str, Side], resolution: int, axes: CaseAxes, notes: Diagnostics) -> PixelGrid | None:
    case, problem = axes.case, axes.case.problem
    if case.split is not None or case.dim != 2:
        more = "; write dim = 2" if problem.dim is None and case.split is None else ""
        message = f"basins are maps of two parameters, and {problem.name} has {case.dim} here{more}"
        notes.note((*axes.path, "dim" if "dim" in axes.written else "name"), message)
        return None
    if problem.domain is None:
        missing = [name for name, side in sides.items() if side is None]
        if missing:
            ranges = " and ".join(f"{name} = [lo, hi]" for name in missing)
            notes.note(("basins",), f"{problem.name} has no domain to lay the pixels over; write {ranges}")
            return None
    else:
        low, high = problem.bounds(2)
        sides = {name: side or (float(low[i]), float(high[i])) for i, (name, side) in enumerate(sides.items())}
    (left, right), (bottom, top) = [(float(s[0]), float(s[1])) for s in sides.values() if s is not None]
    return PixelGrid((left, bottom), (right, top), resolution)


# ---- stability -------------------------------------------------------------------------------------------------------


def sides(x: str, y: str, rules: Sequence[RuleAxes], notes: Diagnostics) -> None:
    """Note why the hyperparameters with these names cannot be the axes of a map of stability."""
    if x == y:
        notes.note(("stability", "y"), f"x and y are both '{x}'; a map needs two different hyperparameters")
        return
    for rule in rules:
        for side, name in (("x", x), ("y", y)):
            _side(side, name, rule, notes)


def _side(side: str, name: str, rule: RuleAxes, notes: Diagnostics) -> None:
    optimizer = rule.rule.optimizer
    if notes.is_wrong((*rule.path, name)):
        return
    if name not in optimizer.signature.numbers:
        known = list(optimizer.signature.numbers)
        notes.note(("stability", side), str(signature.unknown_option(optimizer.name, name, known)))
        return
    values = rule.numbers["hyperparameter", name]
    grid = f"{name} = {{ log = [lo, hi] }} or {{ linear = [lo, hi] }}"
    if len(values) < 2:
        notes.note(rule.path, f"'{name}' is the {side} axis of the map: give {optimizer.name} a grid, {grid}")
    elif spacing(values) is None:
        notes.note(
            (*rule.path, name), f"'{name}' is the {side} axis of the map, whose values are evenly spaced: {grid}"
        )


def spacing(values: Floats) -> str | None:
    """ "linear" if rising values have equal differences, "log" if they have equal ratios, else None.

    >>> spacing(np.array([1.0, 2.0, 3.0])), spacing(np.array([0.1, 1.0, 10.0])), spacing(np.array([1.0, 2.0, 4.5]))
    ('linear', 'log', None)
    """
    if not (np.diff(values) > 0).all():
        return None
    if _even(values):
        return "linear"
    return "log" if values[0] > 0 and _even(np.log(values)) else None


def _even(values: Floats) -> bool:
    steps = np.diff(values)
    return bool(np.abs(steps - steps.mean()).max() <= 1e-6 * steps.mean())


def unused_target(given: float | None, notes: Diagnostics) -> None:
    """Note the target of a map that does not count steps."""
    if given is not None:
        message = 'a target is only used to count steps; write color = "steps", or leave target out'
        notes.note(("stability", "target"), message)


def targets(given: float | None, cases: Sequence[CaseAxes], notes: Diagnostics) -> None:
    """Note a target that no run can reach, and a missing target that cannot be derived."""
    for axes in cases:
        for values in itertools.product(*axes.numbers.values()):
            options = dict(zip(axes.numbers, map(float, values), strict=True))
            if wrong := _wrong_target(given, axes.case, options):
                notes.note(("stability", "color" if given is None else "target"), wrong)
                break


def _wrong_target(given: float | None, case: Case, options: Mapping[str, float]) -> str:
    """What is wrong with the target, given or derived, or an empty text."""
    name, least = case.problem.name, lowest(case, options)
    if given is not None:
        low = least is not None and given < least
        return f"no run can reach a target of {given:g}: the minimum of {name} is {least:g}" if low else ""
    if target(case, options) is not None:
        return ""
    is_moved = least is None and case.problem.minima_at(case.dim, {**case.choices, **options})
    why = f"the options of {name} have moved the minimum" if is_moved else f"{name} has no known minimum and start"
    return f"{why} to derive a target from; write target = and the loss to reach"
